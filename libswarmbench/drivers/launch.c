#include "drivers/launch.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list of strings that ends with NULL. */
typedef struct text_list {
    char **items;
    size_t count;
} text_list;

struct swb_launch {
    text_list argv;
    text_list environment;
    swb_launch_entry *entries;
    size_t entry_count;
    int failure; /* the first failure; SWB_OK where there is none */
    char message[512];
};

int swb__launch_create(swb_launch **out, swb_error *error)
{
    swb_launch *launch = calloc(1, sizeof *launch);
    if (launch == NULL) {
        return swb__fail_nomem(error);
    }
    *out = launch;
    return SWB_OK;
}

static void free_list(text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
}

void swb__launch_destroy(swb_launch *launch)
{
    if (launch == NULL) {
        return;
    }
    free_list(&launch->argv);
    free_list(&launch->environment);
    for (size_t i = 0; i < launch->entry_count; i++) {
        free((char *)launch->entries[i].path);
        free((uint8_t *)launch->entries[i].bytes);
    }
    free(launch->entries);
    free(launch);
}

int swb__launch_status(const swb_launch *launch, swb_error *error)
{
    if (launch->failure != SWB_OK) {
        return swb__fail(error, launch->failure, "%s", launch->message);
    }
    if (launch->argv.count == 0) {
        return swb__fail(error, SWB_EINVAL, "the driver named no program to start");
    }
    return SWB_OK;
}

static void fail(swb_launch *launch, int status, const char *format, ...) SWB__PRINTF(3, 4);

static void fail(swb_launch *launch, int status, const char *format, ...)
{
    if (launch->failure != SWB_OK) {
        return;
    }
    va_list args;
    va_start(args, format);
    launch->failure = status;
    vsnprintf(launch->message, sizeof launch->message, format, args);
    va_end(args);
}

static void fail_nomem(swb_launch *launch)
{
    fail(launch, SWB_ENOMEM, "out of memory");
}

/* Appends `first``second`. */
static void append(swb_launch *launch, text_list *list, const char *first, const char *second)
{
    size_t head = strlen(first);
    size_t tail = strlen(second);
    char **items = realloc(list->items, (list->count + 2) * sizeof *items);
    if (items == NULL) {
        fail_nomem(launch);
        return;
    }
    list->items = items;
    items[list->count] = malloc(head + tail + 1);
    if (items[list->count] == NULL) {
        fail_nomem(launch);
        return;
    }
    memcpy(items[list->count], first, head);
    memcpy(items[list->count] + head, second, tail + 1);
    items[++list->count] = NULL;
}

void swb_launch_program(swb_launch *launch, const char *program)
{
    if (program == NULL || program[0] == '\0') {
        fail(launch, SWB_EINVAL, "the program to start has no name");
    } else if (launch->argv.count > 0) {
        fail(launch, SWB_EINVAL, "two programs to start: '%s' and '%s'", launch->argv.items[0],
             program);
    } else {
        append(launch, &launch->argv, program, "");
    }
}

void swb_launch_arg(swb_launch *launch, const char *argument)
{
    swb_launch_arg2(launch, argument, "");
}

void swb_launch_arg2(swb_launch *launch, const char *first, const char *second)
{
    if (first == NULL || second == NULL) {
        fail(launch, SWB_EINVAL, "an argument of the program is NULL");
    } else if (launch->argv.count == 0) {
        fail(launch, SWB_EINVAL, "argument '%s%s' comes before the program", first, second);
    } else {
        append(launch, &launch->argv, first, second);
    }
}

/* The last value set for a name is the one that counts: the earlier one goes. */
static void forget_variable(text_list *list, const char *prefix)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strncmp(list->items[i], prefix, strlen(prefix)) == 0) {
            free(list->items[i]);
            memmove(&list->items[i], &list->items[i + 1], (list->count - i) * sizeof *list->items);
            list->count--;
            return;
        }
    }
}

void swb_launch_env(swb_launch *launch, const char *name, const char *value)
{
    char prefix[128];
    if (name == NULL || value == NULL || name[0] == '\0' || strchr(name, '=') != NULL ||
        strlen(name) + 2 > sizeof prefix) {
        fail(launch, SWB_EINVAL, "'%s' is no name for an environment variable",
             name == NULL ? "" : name);
        return;
    }
    snprintf(prefix, sizeof prefix, "%s=", name);
    forget_variable(&launch->environment, prefix);
    append(launch, &launch->environment, prefix, value);
}

static bool stays_inside(const char *path)
{
    if (path[0] == '\0' || path[0] == '/') {
        return false;
    }
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += part[0] == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0')) {
            return false;
        }
    }
    return true;
}

static void append_entry(swb_launch *launch, const swb_launch_entry *entry)
{
    if (entry->path == NULL || !stays_inside(entry->path)) {
        fail(launch, SWB_EINVAL, "path '%s' does not lie inside the node's directory",
             entry->path == NULL ? "" : entry->path);
        return;
    }
    swb_launch_entry *entries =
        realloc(launch->entries, (launch->entry_count + 1) * sizeof *entries);
    if (entries == NULL) {
        fail_nomem(launch);
        return;
    }
    launch->entries = entries;
    char *path = strdup(entry->path);
    uint8_t *bytes = malloc(entry->length + 1);
    if (path == NULL || bytes == NULL) {
        free(path);
        free(bytes);
        fail_nomem(launch);
        return;
    }
    if (entry->length > 0) {
        memcpy(bytes, entry->bytes, entry->length);
    }
    bytes[entry->length] = 0;
    entries[launch->entry_count] = *entry;
    entries[launch->entry_count].path = path;
    entries[launch->entry_count].bytes = bytes;
    launch->entry_count++;
}

void swb_launch_dir(swb_launch *launch, const char *path, uint32_t mode)
{
    append_entry(launch, &(swb_launch_entry){path, mode, 1, NULL, 0});
}

void swb_launch_file(swb_launch *launch, const char *path, uint32_t mode, const void *bytes,
                     size_t length)
{
    if (bytes == NULL && length > 0) {
        fail(launch, SWB_EINVAL, "file '%s' has no bytes", path == NULL ? "" : path);
        return;
    }
    append_entry(launch, &(swb_launch_entry){path, mode, 0, bytes, length});
}

static const char *const *strings(const text_list *list)
{
    static const char *const none[] = {NULL};
    return list->items == NULL ? none : (const char *const *)list->items;
}

const char *const *swb_launch_argv(const swb_launch *launch)
{
    return strings(&launch->argv);
}

const char *const *swb_launch_environment(const swb_launch *launch)
{
    return strings(&launch->environment);
}

const swb_launch_entry *swb_launch_entry_at(const swb_launch *launch, size_t index)
{
    return index < launch->entry_count ? &launch->entries[index] : NULL;
}
