#include "kube/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube/kubeconfig.h"

typedef struct list {
    swb__kube_object *items;
    size_t count;
    size_t capacity;
} list;

static const char *next_line(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline != NULL ? newline + 1 : end;
}

/* "---" or "..." alone at the start of a line: YAML allows it nowhere inside a document. */
static bool is_marker(const char *at, const char *end, const char *marker)
{
    size_t left = (size_t)(end - at);
    return left >= 3 && memcmp(at, marker, 3) == 0 &&
           (left == 3 || strchr(" \t\r\n", at[3]) != NULL) && (left == 3 || at[3] != '\0');
}

static int take_name(char *out, size_t size, swb__kubeconfig *file, const yaml_node_t *mapping,
                     const char *key, bool wanted, swb_error *error)
{
    char *text = NULL;
    const yaml_node_t *at = swb__kubeconfig_get(file, mapping, key);
    int status = swb__kubeconfig_text(&text, file, mapping, key, error);
    if (status != SWB_OK) {
        return status;
    }
    if (text == NULL) {
        *out = '\0';
        return wanted ? swb__kubeconfig_fail(file, mapping, error, "an object without '%s'", key)
                      : SWB_OK;
    }
    if (strlen(text) >= size) {
        status =
            swb__kubeconfig_fail(file, at, error, "'%s' is longer than %zu bytes", key, size - 1);
    } else {
        snprintf(out, size, "%s", text);
    }
    free(text);
    return status;
}

static int take_object(swb__kube_object *out, swb__kubeconfig *file, swb_error *error)
{
    const yaml_node_t *metadata = swb__kubeconfig_get(file, file->root, "metadata");
    int status = take_name(out->api_version, sizeof out->api_version, file, file->root,
                           "apiVersion", true, error);
    if (status == SWB_OK) {
        status = take_name(out->kind, sizeof out->kind, file, file->root, "kind", true, error);
    }
    if (status != SWB_OK) {
        return status;
    }
    if (metadata == NULL || metadata->type != YAML_MAPPING_NODE) {
        return swb__kubeconfig_fail(file, file->root, error, "%s without 'metadata'", out->kind);
    }
    status = take_name(out->name, sizeof out->name, file, metadata, "name", true, error);
    if (status == SWB_OK) {
        status = take_name(out->name_space, sizeof out->name_space, file, metadata, "namespace",
                           false, error);
    }
    if (status == SWB_OK && (!swb__kube_is_name(out->name) ||
                             (out->name_space[0] != '\0' && !swb__kube_is_name(out->name_space)))) {
        status = swb__kubeconfig_fail(file, metadata, error, "'%.80s' is no name of an object",
                                      out->name);
    }
    return status;
}

/* A document of comments only is none. */
static bool is_empty(const char *at, const char *end)
{
    for (; at < end; at = next_line(at, end)) {
        const char *line_end = next_line(at, end);
        const char *from = at;
        if (is_marker(at, end, "---")) {
            from += 3;
        }
        while (from < line_end && strchr(" \t\r\n", *from) != NULL && *from != '\0') {
            from++;
        }
        if (from < line_end && *from != '#') {
            return false;
        }
    }
    return true;
}

static swb__kube_object *grow(list *all, swb_error *error)
{
    if (all->count == SWB__KUBE_DOCUMENTS_MAX) {
        swb__fail(error, SWB_EINPUT, "more than %d documents", SWB__KUBE_DOCUMENTS_MAX);
        return NULL;
    }
    if (all->count == all->capacity) {
        size_t capacity = all->capacity == 0 ? 8 : all->capacity * 2;
        swb__kube_object *items = realloc(all->items, capacity * sizeof *items);
        if (items == NULL) {
            swb__fail_nomem(error);
            return NULL;
        }
        all->items = items;
        all->capacity = capacity;
    }
    return &all->items[all->count];
}

/* Puts the line within the document where it stands in the stream. */
static void move_error(swb_error *error, const char *origin, uint32_t first_line)
{
    char text[sizeof error->message];
    if (error == NULL || error->line == 0) {
        return;
    }
    const char *at = strstr(error->message, ": ");
    snprintf(text, sizeof text, "%s", at != NULL ? at + 2 : error->message);
    swb__fail_at(error, error->status, origin, error->line + first_line - 1, error->column, "%s",
                 text);
}

static int add(list *all, const char *origin, const char *from, const char *to, uint32_t line,
               swb_error *error)
{
    swb__kubeconfig file;
    swb_error own = SWB_ERROR_INIT;
    error = error != NULL ? error : &own;
    if (is_empty(from, to)) {
        return SWB_OK;
    }
    swb__kube_object *object = grow(all, error);
    if (object == NULL) {
        return error->status;
    }
    *object = (swb__kube_object){.text = from, .length = (size_t)(to - from), .line = line};
    int status = swb__kubeconfig_parse(&file, "document", from, object->length, error);
    if (status == SWB_OK) {
        status = take_object(object, &file, error);
        swb__kubeconfig_close(&file);
    }
    if (status != SWB_OK) {
        move_error(error, origin, line);
        return status;
    }
    all->count++;
    return SWB_OK;
}

int swb__kube_manifest(swb__kube_object **out, size_t *count_out, const char *origin,
                       const char *text, size_t length, swb_error *error)
{
    list all = {NULL, 0, 0};
    const char *end = text + length;
    const char *from = text;
    uint32_t line = 1;
    uint32_t from_line = 1;
    int status = SWB_OK;
    for (const char *at = text; status == SWB_OK && at < end; at = next_line(at, end), line++) {
        bool ends = is_marker(at, end, "...");
        if (ends || is_marker(at, end, "---")) {
            status = add(&all, origin, from, at, from_line, error);
            from = ends ? next_line(at, end) : at;
            from_line = ends ? line + 1 : line;
        }
    }
    if (status == SWB_OK) {
        status = add(&all, origin, from, end, from_line, error);
    }
    if (status != SWB_OK) {
        free(all.items);
        return status;
    }
    *out = all.items;
    *count_out = all.count;
    return SWB_OK;
}
