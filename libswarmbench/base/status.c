#include <swarmbench/status.h>
#include <swarmbench/version.h>

const char *swb_status_text(int status)
{
    switch (status) {
#define TEXT(name, value, text)                                                                    \
    case value:                                                                                    \
        return text;
        SWB_STATUS_MAP(TEXT)
#undef TEXT
    default:
        return "unknown status";
    }
}

const char *swb_status_name(int status)
{
    switch (status) {
#define NAME(name, value, text)                                                                    \
    case value:                                                                                    \
        return "SWB_" #name;
        SWB_STATUS_MAP(NAME)
#undef NAME
    default:
        return "SWB_UNKNOWN";
    }
}

const char *swb_version(void)
{
    return SWB_VERSION_STRING;
}
