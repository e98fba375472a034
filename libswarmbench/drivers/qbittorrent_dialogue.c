#include "drivers/qbittorrent_dialogue.h"

#include "drivers/http_reply.h"

/* Steps of a call: three for each request. A second login for one request is not tried. */
enum { STEP_ASKED = 0, STEP_LOGIN = 1, STEP_ASKED_AGAIN = 2, STEPS = 3 };

static int ask(swb_call *call, const swb__qbittorrent_dialogue *talk, int index, int phase)
{
    swb_call_set_step(call, index * STEPS + phase);
    return talk->ask(call, index);
}

static int send_login(swb_call *call, int index)
{
    const swb_node *node = swb_call_node(call);
    swb_call_set_step(call, index * STEPS + STEP_LOGIN);
    int answer = swb_call_http(call, "POST", SWB__QBITTORRENT_API "auth/login");
    swb_call_field(call, "username", node->user);
    swb_call_field(call, "password", node->password);
    return answer;
}

/* 4.x to 5.1 answer 200 with "Ok." or "Fails."; 5.2 answers 204 or 401; 403 is a ban. */
static int take_login(swb_call *call)
{
    swb__qbittorrent_session *session = swb_call_session(call);
    const swb_reply *reply = swb_call_reply(call);
    if (reply->http_status == 403) {
        return swb_call_fail(call, SWB_EAUTH, 0, "banned after too many failed logins");
    }
    if (reply->http_status == 401 || swb__reply_is(call, "Fails.")) {
        return swb_call_fail(call, SWB_EAUTH, 0, "wrong user name or password");
    }
    int status = swb__reply_expect_success(call);
    if (status != SWB_OK) {
        return status;
    }
    session->logged_in = true;
    return SWB_OK;
}

static bool login_is_wanted(const swb_call *call)
{
    int http = swb_call_reply(call)->http_status;
    return http == 401 || http == 403;
}

static int take_reply(swb_call *call, const swb__qbittorrent_dialogue *talk)
{
    swb__qbittorrent_session *session = swb_call_session(call);
    int index = swb_call_step(call) / STEPS;
    int phase = swb_call_step(call) % STEPS;
    if (phase == STEP_LOGIN) {
        int status = take_login(call);
        return status == SWB_OK ? ask(call, talk, index, STEP_ASKED_AGAIN) : status;
    }
    if (login_is_wanted(call)) {
        session->logged_in = false;
        if (phase == STEP_ASKED) {
            return send_login(call, index);
        }
        return swb_call_fail(call, SWB_EAUTH, 1, "the login does not hold");
    }
    int status = talk->take(call, index);
    return status == SWB_OK ? ask(call, talk, index + 1, STEP_ASKED) : status;
}

int swb__qbittorrent_run(swb_call *call, const swb__qbittorrent_dialogue *talk)
{
    const swb__qbittorrent_session *session = swb_call_session(call);
    if (swb_call_reply(call) != NULL) {
        return take_reply(call, talk);
    }
    return session->logged_in ? ask(call, talk, 0, STEP_ASKED) : send_login(call, 0);
}
