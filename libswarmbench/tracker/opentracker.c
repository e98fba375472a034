/*
 * Debian's opentracker takes orders by a file and a signal, and tells nobody when it has followed
 * them: it reads the file on a thread of its own. So each whitelist that is written has one random
 * infohash more than asked for, which is announced until it is served; from then on the whole list
 * is in effect. It also makes sure that the file is never empty, which opentracker would ignore.
 */
#include "tracker/opentracker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "io/process.h"
#include "tracker/replies.h"

#define CONFIG "opentracker.conf"
#define WHITELIST "whitelist"
#define PROBE_NS (2 * SWB__NS_PER_MS)
#define PROBE_LIMIT_NS (2 * SWB__NS_PER_S)
#define PROBES_TO_REMIND 500u
#define GRACE_NS SWB__NS_PER_S
#define REPLY_BYTES ((size_t)64 << 10)

extern char **environ;

typedef enum stage {
    STAGE_PUBLISHING, /* the sentinel is announced until it is served */
    STAGE_LEAVING,    /* it was: the announce is taken back */
    STAGE_UP,
    STAGE_ENDING, /* to be started again */
} stage;

struct swb__opentracker {
    swb_loop *loop;
    swb__opentracker_options options;
    swb__whitelist whitelist;
    swb__process *process;
    swb__http_client *client;
    swb__timer *timer;
    stage stage;
    bool was_up; /* since its start: it takes signals */
    unsigned probes;
    uint64_t wanted;
    uint64_t written;
    uint64_t published;
    uint64_t resets;
    uint64_t resets_wanted;
    uint64_t resets_at_start;
    uint64_t endings;
    uint64_t own_announces;
    swb__infohash sentinel;
    char statistics[SWB__INFOHASH_TEXT]; /* where it tells them: a secret */
};

static void probe(swb__opentracker *tracker);

static int write_config(const swb__opentracker *tracker, swb_error *error)
{
    const swb__opentracker_options *options = &tracker->options;
    swb__buffer file = SWB__BUFFER_INIT(4096);
    swb__buffer_printf(&file, "listen.tcp %s:%u\n", options->address, options->port);
    swb__buffer_printf(&file, "listen.udp %s:%u\n", options->address, options->port);
    swb__buffer_text(&file, "access.whitelist " WHITELIST "\n");
    /* Asking it on its own address, we come from there, or from the first one of the loopback, and
     * so may others: the path is what they do not know. It takes all that begins with an 'a' for
     * an announce, hence the 'x'. */
    swb__buffer_printf(&file, "access.stats %s\naccess.stats 127.0.0.1\n", options->address);
    swb__buffer_printf(&file, "access.stats_path x%s\n", tracker->statistics);
    int status = file.status == SWB_OK
                     ? swb__write_file(CONFIG, 0600, file.data, file.length, error)
                     : swb__fail_nomem(error);
    swb__buffer_finish(&file);
    return status;
}

static void put_line(swb__buffer *file, const swb__infohash *infohash)
{
    char text[SWB__INFOHASH_TEXT];
    swb__infohash_text(text, infohash);
    swb__buffer_printf(file, "%s\n", text);
}

static int draw(swb__infohash *out, swb_error *error)
{
    if (getrandom(out, sizeof *out, 0) != (ssize_t)sizeof *out) {
        return swb__fail_errno(error, SWB_EIO, errno, "random number");
    }
    return SWB_OK;
}

/* It appears whole: opentracker may be reading the one before. */
static int write_whitelist(swb__opentracker *tracker, swb_error *error)
{
    swb__buffer file = SWB__BUFFER_INIT((SWB__WHITELIST_MAX + 1) * SWB__INFOHASH_TEXT + 1);
    int status = draw(&tracker->sentinel, error);
    if (status != SWB_OK) {
        return status;
    }
    put_line(&file, &tracker->sentinel);
    for (size_t i = 0; i < tracker->whitelist.count; i++) {
        put_line(&file, &tracker->whitelist.entries[i]);
    }
    status = file.status == SWB_OK
                 ? swb__write_file(WHITELIST ".new", 0600, file.data, file.length, error)
                 : swb__fail_nomem(error);
    swb__buffer_finish(&file);
    if (status == SWB_OK && rename(WHITELIST ".new", WHITELIST) != 0) {
        status = swb__fail_errno(error, SWB_EIO, errno, "replace opentracker's whitelist");
    }
    tracker->written = tracker->wanted;
    tracker->probes = 0;
    return status;
}

static void lost(swb__opentracker *tracker)
{
    tracker->options.exited(tracker->options.argument, 3, 0);
}

static int start(swb__opentracker *tracker, swb_error *error);

static void on_exited(void *argument, int exit_code, int signal)
{
    swb__opentracker *tracker = argument;
    swb_error error = SWB_ERROR_INIT;
    if (tracker->stage != STAGE_ENDING) {
        tracker->options.exited(tracker->options.argument, exit_code, signal);
        return;
    }
    swb__process_destroy(tracker->process);
    tracker->process = NULL;
    if (start(tracker, &error) != SWB_OK) {
        fprintf(stderr, "swarmbench-tracker: %s\n", error.message);
        lost(tracker);
    }
}

static void on_timer(void *argument)
{
    swb__opentracker *tracker = argument;
    swb__timer_stop(tracker->timer);
    tracker->timer = NULL;
    probe(tracker);
}

static void probe_later(swb__opentracker *tracker)
{
    if (swb__timer_start(&tracker->timer, tracker->loop, PROBE_NS, on_timer, tracker) != SWB_OK) {
        lost(tracker);
    }
}

static void begin_end(swb__opentracker *tracker)
{
    tracker->stage = STAGE_ENDING;
    tracker->endings++;
    swb__timer_stop(tracker->timer);
    tracker->timer = NULL;
    swb__process_end(tracker->process, GRACE_NS);
}

/* Whatever was asked for while it could not be done. */
static void go_on(swb__opentracker *tracker)
{
    swb_error error = SWB_ERROR_INIT;
    if (tracker->stage != STAGE_UP) {
        return;
    }
    if (tracker->resets < tracker->resets_wanted) {
        begin_end(tracker);
        return;
    }
    if (tracker->written == tracker->wanted) {
        return;
    }
    tracker->stage = STAGE_PUBLISHING;
    if (write_whitelist(tracker, &error) != SWB_OK) {
        fprintf(stderr, "swarmbench-tracker: %s\n", error.message);
        lost(tracker);
        return;
    }
    swb__process_signal(tracker->process, SIGHUP);
    probe(tracker);
}

static void set_up(swb__opentracker *tracker)
{
    tracker->stage = STAGE_UP;
    tracker->published = tracker->written;
    if (!tracker->was_up) {
        tracker->was_up = true;
        tracker->resets = tracker->resets_at_start;
    }
    go_on(tracker);
    tracker->options.changed(tracker->options.argument);
}

static void on_probed(void *argument, int status, const swb__http_reply *reply,
                      const swb_error *error)
{
    swb__opentracker *tracker = argument;
    bool served = false;
    (void)error;
    if (status == SWB_ECANCELED || tracker->stage == STAGE_ENDING) {
        return;
    }
    bool answered = status == SWB_OK && reply->status == 200;
    tracker->own_announces += answered;
    answered =
        answered && swb__tracker_read_announce(&served, reply->body, reply->length, NULL) == SWB_OK;
    if (answered && tracker->stage == STAGE_LEAVING) {
        set_up(tracker);
    } else if (answered && served) {
        tracker->stage = STAGE_LEAVING;
        probe(tracker);
    } else {
        probe_later(tracker);
    }
}

static void probe(swb__opentracker *tracker)
{
    char text[SWB__INFOHASH_TEXT];
    char path[256];
    char hash[3 * SWB__INFOHASH_BYTES + 1];
    swb__infohash_text(text, &tracker->sentinel);
    for (size_t i = 0; i < SWB__INFOHASH_BYTES; i++) {
        snprintf(hash + 3 * i, 4, "%%%.2s", text + 2 * i);
    }
    snprintf(path, sizeof path, "/announce?info_hash=%s&port=1&left=1&numwant=0%s", hash,
             tracker->stage == STAGE_LEAVING ? "&event=stopped" : "");
    /* A signal is lost where it comes before the last one was taken. */
    if (++tracker->probes % PROBES_TO_REMIND == 0 && tracker->was_up) {
        swb__process_signal(tracker->process, SIGHUP);
    }
    const swb__http_request request = {.method = "GET",
                                       .path = path,
                                       .deadline_ns = PROBE_LIMIT_NS,
                                       .max_reply_bytes = REPLY_BYTES,
                                       .argument = tracker};
    if (swb__http_send(NULL, tracker->client, &request, on_probed, NULL) != SWB_OK) {
        probe_later(tracker);
    }
}

static int start(swb__opentracker *tracker, swb_error *error)
{
    char url[96];
    const char *const argv[] = {tracker->options.program, "-f", CONFIG, NULL};
    const swb__process_options process = {.argv = argv,
                                          .environment = (const char *const *)environ,
                                          .directory = ".",
                                          .output_path = SWB__OPENTRACKER_LOG};
    swb__http_client_destroy(tracker->client);
    tracker->client = NULL;
    tracker->stage = STAGE_PUBLISHING;
    tracker->was_up = false;
    tracker->resets_at_start = tracker->resets_wanted;
    tracker->own_announces = 0;
    snprintf(url, sizeof url, "http://%s:%u", tracker->options.address, tracker->options.port);
    int status = write_whitelist(tracker, error);
    if (status == SWB_OK) {
        status = swb__http_client_create(&tracker->client, tracker->loop, url, error);
    }
    if (status == SWB_OK) {
        status = swb__process_start(&tracker->process, tracker->loop, &process, on_exited, tracker,
                                    error);
    }
    if (status == SWB_OK) {
        probe_later(tracker);
    }
    return status;
}

int swb__opentracker_create(swb__opentracker **out, swb_loop *loop,
                            const swb__opentracker_options *options, swb_error *error)
{
    swb__opentracker *tracker = calloc(1, sizeof *tracker);
    if (tracker == NULL) {
        return swb__fail_nomem(error);
    }
    tracker->loop = loop;
    tracker->options = *options;
    swb__infohash random;
    int status = draw(&random, error);
    if (status == SWB_OK) {
        swb__infohash_text(tracker->statistics, &random);
        status = write_config(tracker, error);
    }
    if (status == SWB_OK) {
        status = start(tracker, error);
    }
    if (status != SWB_OK) {
        swb__opentracker_destroy(tracker);
        return status;
    }
    *out = tracker;
    return SWB_OK;
}

void swb__opentracker_destroy(swb__opentracker *tracker)
{
    if (tracker == NULL) {
        return;
    }
    swb__timer_stop(tracker->timer);
    tracker->timer = NULL;
    tracker->stage = STAGE_ENDING;
    swb__http_client_destroy(tracker->client);
    swb__process_destroy(tracker->process);
    swb__whitelist_finish(&tracker->whitelist);
    free(tracker);
}

swb__whitelist *swb__opentracker_whitelist(swb__opentracker *tracker)
{
    return &tracker->whitelist;
}

uint64_t swb__opentracker_publish(swb__opentracker *tracker)
{
    uint64_t number = ++tracker->wanted;
    go_on(tracker);
    return number;
}

uint64_t swb__opentracker_published(const swb__opentracker *tracker)
{
    return tracker->published;
}

uint64_t swb__opentracker_reset(swb__opentracker *tracker)
{
    uint64_t number = ++tracker->resets_wanted;
    go_on(tracker);
    return number;
}

uint64_t swb__opentracker_resets(const swb__opentracker *tracker)
{
    return tracker->resets;
}

uint64_t swb__opentracker_endings(const swb__opentracker *tracker)
{
    return tracker->endings;
}

bool swb__opentracker_is_up(const swb__opentracker *tracker)
{
    return tracker->stage == STAGE_UP;
}

swb__http_client *swb__opentracker_client(swb__opentracker *tracker)
{
    return tracker->client;
}

const char *swb__opentracker_statistics(const swb__opentracker *tracker)
{
    return tracker->statistics;
}

uint64_t swb__opentracker_own_announces(const swb__opentracker *tracker)
{
    return tracker->own_announces;
}
