/* JSON of the command's own: members, and one object for each event. */
#include "json.h"

#include <inttypes.h>

bool cli_json_text(cJSON *object, const char *name, const char *text)
{
    char copy[sizeof((swb_event *)0)->text];
    snprintf(copy, sizeof copy, "%s", text);
    cli_make_utf8(copy);
    return cJSON_AddStringToObject(object, name, copy) != NULL;
}

bool cli_json_uint(cJSON *object, const char *name, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return cJSON_AddRawToObject(object, name, digits) != NULL;
}

bool cli_json_int(cJSON *object, const char *name, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    return cJSON_AddRawToObject(object, name, digits) != NULL;
}

cli_exit cli_json_print(const cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    if (text == NULL) {
        cli_complain("out of memory");
        return CLI_ENVIRONMENT;
    }
    puts(text);
    fflush(stdout);
    cJSON_free(text);
    return CLI_DONE;
}

static bool add_event(cJSON *object, const swb_event *event, const swb_experiment *experiment)
{
    bool ok = cli_json_text(object, "event", swb_event_kind_name(event->kind)) &&
              cli_json_int(object, "time_ns", event->time_ns) &&
              cli_json_text(object, "status", swb_status_name(event->status));
    if (ok && event->run != UINT64_MAX) {
        ok = cli_json_uint(object, "run", event->run);
    }
    if (ok && event->mode != UINT32_MAX) {
        const char *mode = swb_experiment_mode_name(experiment, event->mode);
        ok = cli_json_text(object, "mode", mode != NULL ? mode : "");
    }
    if (ok && event->node != UINT32_MAX) {
        ok = cli_json_uint(object, "node", event->node) &&
             cli_json_text(object, "name", event->name);
    }
    if (ok && event->value != UINT64_MAX) {
        ok = cli_json_uint(object, "value", event->value);
    }
    if (ok && event->total != 0) {
        ok = cli_json_uint(object, "total", event->total);
    }
    if (ok && event->text[0] != '\0') {
        ok = cli_json_text(object, "text", event->text);
    }
    return ok;
}

cli_exit cli_json_event(const swb_event *event, const swb_experiment *experiment)
{
    cli_exit result = CLI_ENVIRONMENT;
    cJSON *object = cJSON_CreateObject();
    if (object != NULL && add_event(object, event, experiment)) {
        result = cli_json_print(object);
    } else {
        cli_complain("out of memory");
    }
    cJSON_Delete(object);
    return result;
}
