/* Filling a swb_error. A message is made once, where the failure happened. */
#ifndef SWB_BASE_ERROR_H
#define SWB_BASE_ERROR_H

#include <stdarg.h>

#include <swarmbench/error.h>

#define SWB__PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/* Sets status and message; returns `status`. `error` may be NULL. */
int swb__fail(swb_error *error, int status, const char *format, ...) SWB__PRINTF(3, 4);

/* As swb__fail(), with a place in a file: the message begins with "FILE:LINE:COLUMN: ". */
int swb__fail_at(swb_error *error, int status, const char *file, uint32_t line, uint32_t column,
                 const char *format, ...) SWB__PRINTF(6, 7);

/* As swb__fail(), and the text of errno behind the message. */
int swb__fail_errno(swb_error *error, int status, int errnum, const char *format, ...)
    SWB__PRINTF(4, 5);

/* Puts "CONTEXT: " before the message that is there; returns the error's status. */
int swb__error_context(swb_error *error, const char *format, ...) SWB__PRINTF(2, 3);

/* SWB_ENOMEM with its fixed message. */
int swb__fail_nomem(swb_error *error);

#endif
