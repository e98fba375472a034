#include "drivers/deluge_dialogue.h"

#include <stdio.h>
#include <string.h>

#include "drivers/deluge_rpc.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
/* What the daemon is told that it talks to; it wants to know some version. */
#define CLIENT_VERSION "2.0.3"
#define ADMIN_LEVEL 10

/* Steps of a call; STEP_ASKED + i: request i was sent. */
enum { STEP_BEGIN = 0, STEP_LOGIN = 1, STEP_ASKED = 2 };

swb__buffer swb__deluge_request(swb_call *call, const char *method, unsigned arguments)
{
    swb__deluge_session *session = swb_call_session(call);
    swb__buffer body = SWB__BUFFER_INIT(SWB__DELUGE_REQUEST_MAX);
    swb__deluge_begin_request(&body, ++session->last_id, method, arguments);
    return body;
}

int swb__deluge_send(swb_call *call, swb__buffer *body)
{
    swb__buffer frame = SWB__BUFFER_INIT(SWB__DELUGE_REQUEST_MAX);
    swb__deluge_pack(&frame, body);
    int answer = SWB_CALL_SEND;
    if (frame.status != SWB_OK) {
        answer = swb_call_fail(call, frame.status, 0, "the request cannot be built");
    } else {
        answer = swb_call_frame(call, frame.data, frame.length);
    }
    swb__buffer_finish(&frame);
    swb__buffer_finish(body);
    return answer;
}

static int send_login(swb_call *call)
{
    const swb_node *node = swb_call_node(call);
    swb__buffer body = swb__deluge_request(call, "daemon.login", 2);
    swb__rencode_put_text(&body, node->user);
    swb__rencode_put_text(&body, node->password);
    swb__rencode_put_dict(&body, 1);
    swb__rencode_put_text(&body, "client_version");
    swb__rencode_put_text(&body, CLIENT_VERSION);
    return swb__deluge_send(call, &body);
}

static int take_login(swb_call *call, const swb__rencode *result)
{
    swb__deluge_session *session = swb_call_session(call);
    if (result->kind != SWB__RENCODE_INTEGER || result->integer < ADMIN_LEVEL) {
        return swb_call_fail(call, SWB_EAUTH, 0, "the login gives no right to administer");
    }
    session->logged_in = true;
    return SWB_OK;
}

/* What an exception of the daemon means to us. */
static int fail_with(swb_call *call, const swb__deluge_message *message)
{
    static const struct {
        const char *exception;
        const char *word; /* that its text holds; NULL: any */
        int status;
        int retriable;
    } meanings[] = {
        {"BadLoginError", NULL, SWB_EAUTH, 0},
        {"AuthenticationRequired", NULL, SWB_EAUTH, 0},
        {"NotAuthorizedError", NULL, SWB_EAUTH, 1}, /* a new login may help */
        {"InvalidTorrentError", NULL, SWB_ENOENT, 0},
        {"KeyError", NULL, SWB_ENOENT, 0},
        {"AddTorrentError", "already", SWB_EEXIST, 0},
    };
    swb__deluge_session *session = swb_call_session(call);
    int status = SWB_EREMOTE;
    int retriable = 0;
    for (size_t i = 0; i < COUNT(meanings); i++) {
        if (strcmp(message->exception, meanings[i].exception) == 0 &&
            (meanings[i].word == NULL || strstr(message->text, meanings[i].word) != NULL)) {
            status = meanings[i].status;
            retriable = meanings[i].retriable;
        }
    }
    if (status == SWB_EAUTH) {
        session->logged_in = false;
    }
    char text[sizeof message->exception + sizeof message->text + 2];
    snprintf(text, sizeof text, "%s: %s", message->exception, message->text);
    return swb_call_fail(call, status, retriable, text);
}

/* Hands the result of the request sent last to the dialogue and asks the next one. Events and late
 * replies to earlier requests are passed over. */
static int take_message(swb_call *call, const swb__deluge_dialogue *talk, const swb__buffer *body)
{
    const swb__deluge_session *session = swb_call_session(call);
    swb__deluge_message message;
    int step = swb_call_step(call);
    if (swb__deluge_read(&message, body) != SWB_OK) {
        return swb_call_fail(call, SWB_EPROTO, 0, "the reply is no RPC message");
    }
    if (message.kind == SWB__DELUGE_EVENT || message.id != session->last_id) {
        return swb_call_next_frame(call);
    }
    if (message.kind == SWB__DELUGE_ERROR) {
        return fail_with(call, &message);
    }
    int status = SWB_OK;
    int next = 0;
    if (step == STEP_LOGIN) {
        status = take_login(call, &message.result);
    } else {
        next = step - STEP_ASKED + 1;
        status = talk->take == NULL ? SWB_OK : talk->take(call, next - 1, &message.result);
    }
    if (status != SWB_OK) {
        return status;
    }
    swb_call_set_step(call, STEP_ASKED + next);
    return talk->ask(call, next);
}

static int take_reply(swb_call *call, const swb__deluge_dialogue *talk)
{
    const swb_reply *reply = swb_call_reply(call);
    swb__buffer body = SWB__BUFFER_INIT(SWB__DELUGE_REPLY_MAX);
    int status = swb__deluge_unpack(&body, reply->body, reply->length);
    int answer;
    if (status == SWB_OK) {
        answer = take_message(call, talk, &body);
    } else {
        answer = swb_call_fail(call, status, 0, "the reply is no frame of compressed bytes");
    }
    swb__buffer_finish(&body);
    return answer;
}

int swb__deluge_run(swb_call *call, const swb__deluge_dialogue *talk)
{
    swb__deluge_session *session = swb_call_session(call);
    if (swb_call_reply(call) != NULL) {
        return take_reply(call, talk);
    }
    session->logged_in = session->logged_in && swb_call_connected(call);
    if (!session->logged_in) {
        swb_call_set_step(call, STEP_LOGIN);
        return send_login(call);
    }
    swb_call_set_step(call, STEP_ASKED);
    return talk->ask(call, 0);
}
