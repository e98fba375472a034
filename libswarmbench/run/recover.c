#include "run/recover.h"

#include <stdio.h>

#include "deploy/journal.h"
#include "run/swarm.h"

static void warn(swb_runner *runner, int status, const char *text)
{
    swb__runner_tell(runner, SWB_EVENT_WARNING, status, 0, text);
}

static void tell_removed(swb_runner *runner, const swb_clean_report *report)
{
    char text[160];
    char objects[48] = "";
    if (report->objects > 0) {
        snprintf(objects, sizeof objects, ", %u objects in clusters", report->objects);
    }
    if (report->processes + report->directories + report->objects > 0) {
        snprintf(text, sizeof text,
                 "a runner that died left %u processes, %u directories%s: removed",
                 report->processes, report->directories, objects);
        warn(runner, SWB_OK, text);
    }
    if (report->held > 0) {
        snprintf(text, sizeof text,
                 "a runner that died left %u contents on attached nodes: `swarmbench clean` "
                 "names them",
                 report->held);
        warn(runner, SWB_OK, text);
    }
}

static void tell_kept(swb_runner *runner, int status, const swb_error *error, const char *what)
{
    char text[sizeof((swb_event *)NULL)->text];
    if (status != SWB_OK) {
        snprintf(text, sizeof text, "what a runner that died has left is still there: %.300s%s",
                 error->message, what);
        warn(runner, status, text);
    }
}

void swb__recover(swb_runner *runner)
{
    swb_clean_report report = {0};
    swb_error error = SWB_ERROR_INIT;
    uint32_t objects = 0;
    int status = swb__journal_clean(&report, SWB__CLEAN_KEEP_HELD, &error);
    tell_kept(runner, status, &error, "; `swarmbench clean` tries again");
    if (runner->deployer->recover != NULL) {
        error = (swb_error)SWB_ERROR_INIT;
        status = runner->deployer->recover(
            &objects, swb__site_options(runner->deployer, runner->plan), &error);
        tell_kept(runner, status, &error, "");
        report.objects += objects;
    }
    tell_removed(runner, &report);
}
