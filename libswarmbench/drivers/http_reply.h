/* Reading HTTP replies: what every driver of an HTTP API asks of them. */
#ifndef SWB_DRIVERS_HTTP_REPLY_H
#define SWB_DRIVERS_HTTP_REPLY_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include <swarmbench/sys/driver.h>

/* All look at swb_call_reply(call). Those that return a status return SWB_OK or what
 * swb_call_fail() returned. */

/* Fails the call with "HTTP STATUS `what`: 'BODY'". */
int swb__reply_fail(swb_call *call, int status, int retriable, const char *what);

/* A 2xx status. A web page with it: SWB_EPROTO. 404: SWB_ENOENT. 429 and 5xx: SWB_EREMOTE,
 * retriable. Others: SWB_EREMOTE. */
int swb__reply_expect_success(swb_call *call);
/* The body is exactly `text`, white space at its end aside. */
bool swb__reply_is(const swb_call *call, const char *text);
/* Success, and a body of one line of plain text, copied and cut at size - 1 bytes. An empty body
 * (retriable) and unprintable bytes are SWB_EPROTO. */
int swb__reply_text(char *out, size_t size, swb_call *call);
/* Success, and JSON, owned by the caller. An empty body (retriable), and what is no JSON or nested
 * too deep, are SWB_EPROTO. */
int swb__reply_json(cJSON **out, swb_call *call);

/* A member that is a whole number from 0 on; SWB_COUNT_UNKNOWN where there is none. */
uint64_t swb__json_counter(const cJSON *object, const char *name);
/* A member that is a string; NULL where there is none. */
const char *swb__json_member_text(const cJSON *object, const char *name);

#endif
