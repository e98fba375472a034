#include <swarmbench/sys/driver.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "drivers/builtin.h"

#define REGISTERED_MAX 32

/* Every built-in driver has its line here; NULL ends the list. */
static const swb_driver *const builtin[] = {
    &swb__driver_codex,
    &swb__driver_deluge,
    &swb__driver_qbittorrent,
    &swb__driver_opentracker,
    NULL,
};

/* The one registry of the process: drivers of users, added under the lock and never removed. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static const swb_driver *registered[REGISTERED_MAX];
static size_t registered_count;

const swb_driver *swb_driver_at(size_t index)
{
    size_t builtin_count = 0;
    while (builtin[builtin_count] != NULL) {
        if (builtin_count == index) {
            return builtin[index];
        }
        builtin_count++;
    }
    index -= builtin_count;
    pthread_mutex_lock(&registry_lock);
    const swb_driver *driver = index < registered_count ? registered[index] : NULL;
    pthread_mutex_unlock(&registry_lock);
    return driver;
}

const swb_driver *swb_driver_find(const char *name)
{
    const swb_driver *driver;
    for (size_t i = 0; (driver = swb_driver_at(i)) != NULL; i++) {
        if (strcmp(driver->name, name) == 0) {
            return driver;
        }
    }
    return NULL;
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
        return operation != SWB_OP_READ;
    case SWB_DRIVER_STORE:
        break;
    }
    return true;
}

static const char *missing_member(char *out, size_t size, const swb_driver *driver)
{
    if (driver->description == NULL || driver->program == NULL || driver->package == NULL) {
        return "description, program and package";
    }
    if (driver->launch == NULL) {
        return "launch";
    }
    if (driver->transport == SWB_TRANSPORT_TLS && driver->frame == NULL) {
        return "frame";
    }
    for (int op = 0; op < SWB_OP_COUNT; op++) {
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
    if (swb_driver_find(driver->name) != NULL) {
        return swb__fail(error, SWB_EEXIST, "there is a driver '%s' already", driver->name);
    }
    int status = SWB_OK;
    pthread_mutex_lock(&registry_lock);
    if (registered_count == REGISTERED_MAX) {
        status = swb__fail(error, SWB_ENOSPACE, "more than %d drivers", REGISTERED_MAX);
    } else {
        registered[registered_count++] = driver;
    }
    pthread_mutex_unlock(&registry_lock);
    return status;
}

const char *swb_operation_name(swb_operation operation)
{
    static const char *const names[SWB_OP_COUNT] = {
        "ready", "version", "seed", "leech", "status", "remove", "peers", "stop", "read",
    };
    return (unsigned)operation < SWB_OP_COUNT ? names[operation] : "unknown";
}
