/* What is read at once: the clock, the node's resources, its log. */
#include "agent/agent_state.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <swarmbench/version.h>

#include "agent/launch_files.h"
#include "base/clock.h"
#include "host/container.h"
#include "host/interfaces.h"
#include "host/sampler.h"
#include "host/wire.h"
#include "io/process.h"

/* From the fork to when the launcher looks at the clock, on a busy machine. */
#define START_ERROR_NS (5 * SWB__NS_PER_S)

bool swb__handle_health(void *agent, swb__request *request)
{
    cJSON *object = cJSON_CreateObject();
    (void)agent;
    cJSON_AddStringToObject(object, "version", SWB_VERSION_STRING);
    cJSON_AddNumberToObject(object, "api", SWB__WIRE_API);
    return swb__reply_json(request, object);
}

bool swb__handle_clock(void *agent, swb__request *request)
{
    cJSON *object = cJSON_CreateObject();
    (void)agent;
    swb__wire_add_int64(object, "now_ns", swb__request_came_ns(request));
    return swb__reply_json(request, object);
}

static cJSON *describe(const swb_sample *sample)
{
    cJSON *object = cJSON_CreateObject();
    bool whole = swb__wire_add_int64(object, "time_ns", sample->time_ns) &&
                 swb__wire_add_count(object, "cpu_ns", sample->cpu_ns) &&
                 swb__wire_add_count(object, "rss_bytes", sample->rss_bytes) &&
                 swb__wire_add_count(object, "rss_anon_bytes", sample->rss_anon_bytes) &&
                 swb__wire_add_count(object, "disk_read_bytes", sample->disk_read_bytes) &&
                 swb__wire_add_count(object, "disk_written_bytes", sample->disk_written_bytes) &&
                 swb__wire_add_count(object, "wire_in_bytes", sample->wire_in_bytes) &&
                 swb__wire_add_count(object, "wire_out_bytes", sample->wire_out_bytes);
    if (!whole) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

/* The launcher names the node by its own numbering. Where that is not ours (a pod whose containers
 * do not share their processes), the number may be another's: then the time of its start differs.
 */
static bool is_node(const swb__launcher_state *state)
{
    struct timespec boot;
    uint64_t ticks;
    if (swb__process_start_ticks(&ticks, state->pid) != SWB_OK ||
        clock_gettime(CLOCK_BOOTTIME, &boot) != 0) {
        return false;
    }
    int64_t boot_ns = (int64_t)boot.tv_sec * SWB__NS_PER_S + boot.tv_nsec;
    int64_t wanted_ns = state->since_ns + (boot_ns - swb__clock_ns());
    int64_t start_ns = (int64_t)ticks * (SWB__NS_PER_S / sysconf(_SC_CLK_TCK));
    return start_ns > wanted_ns - START_ERROR_NS && start_ns < wanted_ns + START_ERROR_NS;
}

bool swb__handle_sample(void *argument, swb__request *request)
{
    swb__node_agent *agent = argument;
    const swb__launcher_state *state = swb__launcher_link_state(agent->launcher);
    swb_sample sample;
    if (state->run != SWB__RUN_RUNNING) {
        return swb__reply_error(request, SWB_ENOENT, "the node does not run");
    }
    if (!is_node(state) || swb__sample_next(&sample, &agent->sampled, state->pid) != SWB_OK) {
        return swb__reply_error(request, SWB_ENOENT,
                                "the node's process is not to be seen: it has just ended, or the "
                                "pod lacks shareProcessNamespace");
    }
    swb__sample_container(&sample, "/proc", state->pid, getpid());
    swb__interfaces_count(&sample.wire_in_bytes, &sample.wire_out_bytes, "/proc/net/dev",
                          agent->interface);
    return swb__reply_json(request, describe(&sample));
}

bool swb__handle_log(void *argument, swb__request *request)
{
    const swb__node_agent *agent = argument;
    swb_error error = SWB_ERROR_INIT;
    struct stat info;
    uint64_t tail = UINT64_MAX;
    int fd;
    if (!swb__request_query(&tail, request, "tail", SWB__WIRE_MAX_TAIL)) {
        return true;
    }
    int status = swb__root_launch_file(&fd, &agent->root, SWB__LAUNCH_LOG, &error);
    if (status != SWB_OK) {
        return swb__reply_error(request, status, "%s", error.message);
    }
    if (fstat(fd, &info) != 0) {
        close(fd);
        return swb__reply_error(request, SWB_EIO, "the log cannot be read");
    }
    uint64_t size = (uint64_t)info.st_size;
    uint64_t length = tail < size ? tail : size;
    return swb__reply_file(request, fd, size - length, length);
}
