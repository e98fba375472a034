/* kube/: requests as bytes, replies as recorded from an API server 1.34.9, and hostile ones. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "kube/base64.h"
#include "kube/credentials.h"
#include "kube/manifest.h"
#include "kube/reply.h"
#include "kube/request.h"
#include "kube/timestamp.h"

static swb__kube_resource known(const char *api_version, const char *kind)
{
    swb__kube_resource out;
    assert_true(swb__kube_resource_known(&out, api_version, kind));
    return out;
}

static char *recorded(const char *name, size_t *length)
{
    char path[256];
    char *text = NULL;
    snprintf(path, sizeof path, "tests/unit/kube/recorded/%s.json", name);
    assert_int_equal(swb__read_file(&text, length, path, 1u << 20, NULL), SWB_OK);
    return text;
}

/* --- requests --- */

static void paths_are_as_the_api_has_them(void **state)
{
    (void)state;
    swb__kube_resource pod = known("v1", "Pod");
    swb__kube_resource set = known("apps/v1", "StatefulSet");
    swb__kube_resource node = known("v1", "Node");
    swb__buffer path = SWB__BUFFER_INIT(1024);
    assert_int_equal(swb__kube_path(&path, &pod, "ns", "a-0", NULL), SWB_OK);
    assert_string_equal(path.data, "/api/v1/namespaces/ns/pods/a-0");
    swb__buffer_clear(&path);
    assert_int_equal(swb__kube_path(&path, &set, NULL, NULL, NULL), SWB_OK);
    assert_string_equal(path.data, "/apis/apps/v1/statefulsets");
    swb__buffer_clear(&path);
    assert_int_equal(swb__kube_path(&path, &node, "ns", "n", NULL), SWB_OK);
    assert_string_equal(path.data, "/api/v1/nodes/n");
    swb__buffer_clear(&path);
    assert_int_equal(swb__kube_proxy_path(&path, "ns", "a-0", 9191, NULL), SWB_OK);
    assert_string_equal(path.data, "/api/v1/namespaces/ns/pods/a-0:9191/proxy");
    swb__buffer_finish(&path);
}

static void names_cannot_lead_out_of_a_path(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    ".",     "..",  "a/b",     "a?b",
                                      "a b", "a%2fb", "a#b", "\xc3\xa4"};
    swb__kube_resource pod = known("v1", "Pod");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        swb__buffer path = SWB__BUFFER_INIT(1024);
        assert_int_equal(swb__kube_path(&path, &pod, "ns", bad[i], NULL), SWB_EINVAL);
        assert_int_equal(swb__kube_path(&path, &pod, bad[i], "a", NULL), SWB_EINVAL);
        swb__buffer_finish(&path);
    }
}

static void requests_are_built_whole(void **state)
{
    (void)state;
    swb__kube_resource set = known("apps/v1", "StatefulSet");
    const swb__kube_target one = {&set, "ns", "s"};
    const swb__kube_target all = {&set, "ns", NULL};
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    assert_int_equal(swb__kube_apply(&request, &one, "swarmbench", true, "a: b\n", 5, NULL),
                     SWB_OK);
    assert_string_equal(request.method, "PATCH");
    assert_string_equal(request.body_type, "application/apply-patch+yaml");
    assert_string_equal(
        request.path.data,
        "/apis/apps/v1/namespaces/ns/statefulsets/s?fieldManager=swarmbench&force=true");
    assert_string_equal(request.body.data, "a: b\n");
    assert_string_equal(request.what, "statefulset s in namespace ns");
    swb__kube_request_finish(&request);
    assert_int_equal(swb__kube_list(&request, &all, "a/b=c,d", 2, "x+y", NULL), SWB_OK);
    assert_string_equal(request.path.data, "/apis/apps/v1/namespaces/ns/statefulsets?"
                                           "labelSelector=a%2Fb%3Dc%2Cd&limit=2&continue=x%2By");
    swb__kube_request_finish(&request);
    assert_int_equal(swb__kube_watch_from(&request, &all, NULL, "7", 60, NULL), SWB_OK);
    assert_string_equal(request.path.data,
                        "/apis/apps/v1/namespaces/ns/statefulsets?watch=true&"
                        "allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=60");
    swb__kube_request_finish(&request);
    assert_int_equal(swb__kube_delete(&request, &one, SWB__KUBE_FOREGROUND, 0, NULL), SWB_OK);
    assert_string_equal(request.body.data,
                        "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"propagationPolicy\":"
                        "\"Foreground\",\"gracePeriodSeconds\":0}");
    swb__kube_request_finish(&request);
    assert_int_equal(swb__kube_log(&request, "ns", "p-0", "node", 5, 100, true, NULL), SWB_OK);
    assert_string_equal(request.path.data, "/api/v1/namespaces/ns/pods/p-0/log?container=node&"
                                           "tailLines=5&limitBytes=100&previous=true");
    swb__kube_request_finish(&request);
    assert_int_equal(swb__kube_access(&request, "ns", "", "pods/log", "get", NULL), SWB_OK);
    assert_string_equal(request.path.data,
                        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
    assert_non_null(strstr(request.body.data, "\"subresource\":\"log\""));
    assert_non_null(strstr(request.body.data, "\"resource\":\"pods\""));
    swb__kube_request_finish(&request);
}

static void deleting_together_wants_a_selector(void **state)
{
    (void)state;
    swb__kube_resource pod = known("v1", "Pod");
    const swb__kube_target here = {&pod, "ns", NULL};
    const swb__kube_target everywhere = {&pod, NULL, NULL};
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    assert_int_equal(swb__kube_delete_all(&request, &here, "", SWB__KUBE_BACKGROUND, NULL),
                     SWB_EINVAL);
    assert_int_equal(swb__kube_delete_all(&request, &everywhere, "a=b", SWB__KUBE_BACKGROUND, NULL),
                     SWB_EINVAL);
    assert_int_equal(swb__kube_delete_all(&request, &here, "a=b", SWB__KUBE_FOREGROUND, NULL),
                     SWB_OK);
    assert_string_equal(request.method, "DELETE");
    assert_string_equal(request.path.data, "/api/v1/namespaces/ns/pods?labelSelector=a%3Db");
    swb__kube_request_finish(&request);
}

/* --- replies --- */

struct judged {
    const char *name;
    int http_status;
    swb__kube_failure failure;
    int status;
    const char *says;
};

static const struct judged judgements[] = {
    {"unauthorized", 401, SWB__KUBE_UNAUTHORIZED, SWB_EAUTH, "wrong or expired token"},
    {"forbidden", 403, SWB__KUBE_FORBIDDEN, SWB_EAUTH,
     "permission is missing: limited may not 'list' 'pods' in namespace bench"},
    {"quota", 403, SWB__KUBE_QUOTA, SWB_ENOSPACE,
     "quota is used up: configmaps \"five\" is forbidden: exceeded quota: q, requested: "
     "count/configmaps=1"},
    {"not-found", 404, SWB__KUBE_NOT_FOUND, SWB_ENOENT, "pods \"missing\" not found"},
    {"already-exists", 409, SWB__KUBE_EXISTS, SWB_EEXIST, "exists already"},
    {"conflict-apply", 409, SWB__KUBE_CONFLICT, SWB_EBUSY, "conflict with \"swarmbench\": .data.a"},
    {"continue-expired", 410, SWB__KUBE_EXPIRED, SWB_ETRUNCATED, "too old by now"},
    {"invalid-no-manager", 422, SWB__KUBE_INVALID, SWB_EINPUT,
     "fieldManager: Required value: is required for apply patch"},
    {"continue-bad", 400, SWB__KUBE_INVALID, SWB_EINPUT, "invalid continue token"},
    {"typed-patch", 500, SWB__KUBE_REFUSED, SWB_EREMOTE, ".data.a: expected string"},
};

static void refusals_become_one_clear_line(void **state)
{
    (void)state;
    const swb__kube_request request = {.verb = "list",
                                       .what = "pods in namespace bench",
                                       .resource = "pods",
                                       .name_space = "bench"};
    for (size_t i = 0; i < sizeof judgements / sizeof judgements[0]; i++) {
        const struct judged *at = &judgements[i];
        swb_error error = SWB_ERROR_INIT;
        size_t length = 0;
        char *body = recorded(at->name, &length);
        swb__kube_failure failure =
            swb__kube_judge(&request, at->http_status, body, length, 0, &error);
        if (failure != at->failure || error.status != at->status ||
            strstr(error.message, at->says) == NULL || strchr(error.message, '\n') != NULL ||
            strncmp(error.message, "pods in namespace bench: ", 25) != 0) {
            fail_msg("%s: %d, %d, %s", at->name, (int)failure, error.status, error.message);
        }
        free(body);
    }
}

static void what_passes_is_told_from_what_does_not(void **state)
{
    (void)state;
    swb_error error = SWB_ERROR_INIT;
    const swb__kube_request request = {.what = "pods"};
    assert_int_equal(swb__kube_judge(&request, 429, "slow\ndown", 9, 3, &error),
                     SWB__KUBE_THROTTLED);
    assert_string_equal(error.message, "pods: the API server has too many requests, again in 3 s: "
                                       "slow down");
    assert_true(swb__kube_is_passing(SWB__KUBE_THROTTLED));
    assert_int_equal(swb__kube_judge(&request, 503, "", 0, 0, &error), SWB__KUBE_UNAVAILABLE);
    assert_int_equal(swb__kube_judge(&request, 500, "", 0, 1, &error), SWB__KUBE_UNAVAILABLE);
    assert_int_equal(swb__kube_judge(&request, 302, "<html>", 6, 0, &error), SWB__KUBE_REFUSED);
    assert_string_equal(error.message, "pods: HTTP status 302 of the API server: <html>");
    assert_false(swb__kube_is_passing(SWB__KUBE_REFUSED));
    assert_int_equal(swb__kube_judge(&request, 200, "", 0, 0, NULL), SWB__KUBE_FINE);
}

static void discovery_finds_a_kind_and_not_its_parts(void **state)
{
    (void)state;
    swb_error error = SWB_ERROR_INIT;
    size_t length = 0;
    swb__kube_resource out;
    char *body = recorded("discovery-apps", &length);
    assert_int_equal(
        swb__kube_resource_discovered(&out, "apps/v1", "StatefulSet", body, length, NULL), SWB_OK);
    assert_string_equal(out.plural, "statefulsets");
    assert_true(out.namespaced);
    assert_int_equal(
        swb__kube_resource_discovered(&out, "apps/v1", "Nothing", body, length, &error),
        SWB_ENOENT);
    assert_string_equal(error.message, "the cluster has no kind 'Nothing' in apps/v1");
    assert_int_equal(swb__kube_resource_discovered(&out, "apps/v1", "Pod", "[]", 2, NULL),
                     SWB_EPROTO);
    free(body);
}

static void reviews_tell_what_is_allowed(void **state)
{
    (void)state;
    static const char *const names[] = {"review-denied", "review-allowed"};
    for (int i = 0; i < 2; i++) {
        size_t length = 0;
        cJSON *review = NULL;
        char *body = recorded(names[i], &length);
        assert_int_equal(swb__kube_parse(&review, "x", body, length, NULL), SWB_OK);
        assert_int_equal(cJSON_IsTrue(swb__kube_member(review, "status.allowed")), i);
        cJSON_Delete(review);
        free(body);
    }
}

/* --- watches --- */

struct seen {
    int count[5];
    char version[64];
    int stop_after;
};

static int on_change(void *argument, swb__kube_change change, const cJSON *object)
{
    struct seen *seen = argument;
    seen->count[change]++;
    snprintf(seen->version, sizeof seen->version, "%s",
             swb__kube_text(object, "metadata.resourceVersion"));
    return seen->stop_after > 0 && --seen->stop_after == 0 ? SWB_ECANCELED : SWB_OK;
}

static void watch_is_read_in_pieces_of_any_size(void **state)
{
    (void)state;
    size_t length = 0;
    char *body = recorded("watch", &length);
    for (size_t piece = 1; piece <= length; piece = piece * 3 + 1) {
        struct seen seen = {{0}, "", 0};
        swb__kube_lines lines;
        swb__kube_lines_init(&lines, SWB__KUBE_LINE_MAX_BYTES);
        for (size_t at = 0; at < length; at += piece) {
            size_t part = length - at < piece ? length - at : piece;
            assert_int_equal(swb__kube_lines_feed(&lines, body + at, part, on_change, &seen, NULL),
                             SWB_OK);
        }
        assert_int_equal(seen.count[SWB__KUBE_MODIFIED], 1);
        assert_int_equal(seen.count[SWB__KUBE_DELETED], 1);
        assert_int_equal(seen.count[SWB__KUBE_BOOKMARK], 2);
        assert_string_equal(seen.version, "266");
        swb__kube_lines_finish(&lines);
    }
    free(body);
}

static int feed(const char *text, size_t limit, struct seen *seen, swb_error *error)
{
    swb__kube_lines lines;
    swb__kube_lines_init(&lines, limit);
    int status = swb__kube_lines_feed(&lines, text, strlen(text), on_change, seen, error);
    swb__kube_lines_finish(&lines);
    return status;
}

static void hostile_watches_are_refused(void **state)
{
    (void)state;
    struct seen seen = {{0}, "", 0};
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(feed("not json\n", 100, &seen, &error), SWB_EPROTO);
    assert_int_equal(feed("{\"type\":\"ADDED\"}\n", 100, &seen, &error), SWB_EPROTO);
    assert_int_equal(feed("{\"type\":\"NEW\",\"object\":{}}\n", 100, &seen, &error), SWB_EPROTO);
    assert_string_equal(error.message, "a watch tells 'NEW' of an object");
    assert_int_equal(feed("{\"type\":\"ADDED\",\"object\":[]}\n", 100, &seen, &error), SWB_EPROTO);
    assert_int_equal(feed("0123456789012345678901234567890", 30, &seen, &error), SWB_EPROTO);
    assert_string_equal(error.message, "a watch has a line of more than 30 bytes");
    assert_int_equal(feed("\n \r\n", 100, &seen, &error), SWB_OK);
    assert_int_equal(seen.count[SWB__KUBE_ADDED], 0);
    seen.stop_after = 1;
    assert_int_equal(
        feed("{\"type\":\"ADDED\",\"object\":{}}\n{\"type\":\"ADDED\",\"object\":{}}\n", 100, &seen,
             &error),
        SWB_ECANCELED);
    assert_int_equal(seen.count[SWB__KUBE_ADDED], 1);
}

static void error_of_a_watch_is_judged(void **state)
{
    (void)state;
    size_t length = 0;
    cJSON *root = NULL;
    swb_error error = SWB_ERROR_INIT;
    const swb__kube_request request = {.what = "pods"};
    char *body = recorded("watch-expired", &length);
    assert_int_equal(swb__kube_parse(&root, "x", body, length, NULL), SWB_OK);
    assert_int_equal(swb__kube_judge_status(&request, swb__kube_member(root, "object"), &error),
                     SWB__KUBE_EXPIRED);
    assert_int_equal(swb__kube_judge_status(&request, NULL, &error), SWB__KUBE_REFUSED);
    cJSON_Delete(root);
    free(body);
}

/* --- manifests --- */

static void documents_are_split_and_kept_as_they_were(void **state)
{
    (void)state;
    static const char text[] = "# Source: x\n"
                               "---\n"
                               "# only a comment\n"
                               "---\n"
                               "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n"
                               "  namespace: n\nspec:\n  note: |\n    ---\n    x\n"
                               "--- # next\n"
                               "{\"apiVersion\": apps/v1, kind: StatefulSet, metadata: {name: b}}\n"
                               "...\n"
                               "---\n";
    swb__kube_object *objects = NULL;
    size_t count = 0;
    assert_int_equal(swb__kube_manifest(&objects, &count, "t", text, strlen(text), NULL), SWB_OK);
    assert_int_equal(count, 2);
    assert_string_equal(objects[0].kind, "Service");
    assert_string_equal(objects[0].name_space, "n");
    assert_int_equal(objects[0].line, 4);
    assert_memory_equal(objects[0].text, "---\napiVersion: v1\n", 19);
    assert_memory_equal(objects[0].text + objects[0].length - 14, "    ---\n    x\n", 14);
    assert_string_equal(objects[1].api_version, "apps/v1");
    assert_string_equal(objects[1].name, "b");
    assert_string_equal(objects[1].name_space, "");
    free(objects);
}

static void wrong_documents_are_told_by_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
        const char *says;
    } cases[] = {
        {"---\nkind: A\n", 2, "t:2:1: an object without 'apiVersion'"},
        {"a: 1\n---\n", 1, "an object without 'apiVersion'"},
        {"---\napiVersion: v1\nkind: A\n", 2, "A without 'metadata'"},
        {"---\napiVersion: v1\nkind: A\nmetadata: {name: a/b}\n", 4, "'a/b' is no name"},
        {"---\napiVersion: v1\nkind: A\nmetadata: {name: [x]}\n", 4, "'name' must be a text"},
        {"---\nx: [\n", 3, "not YAML"},
        {"- a\n", 1, "the document is no mapping"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        swb__kube_object *objects = NULL;
        size_t count = 0;
        swb_error error = SWB_ERROR_INIT;
        int status =
            swb__kube_manifest(&objects, &count, "t", cases[i].text, strlen(cases[i].text), &error);
        if (status != SWB_EINPUT || error.line != cases[i].line ||
            strstr(error.message, cases[i].says) == NULL) {
            fail_msg("case %zu: %d, line %u: %s", i, status, error.line, error.message);
        }
    }
}

/* --- credentials --- */

static void exec_credentials_are_read_and_checked(void **state)
{
    (void)state;
#define V1 "client.authentication.k8s.io/v1"
#define HEAD "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":"
    static const struct {
        const char *text;
        const char *says; /* NULL: fine */
    } cases[] = {
        {HEAD "{\"token\":\"t\",\"expirationTimestamp\":\"2030-01-01T00:00:00Z\"}}", NULL},
        {HEAD "{}}", "neither a token nor a client certificate"},
        {HEAD "{\"clientCertificateData\":\"c\"}}", "alone"},
        {HEAD "{\"token\":\"a\\nb\"}}", "more than one line"},
        {HEAD "{\"token\":\"t\",\"expirationTimestamp\":\"soon\"}}", "'soon' is no time"},
        {"{\"kind\":\"Other\"}", "instead of ExecCredential"},
        {"token", "no JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        swb__exec_credential out;
        swb_error error = SWB_ERROR_INIT;
        int status =
            swb__exec_credential_read(&out, V1, cases[i].text, strlen(cases[i].text), &error);
        if (cases[i].says == NULL) {
            assert_int_equal(status, SWB_OK);
            assert_string_equal(out.token, "t");
            assert_int_equal(out.expires_s, 1893456000);
            swb__exec_credential_finish(&out);
        } else if (status != SWB_EPROTO || strstr(error.message, cases[i].says) == NULL) {
            fail_msg("case %zu: %d, %s", i, status, error.message);
        }
    }
}

static void times_are_read(void **state)
{
    (void)state;
    int64_t s = 0;
    assert_true(swb__timestamp_read(&s, "1970-01-01T00:00:00Z"));
    assert_int_equal(s, 0);
    assert_true(swb__timestamp_read(&s, "2024-02-29T12:00:00.123456Z"));
    assert_int_equal(s, 1709208000);
    assert_true(swb__timestamp_read(&s, "2024-02-29T13:00:00+01:00"));
    assert_int_equal(s, 1709208000);
    static const char *const bad[] = {"",
                                      "2024",
                                      "2024-13-01T00:00:00Z",
                                      "2024-01-01T00:00:00",
                                      "2024-01-01T00:00:00Zx",
                                      "2024-01-01T00:00:00+1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(swb__timestamp_read(&s, bad[i]));
    }
}

static void base64_goes_both_ways(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a", "ab", "abc", "abcd\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *coded = NULL;
        char *plain = NULL;
        size_t length = 9;
        assert_int_equal(swb__base64_encode(&coded, texts[i], strlen(texts[i])), SWB_OK);
        assert_int_equal(swb__base64_decode(&plain, &length, coded), SWB_OK);
        assert_int_equal(length, strlen(texts[i]));
        assert_string_equal(plain, texts[i]);
        free(coded);
        free(plain);
    }
    char *plain = NULL;
    assert_int_equal(swb__base64_decode(&plain, NULL, "abc"), SWB_EINVAL);
    assert_int_equal(swb__base64_decode(&plain, NULL, "ab!="), SWB_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_as_the_api_has_them),
        cmocka_unit_test(names_cannot_lead_out_of_a_path),
        cmocka_unit_test(requests_are_built_whole),
        cmocka_unit_test(deleting_together_wants_a_selector),
        cmocka_unit_test(refusals_become_one_clear_line),
        cmocka_unit_test(what_passes_is_told_from_what_does_not),
        cmocka_unit_test(discovery_finds_a_kind_and_not_its_parts),
        cmocka_unit_test(reviews_tell_what_is_allowed),
        cmocka_unit_test(watch_is_read_in_pieces_of_any_size),
        cmocka_unit_test(hostile_watches_are_refused),
        cmocka_unit_test(error_of_a_watch_is_judged),
        cmocka_unit_test(documents_are_split_and_kept_as_they_were),
        cmocka_unit_test(wrong_documents_are_told_by_their_line),
        cmocka_unit_test(exec_credentials_are_read_and_checked),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(base64_goes_both_ways),
    };
    return cmocka_run_group_tests_name("kube_codec", tests, NULL, NULL);
}
