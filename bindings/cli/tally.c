/* What a runner's events add up to. */
#include "tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NODES_MAX 1000000
#define RATE_PERIOD_NS INT64_C(1000000000)

int64_t cli_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void cli_tally_init(cli_tally *tally, const swb_experiment *experiment, const swb_plan *plan)
{
    *tally = (cli_tally){.experiment = experiment, .plan = plan, .begin_ns = cli_clock_ns()};
}

void cli_tally_finish(cli_tally *tally)
{
    free(tally->node_bytes);
    *tally = (cli_tally){0};
}

static void begin_run(cli_tally *tally, const swb_event *event)
{
    swb_planned_run run;
    swb_cell cell;
    const char *mode = swb_experiment_mode_name(tally->experiment, event->mode);
    tally->running = true;
    tally->number = tally->ended + 1;
    if (tally->to_do < tally->number) {
        tally->to_do = tally->number;
    }
    tally->attempt = (uint32_t)event->value;
    tally->completed = 0;
    tally->bytes = 0;
    tally->bytes_wanted = 0;
    tally->leechers = 0;
    tally->rate_bytes_s = 0;
    tally->rate_bytes = 0;
    tally->rate_since_ns = cli_clock_ns();
    tally->phase[0] = '\0';
    for (size_t i = 0; i < tally->node_count; i++) {
        tally->node_bytes[i] = 0;
    }
    snprintf(tally->mode, sizeof tally->mode, "%s", mode != NULL ? mode : "?");
    snprintf(tally->cell, sizeof tally->cell, "%s", event->text);
    if (swb_plan_run(&run, tally->plan, event->run) == SWB_OK &&
        swb_plan_cell(&cell, tally->plan, run.cell) == SWB_OK) {
        tally->leechers = cell.size - cell.seeders;
        tally->bytes_wanted = tally->leechers * cell.file_size_bytes;
    }
}

static bool make_room(cli_tally *tally, size_t node)
{
    if (node < tally->node_count) {
        return true;
    }
    size_t count = (node + 64) & ~(size_t)63;
    uint64_t *grown = node < NODES_MAX ? realloc(tally->node_bytes, count * sizeof *grown) : NULL;
    if (grown == NULL) {
        return false;
    }
    memset(grown + tally->node_count, 0, (count - tally->node_count) * sizeof *grown);
    tally->node_bytes = grown;
    tally->node_count = count;
    return true;
}

static void set_bytes(cli_tally *tally, uint32_t node, uint64_t bytes)
{
    if (make_room(tally, node) && bytes > tally->node_bytes[node]) {
        tally->bytes += bytes - tally->node_bytes[node];
        tally->node_bytes[node] = bytes;
    }
}

void cli_tally_add(cli_tally *tally, const swb_event *event)
{
    switch (event->kind) {
    case SWB_EVENT_EXPERIMENT_STARTED:
        tally->to_do = tally->ended + event->value; /* also where a runner in a cluster went on */
        tally->running = false;
        break;
    case SWB_EVENT_RUN_STARTED:
        begin_run(tally, event);
        break;
    case SWB_EVENT_RUN_ENDED:
        tally->running = false;
        tally->ended++;
        tally->failed += event->status != SWB_OK && event->status != SWB_EINTERRUPTED;
        break;
    case SWB_EVENT_RETRY: /* the end that came before it was not the last one */
        tally->ended--;
        tally->failed--;
        break;
    case SWB_EVENT_PHASE:
        snprintf(tally->phase, sizeof tally->phase, "%.31s", event->text);
        break;
    case SWB_EVENT_PROGRESS:
        set_bytes(tally, event->node, event->value);
        break;
    case SWB_EVENT_COMPLETED:
        tally->completed++;
        if (tally->leechers > 0) {
            set_bytes(tally, event->node, tally->bytes_wanted / tally->leechers);
        }
        break;
    default:
        break;
    }
}

void cli_tally_measure(cli_tally *tally, int64_t now_ns)
{
    int64_t elapsed_ns = now_ns - tally->rate_since_ns;
    if (elapsed_ns < RATE_PERIOD_NS) {
        return;
    }
    tally->rate_bytes_s = (double)(tally->bytes - tally->rate_bytes) / ((double)elapsed_ns / 1e9);
    tally->rate_bytes = tally->bytes;
    tally->rate_since_ns = now_ns;
}

/* "run 3/24 deluge file_size=100MB size=8 seeders=1" */
static void name_run(char *out, size_t size, const cli_tally *tally)
{
    snprintf(out, size, "run %" PRIu64 "/%" PRIu64 " %s %s", tally->number, tally->to_do,
             tally->mode, tally->cell);
}

static cli_weight run_ended_line(char *out, size_t size, const char *run, const swb_event *event)
{
    char duration[32];
    if (event->status == SWB_OK) {
        snprintf(out, size, "%s: done in %s", run,
                 cli_format_duration(duration, sizeof duration, (double)event->value));
        return CLI_WEIGHT_INFO;
    }
    snprintf(out, size, "%s: %s: %s", run,
             event->status == SWB_EINTERRUPTED ? "interrupted" : "failed",
             event->text[0] != '\0' ? event->text : swb_status_text(event->status));
    return event->status == SWB_EINTERRUPTED ? CLI_WEIGHT_NOTICE : CLI_WEIGHT_ERROR;
}

static cli_weight describe(char *out, size_t size, const cli_tally *tally, const swb_event *event)
{
    char run[320];
    name_run(run, sizeof run, tally);
    switch (event->kind) {
    case SWB_EVENT_EXPERIMENT_STARTED:
        snprintf(out, size, "experiment %s: %" PRIu64 " runs to do",
                 swb_experiment_name(tally->experiment), event->value);
        return CLI_WEIGHT_INFO;
    case SWB_EVENT_RUN_STARTED:
        if (tally->attempt > 1) {
            snprintf(out, size, "%s: started, attempt %" PRIu32, run, tally->attempt);
        } else {
            snprintf(out, size, "%s: started", run);
        }
        return CLI_WEIGHT_INFO;
    case SWB_EVENT_RUN_ENDED:
        return run_ended_line(out, size, run, event);
    case SWB_EVENT_RETRY:
        snprintf(out, size, "%s: will be tried again", run);
        return CLI_WEIGHT_NOTICE;
    case SWB_EVENT_NODE_EXITED:
        snprintf(out, size, "%s: node %s ended unexpectedly: %s", run, event->name, event->text);
        return CLI_WEIGHT_NOTICE;
    case SWB_EVENT_NODE_FAILED:
        snprintf(out, size, "%s: node %s failed: %s", run, event->name, event->text);
        return CLI_WEIGHT_NOTICE;
    case SWB_EVENT_FAULT:
        snprintf(out, size, "%s: fault: %s", run, event->text);
        return CLI_WEIGHT_INFO;
    case SWB_EVENT_CELL_ENDED:
        snprintf(out, size, "cell ended: %s", event->text);
        return CLI_WEIGHT_INFO;
    case SWB_EVENT_NOTICE:
        snprintf(out, size, "%s", event->text);
        return CLI_WEIGHT_NOTICE;
    case SWB_EVENT_WARNING:
        snprintf(out, size, "warning: %s", event->text);
        return CLI_WEIGHT_NOTICE;
    default:
        return CLI_WEIGHT_NONE;
    }
}

cli_weight cli_tally_line(char *out, size_t size, const cli_tally *tally, const swb_event *event)
{
    cli_weight weight = describe(out, size, tally, event);
    if (weight == CLI_WEIGHT_NONE) {
        return weight;
    }
    cli_make_utf8(out);
    for (char *at = out; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            *at = ' '; /* a client's log must not drive the terminal */
        }
    }
    return weight;
}
