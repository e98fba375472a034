/* What the files of the control API share. */
#ifndef SWB_TRACKER_TRACKER_STATE_H
#define SWB_TRACKER_TRACKER_STATE_H

#include "agent/server.h"
#include "tracker/opentracker.h"
#include "tracker/replies.h"
#include "tracker/tracker.h"

/* How long a request may wait for opentracker. */
#define SWB__TRACKER_WAIT_NS (INT64_C(10) * 1000000000)
/* So many torrents are asked for at once: opentracker bounds its requests to 8 KiB. */
#define SWB__TRACKER_BATCH 32u

/* Statistics as they are gathered: a reply with the counters, then scrapes. */
typedef struct swb__survey {
    bool running;
    uint64_t begun; /* surveys so far */
    uint64_t ended;
    int status;       /* of the last one that ended */
    bool interrupted; /* by a reset: to be done again */
    uint64_t endings; /* at its begin */
    swb_error error;
    swb__whitelist list; /* as it was at its begin */
    size_t asked;
    swb__tracker_counters counters;
    uint64_t own_scrapes; /* since opentracker's start */
    swb__tracker_torrent *torrents;
    size_t count;
} swb__survey;

struct swb__tracker {
    swb_loop *loop;
    swb__tracker_options options;
    swb__server_options server_options;
    swb__server *server;
    swb__opentracker *opentracker;
    swb__survey survey;
    uint64_t survey_resets; /* the start that own_scrapes counts from */
};

/* survey.c */
/* Begins one where none is under way. SWB_ENOMEM, SWB_EINVAL. */
int swb__survey_begin(swb__tracker *tracker, swb_error *error);
void swb__survey_finish(swb__tracker *tracker);

#endif
