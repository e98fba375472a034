/* deploy/kubernetes_options and _values: what of an experiment reaches the charts. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "deploy/kubernetes_options.h"
#include "host/node_process.h"

static const swb_driver deluge = {.name = "deluge", .program = "deluged"};
static const swb_driver tracker = {.name = "opentracker", .program = "opentracker"};

static kubernetes_options defaults(void)
{
    kubernetes_options options;
    swb__kubernetes_options_read(&options, NULL);
    return options;
}

static bool has(char *const *values, const char *wanted)
{
    for (; *values != NULL; values++) {
        if (strcmp(*values, wanted) == 0) {
            return true;
        }
    }
    return false;
}

static void options_become_values_of_a_chart(void **state)
{
    (void)state;
    kubernetes_options options = defaults();
    options.image_prefix = "r.example/x/";
    options.image_tag = "7";
    options.image_digests = "agent=sha256:aa,deluge=sha256:bb";
    options.node_selector = "disk=ssd,zone=a=b";
    options.pull_secret = "login";
    options.memory_limit = "1Gi";
    options.anti_affinity = "required";
    options.network_policy = true;
    const kubernetes_group_values group = {.run = "swb-a",
                                           .group = "swb-a-1",
                                           .role = "leecher",
                                           .token_secret = "swb-a-token",
                                           .nodes = 3,
                                           .data_bytes = 100,
                                           .driver = &deluge};
    char **values = swb__kubernetes_values(&options, &group);
    assert_non_null(values);
    static const char *const wanted[] = {
        "nodes=3",
        "run.id=\"swb-a\"",
        "run.role=\"leecher\"",
        "agent.tokenSecret=\"swb-a-token\"",
        "image.repository=\"r.example/x/deluge\"",
        "image.tag=\"7\"",
        "image.digest=\"sha256:bb\"",
        "agent.image.digest=\"sha256:aa\"",
        "nodeSelector={\"disk\":\"ssd\",\"zone\":\"a=b\"}",
        "imagePullSecrets=[{\"name\":\"login\"}]",
        "resources.limits.memory=\"1Gi\"",
        "data.size=\"1073742024\"",
        "antiAffinity=\"required\"",
        "networkPolicy.enabled=true",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!has(values, wanted[i])) {
            fail_msg("no %s", wanted[i]);
        }
    }
    swb__list_free(values);
}

/* The file of further values may say it. */
static void what_no_option_says_is_left_to_the_chart(void **state)
{
    (void)state;
    static const char *const keys[] = {"antiAffinity",     "networkPolicy", "nodeSelector",
                                       "imagePullSecrets", "resources",     "priorityClassName"};
    kubernetes_options options = defaults();
    const kubernetes_group_values group = {
        .run = "r", .group = "g", .role = "leecher", .nodes = 1, .driver = &deluge};
    char **values = swb__kubernetes_values(&options, &group);
    assert_non_null(values);
    for (size_t i = 0; values[i] != NULL; i++) {
        for (size_t j = 0; j < sizeof keys / sizeof keys[0]; j++) {
            assert_int_not_equal(strncmp(values[i], keys[j], strlen(keys[j])), 0);
        }
    }
    swb__list_free(values);
}

static void runner_that_was_brought_to_a_cluster_forgets_where_it_came_from(void **state)
{
    (void)state;
    char of_run[64];
    char of_release[64];
    kubernetes_options options;
    swb__kubernetes_token_secret(of_run, sizeof of_run, "swb-a");
    assert_string_equal(of_run, "swb-a-token");
    setenv("SWARMBENCH_EXPERIMENT", "Some_Release.1", 1);
    swb__kubernetes_options_read(&options, NULL); /* an experiment that names no place */
    swb__kubernetes_token_secret(of_release, sizeof of_release, "swb-a");
    swb__kubernetes_token_secret(of_run, sizeof of_run, "swb-b");
    unsetenv("SWARMBENCH_EXPERIMENT");
    assert_true(options.runner == RUNNER_HERE && options.reach == REACH_DIRECT);
    assert_string_equal(of_release, of_run);
    assert_int_equal(strspn(of_run, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(of_run));
}

/* "HOST:5000/a/web:1@sha256:cc": the port of a registry is no tag. */
static void program_of_anybodys_runs_in_the_image_that_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *image;
        const char *wanted[3];
    } cases[] = {
        {"r.example:5000/a/web:1",
         {"image.repository=\"r.example:5000/a/web\"", "image.tag=\"1\"", NULL}},
        {"web@sha256:cc", {"image.repository=\"web\"", "image.digest=\"sha256:cc\"", NULL}},
        {"a/web:1@sha256:cc",
         {"image.repository=\"a/web\"", "image.tag=\"1\"", "image.digest=\"sha256:cc\""}},
    };
    const swb_driver *exec = swb_driver_find("exec");
    kubernetes_options options = defaults();
    assert_string_equal(swb__kubernetes_chart(exec), "workload");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        swb_option_value *given = calloc(exec->option_count, sizeof *given);
        const kubernetes_group_values group = {.run = "swb-a",
                                               .group = "swb-a-1",
                                               .role = "service",
                                               .nodes = 1,
                                               .driver = exec,
                                               .options = given};
        assert_null(swb__kubernetes_image(exec, given));
        for (size_t j = 0; j < exec->option_count; j++) {
            if (strcmp(exec->options[j].name, "image") == 0) {
                given[j].string = cases[i].image;
            }
        }
        char **values = swb__kubernetes_values(&options, &group);
        assert_non_null(values);
        assert_true(has(values, "launch=\"runner\""));
        for (size_t j = 0; j < 3 && cases[i].wanted[j] != NULL; j++) {
            if (!has(values, cases[i].wanted[j])) {
                fail_msg("%s: no %s", cases[i].image, cases[i].wanted[j]);
            }
        }
        swb__list_free(values);
        free(given);
    }
}

static void malformed_lists_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"deluge", "deluge=md5:1", "=sha256:a", "a=sha256:1,,"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        swb_error error = SWB_ERROR_INIT;
        kubernetes_options options = defaults();
        options.image_digests = bad[i];
        assert_int_equal(swb__kubernetes_options_check(&options, &error), SWB_EINPUT);
        assert_non_null(strstr(error.message, "deploy.image_digests: '"));
    }
    kubernetes_options options = defaults();
    options.node_selector = "a=";
    assert_int_equal(swb__kubernetes_options_check(&options, NULL), SWB_EINPUT);
    options.node_selector = "a=b";
    assert_int_equal(swb__kubernetes_options_check(&options, NULL), SWB_OK);
}

static void pods_are_reached_as_the_place_of_the_runner_allows(void **state)
{
    (void)state;
    kubernetes_options options = defaults();
    swb__kube_config inside = {.in_cluster = true};
    swb__kube_config outside = {.in_cluster = false};
    assert_false(swb__kubernetes_proxies(&options, &inside));
    assert_true(swb__kubernetes_proxies(&options, &outside));
    options.reach = REACH_DIRECT;
    assert_false(swb__kubernetes_proxies(&options, &outside));
    options.reach = REACH_PROXY;
    assert_true(swb__kubernetes_proxies(&options, &inside));
}

static void charts_are_found_in_their_folder(void **state)
{
    (void)state;
    char path[4096];
    kubernetes_options options = defaults();
    options.charts = "charts";
    assert_true(swb__kubernetes_chart_path(path, sizeof path, &options, &tracker));
    assert_string_equal(path, "charts/helm/tracker");
    options.charts = "charts/helm";
    assert_true(swb__kubernetes_chart_path(path, sizeof path, &options, &deluge));
    assert_string_equal(path, "charts/helm/deluge");
    options.charts = "nowhere";
    assert_false(swb__kubernetes_chart_path(path, sizeof path, &options, &deluge));
}

static void a_users_own_overlay_wins_for_a_role_and_for_a_driver(void **state)
{
    (void)state;
    char path[4096];
    kubernetes_options options = defaults();
    options.charts = "charts";
    assert_true(swb__kubernetes_overlay_path(path, sizeof path, &options, &tracker, "service"));
    assert_string_equal(path, "charts/kustomize/base/tracker");
    options.overlays = "deluge=charts/kustomize/base/deluge,deluge-seeder=nowhere";
    assert_true(swb__kubernetes_overlay_path(path, sizeof path, &options, &deluge, "leecher"));
    assert_string_equal(path, "charts/kustomize/base/deluge");
    assert_false(swb__kubernetes_overlay_path(path, sizeof path, &options, &deluge, "seeder"));
    assert_string_equal(path, "nowhere");
}

/* The words of the overlay that is written for `options`. */
static char *written(const kubernetes_options *options)
{
    char directory[] = "/tmp/swb-overlay-XXXXXX";
    char path[64];
    char *text = NULL;
    size_t length = 0;
    const kubernetes_group_values group = {.run = "swb-a",
                                           .group = "swb-a-1",
                                           .role = "leecher",
                                           .token_secret = "swb-a-token",
                                           .nodes = 3,
                                           .data_bytes = 100,
                                           .driver = &deluge};
    assert_non_null(mkdtemp(directory));
    assert_int_equal(swb__kubernetes_overlay_write(directory, "charts/kustomize/base/deluge",
                                                   options, &group, NULL),
                     SWB_OK);
    snprintf(path, sizeof path, "%s/kustomization.yaml", directory);
    assert_int_equal(swb__read_file(&text, &length, path, 1u << 20, NULL), SWB_OK);
    assert_int_equal(swb__remove_tree(directory, NULL), SWB_OK);
    return text;
}

static void options_become_an_overlay(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "\"namePrefix\":\t\"swb-a-1-\"",
        "/charts/kustomize/base/deluge\"",
        "\"swarmbench.dev/role\":\t\"leecher\"",
        "\"newName\":\t\"r.example/x/deluge\"",
        "\"newTag\":\t\"7\"",
        "\"digest\":\t\"sha256:aa\"",
        "\\\"replicas\\\":3",
        "\\\"secretName\\\":\\\"swb-a-token\\\"",
        "\\\"nodeSelector\\\":{\\\"disk\\\":\\\"ssd\\\",\\\"zone\\\":\\\"a=b\\\"}",
        "\\\"sizeLimit\\\":\\\"1073742024\\\"",
    };
    kubernetes_options options = defaults();
    options.image_prefix = "r.example/x/";
    options.image_tag = "7";
    options.image_digests = "agent=sha256:aa";
    options.node_selector = "disk=ssd,zone=a=b";
    char *text = written(&options);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (strstr(text, wanted[i]) == NULL) {
            fail_msg("no %s in %s", wanted[i], text);
        }
    }
    free(text);
    options.overlays = "deluge=charts/kustomize/base/deluge";
    text = written(&options);
    assert_null(strstr(text, "sizeLimit")); /* the user's own overlay says that */
    free(text);
}

static void what_only_charts_can_do_is_refused_of_overlays(void **state)
{
    (void)state;
    swb_error error = SWB_ERROR_INIT;
    kubernetes_options options = defaults();
    options.overlays = "deluge=x";
    assert_int_equal(swb__kubernetes_options_check(&options, NULL), SWB_EINPUT);
    options.kustomizes = true;
    assert_int_equal(swb__kubernetes_options_check(&options, NULL), SWB_OK);
    options.storage_class = "fast";
    assert_int_equal(swb__kubernetes_options_check(&options, &error), SWB_EINPUT);
    assert_non_null(strstr(error.message, "deploy.storage_class is for charts"));
    options.storage_class = NULL;
    options.anti_affinity = "required";
    assert_int_equal(swb__kubernetes_options_check(&options, NULL), SWB_EINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_become_values_of_a_chart),
        cmocka_unit_test(what_no_option_says_is_left_to_the_chart),
        cmocka_unit_test(runner_that_was_brought_to_a_cluster_forgets_where_it_came_from),
        cmocka_unit_test(program_of_anybodys_runs_in_the_image_that_is_named),
        cmocka_unit_test(malformed_lists_are_refused),
        cmocka_unit_test(pods_are_reached_as_the_place_of_the_runner_allows),
        cmocka_unit_test(charts_are_found_in_their_folder),
        cmocka_unit_test(a_users_own_overlay_wins_for_a_role_and_for_a_driver),
        cmocka_unit_test(options_become_an_overlay),
        cmocka_unit_test(what_only_charts_can_do_is_refused_of_overlays),
    };
    return cmocka_run_group_tests_name("kubernetes_options", tests, NULL, NULL);
}
