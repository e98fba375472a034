/*
 * kube/ against a real API server, for test_api_server.py: that of the kubeconfig file that
 * SWB_TEST_KUBECONFIG names, whose user may make and delete namespaces. Each test has one of its
 * own.
 */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube/client.h"
#include "kube/manifest.h"
#include "kube/watch.h"
#include "support/loop_until.h"

typedef struct bench {
    swb_loop *loop;
    swb__kube_config config;
    swb__kube_client *client;
    char name_space[64];
} bench;

struct told {
    bool done;
    int status;
    swb__kube_failure failure;
    int http_status;
    cJSON *object;
    char message[1024];
};

static void on_done(void *argument, const swb__kube_outcome *outcome)
{
    struct told *told = argument;
    told->done = true;
    told->status = outcome->status;
    told->failure = outcome->failure;
    told->http_status = outcome->http_status;
    told->object = cJSON_Duplicate(outcome->object, 1);
    snprintf(told->message, sizeof told->message, "%s", outcome->error->message);
}

static swb__kube_resource known(const char *api_version, const char *kind)
{
    swb__kube_resource out;
    assert_true(swb__kube_resource_known(&out, api_version, kind));
    return out;
}

/* Sends what was built and waits; `object` is the caller's. */
static struct told reply_to(bench *at, int built, swb__kube_request *request)
{
    struct told told = {0};
    assert_int_equal(built, SWB_OK);
    assert_int_equal(swb__kube_client_call(NULL, at->client, request, NULL, on_done, &told, NULL),
                     SWB_OK);
    assert_true(loop_until(at->loop, &told.done, 40000));
    return told;
}

static int sent(bench *at, int built, swb__kube_request *request)
{
    struct told told = reply_to(at, built, request);
    cJSON_Delete(told.object);
    return told.status;
}

static struct told apply(bench *at, const char *manager, bool force, const char *text)
{
    swb__kube_object *objects = NULL;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    size_t count = 0;
    assert_int_equal(swb__kube_manifest(&objects, &count, "test", text, strlen(text), NULL),
                     SWB_OK);
    assert_int_equal(count, 1);
    swb__kube_resource resource = known(objects[0].api_version, objects[0].kind);
    const swb__kube_target target = {&resource, at->name_space, objects[0].name};
    int built = swb__kube_apply(&request, &target, manager, force, objects[0].text,
                                objects[0].length, NULL);
    struct told told = reply_to(at, built, &request);
    free(objects);
    return told;
}

static int make_namespace(void **state)
{
    bench *at = calloc(1, sizeof *at);
    const swb__kube_places places = {.kubeconfig = getenv("SWB_TEST_KUBECONFIG")};
    char text[256];
    swb_error error = SWB_ERROR_INIT;
    *state = at;
    if (swb__kube_config_load(&at->config, &places, &error) != SWB_OK ||
        swb__loop_create(&at->loop, &error) != SWB_OK ||
        swb__kube_client_create(&at->client, at->loop, &at->config, &error) != SWB_OK) {
        fprintf(stderr, "%s\n", error.message);
        return -1;
    }
    snprintf(at->name_space, sizeof at->name_space, "swb-test-%llx",
             (unsigned long long)swb__wall_ns());
    snprintf(text, sizeof text,
             "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {swb-test: live}}\n",
             at->name_space);
    struct told told = apply(at, "swb-test", false, text);
    cJSON_Delete(told.object);
    fprintf(stderr, "%s", told.message);
    return told.status == SWB_OK ? 0 : -1;
}

static int drop_namespace(void **state)
{
    bench *at = *state;
    swb__kube_resource resource = known("v1", "Namespace");
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target target = {&resource, NULL, at->name_space};
    sent(at, swb__kube_delete(&request, &target, SWB__KUBE_BACKGROUND, -1, NULL), &request);
    swb__kube_client_destroy(at->client);
    swb__loop_destroy(at->loop);
    swb__kube_config_finish(&at->config);
    free(at);
    return 0;
}

#define MAP(name, value)                                                                           \
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " name                                    \
    "\n  labels: {app: t}\ndata: {a: \"" value "\"}\n"

static void apply_makes_and_changes_and_meets_conflicts(void **state)
{
    struct told told = apply(*state, "one", false, MAP("a", "1"));
    assert_int_equal(told.status, SWB_OK);
    assert_int_equal(told.http_status, 201);
    assert_string_equal(swb__kube_text(told.object, "metadata.name"), "a");
    cJSON_Delete(told.object);
    told = apply(*state, "one", false, MAP("a", "2"));
    assert_int_equal(told.http_status, 200);
    cJSON_Delete(told.object);
    told = apply(*state, "two", false, MAP("a", "3"));
    assert_int_equal(told.status, SWB_EBUSY);
    assert_int_equal(told.failure, SWB__KUBE_CONFLICT);
    assert_non_null(strstr(told.message, "conflict with \"one\": .data.a"));
    told = apply(*state, "two", true, MAP("a", "3"));
    assert_int_equal(told.status, SWB_OK);
    assert_string_equal(swb__kube_text(told.object, "data.a"), "3");
    cJSON_Delete(told.object);
}

static void wrong_documents_are_refused_in_words(void **state)
{
    struct told told = apply(
        *state, "one", false,
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 99999}]}\n");
    assert_int_equal(told.status, SWB_EINPUT);
    assert_non_null(strstr(told.message, "spec.ports[0].port"));
    assert_int_equal(told.http_status, 422);
}

static void access_is_reviewed(void **state)
{
    bench *at = *state;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    struct told told = reply_to(
        at, swb__kube_access(&request, at->name_space, "apps", "statefulsets", "patch", NULL),
        &request);
    assert_int_equal(told.status, SWB_OK);
    assert_true(cJSON_IsTrue(swb__kube_member(told.object, "status.allowed")));
    cJSON_Delete(told.object);
}

static void kinds_are_discovered(void **state)
{
    bench *at = *state;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    request.method = "GET";
    request.verb = "get";
    assert_int_equal(swb__kube_discovery_path(&request.path, "apps/v1", NULL), SWB_OK);
    struct told told = reply_to(at, SWB_OK, &request);
    char *text = cJSON_PrintUnformatted(told.object);
    swb__kube_resource found;
    assert_int_equal(
        swb__kube_resource_discovered(&found, "apps/v1", "Deployment", text, strlen(text), NULL),
        SWB_OK);
    assert_string_equal(found.plural, "deployments");
    free(text);
    cJSON_Delete(told.object);
}

struct seen {
    bool listed;
    int added;
    int deleted;
    bool all_gone;
};

static void on_listing(void *argument)
{
    (void)argument;
}

static void on_change(void *argument, swb__kube_change change, const cJSON *object)
{
    struct seen *seen = argument;
    assert_true(*swb__kube_text(object, "metadata.uid") != '\0');
    seen->added += change == SWB__KUBE_ADDED;
    seen->deleted += change == SWB__KUBE_DELETED;
    seen->all_gone = seen->deleted == 7;
}

static void on_listed(void *argument)
{
    struct seen *seen = argument;
    seen->listed = true;
}

static void on_failed(void *argument, int status, const swb_error *error)
{
    (void)argument;
    fail_msg("watch: %d %s", status, error->message);
}

static void watch_tells_what_is_made_and_deleted(void **state)
{
    bench *at = *state;
    struct seen seen = {0};
    swb__kube_resource map = known("v1", "ConfigMap");
    swb__kube_watch *watch = NULL;
    const swb__kube_watch_options options = {
        .resource = &map, .name_space = at->name_space, .selector = "app=t", .page = 2};
    const swb__kube_watch_events events = {on_listing, on_change, on_listed, on_failed, &seen};
    char text[256];
    for (int i = 0; i < 7; i++) {
        snprintf(text, sizeof text,
                 "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: w%d, labels: {app: t}}\n", i);
        struct told told = apply(at, "one", false, text);
        assert_int_equal(told.status, SWB_OK);
        cJSON_Delete(told.object);
        if (i == 4) {
            assert_int_equal(swb__kube_watch_start(&watch, at->client, &options, &events, NULL),
                             SWB_OK);
            assert_true(loop_until(at->loop, &seen.listed, 10000));
            assert_int_equal(seen.added, 5);
        }
    }
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    const swb__kube_target all = {&map, at->name_space, NULL};
    assert_int_equal(sent(at,
                          swb__kube_delete_all(&request, &all, "app=t", SWB__KUBE_BACKGROUND, NULL),
                          &request),
                     SWB_OK);
    assert_true(loop_until(at->loop, &seen.all_gone, 20000));
    assert_int_equal(seen.added, 7);
    swb__kube_watch_stop(watch);
}

static void wrong_token_is_told(void **state)
{
    bench *at = *state;
    swb__kube_config config = at->config;
    swb__kube_client *right = at->client;
    char token[] = "nonsense";
    config.certificate = config.key = config.token_file = NULL;
    config.exec = (swb__kube_exec){0};
    config.token = token;
    assert_int_equal(swb__kube_client_create(&at->client, at->loop, &config, NULL), SWB_OK);
    struct told told = apply(at, "one", false, MAP("b", "1"));
    assert_int_equal(told.status, SWB_EAUTH);
    assert_int_equal(told.failure, SWB__KUBE_UNAUTHORIZED);
    swb__kube_client_destroy(at->client);
    at->client = right;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_namespace, drop_namespace)
    const struct CMUnitTest tests[] = {
        TEST(apply_makes_and_changes_and_meets_conflicts),
        TEST(wrong_documents_are_refused_in_words),
        TEST(access_is_reviewed),
        TEST(kinds_are_discovered),
        TEST(watch_tells_what_is_made_and_deleted),
        TEST(wrong_token_is_told),
    };
    if (getenv("SWB_TEST_KUBECONFIG") == NULL) {
        printf("SKIP: SWB_TEST_KUBECONFIG names no kubeconfig of a cluster for tests\n");
        return 77;
    }
    return cmocka_run_group_tests_name("client_live", tests, NULL, NULL);
}
