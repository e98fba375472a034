/* Reading one kubeconfig file. */
#include "kube/kubeconfig.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "kube/base64.h"

static uint32_t line_of(yaml_mark_t mark)
{
    return (uint32_t)mark.line + 1;
}

int swb__kubeconfig_fail(const swb__kubeconfig *file, const yaml_node_t *at, swb_error *error,
                         const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return swb__fail_at(error, SWB_EINPUT, file->path, line_of(at->start_mark),
                        (uint32_t)at->start_mark.column + 1, "%s", text);
}

static int load(swb__kubeconfig *file, yaml_parser_t *parser, swb_error *error)
{
    if (!yaml_parser_load(parser, &file->document)) {
        return parser->error == YAML_MEMORY_ERROR
                   ? swb__fail_nomem(error)
                   : swb__fail_at(error, SWB_EINPUT, file->path, line_of(parser->problem_mark),
                                  (uint32_t)parser->problem_mark.column + 1, "not YAML: %s",
                                  parser->problem != NULL ? parser->problem : "unreadable");
    }
    file->root = yaml_document_get_root_node(&file->document);
    if (file->root == NULL || file->root->type != YAML_MAPPING_NODE) {
        yaml_document_delete(&file->document);
        return swb__fail_at(error, SWB_EINPUT, file->path, 1, 1, "the document is no mapping");
    }
    return SWB_OK;
}

int swb__kubeconfig_parse(swb__kubeconfig *out, const char *path, const char *text, size_t length,
                          swb_error *error)
{
    yaml_parser_t parser;
    swb__kubeconfig file = {.path = strdup(path)};
    if (file.path == NULL) {
        return swb__fail_nomem(error);
    }
    if (!yaml_parser_initialize(&parser)) {
        free(file.path);
        return swb__fail_nomem(error);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    int status = load(&file, &parser, error);
    yaml_parser_delete(&parser);
    if (status != SWB_OK) {
        free(file.path);
        return status;
    }
    *out = file;
    return SWB_OK;
}

int swb__kubeconfig_open(swb__kubeconfig *out, const char *path, swb_error *error)
{
    char *text = NULL;
    size_t length = 0;
    int status = swb__read_file(&text, &length, path, SWB__KUBECONFIG_MAX_BYTES, error);
    if (status != SWB_OK) {
        return status;
    }
    status = swb__kubeconfig_parse(out, path, text, length, error);
    free(text);
    return status;
}

void swb__kubeconfig_close(swb__kubeconfig *file)
{
    yaml_document_delete(&file->document);
    free(file->path);
}

static bool is_null(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    const char *text = (const char *)node->data.scalar.value;
    return *text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static bool is_text(const yaml_node_t *node, const char *text)
{
    return node != NULL && node->type == YAML_SCALAR_NODE &&
           node->data.scalar.length == strlen(text) &&
           strcmp((const char *)node->data.scalar.value, text) == 0;
}

yaml_node_t *swb__kubeconfig_get(swb__kubeconfig *file, const yaml_node_t *mapping, const char *key)
{
    if (mapping == NULL || mapping->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        if (is_text(yaml_document_get_node(&file->document, pair->key), key)) {
            yaml_node_t *value = yaml_document_get_node(&file->document, pair->value);
            return value == NULL || is_null(value) ? NULL : value;
        }
    }
    return NULL;
}

int swb__kubeconfig_entry(yaml_node_t **out, swb__kubeconfig *file, const char *list_key,
                          const char *name, const char *member, swb_error *error)
{
    const yaml_node_t *list = swb__kubeconfig_get(file, file->root, list_key);
    *out = NULL;
    if (list == NULL) {
        return SWB_OK;
    }
    if (list->type != YAML_SEQUENCE_NODE) {
        return swb__kubeconfig_fail(file, list, error, "'%s' must be a list", list_key);
    }
    for (const yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top; item++) {
        yaml_node_t *entry = yaml_document_get_node(&file->document, *item);
        if (entry == NULL || !is_text(swb__kubeconfig_get(file, entry, "name"), name)) {
            continue;
        }
        *out = swb__kubeconfig_get(file, entry, member);
        if (*out == NULL || (*out)->type != YAML_MAPPING_NODE) {
            return swb__kubeconfig_fail(file, entry, error, "'%.80s' of '%s' has no mapping '%s'",
                                        name, list_key, member);
        }
        return SWB_OK;
    }
    return SWB_OK;
}

static int scalar(const yaml_node_t **out, swb__kubeconfig *file, const yaml_node_t *mapping,
                  const char *key, swb_error *error)
{
    const yaml_node_t *node = swb__kubeconfig_get(file, mapping, key);
    *out = node;
    if (node == NULL) {
        return SWB_OK;
    }
    if (node->type != YAML_SCALAR_NODE ||
        strlen((const char *)node->data.scalar.value) != node->data.scalar.length) {
        return swb__kubeconfig_fail(file, node, error, "'%s' must be a text", key);
    }
    return SWB_OK;
}

int swb__kubeconfig_text(char **out, swb__kubeconfig *file, const yaml_node_t *mapping,
                         const char *key, swb_error *error)
{
    const yaml_node_t *node;
    int status = scalar(&node, file, mapping, key, error);
    if (status != SWB_OK || node == NULL || node->data.scalar.length == 0) {
        return status;
    }
    char *text = strdup((const char *)node->data.scalar.value);
    if (text == NULL) {
        return swb__fail_nomem(error);
    }
    free(*out);
    *out = text;
    return SWB_OK;
}

int swb__kubeconfig_bool(bool *out, swb__kubeconfig *file, const yaml_node_t *mapping,
                         const char *key, swb_error *error)
{
    const yaml_node_t *node;
    int status = scalar(&node, file, mapping, key, error);
    if (status != SWB_OK || node == NULL) {
        return status;
    }
    const char *text = (const char *)node->data.scalar.value;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        return swb__kubeconfig_fail(file, node, error, "'%s' is '%.40s' instead of true or false",
                                    key, text);
    }
    *out = *text == 't';
    return SWB_OK;
}

int swb__kubeconfig_path(char **out, swb__kubeconfig *file, const yaml_node_t *mapping,
                         const char *key, swb_error *error)
{
    char *named = NULL;
    int status = swb__kubeconfig_text(&named, file, mapping, key, error);
    if (status != SWB_OK || named == NULL) {
        return status;
    }
    const char *slash = strrchr(file->path, '/');
    if (named[0] != '/' && slash != NULL) {
        size_t folder = (size_t)(slash - file->path) + 1;
        size_t size = folder + strlen(named) + 1;
        char *whole = malloc(size);
        if (whole == NULL) {
            free(named);
            return swb__fail_nomem(error);
        }
        snprintf(whole, size, "%.*s%s", (int)folder, file->path, named);
        free(named);
        named = whole;
    }
    free(*out);
    *out = named;
    return SWB_OK;
}

static int check_pem(const char *pem, const swb__kubeconfig *file, const yaml_node_t *at,
                     const char *key, swb_error *error)
{
    return strstr(pem, "-----BEGIN ") != NULL
               ? SWB_OK
               : swb__kubeconfig_fail(file, at, error, "'%s' holds no PEM (-----BEGIN ...)", key);
}

static int pem_from_data(char **out, swb__kubeconfig *file, const yaml_node_t *node,
                         const char *key, swb_error *error)
{
    char *pem = NULL;
    int status = swb__base64_decode(&pem, NULL, (const char *)node->data.scalar.value);
    if (status == SWB_ENOMEM) {
        return swb__fail_nomem(error);
    }
    if (status != SWB_OK) {
        return swb__kubeconfig_fail(file, node, error, "'%s' is not base64", key);
    }
    status = check_pem(pem, file, node, key, error);
    if (status != SWB_OK) {
        free(pem);
        return status;
    }
    free(*out);
    *out = pem;
    return SWB_OK;
}

int swb__kubeconfig_pem(char **out, swb__kubeconfig *file, const yaml_node_t *mapping,
                        const char *key, swb_error *error)
{
    char data_key[64];
    const yaml_node_t *node;
    char *path = NULL;
    char *pem = NULL;
    swb_error why = SWB_ERROR_INIT;
    snprintf(data_key, sizeof data_key, "%s-data", key);
    int status = scalar(&node, file, mapping, data_key, error);
    if (status == SWB_OK && node != NULL && node->data.scalar.length > 0) {
        return pem_from_data(out, file, node, data_key, error);
    }
    if (status == SWB_OK) {
        status = swb__kubeconfig_path(&path, file, mapping, key, error);
    }
    if (status != SWB_OK || path == NULL) {
        return status;
    }
    node = swb__kubeconfig_get(file, mapping, key);
    if (swb__read_file(&pem, NULL, path, SWB__KUBECONFIG_MAX_BYTES, &why) != SWB_OK) {
        status = swb__kubeconfig_fail(file, node, error, "'%s': %.400s", key, why.message);
    } else {
        status = check_pem(pem, file, node, key, error);
    }
    free(path);
    if (status != SWB_OK) {
        free(pem);
        return status;
    }
    free(*out);
    *out = pem;
    return SWB_OK;
}
