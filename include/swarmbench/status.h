/* Status codes: what every call that can fail returns. */
#ifndef SWARMBENCH_STATUS_H
#define SWARMBENCH_STATUS_H

#include <swarmbench/export.h>

SWB_BEGIN_DECLS

/* X(name, value, text). Values are part of the ABI: append, never renumber. */
#define SWB_STATUS_MAP(X)                                                                          \
    X(OK, 0, "success")                                                                            \
    X(ENOMEM, -1, "out of memory")                                                                 \
    X(EINVAL, -2, "invalid argument")                                                              \
    X(EINPUT, -3, "bad input")                                                                     \
    X(ENOENT, -4, "not found")                                                                     \
    X(EIO, -5, "input/output error")                                                               \
    X(EENV, -6, "the environment lacks something")                                                 \
    X(ETIMEDOUT, -7, "timed out")                                                                  \
    X(EPROTO, -8, "malformed reply")                                                               \
    X(ECONNECT, -9, "cannot connect")                                                              \
    X(EAUTH, -10, "authentication refused")                                                        \
    X(EREMOTE, -11, "the node refused the request")                                                \
    X(EMISMATCH, -12, "content differs from what was seeded")                                      \
    X(ECANCELED, -13, "cancelled")                                                                 \
    X(EBUSY, -14, "busy")                                                                          \
    X(EUNSUPPORTED, -15, "not supported")                                                          \
    X(EEXIST, -16, "exists already")                                                               \
    X(EDB, -17, "results database error")                                                          \
    X(EINTERRUPTED, -18, "interrupted")                                                            \
    X(ETRUNCATED, -19, "ended too early")                                                          \
    X(ENOSPACE, -20, "no space left")                                                              \
    X(EEXITED, -21, "a process ended unexpectedly")                                                \
    X(ESTALLED, -22, "no progress")

/** Result of a call: SWB_OK (0) or one of the negative codes above. */
typedef enum swb_status {
#define SWB_STATUS_ENUM(name, value, text) SWB_##name = (value),
    SWB_STATUS_MAP(SWB_STATUS_ENUM)
#undef SWB_STATUS_ENUM
} swb_status;

/**
 * Text of a status code, for example "timed out". Never NULL; a code that the library does not
 * know gives "unknown status". Static, never freed. Any thread.
 */
SWB_API const char *swb_status_text(int status);

/** Symbolic name of a status code, for example "SWB_ETIMEDOUT". As swb_status_text(). */
SWB_API const char *swb_status_name(int status);

SWB_END_DECLS

#endif
