#include <swarmbench/sys/driver.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/registry.h"
#include "drivers/builtin.h"

/* Every built-in driver has its line here; NULL ends the list. */
static const void *const builtin[] = {
    &swb__driver_codex,
    &swb__driver_deluge,
    &swb__driver_qbittorrent,
    &swb__driver_opentracker,
    &swb__driver_exec,
    &swb__driver_tracker,
    NULL,
};

static const char *name_of(const void *table)
{
    return ((const swb_driver *)table)->name;
}

static swb__registry registry = SWB__REGISTRY_INIT("driver", builtin, name_of);

const swb_driver *swb_driver_at(size_t index)
{
    return swb__registry_at(&registry, index);
}

const swb_driver *swb_driver_find(const char *name)
{
    return swb__registry_find(&registry, name);
}

const char *swb_driver_program(const swb_driver *driver, const swb_option_value *options)
{
    for (size_t i = 0; options != NULL && i < driver->option_count; i++) {
        const char *value = options[i].string;
        if (strcmp(driver->options[i].name, "binary") == 0 && value != NULL && value[0] != '\0') {
            return value;
        }
    }
    const char *named = driver->program_env == NULL ? NULL : getenv(driver->program_env);
    return named != NULL && named[0] != '\0' ? named : driver->program;
}

/* Which operations a driver must have. */
static bool needs(const swb_driver *driver, swb_operation operation)
{
    switch (driver->kind) {
    case SWB_DRIVER_SERVICE:
        return operation == SWB_OP_READY || operation == SWB_OP_VERSION || operation == SWB_OP_STOP;
    case SWB_DRIVER_TORRENT:
        return operation < SWB_OP_READ;
    case SWB_DRIVER_STORE:
        break;
    }
    return operation <= SWB_OP_READ || (driver->codes && operation <= SWB_OP_CODE);
}

static bool has_option(const swb_driver *driver, const char *name)
{
    for (size_t i = 0; i < driver->option_count; i++) {
        if (strcmp(driver->options[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *missing_member(char *out, size_t size, const swb_driver *driver)
{
    if (driver->description == NULL || driver->package == NULL) {
        return "description and package";
    }
    if (driver->program == NULL && !has_option(driver, "binary")) {
        return "program, or an option 'binary'";
    }
    if (driver->launch == NULL) {
        return "launch";
    }
    if (driver->transport == SWB_TRANSPORT_TLS && driver->frame == NULL) {
        return "frame";
    }
    for (size_t i = 0; i < SWB_OP_COUNT; i++) {
        swb_operation op = (swb_operation)i;
        if (needs(driver, op) && driver->operations[op] == NULL) {
            snprintf(out, size, "operations[%s]", swb_operation_name(op));
            return out;
        }
    }
    return NULL;
}

int swb_driver_register(const swb_driver *driver, swb_error *error)
{
    char text[64];
    if (driver == NULL || driver->name == NULL) {
        return swb__fail(error, SWB_EINVAL, "a driver needs a name");
    }
    if (driver->api_version != SWB_DRIVER_API_VERSION) {
        return swb__fail(error, SWB_EINVAL, "driver '%s' has api_version %u, this library has %u",
                         driver->name, driver->api_version, SWB_DRIVER_API_VERSION);
    }
    const char *missing = missing_member(text, sizeof text, driver);
    if (missing != NULL) {
        return swb__fail(error, SWB_EINVAL, "driver '%s' lacks %s", driver->name, missing);
    }
    return swb__registry_add(&registry, driver, error);
}

const char *swb_operation_name(swb_operation operation)
{
    static const char *const names[SWB_OP_COUNT] = {
        "ready", "version", "seed", "leech", "status", "remove",  "peers",
        "stop",  "read",    "able", "code",  "act",    "metrics",
    };
    return (unsigned)operation < SWB_OP_COUNT ? names[operation] : "unknown";
}
