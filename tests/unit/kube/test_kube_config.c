/* kube/config: kubeconfig files, merged, and a pod's service account. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "kube/config.h"

#define CERT "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
/* CERT in base64. */
#define CERT_DATA "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

static int make_folder(void **state)
{
    char path[] = "/tmp/swb-kube-XXXXXX";
    *state = strdup(mkdtemp(path));
    return *state != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    swb__remove_tree(*state, NULL);
    free(*state);
    return 0;
}

static const char *put(void **state, const char *name, const char *text)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", (const char *)*state, name);
    assert_int_equal(swb__write_file(path, 0600, text, strlen(text), NULL), SWB_OK);
    return path;
}

static int load_file(swb__kube_config *out, const char *path, swb_error *error)
{
    const swb__kube_places places = {.kubeconfig = path};
    return swb__kube_config_load(out, &places, error);
}

#define CLUSTER "clusters: [{name: c, cluster: {server: 'https://1.2.3.4:6443/'}}]\n"
#define CONTEXT "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n"

static void context_is_read_with_its_cluster_and_user(void **state)
{
    swb__kube_config config;
    put(state, "key.pem", "-----BEGIN KEY-----\n");
    const char *path =
        put(state, "config",
            "current-context: a\n"
            "contexts:\n"
            "- {name: a, context: {cluster: one, user: me, namespace: bench}}\n"
            "clusters:\n"
            "- name: one\n"
            "  cluster: {server: 'https://h:1', tls-server-name: name, proxy-url: 'http://p:2',\n"
            "            certificate-authority-data: " CERT_DATA "}\n"
            "users:\n"
            "- name: me\n"
            "  user: {client-certificate-data: " CERT_DATA ", client-key: key.pem, as: other}\n");
    assert_int_equal(load_file(&config, path, NULL), SWB_OK);
    assert_string_equal(config.server, "https://h:1");
    assert_string_equal(config.server_name, "name");
    assert_string_equal(config.proxy, "http://p:2");
    assert_string_equal(config.ca, CERT);
    assert_string_equal(config.certificate, CERT);
    assert_string_equal(config.key, "-----BEGIN KEY-----\n");
    assert_string_equal(config.name_space, "bench");
    assert_string_equal(config.impersonate, "other");
    assert_false(config.insecure);
    assert_false(config.in_cluster);
    swb__kube_config_finish(&config);
}

static void files_are_merged_and_the_first_counts(void **state)
{
    char list[600];
    swb__kube_config config;
    put(state, "one",
        "current-context: x\nclusters: [{name: c, cluster: {server: 'https://a'}}]\n");
    put(state, "two",
        CLUSTER CONTEXT "users: [{name: u, user: {tokenFile: t}}]\n"
                        "current-context: other\n");
    snprintf(list, sizeof list, "%s/missing:%s/one::%s/two", (char *)*state, (char *)*state,
             (char *)*state);
    const swb__kube_places places = {.variable = list};
    assert_int_equal(swb__kube_config_load(&config, &places, NULL), SWB_OK);
    assert_string_equal(config.server, "https://a");
    assert_string_equal(config.name_space, "default");
    snprintf(list, sizeof list, "%s/t", (char *)*state);
    assert_string_equal(config.token_file, list);
    swb__kube_config_finish(&config);
}

static void options_win_over_the_file(void **state)
{
    swb__kube_config config;
    const char *path = put(state, "config",
                           CLUSTER "current-context: x\n"
                                   "contexts: [{name: x, context: {cluster: c, namespace: n}},"
                                   " {name: y, context: {cluster: c, namespace: n}}]\n");
    const swb__kube_places places = {.kubeconfig = path, .context = "y", .name_space = "mine"};
    assert_int_equal(swb__kube_config_load(&config, &places, NULL), SWB_OK);
    assert_string_equal(config.name_space, "mine");
    assert_string_equal(config.server, "https://1.2.3.4:6443");
    assert_null(config.user);
    swb__kube_config_finish(&config);
}

static void exec_is_read_whole(void **state)
{
    char whole[300];
    swb__kube_config config;
    const char *path =
        put(state, "config",
            CLUSTER CONTEXT "users:\n- name: u\n  user:\n    exec:\n"
                            "      apiVersion: client.authentication.k8s.io/v1beta1\n"
                            "      command: ./bin/get\n      args: [a, 'b c']\n"
                            "      env: [{name: A, value: '1'}, {name: B, value: ''}]\n"
                            "      installHint: get it\n      provideClusterInfo: true\n");
    assert_int_equal(load_file(&config, path, NULL), SWB_OK);
    snprintf(whole, sizeof whole, "%s/./bin/get", (char *)*state);
    assert_string_equal(config.exec.argv[0], whole);
    assert_string_equal(config.exec.argv[2], "b c");
    assert_null(config.exec.argv[3]);
    assert_string_equal(config.exec.environment[0], "A=1");
    assert_string_equal(config.exec.environment[1], "B=");
    assert_null(config.exec.environment[2]);
    assert_true(config.exec.cluster_info);
    assert_string_equal(config.exec.install_hint, "get it");
    swb__kube_config_finish(&config);
}

static void service_account_is_used_in_a_pod(void **state)
{
    char expected[300];
    swb__kube_config config;
    put(state, "token", "secret\n");
    put(state, "ca.crt", CERT);
    put(state, "namespace", "where\n");
    const swb__kube_places places = {.variable = "/nowhere",
                                     .service_host = "fd00::1",
                                     .service_port = "443",
                                     .service_account = *state};
    assert_int_equal(swb__kube_config_load(&config, &places, NULL), SWB_OK);
    assert_true(config.in_cluster);
    assert_string_equal(config.server, "https://[fd00::1]:443");
    assert_string_equal(config.name_space, "where");
    snprintf(expected, sizeof expected, "%s/token", (char *)*state);
    assert_string_equal(config.token_file, expected);
    swb__kube_config_finish(&config);
}

static void nothing_at_all_is_told(void **state)
{
    swb_error error = SWB_ERROR_INIT;
    swb__kube_config config;
    const swb__kube_places places = {.variable = "/nowhere", .service_account = *state};
    assert_int_equal(swb__kube_config_load(&config, &places, &error), SWB_ENOENT);
    assert_non_null(strstr(error.message, "no cluster is configured"));
}

struct refusal {
    const char *text;
    int status;
    unsigned line;
    const char *says;
};

static const struct refusal refusals[] = {
    {"[]", SWB_EINPUT, 1, "the document is no mapping"},
    {"a: [", SWB_EINPUT, 2, "not YAML"},
    {"clusters: []\n", SWB_EINPUT, 1, "no current-context"},
    {"current-context: z\n", SWB_EINPUT, 1, "there is no context 'z'"},
    {CONTEXT, SWB_EINPUT, 1, "names cluster 'c', which no file has"},
    {CONTEXT "clusters: {}\n", SWB_EINPUT, 3, "'clusters' must be a list"},
    {CONTEXT "clusters:\n- name: c\n", SWB_EINPUT, 4, "has no mapping 'cluster'"},
    {CONTEXT "clusters:\n- name: c\n  cluster: {server: tcp://x}\n", SWB_EINPUT, 5,
     "'server' is 'tcp://x' instead of https://HOST:PORT"},
    {CLUSTER CONTEXT, SWB_EINPUT, 2, "names user 'u', which no file has"},
    {CONTEXT "clusters:\n- name: c\n  cluster:\n    server: https://x\n"
             "    insecure-skip-tls-verify: yes\n",
     SWB_EINPUT, 7, "'insecure-skip-tls-verify' is 'yes' instead of true or false"},
    {CONTEXT "clusters:\n- name: c\n  cluster:\n    server: https://x\n"
             "    certificate-authority-data: '%%%'\n",
     SWB_EINPUT, 7, "'certificate-authority-data' is not base64"},
    {CONTEXT "clusters:\n- name: c\n  cluster:\n    server: https://x\n"
             "    certificate-authority: missing.pem\n",
     SWB_EINPUT, 7, "missing.pem"},
    {CLUSTER CONTEXT "users:\n- name: u\n  user: {client-certificate-data: " CERT_DATA "}\n",
     SWB_EINPUT, 6, "has a client certificate without its key"},
    {CLUSTER CONTEXT "users:\n- name: u\n  user:\n    auth-provider: {name: gcp}\n",
     SWB_EUNSUPPORTED, 7, "'auth-provider' is not supported"},
    {CLUSTER CONTEXT "users:\n- name: u\n  user: {exec: {apiVersion: v9, command: x}}\n",
     SWB_EINPUT, 6, "'apiVersion' of exec is 'v9'"},
    {CLUSTER CONTEXT
     "users:\n- name: u\n  user: {exec: {apiVersion: client.authentication.k8s.io/v1}}\n",
     SWB_EINPUT, 6, "exec names no 'command'"},
    {CLUSTER CONTEXT "users:\n- name: u\n  user: {token: [1]}\n", SWB_EINPUT, 6,
     "'token' must be a text"},
};

static void what_is_wrong_is_told_with_its_place(void **state)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        swb_error error = SWB_ERROR_INIT;
        swb__kube_config config;
        const char *path = put(state, "config", refusals[i].text);
        int status = load_file(&config, path, &error);
        if (status != refusals[i].status || error.line != refusals[i].line ||
            strstr(error.message, refusals[i].says) == NULL) {
            fail_msg("case %zu: %d, line %u, %s", i, status, error.line, error.message);
        }
        assert_string_equal(error.file, path);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(context_is_read_with_its_cluster_and_user),
        TEST(files_are_merged_and_the_first_counts),
        TEST(options_win_over_the_file),
        TEST(exec_is_read_whole),
        TEST(service_account_is_used_in_a_pod),
        TEST(nothing_at_all_is_told),
        TEST(what_is_wrong_is_told_with_its_place),
    };
    unsetenv("KUBERNETES_SERVICE_HOST");
    return cmocka_run_group_tests_name("kube_config", tests, NULL, NULL);
}
