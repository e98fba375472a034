/* spec/: rows of deploy.nodes, what is refused of them, and which node gets which row. */
#include "experiment_fixture.h"

#include <stdio.h>

#define TOP "swarmbench: 1\nname: t\nfile_size: 1MB\nsize: 3\n"
#define ONE TOP "modes: {m: {driver: codex}}\n"
#define TWO TOP "modes: {m: {driver: codex}, n: {driver: deluge}}\n"
#define ROW(n) "{url: \"http://127.0.0.1:" n "\"}"
#define THREE ROW("1") ", " ROW("2") ", " ROW("3")
#define ATTACH(rows) "deploy: {on: attach, nodes: [" rows "]}\n"

static void assert_refused(const char *text, uint32_t line, uint32_t column, const char *says)
{
    swb_experiment *experiment = NULL;
    swb_error error = SWB_ERROR_INIT;
    int status = swb_experiment_parse(&experiment, text, strlen(text), "t.yaml", &error);
    if (status != SWB_EINPUT || error.line != line || error.column != column ||
        strstr(error.message, says) == NULL) {
        fail_msg("wanted %u:%u '%s', got %d '%s' for:\n%s", line, column, says, status,
                 error.message, text);
    }
}

static void rows_that_are_wrong_are_refused_at_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t line;
        uint32_t column;
        const char *says;
    } cases[] = {
        {ONE "deploy: {on: attach}\n", 6, 9, "nodes that run already"},
        {ONE "deploy: {on: attach, nodes: 3}\n", 6, 29, "nodes"},
        {ONE "deploy: {on: attach, nodes: []}\n", 6, 29, "0 nodes"},
        {ONE "deploy: {on: local, nodes: []}\n", 6, 21, "unknown key 'nodes'"},
        {ONE ATTACH("{}"), 6, 30, "no url is given"},
        {ONE ATTACH("{url: x y}"), 6, 36, "is no URL"},
        {ONE ATTACH("{url: \"file:///x\"}"), 6, 36, "neither http:// nor https://"},
        {ONE ATTACH("{url: \"http://u:p@h:1\"}"), 6, 36, "holds no credentials"},
        {ONE ATTACH("{url: \"http://h:1/?a=b\"}"), 6, 36, "goes on after the path"},
        {ONE ATTACH("{url: \"http://h:1\", port: 3}"), 6, 50, "unknown key 'port'"},
        {ONE ATTACH("{url: \"http://h:1\", role: any2}"), 6, 56, "any2"},
        {ONE ATTACH("{url: \"http://h:1\", mode: x}"), 6, 56, "there is no mode 'x'"},
        {ONE ATTACH("{url: \"http://h:1\", group: x}"), 6, 57, "there is no group 'x'"},
        {ONE ATTACH("{url: \"http://h:1\", data: h}"), 6, 56, "is no IP address and port"},
        {ONE ATTACH("{url: \"http://h:1\", data: \"1.2.3.4:0\"}"), 6, 56, "is no IP address"},
        {ONE ATTACH("{url: \"http://h:1\", data: \"1.2.3.4:66000\"}"), 6, 56, "is no IP address"},
        {ONE ATTACH("{url: \"http://h:1\", pid: 1}"), 6, 55, "1"},
        {ONE ATTACH("{url: \"http://h:1\", content_dir: /x}"), 6, 63, "leave content_dir out"},
        {ONE ATTACH("{url: \"http://h:1\", password_env: A, password_file: /b}"), 6, 82, "both"},
        {ONE ATTACH(ROW("1") ", " ROW("1")), 6, 65, "has a node with the url"},
        {TWO ATTACH(ROW("1")), 6, 30, "does not say its mode, and there are 2"},
        {TWO ATTACH("{url: \"http://h:1\", mode: n}"), 6, 36, "https://HOST:PORT"},
        {TWO ATTACH("{url: \"https://h:1\", mode: n}"), 6, 30, "logs in"},
        {TWO ATTACH("{url: \"https://h:1\", mode: n, user: u, password_env: P}"), 6, 30,
         "needs content_dir"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_refused(cases[i].text, cases[i].line, cases[i].column, cases[i].says);
    }
}

static void too_few_rows_are_refused_at_the_size(void **state)
{
    (void)state;
    assert_refused(ONE ATTACH(ROW("1") ", " ROW("2")), 4, 7,
                   "mode 'm' needs 3 nodes, 1 of them as seeders, but deploy.nodes has 2 for any "
                   "role, 0 for seeders and 0 for leechers; add 1");
    assert_refused(ONE ATTACH("{url: \"http://h:1\", role: seeder}, "
                              "{url: \"http://h:2\", role: seeder}, " ROW("3")),
                   4, 7, "add 1");
    assert_refused(ONE "seeders: 2\n" ATTACH("{url: \"http://h:1\", role: leecher}, "
                                             "{url: \"http://h:2\", role: leecher}, " ROW("3")),
                   4, 7, "add 1");
    assert_refused("swarmbench: 1\nfile_size: 1MB\nmatrix:\n  size: [2, 3, 4]\n"
                   "modes: {m: {driver: codex}}\n" ATTACH(THREE),
                   4, 16, "cell size=4: mode 'm' needs 4 nodes");
}

static const char *url_at(const swb_option_value *const *rows, size_t index)
{
    return rows[index][0].string;
}

static void nodes_get_rows_of_their_role_before_others(void **state)
{
    (void)state;
    swb_experiment *experiment = parse(
        ONE ATTACH(ROW("1") ", {url: \"http://h:2\", role: seeder}, " ROW("3") ", " ROW("4")));
    const swb_role roles[] = {SWB_ROLE_LEECHER, SWB_ROLE_SEEDER, SWB_ROLE_LEECHER};
    const uint32_t groups[] = {0, 0, 0};
    const swb_option_value *rows[3];
    swb__deploy_nodes_choose(rows, experiment, 0, roles, groups, 3);
    assert_string_equal(url_at(rows, 0), "http://127.0.0.1:1");
    assert_string_equal(url_at(rows, 1), "http://h:2");
    assert_string_equal(url_at(rows, 2), "http://127.0.0.1:3");
    const swb_role two_seed[] = {SWB_ROLE_SEEDER, SWB_ROLE_SEEDER, SWB_ROLE_LEECHER};
    swb__deploy_nodes_choose(rows, experiment, 0, two_seed, groups, 3);
    assert_string_equal(url_at(rows, 0), "http://h:2");
    assert_string_equal(url_at(rows, 1), "http://127.0.0.1:1");
    assert_string_equal(url_at(rows, 2), "http://127.0.0.1:3");
    swb_experiment_destroy(experiment);
}

/* So that what is told to be mended in the file can be, and the experiment is found again. */
static void digest_does_not_follow_how_a_cluster_is_reached_and_waited_for(void **state)
{
    (void)state;
#define PLACE(more)                                                                                \
    "swarmbench: 1\nname: t\nmodes: {m: {driver: deluge}}\nfile_size: 1MB\nsize: 2\n"              \
    "deploy: {on: kubernetes" more "}\n"
    swb_experiment *a = parse(PLACE(""));
    swb_experiment *b = parse(PLACE(", start_timeout: 10min, runner_values: v, kubeconfig: k"));
    swb_experiment *c = parse(PLACE(", cpu: 500m"));
    assert_string_equal(swb__experiment_digest(a), swb__experiment_digest(b));
    assert_string_not_equal(swb__experiment_digest(a), swb__experiment_digest(c));
    swb_experiment_destroy(a);
    swb_experiment_destroy(b);
    swb_experiment_destroy(c);
}

static void digest_follows_urls_and_not_how_a_node_is_looked_at(void **state)
{
    (void)state;
    swb_experiment *a = parse(ONE ATTACH(THREE));
    swb_experiment *b =
        parse(ONE ATTACH("{url: \"http://127.0.0.1:1\", pid: 77}, " ROW("2") ", " ROW("3")));
    swb_experiment *c = parse(ONE ATTACH(ROW("4") ", " ROW("2") ", " ROW("3")));
    assert_string_equal(swb__experiment_digest(a), swb__experiment_digest(b));
    assert_string_not_equal(swb__experiment_digest(a), swb__experiment_digest(c));
    swb_experiment_destroy(a);
    swb_experiment_destroy(b);
    swb_experiment_destroy(c);
}

static void tracker_may_be_an_announce_url(void **state)
{
    (void)state;
    swb_experiment *experiment = parse(WHOLE);
    assert_null(swb__experiment_mode(experiment, 0)->tracker_url);
    swb_experiment_destroy(experiment);
    experiment = parse(HEAD "modes: {m: {driver: fake-torrent, tracker: \"udp://t:1/announce\"}}\n"
                            "file_size: 1MB\nsize: 4\n");
    assert_string_equal(swb__experiment_mode(experiment, 0)->tracker_url, "udp://t:1/announce");
    assert_null(swb__experiment_mode(experiment, 0)->service);
    swb_experiment_destroy(experiment);
    assert_refused(HEAD "modes: {m: {driver: fake-torrent, tracker: \"ftp://t\"}}\n", 4, 44,
                   "is no announce URL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_are_wrong_are_refused_at_their_place),
        cmocka_unit_test(too_few_rows_are_refused_at_the_size),
        cmocka_unit_test(nodes_get_rows_of_their_role_before_others),
        cmocka_unit_test(digest_does_not_follow_how_a_cluster_is_reached_and_waited_for),
        cmocka_unit_test(digest_follows_urls_and_not_how_a_node_is_looked_at),
        cmocka_unit_test(tracker_may_be_an_announce_url),
    };
    return cmocka_run_group_tests(tests, register_fakes, NULL);
}
