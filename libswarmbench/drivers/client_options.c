#include "drivers/client_options.h"

#include <stddef.h>

const swb_option swb__client_options[SWB__CLIENT_OPTION_COUNT] = {
    [SWB__CLIENT_BINARY] = {"binary", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                            "Path of the client's program, where it is not the one in PATH."},
    [SWB__CLIENT_MAX_CONNECTIONS] = {"max_connections", SWB_OPTION_INTEGER, "-1", -1, 65535, NULL,
                                     "Connections a node holds at most; -1 for no limit."},
    [SWB__CLIENT_UPLOAD_SLOTS] = {"upload_slots", SWB_OPTION_INTEGER, "-1", -1, 65535, NULL,
                                  "Peers a node uploads to at once; -1 for no limit."},
    [SWB__CLIENT_ENCRYPTION] = {"encryption", SWB_OPTION_ENUM, "disabled", 0, 0,
                                "disabled|allowed|required", "Protocol encryption between peers."},
    [SWB__CLIENT_PROTOCOL] = {"protocol", SWB_OPTION_ENUM, "tcp", 0, 0, "tcp|utp|both",
                              "What carries the data between peers."},
};
