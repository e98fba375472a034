/* The drivers and deployers of this build, and their options, for people and for programs. */
#include <swarmbench/environment.h>

#include <string.h>

#include <swarmbench/sys/deployer.h>
#include <swarmbench/sys/driver.h>

#include "base/writer.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const type_names[] = {
    [SWB_OPTION_BOOL] = "bool",         [SWB_OPTION_INTEGER] = "integer",
    [SWB_OPTION_NUMBER] = "number",     [SWB_OPTION_SIZE] = "size",
    [SWB_OPTION_DURATION] = "duration", [SWB_OPTION_RATE] = "rate",
    [SWB_OPTION_FRACTION] = "fraction", [SWB_OPTION_ENUM] = "enum",
    [SWB_OPTION_STRING] = "string",     [SWB_OPTION_FREQUENCY] = "frequency",
    [SWB_OPTION_LIST] = "list",         [SWB_OPTION_MAP] = "map",
};

static const char *const kind_names[] = {
    [SWB_DRIVER_TORRENT] = "torrent",
    [SWB_DRIVER_STORE] = "store",
    [SWB_DRIVER_SERVICE] = "service",
};

static const struct {
    swb_fault bit;
    const char *name;
} faults[] = {
    {SWB_FAULT_KILL, "kill"},       {SWB_FAULT_STOP, "stop"}, {SWB_FAULT_CONTINUE, "continue"},
    {SWB_FAULT_RESTART, "restart"}, {SWB_FAULT_CUT, "cut"},   {SWB_FAULT_HEAL, "heal"},
};

static void member(swb__writer *writer, const char *key, const char *value)
{
    swb__json_key(writer, key);
    swb__json_string(writer, value);
}

static void json_option(swb__writer *writer, const swb_option *option)
{
    swb__json_open(writer, '{');
    member(writer, "name", option->name);
    member(writer, "type", type_names[option->type]);
    member(writer, "default", option->fallback);
    if (option->minimum < option->maximum) {
        swb__json_key(writer, "minimum");
        swb__json_number(writer, option->minimum);
        swb__json_key(writer, "maximum");
        swb__json_number(writer, option->maximum);
    }
    if (option->choices != NULL) {
        member(writer, "choices", option->choices);
    }
    member(writer, "description", option->description);
    swb__json_close(writer, '}');
}

static void json_options(swb__writer *writer, const swb_option *options, size_t count)
{
    swb__json_key(writer, "options");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < count; i++) {
        json_option(writer, &options[i]);
    }
    swb__json_close(writer, ']');
}

static void json_driver(swb__writer *writer, const swb_driver *driver)
{
    swb__json_open(writer, '{');
    member(writer, "name", driver->name);
    member(writer, "description", driver->description);
    member(writer, "kind", kind_names[driver->kind]);
    member(writer, "program", driver->program);
    member(writer, "package", driver->package);
    member(writer, "service", driver->service);
    json_options(writer, driver->options, driver->option_count);
    swb__json_close(writer, '}');
}

static void json_deployer(swb__writer *writer, const swb_deployer *deployer)
{
    swb__json_open(writer, '{');
    member(writer, "name", deployer->name);
    member(writer, "description", deployer->description);
    swb__json_key(writer, "shapes");
    swb__json_bool(writer, deployer->shapes != 0);
    swb__json_key(writer, "faults");
    swb__json_open(writer, '[');
    for (size_t i = 0; i < COUNT(faults); i++) {
        if ((deployer->faults & (unsigned)faults[i].bit) != 0) {
            swb__json_string(writer, faults[i].name);
        }
    }
    swb__json_close(writer, ']');
    json_options(writer, deployer->options, deployer->option_count);
    if (deployer->attaches) {
        swb__json_key(writer, "node");
        swb__json_open(writer, '{');
        json_options(writer, deployer->node_options, deployer->node_option_count);
        swb__json_close(writer, '}');
    }
    swb__json_close(writer, '}');
}

static void write_json(swb__writer *writer)
{
    const swb_driver *driver;
    const swb_deployer *deployer;
    swb__json_open(writer, '{');
    swb__json_key(writer, "drivers");
    swb__json_open(writer, '[');
    for (size_t i = 0; (driver = swb_driver_at(i)) != NULL; i++) {
        json_driver(writer, driver);
    }
    swb__json_close(writer, ']');
    swb__json_key(writer, "deployers");
    swb__json_open(writer, '[');
    for (size_t i = 0; (deployer = swb_deployer_at(i)) != NULL; i++) {
        json_deployer(writer, deployer);
    }
    swb__json_close(writer, ']');
    swb__json_close(writer, '}');
    swb__writer_text(writer, "\n");
}

static void text_options(swb__writer *writer, const swb_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *type =
            options[i].choices != NULL ? options[i].choices : type_names[options[i].type];
        swb__writer_printf(writer, "    %-20.60s %-10.200s ", options[i].name, type);
        swb__writer_text(writer, options[i].description);
        if (options[i].fallback != NULL) {
            swb__writer_printf(writer, " (default: %.200s)", options[i].fallback);
        }
        swb__writer_text(writer, "\n");
    }
}

static void text_entry(swb__writer *writer, const char *name, const char *description)
{
    swb__writer_printf(writer, "  %-16.60s ", name);
    swb__writer_text(writer, description);
    swb__writer_text(writer, "\n");
}

static void write_text(swb__writer *writer)
{
    const swb_driver *driver;
    const swb_deployer *deployer;
    swb__writer_text(writer, "drivers\n");
    for (size_t i = 0; (driver = swb_driver_at(i)) != NULL; i++) {
        text_entry(writer, driver->name, driver->description);
        text_options(writer, driver->options, driver->option_count);
    }
    swb__writer_text(writer, "\ndeployers\n");
    for (size_t i = 0; (deployer = swb_deployer_at(i)) != NULL; i++) {
        text_entry(writer, deployer->name, deployer->description);
        text_options(writer, deployer->options, deployer->option_count);
        text_options(writer, deployer->node_options, deployer->node_option_count);
    }
}

int swb_drivers_write(swb_format format, int fd, swb_error *error)
{
    swb__writer writer;
    if (format != SWB_FORMAT_TEXT && format != SWB_FORMAT_JSON) {
        return swb__fail(error, SWB_EINVAL, "drivers are written as text or JSON, not format %d",
                         (int)format);
    }
    swb__writer_init(&writer, fd);
    (format == SWB_FORMAT_JSON ? write_json : write_text)(&writer);
    return swb__writer_finish(&writer, error);
}
