/* The reference page of the experiment format, made from the option tables. */
#include <swarmbench/experiment.h>
#include <swarmbench/sys/deployer.h>
#include <swarmbench/sys/driver.h>

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "spec/plan.h"
#include "spec/value.h"

static const char intro[] =
    "# The experiment file\n"
    "\n"
    "<!-- Made from the option tables by `swarmbench reference`: do not edit. -->\n"
    "\n"
    "An experiment is one YAML file of at most 1 MiB. It names what is compared (`modes`), in "
    "which situations (`matrix`), how often (`repetitions`) and where (`deploy`). The library "
    "checks the whole file before anything starts: an unknown key, a wrong type or unit, a "
    "duplicate key or an impossible combination is refused with file, line and column, the value, "
    "and what would be right. `swarmbench plan FILE` shows what a file means; `swarmbench schema` "
    "writes a JSON Schema for editors.\n"
    "\n"
    "```yaml\n"
    "swarmbench: 1\n"
    "name: two-clients\n"
    "seed: 42\n"
    "modes:\n"
    "  deluge:      {driver: deluge}\n"
    "  qbittorrent: {driver: qbittorrent}\n"
    "baseline: deluge\n"
    "matrix:\n"
    "  file_size: [100MB, 1GB]\n"
    "  swarm:\n"
    "    - {size: 2, seeders: 1}\n"
    "    - {size: 8, seeders: [1, 2, 4]}\n"
    "repetitions: {min: 5, max: 20, half_width: 5%}\n"
    "deploy: {on: local}\n"
    "```\n"
    "\n"
    "## Values\n"
    "\n"
    "| type | example | units |\n"
    "|---|---|---|\n";

static const char values_end[] =
    "\n"
    "Units are written as here, upper and lower case matter, and one space may stand before them. "
    "MB is 10^6 bytes, MiB is 2^20. A number has at most 18 figures. A fraction is `20%` or "
    "`0.2`.\n";

static const char modes_text[] =
    "\n## Modes\n"
    "\n"
    "`modes` maps names to what is compared, 1 to 64 of them. A name is 1 to 64 of A-Z a-z 0-9 . _ "
    "-, the first one a letter or a digit. A mode is a driver with its options, or `groups` of "
    "torrent clients that share one content and one tracker:\n"
    "\n"
    "```yaml\n"
    "modes:\n"
    "  plain: {driver: deluge}\n"
    "  mixed:\n"
    "    groups:\n"
    "      - {name: seeders, driver: deluge, role: seeder}\n"
    "      - {name: half,    driver: deluge, role: leecher, share: 50%}\n"
    "      - {name: others,  driver: qbittorrent, role: leecher}\n"
    "```\n"
    "\n"
    "A mode may also say `tracker: NAME`, `tracker: {driver: NAME, ...}` with options of that "
    "service, `tracker: URL` of one "
    "that runs already, or `tracker: none`; without it, each run gets the service that its driver "
    "names.\n"
    "\n"
    "A mode may move its content as an erasure code: `erasure: {data: 4, parity: 2}`. With `via: "
    "library`, the default, the content becomes k + m parts (Reed-Solomon, any k of which give it "
    "back). Each is a content of its own on a seeder of its own, in turn: with fewer seeders than "
    "parts a seeder has several, with more a part has several seeders. A leecher fetches parts "
    "until any k are complete; they are decoded, and every byte is verified. It works over every "
    "driver. With `via: storage-request` each seeder's client is asked to code what it was given, "
    "and the coded dataset is what leechers fetch; the time for that is stored apart. A node that "
    "cannot is refused before the first run.\n\n";

static const char groups_text[] = "\nKeys of a group, beside the options of its driver:\n\n";

static const char groups_end[] =
    "\n"
    "Nodes are given to groups by share (largest remainder); a group gets at least one node where "
    "there are enough. Which nodes these are is drawn from the seed, the same in all repetitions "
    "of a seeder set.\n";

static const char beside_text[] =
    "\n## Beside the swarm\n"
    "\n"
    "A mode may have nodes that live in its runs and have no part in the content, `beside` the "
    "swarm: at most 32 groups of them. They are started before the swarm and ended with it, are "
    "sampled as its nodes are, and a run in which one of them ends by itself has failed. They can "
    "know of each other by `bootstrap`.\n"
    "\n"
    "```yaml\n"
    "modes:\n"
    "  mixed:\n"
    "    driver: deluge\n"
    "    beside:\n"
    "      - name: web\n"
    "        driver: exec\n"
    "        binary: python3\n"
    "        arguments: [-m, http.server, --bind, \"{address}\", \"{api_port}\"]\n"
    "        ready: {path: /}\n"
    "    actions:\n"
    "      - {at: 2s, group: web, http: {path: /}, expect: 200}\n"
    "```\n"
    "\n"
    "In texts of driver `exec` these stand for the node's own: `{address}`, `{data_port}`, "
    "`{api_port}`, `{extra_port}` (free ports on that address), `{wildcard_port}` (free on all "
    "addresses), `{home}` (its directory), `{content}` (one inside for data), `{name}`, `{group}`, "
    "`{index}` (its number in the group, from 0), `{user}`, `{password}` (made for the run), "
    "`{bootstrap}`, `{tracker}` (announce URL) and `{infohash}`. Another name in braces is "
    "refused; `{{name}` is the text `{name}`. Other braces are themselves, as in JSON.\n"
    "\n"
    "Keys of a group in `beside`, with the options of its driver:\n\n";

static const char actions_text[] =
    "\n`actions` is a timeline of requests to these nodes, at most 64 rows and 10,000 requests. "
    "Each is stored as an event of kind `action`: its status, how late it left, and how long the "
    "answer took. One that is not answered as expected fails the run. Requests to one node go one "
    "after the other; a run lasts until all were made.\n\n";

static const char matrix_text[] =
    "\n## Matrix\n"
    "\n"
    "Each key of `matrix` is an axis; the cells are all combinations of their values, the last "
    "axis fastest. An axis is one of\n"
    "\n"
    "- a setting and a list of its values: `size: [2, 8]`, `network.delay: [10ms, 50ms]`, "
    "`repetitions: [3, 5]`;\n"
    "- a section and a list of mappings: `arrival: [{pattern: together}, {pattern: staggered, "
    "every: 2s}]`;\n"
    "- any other name without a dot and a list of rows of settings, for settings that belong "
    "together; lists inside a row are expanded:\n"
    "\n"
    "```yaml\n"
    "matrix:\n"
    "  file_size: [100MB, 1GB, 5GB]\n"
    "  swarm:\n"
    "    - {size: 2, seeders: 1}\n"
    "    - {size: 8, seeders: [1, 2, 4], network: {delay: [10ms, 50ms]}}\n"
    "  exclude:\n"
    "    - {file_size: 5GB, size: 8}\n"
    "```\n"
    "\n"
    "Each setting may be on one axis only. What a row does not set, it has from the top level. "
    "`exclude` removes the cells in which all values of one of its rows hold; a list in such a row "
    "means any of its values. Options of drivers are not axes: write a mode for each value. At "
    "most 16 axes and 10,000,000 cells.\n"
    "\n"
    "For `faults`, whose value is a list, an axis is a list of such lists.\n"
    "\n"
    "## Order\n"
    "\n"
    "Runs go cell by cell; in a cell repetition by repetition, in each the seeder sets, and for "
    "each of these a block: one run of every mode, with the same content and the same seeders. "
    "`order.by` is a list of settings by whose values the cells are sorted, the first one first; "
    "without it they stay as the matrix gives them.\n\n";

static const char faults_text[] =
    "\n## Faults\n"
    "\n"
    "`faults` is a list of at most 16 rows, each with `at` and one of `kill`, `stop` (frozen), "
    "`restart` (killed and started again with the same data) and `partition` (cut off from the "
    "other nodes). The place must be able to do them.\n"
    "\n"
    "```yaml\n"
    "faults:\n"
    "  - {at: 50%, kill: {role: seeder, count: 1}}\n"
    "  - {at: 30s, partition: {fraction: 25%}, for: 10s}\n"
    "```\n\n";

static const char target_text[] = "\nWhom it hits is a mapping with `count` or `fraction`:\n\n";

static const char random_text[] =
    "\n## Randomness\n"
    "\n"
    "All that is random derives from `seed`: the content of a block, which nodes seed, which "
    "group a node belongs to, the order of the modes in a block, and what a run draws itself. The "
    "same file gives the same plan, byte for byte; `order` changes when a run happens, not what "
    "it is. The digest of an experiment (SHA-256) is of all that decides plan and runs: comments, "
    "the order of keys, spelling of values, `name`, `baseline`, `verdict` and `allow_stand_in` do "
    "not change it.\n";

static void write_units(swb__writer *w)
{
    static const swb_option_type types[] = {
        SWB_OPTION_SIZE,     SWB_OPTION_DURATION, SWB_OPTION_RATE, SWB_OPTION_FREQUENCY,
        SWB_OPTION_FRACTION, SWB_OPTION_INTEGER,  SWB_OPTION_BOOL};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const swb__kind *kind = swb__kind_of(types[i]);
        swb__writer_printf(w, "| %s | `%s` |", kind->noun, kind->example);
        for (const swb__unit *unit = kind->units; unit != NULL && unit->name != NULL; unit++) {
            swb__writer_printf(w, "%s %s", unit == kind->units ? "" : ",", unit->name);
        }
        swb__writer_text(w, types[i] == SWB_OPTION_FRACTION ? " % |\n" : " |\n");
    }
}

/* Text in a cell of a table: a bar would end it. */
static void write_cell(swb__writer *w, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        swb__writer_bytes(w, "\\", *at == '|' ? 1 : 0);
        swb__writer_bytes(w, at, 1);
    }
}

static void write_type(swb__writer *w, const swb_option *option)
{
    char choice[64];
    if (option->type != SWB_OPTION_ENUM) {
        /* The nouns begin with "a ". */
        const char *noun = swb__kind_of(option->type)->noun;
        swb__writer_text(w, strncmp(noun, "a ", 2) == 0 ? noun + 2 : noun);
        return;
    }
    for (size_t i = 0; swb__choice_at(choice, sizeof choice, option->choices, i); i++) {
        swb__writer_printf(w, "%s`%s`", i == 0 ? "" : ", ", choice);
    }
}

static void write_range(swb__writer *w, const swb_option *option)
{
    char least[48];
    char most[48];
    if (option->minimum == 0 && option->maximum == 0) {
        return;
    }
    swb__limit_text(least, sizeof least, option, option->minimum);
    swb__limit_text(most, sizeof most, option, option->maximum);
    swb__writer_text(w, least);
    if (strcmp(least, most) != 0) {
        swb__writer_printf(w, " to %s", most);
    }
}

static void write_row(swb__writer *w, const char *key, const swb_option *option)
{
    swb__writer_printf(w, "| `%s` | ", key);
    write_type(w, option);
    swb__writer_text(w, " | ");
    if (option->fallback != NULL) {
        swb__writer_printf(w, "`%s`", option->fallback);
    }
    swb__writer_text(w, " | ");
    write_range(w, option);
    swb__writer_text(w, " | ");
    write_cell(w, option->description);
    swb__writer_text(w, " |\n");
}

static void write_head(swb__writer *w)
{
    swb__writer_text(w, "| key | type | default | range | meaning |\n|---|---|---|---|---|\n");
}

static void write_table(swb__writer *w, swb__option_list list)
{
    write_head(w);
    for (size_t i = 0; i < list.count; i++) {
        write_row(w, list.options[i].name, &list.options[i]);
    }
}

static void write_top(swb__writer *w)
{
    swb__writer_text(w, "\n## Top level\n\n");
    write_table(w, swb__whole_options);
    swb__writer_text(w, "\n## Settings\n\nThese keys hold for all cells when they stand at the top "
                        "level; each may be an axis of `matrix` instead.\n\n");
    write_head(w);
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        const swb__setting *setting = swb__setting_at(id);
        if (setting->section[0] == '\0' && !setting->is_list) {
            write_row(w, setting->option.name, &setting->option);
        }
    }
}

static void write_section(swb__writer *w, const swb__section *section)
{
    swb__writer_printf(w, "\n### %s\n\n%s Example: `%s: %s`\n\n", section->name,
                       section->description, section->name, section->example);
    write_head(w);
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        const swb__setting *setting = swb__setting_at(id);
        if (strcmp(setting->section, section->name) == 0) {
            write_row(w, setting->option.name, &setting->option);
        }
    }
}

/* The options of a driver or place, where it has some. */
static void write_own_options(swb__writer *w, swb__option_list list)
{
    if (list.count > 0) {
        swb__writer_text(w, "\n");
        write_table(w, list);
    }
}

static void write_drivers(swb__writer *w)
{
    static const char *const kinds[] = {"a torrent client", "a store", "a service"};
    const swb_driver *driver;
    swb__writer_text(w, "\n## Drivers\n");
    for (size_t i = 0; (driver = swb_driver_at(i)) != NULL; i++) {
        swb__option_list list = {driver->options, driver->option_count};
        swb__writer_printf(w, "\n### %s\n\n", driver->name);
        write_cell(w, driver->description);
        swb__writer_printf(w, "; %s", kinds[driver->kind]);
        if (driver->service != NULL) {
            swb__writer_printf(w, " that needs the service `%s`", driver->service);
        }
        swb__writer_text(w, ".\n");
        write_own_options(w, list);
    }
}

static void write_places(swb__writer *w)
{
    const swb_deployer *deployer;
    swb__writer_text(w, "\n## Places\n\n`deploy: {on: NAME}` says where nodes live; the options of "
                        "the place stand beside `on`.\n\n");
    write_table(w, swb__deploy_options);
    for (size_t i = 0; (deployer = swb_deployer_at(i)) != NULL; i++) {
        swb__option_list list = {deployer->options, deployer->option_count};
        swb__writer_printf(w, "\n### %s\n\n", deployer->name);
        write_cell(w, deployer->description);
        swb__writer_printf(w, "; it %s shape the network.\n", deployer->shapes ? "can" : "cannot");
        write_own_options(w, list);
        if (deployer->attaches) {
            swb__option_list of_node = {deployer->node_options, deployer->node_option_count};
            swb__writer_text(w, "\n`nodes` is a list of the nodes that run already, one row "
                                "each:\n\n");
            write_table(w, swb__deploy_node_options);
            swb__writer_text(w, "\nand\n\n");
            write_table(w, of_node);
        }
    }
}

static void write_model(swb__writer *w)
{
    const swb__model *model = &swb__plan_model;
    char start[32];
    char teardown[32];
    char local[32];
    char make[32];
    char verify[32];
    char node[32];
    swb__format_duration(start, sizeof start, (double)model->start_ns);
    swb__format_duration(teardown, sizeof teardown, (double)model->teardown_ns);
    swb__format_bytes(local, sizeof local, (double)model->local_bps);
    swb__format_bytes(make, sizeof make, (double)model->make_bps);
    swb__format_bytes(verify, sizeof verify, (double)model->verify_bps);
    swb__format_bytes(node, sizeof node, (double)model->node_bytes);
    swb__writer_text(w, "\n## The plan's estimate\n\nA model, not a promise: it says whether an "
                        "experiment takes an hour or a month. F is the file size, N the size of "
                        "the swarm, S its seeders, L = N - S its leechers, u and d the shaped "
                        "rates. One run takes the sum of\n\n");
    swb__writer_printf(w,
                       "- start: %s for each node, one after the other;\n"
                       "- making the content and its torrent: F at %s/s;\n"
                       "- arrival: from the first leecher's begin to the last one's;\n"
                       "- transfer: the greatest of L F at %s/s, F / d, F / (S u) and L F / (N u), "
                       "the last three where the network is shaped;\n"
                       "- verification: L F at %s/s;\n"
                       "- teardown: %s.\n\n",
                       start, make, local, verify, teardown);
    swb__writer_printf(
        w,
        "The time is that of all runs up to `repetitions.min`; the time by its limits lets every "
        "run up to `repetitions.max` take all of `limits` (ready, seed, run, teardown), with all "
        "its retries. Disk at once is (L + 1) F and %s for each node; memory at once is what the "
        "drivers say their nodes need at most; traffic is L F for each run.\n",
        node);
}

int swb_reference_write(int fd, swb_error *error)
{
    swb__writer writer;
    swb__writer *w = &writer;
    const swb__section *section;
    swb__writer_init(w, fd);
    swb__writer_text(w, intro);
    write_units(w);
    swb__writer_text(w, values_end);
    write_top(w);
    for (size_t i = 0; (section = swb__section_at(i)) != NULL; i++) {
        write_section(w, section);
    }
    swb__writer_text(w, modes_text);
    write_table(w, swb__coding_options);
    swb__writer_text(w, groups_text);
    write_table(w, swb__group_options);
    swb__writer_text(w, groups_end);
    swb__writer_text(w, beside_text);
    write_table(w, swb__beside_options);
    swb__writer_text(w, actions_text);
    write_table(w, swb__action_options);
    swb__writer_text(w, matrix_text);
    write_table(w, swb__order_options);
    swb__writer_text(w, faults_text);
    write_table(w, swb__fault_options);
    swb__writer_text(w, target_text);
    write_table(w, swb__target_options);
    swb__writer_text(w, "\n## Verdict\n\nExample: `verdict: {margin: 20%, confidence: 95%}`\n\n");
    write_table(w, swb__verdict_options);
    swb__writer_text(w, random_text);
    write_places(w);
    write_drivers(w);
    write_model(w);
    return swb__writer_finish(w, error);
}
