/* Where the charts are. */
#define _GNU_SOURCE /* dladdr() */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deploy/kubernetes_options.h"

#define PATH_SIZE 4096
#define SHARED "share/swarmbench/charts"

#ifndef SWB_CHARTS_DIR
#define SWB_CHARTS_DIR "/usr/local/" SHARED
#endif

/* A driver of any program has the chart of any program. */
const char *swb__kubernetes_chart(const swb_driver *driver)
{
    if (driver->program == NULL) {
        return "workload";
    }
    return strcmp(driver->name, "opentracker") == 0 ? "tracker" : driver->name;
}

const char *swb__kubernetes_role(swb_role role)
{
    return role == SWB_ROLE_SEEDER ? "seeder" : role == SWB_ROLE_LEECHER ? "leecher" : "service";
}

/* PREFIX/share/swarmbench/charts, where `file` is somewhere below PREFIX. */
static bool find_beside(char *out, size_t size, const char *file)
{
    char *real = file != NULL ? realpath(file, NULL) : NULL;
    bool found = false;
    for (char *slash; !found && real != NULL && (slash = strrchr(real, '/')) != NULL;) {
        *slash = '\0';
        found = snprintf(out, size, "%s/" SHARED, real) < (int)size && access(out, R_OK) == 0;
    }
    free(real);
    return found;
}

/* An installation may have been moved, or unpacked anywhere: the command, or the library in
 * somebody's program, is asked where it is. */
static void find_installed(char *out, size_t size)
{
    Dl_info library = {0};
    if (find_beside(out, size, "/proc/self/exe")) {
        return;
    }
    dladdr(&swb__kubernetes_options, &library);
    if (!find_beside(out, size, library.dli_fname)) {
        snprintf(out, size, "%s", SWB_CHARTS_DIR);
    }
}

void swb__kubernetes_charts(char *out, size_t size, const kubernetes_options *options)
{
    const char *named = getenv("SWARMBENCH_CHARTS");
    if (options->charts != NULL) {
        snprintf(out, size, "%s", options->charts);
    } else if (named != NULL && *named != '\0') {
        snprintf(out, size, "%s", named);
    } else {
        find_installed(out, size);
    }
}

bool swb__kubernetes_chart_path(char *out, size_t size, const kubernetes_options *options,
                                const swb_driver *driver)
{
    return swb__kubernetes_chart_folder(out, size, options, swb__kubernetes_chart(driver));
}

bool swb__kubernetes_chart_folder(char *out, size_t size, const kubernetes_options *options,
                                  const char *chart)
{
    static const char *const below[] = {"", "/helm"};
    char folder[PATH_SIZE];
    char file[PATH_SIZE];
    swb__kubernetes_charts(folder, sizeof folder, options);
    for (size_t i = 0; i < 2; i++) {
        snprintf(out, size, "%s%s/%s", folder, below[i], chart);
        snprintf(file, sizeof file, "%s/Chart.yaml", out);
        if (access(file, R_OK) == 0) {
            return true;
        }
    }
    return false;
}
