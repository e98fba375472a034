/* Asks opentracker for its counters and for each torrent of the whitelist. */
#include "tracker/tracker_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"

#define REPLY_BYTES ((size_t)64 << 10)
#define REPLY_NS (5 * SWB__NS_PER_S)

static void end(swb__tracker *tracker, int status, const swb_error *error)
{
    swb__survey *survey = &tracker->survey;
    survey->running = false;
    survey->ended = survey->begun;
    survey->status = status;
    survey->interrupted = survey->endings != swb__opentracker_endings(tracker->opentracker);
    if (status != SWB_OK && error != NULL) {
        survey->error = *error;
    }
    if (tracker->server != NULL) {
        swb__server_changed(tracker->server);
    }
}

static int ask(swb__tracker *tracker, const char *path, swb__http_done done, swb_error *error)
{
    const swb__http_request request = {.method = "GET",
                                       .path = path,
                                       .deadline_ns = REPLY_NS,
                                       .max_reply_bytes = REPLY_BYTES,
                                       .argument = tracker};
    return swb__http_send(NULL, swb__opentracker_client(tracker->opentracker), &request, done,
                          error);
}

static void on_scraped(void *argument, int status, const swb__http_reply *reply,
                       const swb_error *error);

static void put_infohash(swb__buffer *path, const swb__infohash *infohash)
{
    swb__buffer_text(path, path->length > sizeof "/scrape" ? "&info_hash=" : "info_hash=");
    for (size_t i = 0; i < SWB__INFOHASH_BYTES; i++) {
        swb__buffer_printf(path, "%%%02x", infohash->bytes[i]);
    }
}

/* The next batch, or the end. */
static void scrape(swb__tracker *tracker)
{
    swb__survey *survey = &tracker->survey;
    swb_error error = SWB_ERROR_INIT;
    swb__buffer path = SWB__BUFFER_INIT(8192);
    if (survey->asked == survey->list.count) {
        end(tracker, SWB_OK, NULL);
        return;
    }
    swb__buffer_text(&path, "/scrape?");
    for (size_t i = 0; i < SWB__TRACKER_BATCH && survey->asked < survey->list.count; i++) {
        put_infohash(&path, &survey->list.entries[survey->asked++]);
    }
    int status = path.status == SWB_OK ? ask(tracker, path.data, on_scraped, &error)
                                       : swb__fail_nomem(&error);
    swb__buffer_finish(&path);
    if (status != SWB_OK) {
        end(tracker, status, &error);
    }
}

static int expect_success(int status, const swb__http_reply *reply, const swb_error *from,
                          swb_error *error)
{
    if (status != SWB_OK) {
        return swb__fail(error, status, "ask opentracker: %.400s", from->message);
    }
    if (reply->status != 200) {
        return swb__fail(error, SWB_EPROTO, "opentracker answered with HTTP status %d",
                         reply->status);
    }
    return SWB_OK;
}

static void on_scraped(void *argument, int status, const swb__http_reply *reply,
                       const swb_error *from)
{
    swb__tracker *tracker = argument;
    swb__survey *survey = &tracker->survey;
    swb_error error = SWB_ERROR_INIT;
    size_t count = 0;
    status = expect_success(status, reply, from, &error);
    if (status == SWB_OK) {
        survey->own_scrapes++;
        status = swb__tracker_read_scrape(survey->torrents + survey->count, &count,
                                          survey->asked - survey->count, reply->body, reply->length,
                                          &error);
    }
    if (status != SWB_OK) {
        end(tracker, status, &error);
        return;
    }
    survey->count += count;
    scrape(tracker);
}

static void on_counters(void *argument, int status, const swb__http_reply *reply,
                        const swb_error *from)
{
    swb__tracker *tracker = argument;
    swb_error error = SWB_ERROR_INIT;
    status = expect_success(status, reply, from, &error);
    if (status == SWB_OK) {
        status = swb__tracker_read_counters(&tracker->survey.counters, (const char *)reply->body,
                                            &error);
    }
    if (status != SWB_OK) {
        end(tracker, status, &error);
        return;
    }
    /* What clients did is the rest. Only a whitelist that is being published at this very moment
     * can make it differ, by a probe. */
    swb__survey *survey = &tracker->survey;
    uint64_t own = swb__opentracker_own_announces(tracker->opentracker);
    survey->counters.tcp_announces -=
        own < survey->counters.tcp_announces ? own : survey->counters.tcp_announces;
    survey->counters.tcp_scrapes -= survey->own_scrapes < survey->counters.tcp_scrapes
                                        ? survey->own_scrapes
                                        : survey->counters.tcp_scrapes;
    scrape(tracker);
}

int swb__survey_begin(swb__tracker *tracker, swb_error *error)
{
    swb__survey *survey = &tracker->survey;
    uint64_t resets = swb__opentracker_resets(tracker->opentracker);
    char path[80];
    swb__whitelist_finish(&survey->list);
    survey->count = survey->asked = 0;
    if (resets != tracker->survey_resets) {
        tracker->survey_resets = resets;
        survey->own_scrapes = 0;
    }
    if (survey->torrents == NULL) {
        survey->torrents = calloc(SWB__WHITELIST_MAX, sizeof *survey->torrents);
    }
    int status = survey->torrents != NULL ? SWB_OK : swb__fail_nomem(error);
    if (status == SWB_OK) {
        status = swb__whitelist_copy(&survey->list,
                                     swb__opentracker_whitelist(tracker->opentracker), error);
    }
    if (status == SWB_OK) {
        snprintf(path, sizeof path, "/x%s?mode=everything",
                 swb__opentracker_statistics(tracker->opentracker));
        status = ask(tracker, path, on_counters, error);
    }
    if (status == SWB_OK) {
        survey->running = true;
        survey->endings = swb__opentracker_endings(tracker->opentracker);
        survey->begun++;
    }
    return status;
}

void swb__survey_finish(swb__tracker *tracker)
{
    swb__whitelist_finish(&tracker->survey.list);
    free(tracker->survey.torrents);
    tracker->survey.torrents = NULL;
}
