/* Times the plan of an experiment file: reading, expansion, and the plan as JSON to /dev/null. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <swarmbench/experiment.h>

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int run(const char *path, int fd, swb_error *error)
{
    swb_experiment *experiment = NULL;
    swb_plan *plan = NULL;
    struct rusage usage;
    double start_s = now_s();
    int status = swb_experiment_load(&experiment, path, error);
    if (status == SWB_OK) {
        status = swb_plan_create(&plan, experiment, error);
    }
    double expanded_s = now_s();
    if (status == SWB_OK) {
        status = swb_plan_write(plan, SWB_FORMAT_JSON, fd, error);
    }
    if (status == SWB_OK && getrusage(RUSAGE_SELF, &usage) == 0) {
        printf("%" PRIu64 " cells: %.2f s of CPU to expand, %.2f s to write; %ld MB at most\n",
               swb_plan_cell_count(plan), expanded_s - start_s, now_s() - expanded_s,
               usage.ru_maxrss / 1024);
    }
    swb_plan_destroy(plan);
    swb_experiment_destroy(experiment);
    return status;
}

int main(int argc, char **argv)
{
    swb_error error = SWB_ERROR_INIT;
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (argc != 2 || fd < 0) {
        fprintf(stderr, "usage: plan_bench FILE\n");
        return 2;
    }
    int status = run(argv[1], fd, &error);
    if (status != SWB_OK) {
        fprintf(stderr, "plan_bench: %s\n", error.message);
    }
    close(fd);
    return status == SWB_OK ? 0 : 1;
}
