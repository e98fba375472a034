/* spec/: what is refused, with which words and at which place. */
#include "experiment_fixture.h"

#include <stdio.h>

typedef struct refusal {
    const char *text;
    uint32_t line;
    uint32_t column;
    const char *says; /* part of the message */
} refusal;

static void assert_refused(const char *text, size_t length, uint32_t line, uint32_t column,
                           const char *says)
{
    char place[64];
    swb_experiment *experiment = NULL;
    swb_error error = SWB_ERROR_INIT;
    int status = swb_experiment_parse(&experiment, text, length, "t.yaml", &error);
    if (status != SWB_EINPUT) {
        fail_msg("status %d for:\n%.200s", status, text);
    }
    assert_null(experiment);
    assert_int_equal(error.status, SWB_EINPUT);
    assert_string_equal(error.file, "t.yaml");
    snprintf(place, sizeof place, "t.yaml:%u:%u: ", line, column);
    if (strncmp(error.message, place, strlen(place)) != 0 || strstr(error.message, says) == NULL) {
        fail_msg("wanted '%s ... %s', got '%s' for:\n%.200s", place, says, error.message, text);
    }
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
}

static void assert_all_refused(const refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_refused(refusals[i].text, strlen(refusals[i].text), refusals[i].line,
                       refusals[i].column, refusals[i].says);
    }
}

#define ASSERT_ALL(refusals) assert_all_refused(refusals, sizeof refusals / sizeof(refusals)[0])

#define BESIDE HEAD "modes: {m: {driver: fake-torrent, beside: ["
#define WEB "{name: web, driver: exec, binary: x, count: 2}"
#define ACTION BESIDE WEB "], actions: ["

static void what_is_beside_the_swarm_and_cannot_be_is_refused(void **state)
{
    (void)state;
    static const refusal refusals[] = {
        {BESIDE "{name: web}]}}\n", 4, 44, "no driver is given here; for example: driver: exec"},
        {BESIDE "{driver: deluge}]}}\n", 4, 53, "unknown driver 'deluge'"},
        {BESIDE "{driver: exec}]}}\n", 4, 44, "needs the program to start"},
        {BESIDE "{driver: exec, binary: x, arguments: [a, '{adress}']}]}}\n", 4, 85,
         "'{adress}' is no placeholder; there are {address}"},
        {BESIDE "{driver: exec, binary: x, arguments: a}]}}\n", 4, 81, "arguments must be a list"},
        {BESIDE "{driver: exec, binary: x, environment: {A: '{b}'}}]}}\n", 4, 87,
         "'{b}' is no placeholder"},
        {BESIDE "{driver: exec, binary: x, ready: {path: health}}]}}\n", 4, 84,
         "'health' is no path of a URL"},
        {BESIDE "{driver: exec, binary: x, image: 'a:1/nginx'}]}}\n", 4, 77,
         "'a:1/nginx' is no NAME:TAG or NAME@sha256:..."},
        {BESIDE WEB ", " WEB "]}}\n", 4, 99, "there is a group 'web' already"},
        {BESIDE "]}}\n", 4, 43, "0 groups beside the swarm"},
        {HEAD "modes: {m: {driver: fake-torrent, actions: [{at: 1s}]}}\n", 4, 44,
         "actions are for nodes beside the swarm"},
        {ACTION "{at: 1s, group: web}]}}\n", 4, 103, "'http' is not given"},
        {ACTION "{at: 1s, group: web, http: {body: x}}]}}\n", 4, 130, "'path' is not given"},
        {ACTION "{group: web, http: {path: /}}]}}\n", 4, 103, "'at' is not given"},
        {ACTION "{at: 1s, group: wbe, http: {path: /}}]}}\n", 4, 119, "unknown group 'wbe'"},
        {ACTION "{at: 1s, group: web, node: 2, http: {path: /}}]}}\n", 4, 130,
         "group 'web' has no node 2; it has 2, from 0"},
        {ACTION "{at: 1s, group: web, http: {path: x}}]}}\n", 4, 137, "'x' is no path of a URL"},
        {ACTION "{at: 1s, group: web, http: {path: '/{hime}'}}]}}\n", 4, 137,
         "'{hime}' is no placeholder"},
        {ACTION "{at: 1s, group: web, times: 10000, http: {path: /}}]}}\n", 4, 103,
         "more than 10000 requests in a run"},
        {ACTION "{at: 31min, group: web, http: {path: /}}]}}\nfile_size: 1MB\nsize: 4\n", 1, 1,
         "limits.run ends before the last request of action 1 of mode 'm', which leaves after "
         "31min"},
    };
    ASSERT_ALL(refusals);
}

static void erasure_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const refusal refusals[] = {
        {HEAD "modes: {a: {driver: codex, erasure: {data: 4}}}\n", 4, 37, "'parity' is not given"},
        {HEAD "modes: {a: {driver: codex, erasure: {}}}\n", 4, 37, "'data' is not given"},
        {HEAD "modes: {a: {driver: codex, erasure: {data: 0, parity: 2}}}\n", 4, 44,
         "erasure.data"},
        {HEAD "modes: {a: {driver: codex, erasure: {data: 200, parity: 100}}}\n", 4, 37,
         "are 300 parts; a code has at most 255"},
        {HEAD "modes: {a: {driver: codex, erasure: {data: 4, parity: 2, extra: 3}}}\n", 4, 37,
         "write at most extra: 2"},
        {HEAD "modes: {a: {driver: deluge, erasure: {data: 4, parity: 2, via: storage-request}}}\n",
         4, 38, "driver 'deluge' has no erasure coding of its own"},
        {HEAD "modes: {a: {driver: codex, erasure: {data: 1, parity: 1, via: storage-request}}}\n",
         4, 37, "data must be at least 2 and not less than parity"},
        {HEAD "modes: {a: {driver: codex, erasure: {data: 2, parity: 1, via: magic}}}\n", 4, 63,
         "erasure.via"},
        {HEAD "modes: {a: {driver: codex, erasure: {data: 2, parity: 1, parts: 3}}}\n", 4, 58,
         "parts"},
    };
    ASSERT_ALL(refusals);
}

static void text_that_is_no_yaml_is_refused(void **state)
{
    (void)state;
    static const refusal refusals[] = {
        {"", 1, 1, "the file is empty"},
        {"# only a comment\n", 1, 1, "the file is empty"},
        {"swarmbench: 1\nname: [a, b\n", 3, 1, "not valid YAML"},
        {"swarmbench: 1\nname: \"a\n", 3, 1, "not valid YAML"},
        {"swarmbench: 1\nlimits:\n\trun: 1min\n", 3, 1,
         "not valid YAML: found character that cannot"},
        {"swarmbench: 1\nname: *there\n", 2, 7, "undefined alias"},
        {"swarmbench: 1\nname: \xff\n", 2, 7, "invalid leading UTF-8 octet (0xff)"},
        {"swarmbench: 1\n# \xc3\xa4\xc3\xa4\nname: a\x01\n", 3, 8,
         "control characters are not allowed"},
        {"- swarmbench: 1\n", 1, 1, "an experiment must be a mapping, not a list"},
        {WHOLE "---\nswarmbench: 1\n", 7, 1, "a second document begins"},
        {WHOLE "? {a: b}\n: 1\n", 7, 3, "a key must be a plain name"},
        {WHOLE "? [a]\n: 1\n", 7, 3, "a key must be a plain name"},
        {WHOLE "seed: !!int 3\n", 7, 7, "the tag 'tag:yaml.org,2002:int' has no meaning here"},
        {WHOLE "baseline: \"m\\0\"\n", 7, 11, "a NUL character"},
        {"a: &x [1, *x]\n", 1, 4, "contains itself"},
    };
    ASSERT_ALL(refusals);
    assert_refused("swarmbench: 1\0\n", 15, 1, 14, "control characters are not allowed (0x00)");
}

static void bombs_are_refused_at_once(void **state)
{
    (void)state;
    size_t length = (size_t)1 << 20;
    char *text = malloc(length + 2);
    assert_non_null(text);
    memset(text, '[', length);
    assert_refused(text, length, 1, 17, "nested deeper than 16 levels");
    for (size_t i = 0; i < length; i += 2) {
        memcpy(text + i, "- ", 2);
    }
    assert_refused(text, length, 1, 33, "nested deeper than 16 levels");
    memset(text, ' ', length + 1);
    assert_refused(text, length + 1, 1, 1, "longer than 1 MiB");
    free(text);
    assert_refused("a: &a [x,x,x,x,x,x,x,x,x,x]\n"
                   "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                   "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                   "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                   "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
                   "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
                   "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
                   "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]\n",
                   strlen("a: &a [x,x,x,x,x,x,x,x,x,x]\n") + 7 * 38, 1, 4, "aliases repeat values");
}

static void keys_are_known_unique_and_required(void **state)
{
    (void)state;
    static const refusal refusals[] = {
        {WHOLE "sedeers: 2\n", 7, 1, "unknown key 'sedeers'; did you mean 'seeders'?"},
        {WHOLE "zzzzzz: 2\n", 7, 1, "unknown key 'zzzzzz'; known: "},
        {WHOLE "\xc3\xa4\xc3\xa4: 2\n", 7, 1, "unknown key '\xc3\xa4\xc3\xa4'"},
        {WHOLE "network: {downn: 1Mbit}\n", 7, 11, "did you mean 'down'?"},
        {WHOLE "limits: {run: 1min, run: 2min}\n", 7, 21, "duplicate key 'run'"},
        {WHOLE "size: 5\n", 7, 1, "duplicate key 'size'; it stands already in line 6"},
        {"name: t\n", 1, 1, "begin the file with 'swarmbench: 1'"},
        {"swarmbench: 2\n", 1, 13, "swarmbench: '2' must be 1"},
        {"swarmbench: 1\n", 1, 1, "no modes"},
        {HEAD MODE "size: 4\n", 1, 1, "no file_size"},
        {HEAD MODE "file_size: 4MB\n", 1, 1, "no size"},
        {WHOLE "name: a b\n", 7, 1, "duplicate key 'name'"},
        {"swarmbench: 1\nname: a/b\n", 2, 7, "'a/b' cannot be the name of an experiment"},
        {WHOLE "order: {bye: [size]}\n", 7, 9, "did you mean 'by'?"},
        {WHOLE "verdict: {margins: 2%}\n", 7, 11, "did you mean 'margin'?"},
    };
    ASSERT_ALL(refusals);
}

static void values_have_the_type_of_their_option(void **state)
{
    (void)state;
    static const refusal refusals[] = {
        {WHOLE "seeders: two\n", 7, 10, "seeders: 'two' does not begin with a number"},
        {WHOLE "seeders: 1.5\n", 7, 10, "'1.5' is not a whole number"},
        {WHOLE "seeders: 01\n", 7, 10, "'01' begins with a needless zero"},
        {WHOLE "seeders: \"1\"\n", 7, 10, "leave the quotes out"},
        {WHOLE "seeders:\n", 7, 9, "seeders has no value"},
        {WHOLE "seeders: ~\n", 7, 10, "seeders has no value"},
        {WHOLE "seeders: {a: 1}\n", 7, 10, "seeders must be a single value, not a mapping"},
        {WHOLE "seeders: [1, 2]\n", 7, 10, "put them in 'matrix'"},
        {WHOLE "seed: 12345678901234567890\n", 7, 7, "has more than 18 figures"},
        {WHOLE "seed: 9007199254740992\n", 7, 7, "write 0 to 9007199254740991"},
        {WHOLE "limits: 5min\n", 7, 9, "limits must be a mapping, not a single value"},
        {WHOLE "limits: {run: 5}\n", 7, 15, "limits.run: '5' has no unit; write a duration"},
        {WHOLE "limits: {run: 5 minutes}\n", 7, 15, "has an unknown unit"},
        {WHOLE "limits: {run: 5MIN}\n", 7, 15, "(units: ns, us, ms, s, min, h, d)"},
        {WHOLE "limits: {run: -5s}\n", 7, 15, "'-5s' is negative"},
        {WHOLE "limits: {run: 0.1ns}\n", 7, 15, "finer than the smallest unit"},
        {WHOLE "limits: {run: 0s}\n", 7, 15, "write 1ms to 720h"},
        {WHOLE "network: {up: 5MB}\n", 7, 15, "write a rate such as 100Mbit"},
        {WHOLE "network: {loss: 120%}\n", 7, 17, "write 0% to 99%"},
        {WHOLE "network: {loss: low}\n", 7, 17, "network.loss: 'low'"},
        {WHOLE "arrival: {pattern: random}\n", 7, 20,
         "one of: together, staggered, poisson, waves"},
        {WHOLE "arrival: {pattern: poisson, rate: 5}\n", 7, 35, "write a frequency such as 5/s"},
        {HEAD MODE "file_size: 99999999999TB\nsize: 4\n", 5, 12, "is too large"},
        {HEAD MODE "file_size: 10000TB\nsize: 4\n", 5, 12, "write 1B to 8192TiB"},
        {HEAD MODE "file_size: 0B\nsize: 4\n", 5, 12, "out of range"},
        {HEAD MODE "file_size: 1MB\nsize: 4097\n", 6, 7, "write 2 to 4096"},
        {WHOLE "baseline: other\n", 7, 11, "unknown mode 'other'"},
        {WHOLE "verdict: {confidence: 100%}\n", 7, 23, "write 50% to 99.99%"},
    };
    ASSERT_ALL(refusals);
}

static void modes_and_places_are_known(void **state)
{
    (void)state;
#define AFTER "\nfile_size: 1MB\nsize: 4\n"
    static const refusal refusals[] = {
        {HEAD "modes: {m: {driver: fake-torent}}" AFTER, 4, 21, "did you mean 'fake-torrent'?"},
        {HEAD "modes: {m: {driver: fake-tracker}}" AFTER, 4, 21, "unknown driver 'fake-tracker'"},
        {HEAD "modes: {m: {slots: 3}}" AFTER, 4, 12, "no driver is given here"},
        {HEAD "modes: {m: deluge}" AFTER, 4, 12, "a mode must be a mapping"},
        {HEAD "modes: {}" AFTER, 4, 8, "0 modes"},
        {HEAD "modes: [m]" AFTER, 4, 8, "modes must be a mapping, not a list"},
        {HEAD "modes: {a b: {driver: fake-store}}" AFTER, 4, 9, "cannot be the name of a mode"},
        {HEAD "modes: {m: {driver: fake-torrent, slot: 3}}" AFTER, 4, 35, "did you mean 'slots'?"},
        {HEAD "modes: {m: {driver: fake-torrent, slots: 0}}" AFTER, 4, 42, "write 1 to 100"},
        {HEAD "modes: {m: {driver: fake-torrent, cache: {sise: 1MB}}}" AFTER, 4, 43, "'size'"},
        {HEAD "modes: {m: {driver: fake-torrent, cache.size: 1MB}}" AFTER, 4, 35, "unknown key"},
        {HEAD "modes: {m: {driver: fake-torrent, cache: 1MB}}" AFTER, 4, 42, "must be a mapping"},
        {HEAD "modes: {m: {driver: fake-torrent, sync: yes}}" AFTER, 4, 41,
         "neither true nor false"},
        {HEAD "modes: {m: {driver: fake-torrent, tracker: none2}}" AFTER, 4, 44, "'none'"},
        {HEAD "modes: {m: {driver: fake-torrent, tracker: fake-store}}" AFTER, 4, 44, "tracker"},
        {HEAD "modes: {m: {driver: fake-torrent, groups: []}}" AFTER, 4, 13,
         "unknown key 'driver'"},
        {HEAD "modes: {m: {groups: []}}" AFTER, 4, 21, "0 groups"},
        {HEAD "modes: {m: {groups: [{driver: fake-torrent}, {driver: fake-store}]}}" AFTER, 4, 46,
         "only torrent clients mix"},
        {HEAD "modes: {m: {groups: [{driver: fake-torrent}, {driver: fake-torrent}]}}" AFTER, 4, 46,
         "there is a group 'fake-torrent' already"},
        {HEAD "modes: {m: {groups: [{driver: fake-torrent, share: 80%}, {driver: fake-torrent2, "
              "share: 30%}]}}" AFTER,
         4, 21, "sum to 110%"},
        {HEAD "modes: {m: {groups: [{driver: fake-torrent, share: 100%}, {driver: "
              "fake-torrent2}]}}" AFTER,
         4, 21, "leave something for the groups without one"},
        {HEAD "modes: {m: {groups: [{driver: fake-torrent, role: seeder}]}}" AFTER, 4, 21,
         "no group has the role leecher"},
        {HEAD "modes: {m: {groups: [{driver: fake-torrent, role: seeder}, {driver: "
              "fake-torrent2}]}}" AFTER,
         4, 60, "say seeder or leecher for each group"},
        {"swarmbench: 1\ndeploy: {on: moon}\n" MODE "file_size: 1MB\nsize: 4\n", 2, 14,
         "unknown place 'moon'; known: "},
        {"swarmbench: 1\ndeploy: {on: fake-place, rot: /}\n" MODE "file_size: 1MB\n", 2, 26,
         "did you mean 'root'?"},
        {"swarmbench: 1\ndeploy: {on: fake-plain}\n" MODE
         "file_size: 1MB\nsize: 4\nnetwork: {delay: 5ms}\n",
         6, 18, "cannot shape the network"},
        {"swarmbench: 1\ndeploy: {on: fake-plain}\n" MODE
         "file_size: 1MB\nsize: 4\nfaults:\n- {at: 1s, kill: {count: 1}}\n"
         "- {at: 1s, stop: {count: 1}}\n",
         8, 3, "cannot do the fault 'stop'"},
    };
    ASSERT_ALL(refusals);
#undef AFTER
}

static void faults_are_whole(void **state)
{
    (void)state;
    static const refusal refusals[] = {
        {WHOLE "faults: {at: 1s}\n", 7, 9, "faults must be a list, not a mapping"},
        {WHOLE "faults: [{kill: {count: 1}}]\n", 7, 10, "has no moment"},
        {WHOLE "faults: [{at: 1s}]\n", 7, 10, "has no fault"},
        {WHOLE "faults: [{at: 101%, kill: {count: 1}}]\n", 7, 15, "write 0% to 100%"},
        {WHOLE "faults: [{at: soon, kill: {count: 1}}]\n", 7, 15, "at: 'soon'"},
        {WHOLE "faults: [{at: 1s, kill: {}}]\n", 7, 25, "either count or fraction"},
        {WHOLE "faults: [{at: 1s, kill: {count: 1, fraction: 10%}}]\n", 7, 25, "either count or"},
        {WHOLE "faults: [{at: 1s, kill: {count: 5}}]\n", 7, 10, "wants 5 nodes"},
        {WHOLE "faults: [{at: 1s, kill: {role: seeder, count: 2}}]\n", 7, 10, "the swarm has 1"},
        {WHOLE "faults: [{at: 1s, kill: {role: peer, count: 2}}]\n", 7, 32, "any, seeder, leecher"},
        {WHOLE "faults: [{at: 1s, kill: {count: 1}, for: 2s}]\n", 7, 42, "only stop and partition"},
        {WHOLE "faults: [{at: 1s, kill: {count: 1}, stop: {count: 1}}]\n", 7, 37, "one fault"},
        {WHOLE "faults: [{at: 1s, kil: {count: 1}}]\n", 7, 19, "did you mean 'kill'?"},
    };
    ASSERT_ALL(refusals);
}

static void axes_are_settings_and_do_not_overlap(void **state)
{
    (void)state;
    static const refusal refusals[] = {
        {WHOLE "matrix: [size]\n", 7, 9, "matrix must be a mapping"},
        {WHOLE "matrix: {sizes: [2, 4]}\n", 7, 10, "unknown axis 'sizes'; did you mean 'size'?"},
        {WHOLE "matrix: {size: 4}\n", 7, 16, "an axis must be a list"},
        {WHOLE "matrix: {size: []}\n", 7, 16, "an empty list gives no cell"},
        {WHOLE "matrix: {size: [2, many]}\n", 7, 20, "size: 'many'"},
        {WHOLE "matrix: {seed: [1, 2]}\n", 7, 10, "unknown axis 'seed'"},
        {WHOLE "matrix: {limits.rn: [1s]}\n", 7, 10, "did you mean 'limits.run'?"},
        {WHOLE "matrix: {modes.m.slots: [1]}\n", 7, 10, "is not an axis"},
        {WHOLE "matrix: {repetitions.budget: [1h]}\n", 7, 10, "is not an axis"},
        {WHOLE "matrix: {size: [2], x: [{size: 4}]}\n", 7, 21, "set by axis 'size' already"},
        {WHOLE "matrix: {x: [{size: 4, sise: 3}]}\n", 7, 24, "unknown key 'sise'"},
        {WHOLE "matrix: {x: [{size: 4}, 5]}\n", 7, 25, "a row must be a mapping"},
        {WHOLE "matrix: {x: [{network: {up: 1Mbit}, network.up: 2Mbit}]}\n", 7, 37, "given twice"},
        {WHOLE "matrix: {size: [2, 4], seeders: [1, 2]}\n", 7, 37,
         "cell size=2 seeders=2: 2 seeders leave no leecher in a swarm of size 2"},
        {WHOLE "matrix: {arrival: [{pattern: together}, {pattern: waves, every: 1s}]}\n", 7, 51,
         "needs 'wave'"},
        {WHOLE "matrix: {repetitions: [{min: 3, max: [2, 5]}]}\n", 7, 39,
         "repetitions.min 3 is more than repetitions.max 2"},
        {WHOLE "matrix: {retries: [1, 2], exclude: [{retries: [1, 2]}]}\n", 7, 36,
         "leaves no cell"},
        {WHOLE "matrix: {retries: [1, 2], exclude: {retries: 1}}\n", 7, 36, "must be a list"},
        {WHOLE "matrix: {retries: [1, 2], exclude: [{retry: 1}]}\n", 7, 38, "unknown key 'retry'"},
        {WHOLE "matrix: {retries: [1, 2], exclude: [{}]}\n", 7, 37, "excludes every cell"},
        {WHOLE "matrix: {size: [4, 8, 4]}\n", 7, 23, "axis 'size' has these values already"},
        {WHOLE "matrix: {x: [{size: [4, 8]}, {seeders: 1, size: 8}]}\n", 7, 40,
         "axis 'x' has these values already"},
        {WHOLE "matrix: {faults: [[], []]}\n", 7, 23, "has these values already"},
        {WHOLE "order: {by: [sise]}\n", 7, 14, "did you mean 'size'?"},
        {WHOLE "order: {by: [size, size]}\n", 7, 20, "stands here already"},
        {WHOLE "order: {by: size}\n", 7, 13, "order.by must be a list"},
        {WHOLE "order: {modes: random}\n", 7, 16, "one of: shuffled, listed"},
    };
    ASSERT_ALL(refusals);
}

static void combinations_that_mean_nothing_are_refused(void **state)
{
    (void)state;
    static const refusal refusals[] = {
        {WHOLE "seeders: 4\n", 7, 10, "4 seeders leave no leecher in a swarm of size 4"},
        {WHOLE "arrival: {pattern: staggered}\n", 7, 20, "needs 'every'"},
        {WHOLE "arrival: {pattern: poisson}\n", 7, 20, "needs 'rate'"},
        {WHOLE "arrival: {every: 2s}\n", 7, 18, "'every' has no meaning in this arrival pattern"},
        {WHOLE "repetitions: {max: 3}\n", 7, 20, "repetitions.min 5 is more than"},
    };
    ASSERT_ALL(refusals);
}

static void append_axis(char *text, size_t size, const char *name, unsigned from, unsigned count,
                        const char *unit)
{
    size_t used = strlen(text);
    used += (size_t)snprintf(text + used, size - used, "  %s: [", name);
    for (unsigned i = 0; i < count && used < size; i++) {
        used +=
            (size_t)snprintf(text + used, size - used, "%s%u%s", i == 0 ? "" : ",", from + i, unit);
    }
    snprintf(text + used, size - used, "]\n");
}

static void more_cells_than_ten_million_are_refused(void **state)
{
    (void)state;
    char text[16384] = WHOLE "matrix:\n";
    append_axis(text, sizeof text, "seeder_sets", 1, 500, "");
    append_axis(text, sizeof text, "limits.run", 1, 500, "s");
    append_axis(text, sizeof text, "retries", 0, 41, "");
    assert_refused(text, strlen(text), 10, 3, "more than 10000000 cells");
}

static void file_is_found_read_and_bounded(void **state)
{
    (void)state;
    swb_experiment *experiment = NULL;
    swb_error error = SWB_ERROR_INIT;
    char path[] = "/tmp/swb-long-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
    close(fd);
    assert_int_equal(swb_experiment_load(&experiment, "/nonexistent/x.yaml", &error), SWB_ENOENT);
    assert_int_equal(swb_experiment_load(&experiment, path, &error), SWB_EINPUT);
    assert_non_null(strstr(error.message, ":1:1: the file is longer than 1 MiB"));
    assert_int_equal(swb_experiment_load(&experiment, "/tmp", &error), SWB_EIO);
    assert_null(experiment);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_beside_the_swarm_and_cannot_be_is_refused),
        cmocka_unit_test(erasure_that_cannot_be_is_refused),
        cmocka_unit_test(text_that_is_no_yaml_is_refused),
        cmocka_unit_test(bombs_are_refused_at_once),
        cmocka_unit_test(keys_are_known_unique_and_required),
        cmocka_unit_test(values_have_the_type_of_their_option),
        cmocka_unit_test(modes_and_places_are_known),
        cmocka_unit_test(faults_are_whole),
        cmocka_unit_test(axes_are_settings_and_do_not_overlap),
        cmocka_unit_test(combinations_that_mean_nothing_are_refused),
        cmocka_unit_test(more_cells_than_ten_million_are_refused),
        cmocka_unit_test(file_is_found_read_and_bounded),
    };
    return cmocka_run_group_tests(tests, register_fakes, NULL);
}
