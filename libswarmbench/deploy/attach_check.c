/* Can a run happen on the attached nodes? What can be told without asking them. */
#include "deploy/attach_site.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <swarmbench/erasure.h>

#include "base/file.h"
#include "base/units.h"

static const char *url_of(const swb_node_request *node)
{
    return node->attached[ATTACH_URL].string;
}

static bool is_interface(int family, const void *address, size_t length)
{
    struct ifaddrs *all = NULL;
    bool found = false;
    if (getifaddrs(&all) != 0) {
        return false;
    }
    for (const struct ifaddrs *at = all; at != NULL && !found; at = at->ifa_next) {
        const struct sockaddr *own = at->ifa_addr;
        if (own != NULL && own->sa_family == family) {
            const void *bytes = family == AF_INET
                                    ? (const void *)&((const struct sockaddr_in *)own)->sin_addr
                                    : (const void *)&((const struct sockaddr_in6 *)own)->sin6_addr;
            found = memcmp(bytes, address, length) == 0;
        }
    }
    freeifaddrs(all);
    return found;
}

/* Whether a host of a URL is this machine, as far as its text tells. */
static bool is_here(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127 || is_interface(AF_INET, &v4, sizeof v4);
    }
    if (inet_pton(AF_INET6, host, &v6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&v6) || is_interface(AF_INET6, &v6, sizeof v6);
    }
    return strcmp(host, "localhost") == 0;
}

static bool has_service(const swb_site_request *request)
{
    return request->node_count > 0 && request->nodes[0].role == SWB_ROLE_SERVICE;
}

/* A tracker of the run's own listens on a loopback address; without one, peers are introduced. */
static int check_meeting(const swb_site_request *request, const swb_node_request *node,
                         swb_error *error)
{
    attach_url url;
    if (node->driver->kind != SWB_DRIVER_TORRENT || request->tracker_url != NULL) {
        return SWB_OK;
    }
    int status = swb__attach_url(&url, url_of(node), error);
    if (status != SWB_OK) {
        return status;
    }
    if (has_service(request) && !is_here(url.host)) {
        return swb__fail(
            error, SWB_EINPUT,
            "it is not on this machine, so it could not reach the tracker that the run "
            "would start here: write tracker: URL in the mode, of one that all nodes "
            "reach; or tracker: none, and data: for each node");
    }
    if (!has_service(request) && node->attached[ATTACH_DATA].string == NULL) {
        return swb__fail(error, SWB_EINPUT,
                         "the run has no tracker, so the other nodes must be told where it is: "
                         "write data: ADDRESS:PORT");
    }
    return SWB_OK;
}

static int check_password(const swb_site_request *request, const swb_node_request *node,
                          swb_error *error)
{
    char *password = NULL;
    (void)request;
    int status = swb__attach_password(&password, node->attached, error);
    free(password);
    return status;
}

static int check_directory(const swb_site_request *request, const swb_node_request *node,
                           swb_error *error)
{
    struct stat info;
    const char *path = node->attached[ATTACH_CONTENT_DIR].string;
    (void)request;
    if (path == NULL) {
        return SWB_OK;
    }
    if (stat(path, &info) != 0) {
        return swb__fail_errno(error, SWB_EENV, errno, "content_dir %.200s", path);
    }
    if (!S_ISDIR(info.st_mode) || access(path, R_OK | W_OK | X_OK) != 0) {
        return swb__fail(
            error, SWB_EENV,
            "content_dir %.200s must be a directory that the runner can read and write", path);
    }
    return SWB_OK;
}

static int check_pid(const swb_site_request *request, const swb_node_request *node,
                     swb_error *error)
{
    char path[64];
    long long pid = (long long)node->attached[ATTACH_PID].integer;
    (void)request;
    snprintf(path, sizeof path, "/proc/%lld", pid);
    return pid == 0 || access(path, F_OK) == 0
               ? SWB_OK
               : swb__fail(error, SWB_EENV, "there is no process %lld on this machine (pid)", pid);
}

static int check_node(const swb_site_request *request, const swb_node_request *node,
                      swb_error *error)
{
    static int (*const checks[])(const swb_site_request *, const swb_node_request *,
                                 swb_error *) = {check_meeting, check_password, check_directory,
                                                 check_pid};
    if (node->attached == NULL) {
        return swb__fail(error, SWB_EINPUT,
                         "'attach' takes nodes that run already, and the experiment names none: "
                         "write deploy: {on: attach, nodes: [{url: ...}]}");
    }
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        int status = checks[i](request, node, error);
        if (status != SWB_OK) {
            return swb__error_context(error, "node %.100s", url_of(node));
        }
    }
    return SWB_OK;
}

static uint64_t stored_bytes(const swb_site_request *request)
{
    return request->data_parts == 0
               ? request->content_bytes
               : request->content_count *
                     swb_erasure_part_bytes(request->content_bytes, request->data_parts);
}

/* What all nodes of one file system come to store there; seeders' content is first made in the
 * work directory, and then linked or copied. */
static int check_room(const swb_site_request *request, const char *path, swb_error *error)
{
    struct stat wanted;
    struct stat info;
    uint64_t needed = 0;
    uint64_t free_bytes;
    char needed_text[32];
    char free_text[32];
    int status = swb__free_bytes(&free_bytes, path, error);
    if (status != SWB_OK || stat(path, &wanted) != 0) {
        return status;
    }
    for (size_t i = 0; i < request->node_count; i++) {
        const swb_node_request *node = &request->nodes[i];
        const char *other =
            node->attached == NULL ? NULL : node->attached[ATTACH_CONTENT_DIR].string;
        bool shares = other != NULL && stat(other, &info) == 0 && info.st_dev == wanted.st_dev;
        needed += shares ? stored_bytes(request) : 0;
    }
    if (needed > free_bytes) {
        return swb__fail(error, SWB_ENOSPACE, "%s are needed in %.200s, %s are free",
                         swb__format_bytes(needed_text, sizeof needed_text, (double)needed), path,
                         swb__format_bytes(free_text, sizeof free_text, (double)free_bytes));
    }
    return SWB_OK;
}

/* The services are the local deployer's: so are their checks. */
static int check_services(const swb_site_request *request, swb_error *error)
{
    swb_site_request services = *request;
    services.node_count = has_service(request);
    services.content_bytes = 0;
    return swb__local_check(&services, error);
}

/* A tracker is started here for the swarm's sake; other programs would be nodes of this machine. */
static int check_beside(const swb_site_request *request, swb_error *error)
{
    for (size_t i = has_service(request); i < request->node_count; i++) {
        if (request->nodes[i].role == SWB_ROLE_SERVICE) {
            return swb__fail(error, SWB_EINPUT,
                             "node '%s' is to be started beside the swarm, and 'attach' starts no "
                             "nodes: start it by yourself and leave `beside` out",
                             request->nodes[i].name);
        }
    }
    return SWB_OK;
}

int swb__attach_check(const swb_site_request *request, swb_error *error)
{
    int status = check_beside(request, error);
    for (size_t i = has_service(request); status == SWB_OK && i < request->node_count; i++) {
        status = check_node(request, &request->nodes[i], error);
    }
    for (size_t i = has_service(request); status == SWB_OK && i < request->node_count; i++) {
        const char *path = request->nodes[i].attached[ATTACH_CONTENT_DIR].string;
        status = path == NULL ? SWB_OK : check_room(request, path, error);
    }
    return status == SWB_OK ? check_services(request, error) : status;
}
