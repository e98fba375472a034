#include "spec/table.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "spec/experiment.h"
#include "spec/value.h"

#define NS_PER_DAY 86400e9
#define PATTERNS "together|staggered|poisson|waves"

#define FIELD(member)                                                                              \
    .offset = offsetof(swb__settings, member), .size = sizeof(((swb__settings *)0)->member)

/* {section, {name, type, default, least, most, choices, description}, field} */
static const swb__setting settings[SWB__SETTING_COUNT] = {
    [SWB__FILE_SIZE] = {"",
                        {"file_size", SWB_OPTION_SIZE, NULL, 1, 9007199254740992.0, NULL,
                         "Bytes of the content that each leecher fetches. Required, here or as an "
                         "axis."},
                        FIELD(file_size_bytes)},
    [SWB__SIZE] = {"",
                   {"size", SWB_OPTION_INTEGER, NULL, 2, 4096, NULL,
                    "Nodes in the swarm, seeders included. Required, here or as an axis."},
                   FIELD(size)},
    [SWB__SEEDERS] = {"",
                      {"seeders", SWB_OPTION_INTEGER, "1", 1, 4095, NULL,
                       "Nodes that have the content at the start; the others, at least one, are "
                       "leechers."},
                      FIELD(seeders)},
    [SWB__SEEDER_SETS] = {"",
                          {"seeder_sets", SWB_OPTION_INTEGER, "1", 1, 1000, NULL,
                           "How many different choices of the seeding nodes are tried; each gets "
                           "all repetitions."},
                          FIELD(seeder_sets)},
    [SWB__REPETITIONS_MIN] = {"repetitions",
                              {"min", SWB_OPTION_INTEGER, "5", 1, 1000, NULL,
                               "Repetitions that are always made."},
                              FIELD(repetitions.min)},
    [SWB__REPETITIONS_MAX] = {"repetitions",
                              {"max", SWB_OPTION_INTEGER, NULL, 1, 1000, NULL,
                               "Repetitions at most. Where it is not given: as `min`."},
                              FIELD(repetitions.max)},
    [SWB__REPETITIONS_HALF_WIDTH] = {"repetitions",
                                     {"half_width", SWB_OPTION_FRACTION, "0%", 0, 1, NULL,
                                      "Stop between `min` and `max` once the interval of the "
                                      "median is narrower than this to both sides; 0%: go on to "
                                      "`max`."},
                                     FIELD(repetitions.half_width)},
    [SWB__REPETITIONS_BUDGET] = {"repetitions",
                                 {"budget", SWB_OPTION_DURATION, "0s", 0, 365 * NS_PER_DAY, NULL,
                                  "Time of the whole experiment after which nothing beyond `min` "
                                  "is begun; 0s: none."},
                                 FIELD(repetitions.budget_ns),
                                 .no_axis = true},
    [SWB__ARRIVAL_PATTERN] = {"arrival",
                              {"pattern", SWB_OPTION_ENUM, "together", 0, 0, PATTERNS,
                               "When leechers begin: all at once, one each `every`, at random "
                               "moments with `rate`, or `wave` of them each `every`."},
                              FIELD(arrival.pattern)},
    [SWB__ARRIVAL_EVERY] = {"arrival",
                            {"every", SWB_OPTION_DURATION, NULL, 1, NS_PER_DAY, NULL,
                             "Time between two leechers (staggered) or two waves (waves)."},
                            FIELD(arrival.every_ns)},
    [SWB__ARRIVAL_RATE] = {"arrival",
                           {"rate", SWB_OPTION_FREQUENCY, NULL, 1.0 / 3600, 1e6, NULL,
                            "Leechers that begin in a unit of time, on average (poisson)."},
                           FIELD(arrival.rate_per_s)},
    [SWB__ARRIVAL_WAVE] = {"arrival",
                           {"wave", SWB_OPTION_INTEGER, NULL, 1, 4095, NULL,
                            "Leechers of one wave (waves)."},
                           FIELD(arrival.wave)},
    [SWB__NETWORK_UP] = {"network",
                         {"up", SWB_OPTION_RATE, NULL, 1000, 1e12, NULL,
                          "Rate at which each node can send. Not given: not shaped."},
                         FIELD(network.up_bps)},
    [SWB__NETWORK_DOWN] = {"network",
                           {"down", SWB_OPTION_RATE, NULL, 1000, 1e12, NULL,
                            "Rate at which each node can receive. Not given: not shaped."},
                           FIELD(network.down_bps)},
    [SWB__NETWORK_DELAY] = {"network",
                            {"delay", SWB_OPTION_DURATION, "0ms", 0, 60e9, NULL,
                             "Delay of what each node sends, one way."},
                            FIELD(network.delay_ns)},
    [SWB__NETWORK_LOSS] = {"network",
                           {"loss", SWB_OPTION_FRACTION, "0%", 0, 0.99, NULL,
                            "Share of the packets that get lost, of what each node sends."},
                           FIELD(network.loss)},
    [SWB__FAULTS] = {"",
                     {"faults", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                      "What is done to nodes during a run, a list of rows."},
                     .is_list = true},
    [SWB__LIMITS_READY] = {"limits",
                           {"ready", SWB_OPTION_DURATION, "60s", 1e6, NS_PER_DAY, NULL,
                            "From a node's start until its API answers."},
                           FIELD(limits.ready_ns)},
    [SWB__LIMITS_SEED] = {"limits",
                          {"seed", SWB_OPTION_DURATION, "5min", 1e6, NS_PER_DAY, NULL,
                           "Until all seeders serve the content."},
                          FIELD(limits.seed_ns)},
    [SWB__LIMITS_RUN] = {"limits",
                         {"run", SWB_OPTION_DURATION, "30min", 1e6, 30 * NS_PER_DAY, NULL,
                          "From the intended start to the last completion; what is not complete "
                          "then has failed."},
                         FIELD(limits.run_ns)},
    [SWB__LIMITS_STALL] = {"limits",
                           {"stall", SWB_OPTION_DURATION, "2min", 1e6, 30 * NS_PER_DAY, NULL,
                            "A run in which no leecher makes progress for this long has failed."},
                           FIELD(limits.stall_ns)},
    [SWB__LIMITS_TEARDOWN] = {"limits",
                              {"teardown", SWB_OPTION_DURATION, "30s", 1e6, NS_PER_DAY, NULL,
                               "Until all nodes are gone; then they are killed."},
                              FIELD(limits.teardown_ns)},
    [SWB__RETRIES] = {"",
                      {"retries", SWB_OPTION_INTEGER, "1", 0, 100, NULL,
                       "How often a failed run is tried again; every try is stored."},
                      FIELD(retries)},
};

static const swb__section sections[] = {
    {"repetitions", "How often each cell is run. A plain number N means min and max both N.",
     "{min: 5, max: 20, half_width: 5%, budget: 12h}"},
    {"arrival", "When the leechers begin.", "{pattern: staggered, every: 2s}"},
    {"network", "How the network of each node is shaped, where the place can do it.",
     "{up: 100Mbit, down: 100Mbit, delay: 20ms, loss: 0%}"},
    {"limits", "How long the parts of a run may take.", "{run: 30min, stall: 2min}"},
};

#define LIST(array)                                                                                \
    {                                                                                              \
        array, sizeof(array) / sizeof(array)[0]                                                    \
    }

static const swb_option whole[] = {
    [SWB__WHOLE_VERSION] = {"swarmbench", SWB_OPTION_INTEGER, NULL, 1, 1, NULL,
                            "Version of the format. Required."},
    [SWB__WHOLE_NAME] = {"name", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                         "Name of the experiment: 1 to 64 of A-Z a-z 0-9 . _ -. Not given: the "
                         "file's name without its ending."},
    [SWB__WHOLE_SEED] = {"seed", SWB_OPTION_INTEGER, "1", 0, 9007199254740991.0, NULL,
                         "All that is random in the experiment derives from it."},
    [SWB__WHOLE_BASELINE] = {"baseline", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                             "The mode that the others are compared with. Not given: the first."},
    [SWB__WHOLE_ALLOW_STAND_IN] = {"allow_stand_in", SWB_OPTION_BOOL, "false", 0, 0, NULL,
                                   "Whether results of programs that call themselves stand-ins, "
                                   "made for tests, may enter a verdict."},
};
const swb__option_list swb__whole_options = LIST(whole);

static const swb_option order[] = {
    {"modes", SWB_OPTION_ENUM, "shuffled", 0, 0, "shuffled|listed",
     "Order of the modes inside a block: drawn from the seed for each block, or as in the file."},
};
const swb__option_list swb__order_options = LIST(order);

static const swb_option verdict[] = {
    [SWB__VERDICT_MARGIN] = {"margin", SWB_OPTION_FRACTION, "20%", 0.001, 10, NULL,
                             "By how much more time than the baseline counts as not slower."},
    [SWB__VERDICT_CONFIDENCE] = {"confidence", SWB_OPTION_FRACTION, "95%", 0.5, 0.9999, NULL,
                                 "Confidence of what is said of all cells together: c cells take "
                                 "log2(c / (1 - confidence)) repetitions at least."},
};
const swb__option_list swb__verdict_options = LIST(verdict);

static const swb_option deploy[] = {
    {"on", SWB_OPTION_STRING, "local", 0, 0, NULL, "The place where nodes live."},
};
const swb__option_list swb__deploy_options = LIST(deploy);

static const swb_option deploy_node[] = {
    [SWB__DEPLOY_NODE_MODE] = {"mode", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                               "The mode whose runs it takes part in. Required where the "
                               "experiment has several."},
    [SWB__DEPLOY_NODE_GROUP] = {"group", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                                "The group of that mode which it belongs to. Required where the "
                                "mode has several."},
    [SWB__DEPLOY_NODE_ROLE] = {"role", SWB_OPTION_ENUM, "any", 0, 0, "any|seeder|leecher",
                               "What it can be; any: as the seeder sets ask."},
};
const swb__option_list swb__deploy_node_options = LIST(deploy_node);

static const swb_option fault[] = {
    [SWB__FAULT_AT] = {"at", SWB_OPTION_FRACTION, NULL, 0, 1, NULL,
                       "When: a share of all bytes that the run delivers (50%), or a time since "
                       "the run's intended start (30s). Required."},
    [SWB__FAULT_FOR] = {"for", SWB_OPTION_DURATION, NULL, 1e6, 30 * NS_PER_DAY, NULL,
                        "How long, of `stop` and `partition`. Not given: to the end."},
};
const swb__option_list swb__fault_options = LIST(fault);
const swb_option swb__fault_at_duration = {"at", SWB_OPTION_DURATION, NULL, 0, 30 * NS_PER_DAY,
                                           NULL, "As a time."};

static const swb_option target[] = {
    [SWB__TARGET_ROLE] = {"role", SWB_OPTION_ENUM, "any", 0, 0, "any|seeder|leecher",
                          "Which nodes it can hit."},
    [SWB__TARGET_COUNT] = {"count", SWB_OPTION_INTEGER, NULL, 1, 4096, NULL,
                           "How many of them it hits."},
    [SWB__TARGET_FRACTION] = {"fraction", SWB_OPTION_FRACTION, NULL, 0.0001, 1, NULL,
                              "Which share of them it hits, instead of `count`."},
};
const swb__option_list swb__target_options = LIST(target);

static const swb_option mode[] = {
    {"driver", SWB_OPTION_STRING, NULL, 0, 0, NULL, "The system that its nodes run."},
};
const swb__option_list swb__mode_options = LIST(mode);

static const swb_option group[] = {
    [SWB__GROUP_NAME] = {"name", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                         "Name of the group. Not given: that of the driver."},
    [SWB__GROUP_DRIVER] = {"driver", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                           "The system that its nodes run. Required."},
    [SWB__GROUP_ROLE] = {"role", SWB_OPTION_ENUM, "any", 0, 0, "any|seeder|leecher",
                         "Which nodes it is made of. Either every group says `any`, or none does."},
    [SWB__GROUP_SHARE] = {"share", SWB_OPTION_FRACTION, NULL, 0.0001, 1, NULL,
                          "Its share of the nodes with this role. What is not given is split "
                          "evenly; the shares of a role sum to 100%."},
};
const swb__option_list swb__group_options = LIST(group);

static const swb_option beside[] = {
    [SWB__BESIDE_NAME] = {"name", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                          "Name of the group. Not given: that of the driver."},
    [SWB__BESIDE_DRIVER] = {"driver", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                            "What its nodes run: a service. Required."},
    [SWB__BESIDE_COUNT] = {"count", SWB_OPTION_INTEGER, "1", 1, SWB__BESIDE_MAX, NULL,
                           "How many nodes it has."},
};
const swb__option_list swb__beside_options = LIST(beside);

static const swb_option action[] = {
    [SWB__ACTION_AT] = {"at", SWB_OPTION_DURATION, NULL, 0, 30 * NS_PER_DAY, NULL,
                        "When, since the run's intended start. Required."},
    [SWB__ACTION_GROUP] = {"group", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                           "The group in `beside` that is asked. Required."},
    [SWB__ACTION_NODE] = {"node", SWB_OPTION_INTEGER, NULL, 0, SWB__BESIDE_MAX - 1, NULL,
                          "Which of its nodes, from 0. Not given: each of them."},
    [SWB__ACTION_TIMES] = {"times", SWB_OPTION_INTEGER, "1", 1, SWB__ACTION_DEEDS, NULL,
                           "How often."},
    [SWB__ACTION_EVERY] = {"every", SWB_OPTION_DURATION, "1s", 1e6, NS_PER_DAY, NULL,
                           "Between one time and the next, from intended start to intended start."},
    [SWB__ACTION_METHOD] = {"http.method", SWB_OPTION_ENUM, "GET", 0, 0,
                            "GET|POST|PUT|DELETE|PATCH|HEAD", "Method of the request."},
    [SWB__ACTION_PATH] = {"http.path", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                          "Path and query, percent-encoded. Required."},
    [SWB__ACTION_BODY] = {"http.body", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                          "Its body. Not given: none."},
    [SWB__ACTION_TYPE] = {"http.type", SWB_OPTION_STRING, "application/json", 0, 0, NULL,
                          "Content type of the body."},
    [SWB__ACTION_PORT] = {"http.port", SWB_OPTION_ENUM, "api", 0, 0, "api|extra|wildcard",
                          "Which of the node's ports it goes to."},
    [SWB__ACTION_EXPECT] = {"expect", SWB_OPTION_INTEGER, NULL, 100, 599, NULL,
                            "The HTTP status that is right. Not given: any of 200 to 299."},
    [SWB__ACTION_CONTAINS] = {"contains", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                              "A text that the answer's body must have in it."},
    [SWB__ACTION_TIMEOUT] = {"timeout", SWB_OPTION_DURATION, "10s", 1e6, NS_PER_DAY, NULL,
                             "How long the answer may take."},
};
const swb__option_list swb__action_options = LIST(action);

static const swb_option coding[] = {
    [SWB__CODING_DATA] = {"erasure.data", SWB_OPTION_INTEGER, NULL, 1, 254, NULL,
                          "Data parts, k: any k of the parts give the content back."},
    [SWB__CODING_PARITY] = {"erasure.parity", SWB_OPTION_INTEGER, NULL, 1, 254, NULL,
                            "Parity parts, m; k + m is at most 255."},
    [SWB__CODING_VIA] = {"erasure.via", SWB_OPTION_ENUM, "library", 0, 0, "library|storage-request",
                         "Who codes: `library` makes k + m parts that move as contents of their "
                         "own, over any driver; `storage-request` has the client code by itself, "
                         "where its driver can."},
    [SWB__CODING_PICK] = {"erasure.pick", SWB_OPTION_ENUM, "shuffled", 0, 0, "shuffled|data-first",
                          "`library`: the order in which a leecher takes parts, drawn from the "
                          "run's seed for each leecher, or the data parts first."},
    [SWB__CODING_EXTRA] = {"erasure.extra", SWB_OPTION_INTEGER, "0", 0, 254, NULL,
                           "`library`: parts that a leecher fetches beside the k it needs; the "
                           "first k that are complete count."},
    [SWB__CODING_PART_STALL] = {"erasure.part_stall", SWB_OPTION_DURATION, "10s", 1e8, 86400e9,
                                NULL,
                                "`library`: a part without progress for so long is given up for "
                                "one that was not tried yet, where there is one."},
};
const swb__option_list swb__coding_options = LIST(coding);

const swb__setting *swb__setting_at(size_t id)
{
    assert(id < SWB__SETTING_COUNT);
    return &settings[id];
}

char *swb__setting_path(char *out, size_t size, size_t id)
{
    const swb__setting *setting = swb__setting_at(id);
    snprintf(out, size, "%s%s%s", setting->section, setting->section[0] == '\0' ? "" : ".",
             setting->option.name);
    return out;
}

int swb__setting_find(const char *section, const char *name)
{
    char path[64];
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        if (section[0] == '\0') {
            swb__setting_path(path, sizeof path, id);
        } else {
            snprintf(path, sizeof path, "%s", settings[id].option.name);
        }
        bool inside = section[0] == '\0' || strcmp(section, settings[id].section) == 0;
        if (inside && strcmp(path, name) == 0) {
            return (int)id;
        }
    }
    return -1;
}

void swb__setting_store(swb__settings *into, size_t id, const swb_option_value *value)
{
    const swb__setting *setting = swb__setting_at(id);
    char *field = (char *)into + setting->offset;
    if (swb__type_is_real(setting->option.type)) {
        memcpy(field, &value->number, sizeof value->number);
    } else if (setting->size == sizeof(uint32_t)) {
        uint32_t narrow = (uint32_t)value->integer;
        memcpy(field, &narrow, sizeof narrow);
    } else {
        memcpy(field, &value->integer, sizeof value->integer);
    }
}

void swb__setting_load(swb_option_value *out, const swb__settings *from, size_t id)
{
    const swb__setting *setting = swb__setting_at(id);
    const char *field = (const char *)from + setting->offset;
    swb_option_value value = {0, 0, NULL};
    if (swb__type_is_real(setting->option.type)) {
        memcpy(&value.number, field, sizeof value.number);
    } else if (setting->size == sizeof(uint32_t)) {
        uint32_t narrow;
        memcpy(&narrow, field, sizeof narrow);
        value.integer = narrow;
    } else {
        memcpy(&value.integer, field, sizeof value.integer);
    }
    *out = value;
}

const swb__section *swb__section_at(size_t index)
{
    return index < sizeof sections / sizeof sections[0] ? &sections[index] : NULL;
}

const swb__section *swb__section_find(const char *name)
{
    const swb__section *section;
    for (size_t i = 0; (section = swb__section_at(i)) != NULL; i++) {
        if (strcmp(section->name, name) == 0) {
            return section;
        }
    }
    return NULL;
}
