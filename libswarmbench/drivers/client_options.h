/* The options that torrent clients share: one table for all of them. */
#ifndef SWB_DRIVERS_CLIENT_OPTIONS_H
#define SWB_DRIVERS_CLIENT_OPTIONS_H

#include <swarmbench/sys/driver.h>

/* Positions in the table, and so in swb_node.options. */
enum {
    SWB__CLIENT_BINARY,
    SWB__CLIENT_MAX_CONNECTIONS,
    SWB__CLIENT_UPLOAD_SLOTS,
    SWB__CLIENT_ENCRYPTION, /* an swb__encryption */
    SWB__CLIENT_PROTOCOL,   /* an swb__protocol */
    SWB__CLIENT_OPTION_COUNT,
};

typedef enum swb__encryption {
    SWB__ENCRYPTION_DISABLED,
    SWB__ENCRYPTION_ALLOWED,
    SWB__ENCRYPTION_REQUIRED,
} swb__encryption;

typedef enum swb__protocol {
    SWB__PROTOCOL_TCP,
    SWB__PROTOCOL_UTP,
    SWB__PROTOCOL_BOTH
} swb__protocol;

extern const swb_option swb__client_options[SWB__CLIENT_OPTION_COUNT];

#endif
