#include "base/error.h"

#include <stdio.h>
#include <string.h>

static int set(swb_error *error, int status, const char *prefix, const char *format, va_list args)
{
    if (error == NULL) {
        return status;
    }
    error->status = status;
    int used = snprintf(error->message, sizeof error->message, "%s", prefix);
    if (used >= 0 && (size_t)used < sizeof error->message) {
        vsnprintf(error->message + used, sizeof error->message - (size_t)used, format, args);
    }
    return status;
}

static void clear_place(swb_error *error)
{
    if (error != NULL) {
        error->line = error->column = 0;
        error->file[0] = '\0';
    }
}

int swb__fail(swb_error *error, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    clear_place(error);
    set(error, status, "", format, args);
    va_end(args);
    return status;
}

int swb__fail_at(swb_error *error, int status, const char *file, uint32_t line, uint32_t column,
                 const char *format, ...)
{
    char prefix[320];
    va_list args;
    va_start(args, format);
    snprintf(prefix, sizeof prefix, "%.255s:%u:%u: ", file, line, column);
    set(error, status, prefix, format, args);
    va_end(args);
    if (error != NULL) {
        snprintf(error->file, sizeof error->file, "%s", file);
        error->line = line;
        error->column = column;
    }
    return status;
}

int swb__fail_errno(swb_error *error, int status, int errnum, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    clear_place(error);
    set(error, status, "", format, args);
    va_end(args);
    if (error != NULL) {
        char text[128] = "unknown error";
        size_t used = strlen(error->message);
        /* The XSI strerror_r, chosen by the build's feature macros. */
        if (strerror_r(errnum, text, sizeof text) != 0) {
            snprintf(text, sizeof text, "error %d", errnum);
        }
        snprintf(error->message + used, sizeof error->message - used, ": %s", text);
    }
    return status;
}

int swb__error_context(swb_error *error, const char *format, ...)
{
    if (error == NULL) {
        return SWB_EINVAL;
    }
    char rest[sizeof error->message];
    va_list args;
    va_start(args, format);
    memcpy(rest, error->message, sizeof rest);
    int used = vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof error->message) {
        snprintf(error->message + used, sizeof error->message - (size_t)used, ": %s", rest);
    }
    return error->status;
}

int swb__fail_nomem(swb_error *error)
{
    return swb__fail(error, SWB_ENOMEM, "out of memory");
}
