/* Names of observed things, as they are stored. */
#include "measure/observation.h"

const char *swb__part_fate_name(swb__part_fate fate)
{
    static const char *const names[] = {"held", "used", "spare", "cancelled", "stalled", "failed"};
    return names[fate];
}

const char *swb__source_name(swb_source source)
{
    switch (source) {
    case SWB_SOURCE_STREAM:
        return "stream";
    case SWB_SOURCE_INOTIFY:
        return "inotify";
    case SWB_SOURCE_BLOCKS:
        return "blocks";
    case SWB_SOURCE_API:
        return "api";
    case SWB_SOURCE_EVENT:
        return "event";
    case SWB_SOURCE_NONE:
        break;
    }
    return "";
}
