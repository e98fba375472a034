/* What a driver asks to be sent: one HTTP request, or one frame on a TLS stream. */
#ifndef SWB_DRIVERS_EXCHANGE_H
#define SWB_DRIVERS_EXCHANGE_H

#include <stdbool.h>

#include <swarmbench/sys/driver.h>

typedef struct swb__pair {
    char *name;
    char *value;
} swb__pair;

typedef struct swb__part {
    char *name;
    char *filename; /* or NULL */
    char *type;     /* or NULL */
    uint8_t *bytes;
    size_t length;
} swb__part;

/* Zeroed memory is an empty exchange. At most one of body, fields, parts and upload is given. */
typedef struct swb__exchange {
    swb_transport transport;
    char *method;
    char *path;
    bool extra;    /* to the node's extra port */
    bool wildcard; /* to the node's wildcard port */
    swb__pair *headers;
    size_t header_count;
    char *body_type; /* or NULL */
    uint8_t *body;
    size_t body_length;
    bool has_body;
    swb__pair *fields;
    size_t field_count;
    swb__part *parts;
    size_t part_count;
    bool upload_content;
    bool download_content;
    uint8_t *frame; /* TLS: the bytes to send; NULL: only wait for the next frame */
    size_t frame_length;
} swb__exchange;

/* Frees what it holds and zeroes it. */
void swb__exchange_clear(swb__exchange *exchange);

/* Each copies what it is given into the exchange. SWB_ENOMEM; SWB_EINVAL with `*why_out` set to a
 * static text. */
int swb__exchange_request(swb__exchange *exchange, const char *method, const char *path,
                          const char **why_out);
int swb__exchange_header(swb__exchange *exchange, const char *name, const char *value,
                         const char **why_out);
int swb__exchange_body(swb__exchange *exchange, const char *type, const void *bytes, size_t length,
                       const char **why_out);
int swb__exchange_field(swb__exchange *exchange, const char *name, const char *value,
                        const char **why_out);
int swb__exchange_part(swb__exchange *exchange, const swb__part *part, const char **why_out);
int swb__exchange_upload(swb__exchange *exchange, const char **why_out);
int swb__exchange_frame(swb__exchange *exchange, const void *bytes, size_t length,
                        const char **why_out);

#endif
