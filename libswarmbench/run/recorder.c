/* From observations to the store: the rows of the run under way. */
#include "run/runner_state.h"

#include <stdio.h>
#include <string.h>

int swb__recorder_begin(swb_runner *runner, swb_error *error)
{
    const swb_planned_run *run = &runner->run;
    const swb__mode *mode = swb__experiment_mode(runner->experiment, run->mode);
    char coding[SWB__CODING_TEXT_SIZE];
    swb__store_run row = {
        .index = run->index,
        .cell = {.index = runner->cell.index,
                 .label = runner->cell.label,
                 .file_size_bytes = runner->cell.file_size_bytes,
                 .size = runner->cell.size,
                 .seeders = runner->cell.seeders},
        .mode = mode->name,
        .coding = swb__coding_text(coding, &mode->coding),
        .block = run->block,
        .seeder_set = run->seeder_set,
        .repetition = run->repetition,
        .attempt = runner->attempt,
        .content_seed = run->content_seed,
        .run_seed = run->run_seed,
    };
    return swb__store_run_begin(runner->store, runner->experiment_id, &row, error);
}

/* The word under which an event is stored; NULL where other tables hold it already. */
static const char *stored_kind(swb_event_kind kind)
{
    switch (kind) {
    case SWB_EVENT_PHASE:
        return "phase";
    case SWB_EVENT_NODE_EXITED:
        return "exited";
    case SWB_EVENT_NODE_FAILED:
        return "failed";
    case SWB_EVENT_WARNING:
        return "warning";
    case SWB_EVENT_FAULT:
        return "fault";
    case SWB_EVENT_ACTION:
        return "action";
    case SWB_EVENT_METRIC:
        return "metric";
    default:
        return NULL;
    }
}

static void keep(swb_runner *runner, int status, const swb_error *error)
{
    if (status != SWB_OK && runner->failure == SWB_OK) {
        runner->failure = status;
        runner->error = *error;
    }
}

void swb__recorder_event(swb_runner *runner, const swb_event *event)
{
    swb_error error = SWB_ERROR_INIT;
    const char *kind = stored_kind(event->kind);
    int status = SWB_OK;
    if (event->kind == SWB_EVENT_PROGRESS) {
        status =
            swb__store_progress(runner->store, event->node, event->time_ns, event->value, &error);
    } else if (kind != NULL) {
        status =
            swb__store_event(runner->store, event->time_ns, event->node, kind, event->text, &error);
    }
    keep(runner, status, &error);
}

void swb__recorder_sample(swb_runner *runner, uint32_t node, const swb_sample *sample)
{
    swb_error error = SWB_ERROR_INIT;
    keep(runner, swb__store_sample(runner->store, node, sample, &error), &error);
}

static int store_parts(swb_runner *runner, uint32_t node, swb_error *error)
{
    int status = SWB_OK;
    for (uint32_t i = 0; status == SWB_OK && i < swb__execution_contents(runner->execution); i++) {
        swb__part_row part;
        if (swb__execution_part_row(&part, runner->execution, node, i)) {
            status = swb__store_part(runner->store, &part, error);
        }
    }
    return status;
}

static int store_nodes(swb_runner *runner, swb_error *error)
{
    size_t count = swb__execution_node_count(runner->execution);
    int status = SWB_OK;
    for (uint32_t i = 0; status == SWB_OK && i < count; i++) {
        swb__node_row node;
        swb__download download;
        swb__execution_node_row(&node, runner->execution, i);
        status = swb__store_node(runner->store, &node, error);
        if (status == SWB_OK && swb__execution_download(&download, runner->execution, i)) {
            status = swb__store_download(runner->store, &download, error);
        }
        if (status == SWB_OK) {
            status = store_parts(runner, i, error);
        }
    }
    return status;
}

int swb__recorder_end(swb_runner *runner, swb__run_ending ending, const swb__run_result *result,
                      swb_error *error)
{
    int status = runner->failure;
    if (status == SWB_OK) {
        status = store_nodes(runner, error);
    } else if (error != NULL) {
        *error = runner->error;
    }
    if (status == SWB_OK) {
        status = swb__store_run_end(runner->store, ending, result, &runner->cost.total, error);
    }
    if (status != SWB_OK) {
        swb__store_run_abandon(runner->store);
    }
    return status;
}
