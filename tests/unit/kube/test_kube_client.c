/* kube/client and kube/watch against scripted API servers. */
#include "support/cmocka_all.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "kube/client.h"
#include "kube/watch.h"
#include "support/loop_until.h"
#include "support/server.h"

/* What a test has: a loop, a server, a configuration, a client, a folder. */
typedef struct bench {
    swb_loop *loop;
    test_server *server;
    char url[64];
    char folder[64];
    swb__kube_config config;
    swb__kube_client *client;
} bench;

static int make_bench(void **state)
{
    bench *at = calloc(1, sizeof *at);
    snprintf(at->folder, sizeof at->folder, "/tmp/swb-kube-XXXXXX");
    *state = at;
    return mkdtemp(at->folder) == NULL || swb__loop_create(&at->loop, NULL) != SWB_OK ? -1 : 0;
}

static int free_bench(void **state)
{
    bench *at = *state;
    swb__kube_client_destroy(at->client);
    if (at->server != NULL) {
        test_server_stop(at->server);
    }
    swb__loop_destroy(at->loop);
    swb__remove_tree(at->folder, NULL);
    free(at);
    return 0;
}

static void begin(bench *at, test_script script, void *argument, bool tls)
{
    at->server =
        tls ? test_server_start_tls(script, argument) : test_server_start(script, argument);
    snprintf(at->url, sizeof at->url, "http%s://127.0.0.1:%u", tls ? "s" : "",
             (unsigned)test_server_port(at->server));
    at->config.server = at->url;
    at->config.name_space = "ns";
    at->config.user = "me";
    at->config.source = "test";
    assert_int_equal(swb__kube_client_create(&at->client, at->loop, &at->config, NULL), SWB_OK);
}

struct told {
    bool done;
    int count;
    int status;
    swb__kube_failure failure;
    int http_status;
    char text[256];
    char message[1024];
};

static void on_done(void *argument, const swb__kube_outcome *outcome)
{
    struct told *told = argument;
    told->done = true;
    told->count++;
    told->status = outcome->status;
    told->failure = outcome->failure;
    told->http_status = outcome->http_status;
    snprintf(told->text, sizeof told->text, "%s",
             outcome->object != NULL ? swb__kube_text(outcome->object, "metadata.name") : "");
    snprintf(told->message, sizeof told->message, "%s", outcome->error->message);
}

static void get(bench *at, const swb__kube_call_options *options, struct told *told,
                swb__kube_call **call)
{
    swb__kube_resource pod;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    swb__kube_resource_known(&pod, "v1", "Pod");
    const swb__kube_target target = {&pod, "ns", "p"};
    memset(told, 0, sizeof *told);
    assert_int_equal(swb__kube_get(&request, &target, NULL), SWB_OK);
    assert_int_equal(
        swb__kube_client_call(call, at->client, &request, options, on_done, told, NULL), SWB_OK);
    assert_null(request.path.data);
    assert_false(told->done);
}

static struct told got_within(bench *at, int64_t deadline_ns)
{
    struct told told;
    const swb__kube_call_options options = {.deadline_ns = (uint64_t)deadline_ns};
    get(at, &options, &told, NULL);
    assert_true(loop_until(at->loop, &told.done, 20000));
    assert_int_equal(told.count, 1);
    return told;
}

static struct told got(bench *at)
{
    return got_within(at, 0);
}

#define POD "{\"metadata\":{\"name\":\"p\"}}"

/* Replies as a list of "STATUS[|HEADER]" says, one after the other, the last for ever; a reply
 * of 200 needs the token that `wants` names. */
struct replies {
    const char *const *list;
    atomic_uint at;
    const char *wants;
};

#define COUNTED_MEANWHILE                                                                          \
    "{\"kind\":\"Status\",\"reason\":\"Conflict\",\"message\":\"Operation cannot be fulfilled on " \
    "resourcequotas \\\"q\\\": the object has been modified; please apply your changes to the "    \
    "latest version and try again\"}"

static void reply_in_turn(test_connection *connection)
{
    struct replies *replies = connection->argument;
    test_request request;
    while (test_read_request(&request, connection)) {
        unsigned index = atomic_fetch_add(&replies->at, 1);
        const char *now = replies->list[0];
        for (unsigned i = 1; i <= index && replies->list[i] != NULL; i++) {
            now = replies->list[i];
        }
        bool right = replies->wants == NULL || strstr(request.head, replies->wants) != NULL;
        if (strncmp(now, "200", 3) == 0) {
            test_reply(connection, right ? "200 OK" : "401 No", "", POD);
        } else {
            test_reply(connection, now, strncmp(now, "429", 3) == 0 ? "Retry-After: 1\r\n" : "",
                       strncmp(now, "409", 3) == 0
                           ? COUNTED_MEANWHILE
                           : "{\"kind\":\"Status\",\"message\":\"so it is\"}");
        }
        test_request_free(&request);
    }
}

static void reply_is_parsed(void **state)
{
    static const char *const list[] = {"200", NULL};
    struct replies replies = {list, 0, "GET /api/v1/namespaces/ns/pods/p "};
    begin(*state, reply_in_turn, &replies, false);
    struct told told = got(*state);
    assert_int_equal(told.status, SWB_OK);
    assert_string_equal(told.text, "p");
    assert_string_equal(told.message, "");
}

/* Objects of which a quota allows some, made at once, all want to count in it. */
static void quota_that_somebody_else_counted_in_meanwhile_is_tried_again(void **state)
{
    static const char *const list[] = {"409 Conflict", "200", NULL};
    struct replies replies = {list, 0, NULL};
    begin(*state, reply_in_turn, &replies, false);
    struct told told = got(*state);
    assert_int_equal(told.status, SWB_OK);
    assert_int_equal(replies.at, 2);
}

static void what_passes_is_tried_again(void **state)
{
    static const char *const list[] = {"503 Later", "429 Slow", "200", NULL};
    struct replies replies = {list, 0, NULL};
    begin(*state, reply_in_turn, &replies, false);
    int64_t begin_ns = swb__clock_ns();
    struct told told = got(*state);
    assert_int_equal(told.status, SWB_OK);
    assert_int_equal(replies.at, 3);
    /* 250 ms of our own, and the second that the server wants. */
    assert_true(swb__clock_ns() - begin_ns >= 1200 * SWB__NS_PER_MS);
}

static void what_does_not_pass_is_told_at_once(void **state)
{
    static const char *const list[] = {"404 No", NULL};
    struct replies replies = {list, 0, NULL};
    begin(*state, reply_in_turn, &replies, false);
    struct told told = got(*state);
    assert_int_equal(told.status, SWB_ENOENT);
    assert_int_equal(told.failure, SWB__KUBE_NOT_FOUND);
    assert_int_equal(told.http_status, 404);
    assert_string_equal(told.message, "pod p in namespace ns: not found: so it is");
    assert_int_equal(replies.at, 1);
}

static void deadline_ends_the_tries(void **state)
{
    static const char *const list[] = {"503 Later", NULL};
    struct replies replies = {list, 0, NULL};
    struct told told;
    const swb__kube_call_options options = {.deadline_ns = 900 * 1000000};
    begin(*state, reply_in_turn, &replies, false);
    get(*state, &options, &told, NULL);
    assert_true(loop_until(((bench *)*state)->loop, &told.done, 5000));
    assert_int_equal(told.status, SWB_EREMOTE);
    assert_non_null(strstr(told.message, "HTTP status 503"));
    assert_in_range(replies.at, 2, 3);
}

static void server_that_is_away_is_told(void **state)
{
    bench *at = *state;
    static const char *const list[] = {"200", NULL};
    struct replies replies = {list, 0, NULL};
    struct told told;
    const swb__kube_call_options options = {.deadline_ns = 400 * 1000000};
    begin(at, reply_in_turn, &replies, false);
    test_server_stop(at->server);
    at->server = NULL;
    get(at, &options, &told, NULL);
    assert_true(loop_until(at->loop, &told.done, 5000));
    assert_int_equal(told.status, SWB_ECONNECT);
}

static void proxy_of_the_environment_is_used_but_for_this_machine(void **state)
{
    static const char *const list[] = {"200", NULL};
    struct replies replies = {list, 0, NULL};
    bench *at = *state;
    begin(at, reply_in_turn, &replies, false);
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    assert_int_equal(got(at).status, SWB_OK);
    setenv("http_proxy", at->url, 1);
    swb__kube_client_destroy(at->client);
    at->config.server = (char[]){"http://api.invalid"};
    assert_int_equal(swb__kube_client_create(&at->client, at->loop, &at->config, NULL), SWB_OK);
    assert_int_equal(got(at).status, SWB_OK);
    setenv("no_proxy", "api.invalid", 1);
    assert_int_not_equal(got_within(at, SWB__NS_PER_S / 5).status, SWB_OK);
    unsetenv("no_proxy");
    unsetenv("http_proxy");
}

static void token_file_is_read_again_after_a_401(void **state)
{
    bench *at = *state;
    static const char *const list[] = {"200", NULL};
    struct replies replies = {list, 0, "Authorization: Bearer new\r\n"};
    char path[128];
    snprintf(path, sizeof path, "%s/token", at->folder);
    assert_int_equal(swb__write_file(path, 0600, "new\n", 4, NULL), SWB_OK);
    at->config.token_file = path;
    begin(at, reply_in_turn, &replies, false);
    struct told told = got(at);
    assert_int_equal(told.status, SWB_OK);
    assert_int_equal(replies.at, 1);
    replies.wants = "Authorization: Bearer newer\r\n";
    assert_int_equal(swb__write_file(path, 0600, "newer\n", 6, NULL), SWB_OK);
    told = got(at);
    assert_int_equal(told.status, SWB_OK);
    assert_int_equal(replies.at, 2);
    replies.wants = "Authorization: Bearer other\r\n";
    told = got(at);
    assert_int_equal(told.status, SWB_EAUTH);
    assert_int_equal(replies.at, 4);
    assert_string_equal(told.message,
                        "user 'me' (test): pod p in namespace ns: the API server does not accept "
                        "the credentials: wrong or expired token or client certificate");
}

/* A program for credentials that counts its calls and writes the words of `script`. */
static char **exec_argv(bench *at, const char *script)
{
    static char path[128];
    static char *argv[2] = {path, NULL};
    snprintf(path, sizeof path, "%s/get-token", at->folder);
    assert_int_equal(swb__write_file(path, 0700, script, strlen(script), NULL), SWB_OK);
    return argv;
}

#define EXEC_V1 "client.authentication.k8s.io/v1"

static char *no_environment[] = {NULL};

static void use_program(bench *at, const char *script)
{
    at->config.exec = (swb__kube_exec){.api_version = EXEC_V1,
                                       .argv = exec_argv(at, script),
                                       .environment = no_environment,
                                       .install_hint = "install it"};
}

static void program_hands_out_a_token_until_it_expires(void **state)
{
    bench *at = *state;
    static const char *const list[] = {"200", NULL};
    struct replies replies = {list, 0, "Authorization: Bearer from-program\r\n"};
    use_program(
        at, "#!/bin/sh\necho note >&2\n"
            "case \"$KUBERNETES_EXEC_INFO\" in *ExecCredential*) ;; *) exit 9;; esac\n"
            "echo x >> \"$(dirname \"$0\")/calls\"\n"
            "n=$(wc -l < \"$(dirname \"$0\")/calls\")\n"
            "end=2000-01-01T00:00:00Z; [ \"$n\" -ge 2 ] && end=2100-01-01T00:00:00Z\n"
            "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" EXEC_V1
            "\",\"status\":{\"token\":\"from-program\",\"expirationTimestamp\":\"'$end'\"}}'\n");
    begin(at, reply_in_turn, &replies, false);
    for (int i = 0; i < 3; i++) {
        struct told told = got(at);
        assert_string_equal(told.message, "");
        assert_int_equal(told.status, SWB_OK);
    }
    char path[128];
    char *calls = NULL;
    snprintf(path, sizeof path, "%s/calls", at->folder);
    assert_int_equal(swb__read_file(&calls, NULL, path, 100, NULL), SWB_OK);
    /* What had expired when it came was asked for anew, what had not was kept. */
    assert_string_equal(calls, "x\nx\n");
    free(calls);
}

/* Who goes through the API server makes no call by which credentials would be renewed. */
static void access_is_renewed_before_it_ends(void **state)
{
    bench *at = *state;
    struct replies replies = {.list = NULL};
    struct swb__http_access access;
    swb__http_pair headers[2];
    swb__buffer scratch = SWB__BUFFER_INIT(4096);
    use_program(at, "#!/bin/sh\necho x >> \"$(dirname \"$0\")/calls\"\n"
                    "n=$(wc -l < \"$(dirname \"$0\")/calls\")\n"
                    "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" EXEC_V1
                    "\",\"status\":{\"token\":\"number-'$n'\",\"expirationTimestamp\":\"'"
                    "$(date -u -d '+31 seconds' +%Y-%m-%dT%H:%M:%SZ)'\"}}'\n");
    begin(at, reply_in_turn, &replies, false);
    int64_t end_ns = swb__clock_ns() + 20 * SWB__NS_PER_S;
    do {
        swb__loop_step(at->loop, 20);
        swb__kube_client_access(&access, headers, &scratch, at->client);
    } while (swb__clock_ns() < end_ns &&
             (access.header_count == 0 || strcmp(headers[0].value, "Bearer number-2") != 0));
    assert_int_equal(access.header_count, 1);
    assert_string_equal(headers[0].value, "Bearer number-2");
    swb__buffer_finish(&scratch);
}

static void program_that_fails_is_told_with_its_words(void **state)
{
    bench *at = *state;
    static const char *const list[] = {"200", NULL};
    struct replies replies = {list, 0, NULL};
    struct told other;
    use_program(at, "#!/bin/sh\necho 'please log in' >&2\nexit 3\n");
    begin(at, reply_in_turn, &replies, false);
    get(at, NULL, &other, NULL);
    struct told told = got(at);
    assert_int_equal(told.status, SWB_EAUTH);
    assert_non_null(strstr(told.message, "failed (exit code 3): please log in; install it"));
    assert_true(loop_until(at->loop, &other.done, 20000));
    assert_int_equal(other.status, SWB_EAUTH);
    assert_int_equal(replies.at, 0);
}

static void program_that_is_missing_is_told(void **state)
{
    bench *at = *state;
    static char *argv[] = {"swb-no-such-program", NULL};
    static const char *const list[] = {"200", NULL};
    struct replies replies = {list, 0, NULL};
    at->config.exec = (swb__kube_exec){.api_version = EXEC_V1,
                                       .argv = argv,
                                       .environment = no_environment,
                                       .install_hint = "hint"};
    begin(at, reply_in_turn, &replies, false);
    struct told told = got(at);
    assert_int_equal(told.status, SWB_EAUTH);
    assert_non_null(strstr(told.message, "'swb-no-such-program', which kubeconfig names for "
                                         "credentials, is not there: hint"));
}

static void server_is_verified_by_its_authority_and_name(void **state)
{
    bench *at = *state;
    static const char *const list[] = {"200", NULL};
    struct replies replies = {list, 0, NULL};
    char host[64];
    at->config.server_name = "test";
    begin(at, reply_in_turn, &replies, true);
    char *ca = test_server_certificate(at->server);
    at->config.ca = ca;
    swb__kube_client_destroy(at->client);
    assert_int_equal(swb__kube_client_create(&at->client, at->loop, &at->config, NULL), SWB_OK);
    snprintf(host, sizeof host, "\r\nHost: %s\r\n", at->url + 8);
    replies.wants = host;
    struct told told = got(at);
    assert_string_equal(told.message, "");
    assert_int_equal(told.status, SWB_OK);
    free(ca);
    at->config.ca = NULL;
}

static struct told tried_tls(bench *at)
{
    static const char *const list[] = {"200", NULL};
    static struct replies replies = {list, 0, NULL};
    struct told told;
    begin(at, reply_in_turn, &replies, true);
    get(at, NULL, &told, NULL);
    assert_true(loop_until(at->loop, &told.done, 20000));
    return told;
}

static void server_that_nobody_vouches_for_is_refused(void **state)
{
    struct told told = tried_tls(*state);
    assert_int_equal(told.status, SWB_ECONNECT);
    assert_non_null(strstr(told.message, "certificate"));
}

static void insecure_takes_any_server(void **state)
{
    ((bench *)*state)->config.insecure = true;
    struct told told = tried_tls(*state);
    assert_int_equal(told.status, SWB_OK);
}

static void hang(test_connection *connection)
{
    test_hang(connection);
}

static void call_can_be_cancelled_and_destroyed(void **state)
{
    bench *at = *state;
    swb__kube_call *call = NULL;
    struct told first;
    struct told second;
    begin(at, hang, NULL, false);
    get(at, NULL, &first, &call);
    get(at, NULL, &second, NULL);
    loop_for(at->loop, 50);
    swb__kube_call_cancel(call);
    assert_false(first.done);
    assert_true(loop_until(at->loop, &first.done, 5000));
    assert_int_equal(first.status, SWB_ECANCELED);
    assert_false(second.done);
    swb__kube_client_destroy(at->client);
    at->client = NULL;
    assert_int_equal(second.count, 1);
    assert_int_equal(second.status, SWB_ECANCELED);
}

/* --- watches --- */

/* What a watch told, as letters: ( listing, A M D changes with the name, ) listed, ! failed. */
struct story {
    char text[512];
    bool over;
    const char *until; /* `over` once the text ends so */
    swb__kube_watch **stops;
    int status;
    uint64_t patience_ns; /* 0: as always */
};

static void note(struct story *story, const char *what, const char *name)
{
    size_t used = strlen(story->text);
    snprintf(story->text + used, sizeof story->text - used, "%s%s ", what, name);
    size_t length = strlen(story->text);
    size_t wanted = strlen(story->until);
    story->over = length >= wanted && strcmp(story->text + length - wanted, story->until) == 0;
    if (story->over && story->stops != NULL) {
        swb__kube_watch_stop(*story->stops);
        *story->stops = NULL;
    }
}

static void on_listing(void *argument)
{
    note(argument, "(", "");
}

static void on_change(void *argument, swb__kube_change change, const cJSON *object)
{
    static const char *const letters[] = {"A", "M", "D"};
    note(argument, letters[change], swb__kube_text(object, "metadata.name"));
}

static void on_listed(void *argument)
{
    note(argument, ")", "");
}

static void on_failed(void *argument, int status, const swb_error *error)
{
    struct story *story = argument;
    story->status = status;
    (void)error;
    note(story, "!", "");
}

static swb__kube_watch *follow(bench *at, struct story *story)
{
    static swb__kube_resource pod;
    swb__kube_watch *watch = NULL;
    swb__kube_resource_known(&pod, "v1", "Pod");
    const swb__kube_watch_options options = {
        .resource = &pod,
        .name_space = "ns",
        .selector = "a=b",
        .page = 2,
        .patience_ns = story->patience_ns,
    };
    const swb__kube_watch_events events = {on_listing, on_change, on_listed, on_failed, story};
    assert_int_equal(swb__kube_watch_start(&watch, at->client, &options, &events, NULL), SWB_OK);
    return watch;
}

#define OPENED "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
#define SILENCE_NS INT64_C(1200000000)

/* Answers each request by the first step that fits it and was not used up. */
struct step {
    const char *asks;  /* what the request's first line holds */
    const char *reply; /* "HTTP STATUS", or the body of a 200; OPENED or "": that, and silence for a
                        * while, then a break */
    bool used;
};

static struct step *fitting(struct step *steps, const char *head)
{
    for (; steps->asks != NULL; steps++) {
        if (!steps->used && strstr(head, steps->asks) != NULL) {
            steps->used = true;
            return steps;
        }
    }
    return NULL;
}

static void play(test_connection *connection)
{
    test_request request;
    while (test_read_request(&request, connection)) {
        const struct step *step = fitting(connection->argument, request.head);
        test_request_free(&request);
        if (step == NULL) {
            test_hang(connection);
            return;
        }
        if (*step->reply == '\0' || strncmp(step->reply, "HTTP", 4) == 0) {
            test_write_text(connection, step->reply);
            nanosleep(&(struct timespec){SILENCE_NS / SWB__NS_PER_S, SILENCE_NS % SWB__NS_PER_S},
                      NULL);
            test_reset(connection);
            return;
        }
        if (step->reply[0] == '4' || step->reply[0] == '5') {
            test_reply(connection, step->reply, "", "{}");
        } else {
            test_reply(connection, "200 OK", "Content-Type: application/json\r\n", step->reply);
        }
    }
}

#define ITEM(name) "{\"metadata\":{\"name\":\"" name "\"}}"
#define EVENT(type, name, version)                                                                 \
    "{\"type\":\"" type "\",\"object\":{\"metadata\":{\"name\":\"" name                            \
    "\",\"resourceVersion\":\"" version "\"}}}\n"

static void watch_lists_by_pages_then_goes_on_where_it_was(void **state)
{
    bench *at = *state;
    static struct step steps[] = {
        {"pods?labelSelector=a%3Db&limit=2 ",
         "{\"metadata\":{\"continue\":\"tok\"},\"items\":[" ITEM("a") "," ITEM("b") "]}", false},
        {"&continue=tok ", "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[" ITEM("c") "]}",
         false},
        {"resourceVersion=10&", EVENT("MODIFIED", "a", "11") EVENT("BOOKMARK", "", "15"), false},
        {"resourceVersion=15&", "503 Later", false},
        {"resourceVersion=15&", EVENT("DELETED", "b", "16"), false},
        {NULL, NULL, false},
    };
    struct story story = {.until = "Db "};
    begin(at, play, steps, false);
    swb__kube_watch *watch = follow(at, &story);
    loop_until(at->loop, &story.over, 10000);
    assert_string_equal(story.text, "( Aa Ab Ac ) Ma Db ");
    swb__kube_watch_stop(watch);
}

static void watch_lists_anew_where_the_version_is_gone(void **state)
{
    bench *at = *state;
    static struct step steps[] = {
        {"limit=2 ", "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[" ITEM("a") "]}",
         false},
        {"resourceVersion=10&",
         "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"message\":\"too old resource "
         "version: 10 (20)\",\"reason\":\"Expired\",\"code\":410}}\n",
         false},
        {"limit=2 ", "{\"metadata\":{\"resourceVersion\":\"20\"},\"items\":[" ITEM("b") "]}",
         false},
        {"resourceVersion=20&", "410 Gone", false},
        {"limit=2 ", "{\"metadata\":{\"resourceVersion\":\"30\"},\"items\":[]}", false},
        {"resourceVersion=30&", EVENT("ADDED", "z", "31"), false},
        {NULL, NULL, false},
    };
    struct story story = {.until = "Az "};
    begin(at, play, steps, false);
    swb__kube_watch *watch = follow(at, &story);
    loop_until(at->loop, &story.over, 10000);
    assert_string_equal(story.text, "( Aa ) ( Ab ) ( ) Az ");
    swb__kube_watch_stop(watch);
}

static void watch_begins_a_list_again_whose_pages_are_gone(void **state)
{
    bench *at = *state;
    static struct step steps[] = {
        {"limit=2 ", "{\"metadata\":{\"continue\":\"t\"},\"items\":[" ITEM("a") "]}", false},
        {"continue=t ", "410 Gone", false},
        {"limit=2 ", "{\"metadata\":{\"resourceVersion\":\"20\"},\"items\":[" ITEM("b") "]}",
         false},
        {NULL, NULL, false},
    };
    struct story story = {.until = "Ab ) "};
    begin(at, play, steps, false);
    swb__kube_watch *watch = follow(at, &story);
    loop_until(at->loop, &story.over, 10000);
    assert_string_equal(story.text, "( Aa ( Ab ) ");
    swb__kube_watch_stop(watch);
}

/* Patience is for a server that does not come back, not for one that had nothing to say. */
static void stream_that_was_silent_for_long_and_breaks_is_opened_again(void **state)
{
    bench *at = *state;
    static struct step steps[] = {
        {"limit=2 ", "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[]}", false},
        {"resourceVersion=10&", OPENED, false},
        {"resourceVersion=10&", OPENED, false},
        {"resourceVersion=10&", EVENT("ADDED", "a", "11"), false},
        {NULL, NULL, false},
    };
    struct story story = {.until = "Aa ", .patience_ns = SILENCE_NS / 2};
    begin(at, play, steps, false);
    swb__kube_watch *watch = follow(at, &story);
    loop_until(at->loop, &story.over, 10000);
    assert_string_equal(story.text, "( ) Aa ");
    swb__kube_watch_stop(watch);
}

static void server_that_takes_connections_and_never_answers_is_given_up(void **state)
{
    bench *at = *state;
    static struct step steps[] = {
        {"limit=2 ", "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[]}", false},
        {"resourceVersion=10&", "", false},
        {"resourceVersion=10&", "", false},
        {"resourceVersion=10&", "", false},
        {"resourceVersion=10&", EVENT("ADDED", "a", "11"), false},
        {NULL, NULL, false},
    };
    struct story story = {.until = "! ", .patience_ns = SILENCE_NS / 2};
    begin(at, play, steps, false);
    swb__kube_watch *watch = follow(at, &story);
    loop_until(at->loop, &story.over, 6000);
    swb__kube_watch_stop(watch);
    assert_string_equal(story.text, "( ) ! ");
}

static void watch_that_is_forbidden_fails_once(void **state)
{
    bench *at = *state;
    static struct step steps[] = {{"limit=2 ", "403 No", false}, {NULL, NULL, false}};
    struct story story = {.until = "! "};
    begin(at, play, steps, false);
    swb__kube_watch *watch = follow(at, &story);
    loop_until(at->loop, &story.over, 10000);
    loop_for(at->loop, 50);
    assert_string_equal(story.text, "! ");
    assert_int_equal(story.status, SWB_EAUTH);
    swb__kube_watch_stop(watch);
}

static void watch_may_be_stopped_by_what_it_tells(void **state)
{
    static const char *const ends[] = {"( ", "Aa ", ") ", "Mb "};
    bench *at = *state;
    struct step steps[] = {
        {"limit=2 ", "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[" ITEM("a") "]}",
         false},
        {"resourceVersion=10&", EVENT("MODIFIED", "b", "11") EVENT("MODIFIED", "c", "12"), false},
        {NULL, NULL, false},
    };
    begin(at, play, steps, false);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct story story = {.until = ends[i]};
        steps[0].used = steps[1].used = false;
        swb__kube_watch *watch = follow(at, &story);
        story.stops = &watch;
        loop_until(at->loop, &story.over, 10000);
        loop_for(at->loop, 50);
        assert_null(watch);
        assert_string_equal(story.text + strlen(story.text) - strlen(ends[i]), ends[i]);
    }
    test_server_stop(at->server);
    at->server = NULL;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_bench, free_bench)
    const struct CMUnitTest tests[] = {
        TEST(reply_is_parsed),
        TEST(what_passes_is_tried_again),
        TEST(quota_that_somebody_else_counted_in_meanwhile_is_tried_again),
        TEST(what_does_not_pass_is_told_at_once),
        TEST(deadline_ends_the_tries),
        TEST(server_that_is_away_is_told),
        TEST(proxy_of_the_environment_is_used_but_for_this_machine),
        TEST(token_file_is_read_again_after_a_401),
        TEST(program_hands_out_a_token_until_it_expires),
        TEST(access_is_renewed_before_it_ends),
        TEST(program_that_fails_is_told_with_its_words),
        TEST(program_that_is_missing_is_told),
        TEST(server_is_verified_by_its_authority_and_name),
        TEST(server_that_nobody_vouches_for_is_refused),
        TEST(insecure_takes_any_server),
        TEST(call_can_be_cancelled_and_destroyed),
        TEST(watch_lists_by_pages_then_goes_on_where_it_was),
        TEST(watch_lists_anew_where_the_version_is_gone),
        TEST(watch_begins_a_list_again_whose_pages_are_gone),
        TEST(stream_that_was_silent_for_long_and_breaks_is_opened_again),
        TEST(server_that_takes_connections_and_never_answers_is_given_up),
        TEST(watch_that_is_forbidden_fails_once),
        TEST(watch_may_be_stopped_by_what_it_tells),
    };
    return cmocka_run_group_tests_name("kube_client", tests, NULL, NULL);
}
