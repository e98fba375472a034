/* The rows of a run, written as they come. */
#include <assert.h>

#include "store/database.h"
#include "store/internal.h"

int swb__bind_in_run(swb__binding *out, swb__store *store, const char *sql, const char *what,
                     swb_error *error)
{
    assert(store->run != 0);
    /* A grave failure (a full disk) rolls back by itself: no later row may slip out alone. */
    if (sqlite3_get_autocommit(store->db)) {
        return swb__fail(error, SWB_EDB, "%s: %s: the run was rolled back", store->path, what);
    }
    int status = swb__bind(out, store, sql, what, error);
    if (status == SWB_OK) {
        swb__bind_int(out, store->run);
    }
    return status;
}

static void bind_location(swb__binding *row, const swb_location *location)
{
    swb__bind_word(row, location->machine);
    swb__bind_word(row, location->image);
    if (location->clock_error_ns < 0) {
        swb__bind_null(row);
    } else {
        swb__bind_int(row, location->clock_offset_ns);
    }
    swb__bind_amount(row, location->clock_error_ns);
}

int swb__store_node(swb__store *store, const swb__node_row *node, swb_error *error)
{
    swb__binding row;
    int status = swb__bind_in_run(
        &row, store,
        "INSERT OR REPLACE INTO node (run, node, name, role, group_name, driver, version,"
        " api_version, revision, address, started_ns, ready_ns, seed_begin_ns, seed_end_ns,"
        " code_begin_ns, code_end_ns, stored_bytes, payload_sent, exit_code, exit_signal, stand_in,"
        " warm, machine, image, clock_offset_ns, clock_error_ns)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "store a node", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&row, node->node);
    swb__bind_text(&row, node->name);
    swb__bind_text(&row, node->role);
    swb__bind_word(&row, node->group);
    swb__bind_text(&row, node->driver);
    swb__bind_word(&row, node->version);
    swb__bind_word(&row, node->api_version);
    swb__bind_word(&row, node->revision);
    swb__bind_word(&row, node->address);
    swb__bind_time(&row, node->started_ns, store->origin_ns);
    swb__bind_time(&row, node->ready_ns, store->origin_ns);
    swb__bind_time(&row, node->seed_begin_ns, store->origin_ns);
    swb__bind_time(&row, node->seed_end_ns, store->origin_ns);
    swb__bind_time(&row, node->code_begin_ns, store->origin_ns);
    swb__bind_time(&row, node->code_end_ns, store->origin_ns);
    swb__bind_count(&row, node->stored_bytes);
    swb__bind_count(&row, node->payload_sent);
    swb__bind_amount(&row, node->exit_code);
    swb__bind_amount(&row, node->exit_signal > 0 ? node->exit_signal : -1);
    swb__bind_int(&row, node->stand_in);
    swb__bind_int(&row, node->warm);
    bind_location(&row, &node->location);
    return swb__bound_run(&row, error);
}

static void bind_moment(swb__binding *row, const swb_moment *moment, int64_t origin_ns)
{
    if (moment->source == SWB_SOURCE_NONE) {
        swb__bind_null(row);
        swb__bind_null(row);
    } else {
        swb__bind_time(row, moment->lo_ns, origin_ns);
        swb__bind_time(row, moment->hi_ns, origin_ns);
    }
    swb__bind_word(row, swb__source_name(moment->source));
}

static void bind_outcome(swb__binding *row, const swb__download *download)
{
    swb__bind_count(row, download->bytes_done);
    swb__bind_count(row, download->beyond_bytes);
    swb__bind_count(row, download->payload_received);
    swb__bind_count(row, download->payload_sent);
    swb__bind_count(row, download->wasted);
    swb__bind_int(row, download->stalls);
    swb__bind_count(row, download->stalled_ns);
    swb__bind_int(row, download->verified);
    swb__bind_count(row, download->bad_offset);
    swb__bind_text(row, swb_status_name(download->status));
    swb__bind_word(row, download->cause);
}

int swb__store_download(swb__store *store, const swb__download *download, swb_error *error)
{
    swb__binding row;
    int64_t intended = download->intended_ns;
    int status = swb__bind_in_run(
        &row, store,
        "INSERT OR REPLACE INTO download (run, node, bytes, intended_ns, started_ns, accepted_ns,"
        " first_byte_lo_ns, first_byte_hi_ns, first_byte_source, half_lo_ns, half_hi_ns,"
        " half_source, ninety_lo_ns, ninety_hi_ns, ninety_source, completion_lo_ns,"
        " completion_hi_ns, completion_source, decode_ns, ended_ns, bytes_done, beyond_bytes,"
        " payload_received, payload_sent, wasted, stalls, stalled_ns, verified, bad_offset, status,"
        " cause)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?)",
        "store a download", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&row, download->node);
    swb__bind_count(&row, download->bytes);
    swb__bind_time(&row, intended, store->origin_ns);
    swb__bind_time(&row, download->started_ns, intended);
    swb__bind_time(&row, download->accepted_ns, intended);
    bind_moment(&row, &download->first_byte, intended);
    bind_moment(&row, &download->half, intended);
    bind_moment(&row, &download->ninety, intended);
    bind_moment(&row, &download->completion, intended);
    swb__bind_amount(&row, download->decode_ns);
    swb__bind_time(&row, download->ended_ns, intended);
    bind_outcome(&row, download);
    return swb__bound_run(&row, error);
}

int swb__store_part(swb__store *store, const swb__part_row *part, swb_error *error)
{
    swb__binding row;
    int status = swb__bind_in_run(
        &row, store,
        "INSERT OR REPLACE INTO part (run, node, part, fate, bytes, bytes_done, begun_ns,"
        " completion_lo_ns, completion_hi_ns, completion_source, ended_ns, cause)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "store a part", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_int(&row, part->node);
    swb__bind_int(&row, part->part);
    swb__bind_text(&row, swb__part_fate_name(part->fate));
    swb__bind_count(&row, part->bytes);
    swb__bind_count(&row, part->bytes_done);
    swb__bind_time(&row, part->begun_ns, store->origin_ns);
    bind_moment(&row, &part->completion, store->origin_ns);
    swb__bind_time(&row, part->ended_ns, store->origin_ns);
    swb__bind_word(&row, part->cause);
    return swb__bound_run(&row, error);
}

int swb__store_progress(swb__store *store, uint32_t node, int64_t time_ns, uint64_t bytes,
                        swb_error *error)
{
    swb__binding row;
    int status = swb__bind_in_run(
        &row, store,
        "INSERT OR REPLACE INTO progress (run, time_ns, node, bytes) VALUES (?, ?, ?, ?)",
        "store progress", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_time(&row, time_ns, store->origin_ns);
    swb__bind_int(&row, node);
    swb__bind_count(&row, bytes);
    return swb__bound_run(&row, error);
}

int swb__store_sample(swb__store *store, uint32_t node, const swb_sample *sample, swb_error *error)
{
    swb__binding row;
    int status = swb__bind_in_run(
        &row, store,
        "INSERT OR REPLACE INTO sample (run, time_ns, node, cpu_ns, rss_bytes, rss_anon_bytes,"
        " disk_read_bytes, disk_written_bytes, wire_in_bytes, wire_out_bytes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "store a sample", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_time(&row, sample->time_ns, store->origin_ns);
    swb__bind_int(&row, node);
    swb__bind_count(&row, sample->cpu_ns);
    swb__bind_count(&row, sample->rss_bytes);
    swb__bind_count(&row, sample->rss_anon_bytes);
    swb__bind_count(&row, sample->disk_read_bytes);
    swb__bind_count(&row, sample->disk_written_bytes);
    swb__bind_count(&row, sample->wire_in_bytes);
    swb__bind_count(&row, sample->wire_out_bytes);
    return swb__bound_run(&row, error);
}

int swb__store_event(swb__store *store, int64_t time_ns, uint32_t node, const char *kind,
                     const char *text, swb_error *error)
{
    swb__binding row;
    int status = swb__bind_in_run(
        &row, store, "INSERT INTO event (run, time_ns, node, kind, text) VALUES (?, ?, ?, ?, ?)",
        "store an event", error);
    if (status != SWB_OK) {
        return status;
    }
    swb__bind_time(&row, time_ns, store->origin_ns);
    swb__bind_amount(&row, node == UINT32_MAX ? -1 : (int64_t)node);
    swb__bind_text(&row, kind);
    swb__bind_text(&row, text);
    return swb__bound_run(&row, error);
}
