/* The REST API of Codex and Logos Storage: paths, finding out which it is, and refusals. */
#ifndef SWB_DRIVERS_CODEX_API_H
#define SWB_DRIVERS_CODEX_API_H

#include <cjson/cJSON.h>

#include "drivers/codex.h"

/* What an `ask` returns where the request is not wanted: the next one is asked for. */
#define SWB__CODEX_SKIP 2

/* An operation: a row of requests, after it was found out which API answers. */
typedef struct swb__codex_dialogue {
    /* Sends request `index`; SWB_CALL_DONE where there are no more. */
    int (*ask)(swb_call *call, int index);
    /* Takes the reply to request `index`: SWB_OK, or what swb_call_fail() returned. */
    int (*take)(swb_call *call, int index);
} swb__codex_dialogue;

/* Performs the next step of the operation; returns what an operation function returns. */
int swb__codex_run(swb_call *call, const swb__codex_dialogue *talk);

/* A request to `path` below the API's prefix. */
int swb__codex_send(swb_call *call, const char *method, const char *path);
/* A request about the command's content: to data/CID with `suffix` behind it. A handle that is no
 * CID is SWB_EINPUT. */
int swb__codex_send_data(swb_call *call, const char *method, const char *suffix);

/* SWB_OK for a 2xx status. Otherwise fails the call by what the node says: SWB_EINPUT (bad CID or
 * parameters), SWB_ENOENT (nobody has the content), SWB_ENOSPACE (quota), SWB_EUNSUPPORTED (no
 * persistence, no such call), SWB_EREMOTE (MIME type, no body, anything else). */
int swb__codex_expect_success(swb_call *call);
/* Success, and a JSON object, owned by the caller. */
int swb__codex_json(cJSON **out, swb_call *call);

/* Whether a text may be a CID: nothing in it but letters and digits. */
bool swb__codex_is_cid(const char *text);
/* "codex" or "storage": the API's name in paths, members and metrics. */
const char *swb__codex_api_name(const swb_call *call);

#endif
