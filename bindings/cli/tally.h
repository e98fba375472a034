/* What a runner's events add up to: the numbers that progress is shown from. */
#ifndef SWB_CLI_TALLY_H
#define SWB_CLI_TALLY_H

#include "cli.h"

typedef struct cli_tally {
    const swb_experiment *experiment;
    const swb_plan *plan;
    int64_t begin_ns;
    uint64_t to_do;  /* runs, as the runner told at its start; optional ones come on top */
    uint64_t ended;  /* runs that came to an end, failed ones included */
    uint64_t failed; /* for good */
    bool running;    /* a run is under way; what follows is about it */
    uint64_t number; /* counts the runs that were started, from 1 */
    uint32_t attempt;
    char mode[64];
    char cell[200];
    char phase[32];
    uint32_t leechers;
    uint32_t completed;    /* leechers that are complete */
    uint64_t bytes_wanted; /* by all leechers together */
    uint64_t bytes;        /* on all leechers together */
    uint64_t *node_bytes;  /* by node; owned */
    size_t node_count;
    double rate_bytes_s; /* of the last second or so */
    int64_t rate_since_ns;
    uint64_t rate_bytes;
} cli_tally;

/* Both are borrowed until the tally is finished. */
void cli_tally_init(cli_tally *tally, const swb_experiment *experiment, const swb_plan *plan);
void cli_tally_finish(cli_tally *tally);
void cli_tally_add(cli_tally *tally, const swb_event *event);
/* Brings the rate up to date; call before showing it. */
void cli_tally_measure(cli_tally *tally, int64_t now_ns);

/* How much a line about an event matters. */
typedef enum cli_weight {
    CLI_WEIGHT_NONE,   /* no line */
    CLI_WEIGHT_INFO,   /* for a log */
    CLI_WEIGHT_NOTICE, /* worth a line beside a progress bar */
    CLI_WEIGHT_ERROR,  /* worth a line even when quiet */
} cli_weight;

/* Puts an event, which was added before, in words: one line without its end, free of control
 * characters. */
cli_weight cli_tally_line(char *out, size_t size, const cli_tally *tally, const swb_event *event);

int64_t cli_clock_ns(void);

#endif
