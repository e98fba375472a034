/* Removing the release: everything that carries the experiment's label, and nothing else. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "remote/state.h"

#define AGAIN_NS (300 * SWB__NS_PER_MS)

/* The Job first, so that it makes no pod any more; what grants the runner its rights last. In
 * between, too, what its nodes may have left. */
static const struct {
    const char *api_version;
    const char *kind;
} kinds[] = {
    {"batch/v1", "Job"},
    {"apps/v1", "Deployment"},
    {"apps/v1", "StatefulSet"},
    {"v1", "Pod"},
    {"v1", "Service"},
    {"networking.k8s.io/v1", "NetworkPolicy"},
    {"v1", "ConfigMap"},
    {"v1", "Secret"},
    {"v1", "PersistentVolumeClaim"},
    {"rbac.authorization.k8s.io/v1", "RoleBinding"},
    {"rbac.authorization.k8s.io/v1", "Role"},
    {"v1", "ServiceAccount"},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

bool swb__remote_removed_kind(swb__kube_resource *out, size_t index)
{
    return index < KINDS &&
           swb__kube_resource_known(out, kinds[index].api_version, kinds[index].kind);
}

static void remove_next(swb__remote *remote);

static bool is_passing(int status)
{
    return status == SWB_ECONNECT || status == SWB_ETIMEDOUT || status == SWB_ETRUNCATED ||
           status == SWB_EREMOTE || status == SWB_EBUSY;
}

static void give_up(swb__remote *remote, int status, const char *why)
{
    remote->keeps = true;
    if (remote->status == SWB_OK) {
        remote->status = status;
        snprintf(remote->why, sizeof remote->why, "the release cannot be removed: %.400s", why);
    } else {
        swb__remote_tell(remote, SWB_EVENT_WARNING, status, "the release cannot be removed: %.400s",
                         why);
    }
    swb__remote_end(remote);
}

/* Goes on with the next kind; from the begin once the last one was asked for. */
static void go_on(swb__remote *remote)
{
    if (++remote->kind < KINDS) {
        remove_next(remote);
        return;
    }
    bool gone = remote->looking && !remote->some_left;
    remote->kind = 0;
    remote->looking = true;
    remote->some_left = false;
    if (gone) {
        swb__remote_end(remote);
    } else if (swb__clock_ns() > remote->give_up_ns) {
        give_up(remote, SWB_ETIMEDOUT, "some of it is still there after deploy.close_timeout");
    } else {
        swb__remote_later(remote, AGAIN_NS, remove_next);
    }
}

static void on_done(void *argument, const swb__kube_outcome *outcome)
{
    swb__remote *remote = argument;
    if (remote->destroyed || remote->phase != REMOTE_REMOVING) {
        return;
    }
    if (is_passing(outcome->status) && swb__clock_ns() < remote->give_up_ns) {
        swb__remote_later(remote, AGAIN_NS, remove_next);
        return;
    }
    if (outcome->status != SWB_OK && outcome->failure != SWB__KUBE_NOT_FOUND) {
        give_up(remote, outcome->status, outcome->error->message);
        return;
    }
    remote->some_left =
        remote->some_left || (remote->looking && outcome->status == SWB_OK &&
                              cJSON_GetArraySize(swb__kube_member(outcome->object, "items")) > 0);
    go_on(remote);
}

static void remove_next(swb__remote *remote)
{
    swb_error error = SWB_ERROR_INIT;
    swb__kube_request request = SWB__KUBE_REQUEST_INIT;
    swb__kube_resource kind;
    swb__remote_removed_kind(&kind, remote->kind);
    const swb__kube_target target = {&kind, remote->config.name_space, NULL};
    int built = remote->looking
                    ? swb__kube_list(&request, &target, remote->selector, 1, NULL, &error)
                    : swb__kube_delete_all(&request, &target, remote->selector,
                                           SWB__KUBE_BACKGROUND, &error);
    swb__remote_call(remote, &request, built, on_done, &error);
}

void swb__remote_remove(swb__remote *remote)
{
    char path[4096];
    remote->phase = REMOTE_REMOVING;
    swb__remote_follow_no_more(remote);
    swb__remote_fetch_no_more(remote);
    snprintf(path, sizeof path, "%s/.%s.values", remote->work_dir, remote->release);
    unlink(path);
    remote->kind = 0;
    remote->looking = remote->some_left = false;
    remote->give_up_ns = swb__clock_ns() + (int64_t)remote->kubernetes.close_timeout_ns;
    remove_next(remote);
}
