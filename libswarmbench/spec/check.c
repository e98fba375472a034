/* What cannot be run: combinations that each are fine alone. */
#include "base/units.h"
#include "spec/model.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "spec/value.h"

typedef struct checked_cell {
    swb_error *error;
    const swb_experiment *experiment;
    uint64_t point;
    const swb__settings *settings;
} checked_cell;

static int refuse_at(const checked_cell *cell, swb__place place, const char *format, ...)
    SWB__PRINTF(3, 4);

/* Names the cell where it is one of many. */
static int refuse_at(const checked_cell *cell, swb__place place, const char *format, ...)
{
    char what[512];
    char label[200];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    bool many = cell->experiment->axis_count > 0;
    swb__label_at(label, sizeof label, cell->experiment, cell->point);
    return swb__fail_at(cell->error, SWB_EINPUT, cell->experiment->file, place.line, place.column,
                        "%s%s%s%s", many ? "cell " : "", many ? label : "", many ? ": " : "", what);
}

static swb__place place_of(const checked_cell *cell, size_t setting)
{
    return swb__place_at(cell->experiment, cell->point, setting);
}

static int check_swarm(const checked_cell *cell)
{
    const swb__settings *s = cell->settings;
    if (s->file_size_bytes == 0) {
        return refuse_at(cell, place_of(cell, SWB__FILE_SIZE),
                         "no file_size; write for example file_size: 100MB, or an axis of matrix");
    }
    if (s->size == 0) {
        return refuse_at(cell, place_of(cell, SWB__SIZE),
                         "no size; write for example size: 8, or an axis of matrix");
    }
    if (s->seeders >= s->size) {
        return refuse_at(cell, place_of(cell, SWB__SEEDERS),
                         "%u seeders leave no leecher in a swarm of size %u; seeders must be less "
                         "than size",
                         s->seeders, s->size);
    }
    if (s->repetitions.min > s->repetitions.max) {
        return refuse_at(cell, place_of(cell, SWB__REPETITIONS_MAX),
                         "repetitions.min %u is more than repetitions.max %u; give both",
                         s->repetitions.min, s->repetitions.max);
    }
    return SWB_OK;
}

static int check_arrival(const checked_cell *cell)
{
    static const struct {
        size_t setting;
        unsigned patterns; /* bits of the patterns that need it */
        const char *example;
    } needs[] = {
        {SWB__ARRIVAL_EVERY, 1u << SWB__ARRIVAL_STAGGERED | 1u << SWB__ARRIVAL_WAVES, "every: 2s"},
        {SWB__ARRIVAL_RATE, 1u << SWB__ARRIVAL_POISSON, "rate: 5/s"},
        {SWB__ARRIVAL_WAVE, 1u << SWB__ARRIVAL_WAVES, "wave: 4"},
    };
    unsigned pattern = 1u << cell->settings->arrival.pattern;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        swb_option_value value;
        swb__setting_load(&value, cell->settings, needs[i].setting);
        bool given = value.integer != 0 || value.number > 0;
        /* A value that this pattern has no use for is for another cell, if the pattern varies. */
        bool for_others = cell->experiment->owners[SWB__ARRIVAL_PATTERN].axis >= 0;
        const char *name = swb__setting_at(needs[i].setting)->option.name;
        if (!given && (needs[i].patterns & pattern) != 0) {
            return refuse_at(cell, place_of(cell, SWB__ARRIVAL_PATTERN),
                             "this arrival pattern needs '%s'; for example %s", name,
                             needs[i].example);
        }
        if (given && (needs[i].patterns & pattern) == 0 && !for_others) {
            return refuse_at(cell, place_of(cell, needs[i].setting),
                             "'%s' has no meaning in this arrival pattern; leave it out or choose "
                             "another pattern",
                             name);
        }
    }
    return SWB_OK;
}

static int check_network(const checked_cell *cell)
{
    const swb_deployer *deployer = cell->experiment->deployer;
    for (size_t id = SWB__NETWORK_UP; id <= SWB__NETWORK_LOSS && !deployer->shapes; id++) {
        swb_option_value value;
        swb__setting_load(&value, cell->settings, id);
        if (value.integer != 0 || value.number > 0) {
            return refuse_at(cell, place_of(cell, id),
                             "place '%s' cannot shape the network; leave network.%s out or choose "
                             "another place",
                             deployer->name, swb__setting_at(id)->option.name);
        }
    }
    return SWB_OK;
}

static uint32_t nodes_of(const swb__settings *settings, swb__fault_role role)
{
    if (role == SWB__FAULT_SEEDER) {
        return settings->seeders;
    }
    return role == SWB__FAULT_LEECHER ? settings->size - settings->seeders : settings->size;
}

/* The bits of swb_deployer.faults that a fault needs. */
static unsigned needed_faults(const swb__fault_plan *fault)
{
    static const unsigned begin[] = {SWB_FAULT_KILL, SWB_FAULT_STOP, SWB_FAULT_RESTART,
                                     SWB_FAULT_CUT};
    static const unsigned end[] = {0, SWB_FAULT_CONTINUE, 0, SWB_FAULT_HEAL};
    return begin[fault->kind] | (fault->for_ns != 0 ? end[fault->kind] : 0);
}

static swb__place place_of_fault(const checked_cell *cell, size_t index)
{
    const swb__assignment *assignment =
        swb__assignment_at(cell->experiment, cell->point, SWB__FAULTS);
    return assignment != NULL ? assignment->faults->places[index]
                              : cell->experiment->base_faults->places[index];
}

static int check_faults(const checked_cell *cell)
{
    char kind[16];
    const swb_deployer *deployer = cell->experiment->deployer;
    for (size_t i = 0; i < cell->settings->fault_count; i++) {
        const swb__fault_plan *fault = &cell->settings->faults[i];
        uint32_t nodes = nodes_of(cell->settings, fault->role);
        swb__choice_at(kind, sizeof kind, SWB__FAULT_KINDS, (size_t)fault->kind);
        if (needed_faults(fault) & ~deployer->faults) {
            return refuse_at(cell, place_of_fault(cell, i),
                             "place '%s' cannot do the fault '%s'; leave it out or choose another "
                             "place",
                             deployer->name, kind);
        }
        if (fault->count > nodes) {
            return refuse_at(cell, place_of_fault(cell, i),
                             "the fault '%s' wants %u nodes, but the swarm has %u of this role",
                             kind, fault->count, nodes);
        }
    }
    return SWB_OK;
}

static int check_actions(const checked_cell *cell)
{
    char last_text[32];
    uint64_t run_ns = cell->settings->limits.run_ns;
    for (size_t i = 0; i < cell->experiment->mode_count; i++) {
        const swb__mode *mode = &cell->experiment->modes[i];
        for (size_t j = 0; j < mode->action_count; j++) {
            const swb__action_plan *plan = &mode->actions[j];
            uint64_t last_ns = plan->at_ns + (plan->times - 1) * plan->every_ns;
            if (last_ns >= run_ns) {
                return refuse_at(cell, place_of(cell, SWB__LIMITS_RUN),
                                 "limits.run ends before the last request of action %zu of mode "
                                 "'%s', which leaves after %s; make it longer",
                                 j + 1, mode->name,
                                 swb__format_exact_duration(last_text, sizeof last_text, last_ns));
            }
        }
    }
    return SWB_OK;
}

static int check_nodes(const checked_cell *cell)
{
    char why[400];
    if (swb__deploy_nodes_suffice(why, sizeof why, cell->experiment, cell->settings)) {
        return SWB_OK;
    }
    return refuse_at(cell, place_of(cell, SWB__SIZE), "%s", why);
}

int swb__check_point(swb_error *error, const swb_experiment *experiment, uint64_t point,
                     const swb__settings *settings)
{
    static int (*const checks[])(const checked_cell *) = {
        check_swarm, check_arrival, check_network, check_faults, check_nodes, check_actions};
    checked_cell cell = {error, experiment, point, settings};
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        int status = checks[i](&cell);
        if (status != SWB_OK) {
            return status;
        }
    }
    return SWB_OK;
}
