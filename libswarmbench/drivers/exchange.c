#include "drivers/exchange.h"

#include <stdlib.h>
#include <string.h>

static void free_pairs(swb__pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pairs[i].name);
        free(pairs[i].value);
    }
    free(pairs);
}

static void free_part(swb__part *part)
{
    free(part->name);
    free(part->filename);
    free(part->type);
    free(part->bytes);
}

void swb__exchange_clear(swb__exchange *exchange)
{
    free(exchange->method);
    free(exchange->path);
    free_pairs(exchange->headers, exchange->header_count);
    free(exchange->body_type);
    free(exchange->body);
    free_pairs(exchange->fields, exchange->field_count);
    for (size_t i = 0; i < exchange->part_count; i++) {
        free_part(&exchange->parts[i]);
    }
    free(exchange->parts);
    free(exchange->frame);
    memset(exchange, 0, sizeof *exchange);
}

static int refuse(const char **why_out, const char *why)
{
    *why_out = why;
    return SWB_EINVAL;
}

static int copy_text(char **out, const char *text)
{
    if (text == NULL) {
        return SWB_OK;
    }
    *out = strdup(text);
    return *out == NULL ? SWB_ENOMEM : SWB_OK;
}

/* One byte more than asked for, so that an empty copy is not NULL. */
static int copy_bytes(uint8_t **out, const void *bytes, size_t length)
{
    *out = malloc(length + 1);
    if (*out == NULL) {
        return SWB_ENOMEM;
    }
    if (length > 0) {
        memcpy(*out, bytes, length);
    }
    (*out)[length] = 0;
    return SWB_OK;
}

static int append_pair(swb__pair **pairs, size_t *count, const char *name, const char *value)
{
    swb__pair pair = {NULL, NULL};
    swb__pair *grown = realloc(*pairs, (*count + 1) * sizeof **pairs);
    if (grown == NULL) {
        return SWB_ENOMEM;
    }
    *pairs = grown;
    if (copy_text(&pair.name, name) != SWB_OK || copy_text(&pair.value, value) != SWB_OK) {
        free(pair.name);
        return SWB_ENOMEM;
    }
    grown[(*count)++] = pair;
    return SWB_OK;
}

static bool breaks_a_line(const char *text)
{
    return strpbrk(text, "\r\n") != NULL;
}

int swb__exchange_request(swb__exchange *exchange, const char *method, const char *path,
                          const char **why_out)
{
    if (method == NULL || method[0] == '\0' || strpbrk(method, " \r\n") != NULL) {
        return refuse(why_out, "an HTTP exchange needs a method of one word");
    }
    if (path == NULL || path[0] != '/' || strpbrk(path, " \r\n") != NULL) {
        return refuse(why_out, "the path of an HTTP exchange begins with '/' and has no spaces");
    }
    exchange->transport = SWB_TRANSPORT_HTTP;
    int status = copy_text(&exchange->method, method);
    return status != SWB_OK ? status : copy_text(&exchange->path, path);
}

/* The one kind of body an exchange has is the one given first. */
static int require_request(const swb__exchange *exchange, bool other_body, const char **why_out)
{
    if (exchange->method == NULL) {
        return refuse(why_out, "only an HTTP exchange that was begun can be added to");
    }
    return other_body ? refuse(why_out, "an exchange has one kind of body") : SWB_OK;
}

int swb__exchange_header(swb__exchange *exchange, const char *name, const char *value,
                         const char **why_out)
{
    int status = require_request(exchange, false, why_out);
    if (status != SWB_OK) {
        return status;
    }
    if (name == NULL || value == NULL || breaks_a_line(name) || breaks_a_line(value)) {
        return refuse(why_out, "a header has a name and a value of one line");
    }
    return append_pair(&exchange->headers, &exchange->header_count, name, value);
}

int swb__exchange_body(swb__exchange *exchange, const char *type, const void *bytes, size_t length,
                       const char **why_out)
{
    bool other = exchange->has_body || exchange->field_count > 0 || exchange->part_count > 0 ||
                 exchange->upload_content;
    int status = require_request(exchange, other, why_out);
    if (status != SWB_OK) {
        return status;
    }
    if (type != NULL && breaks_a_line(type)) {
        return refuse(why_out, "a content type is one line");
    }
    status = copy_text(&exchange->body_type, type);
    if (status != SWB_OK) {
        return status;
    }
    exchange->has_body = true;
    exchange->body_length = length;
    return copy_bytes(&exchange->body, bytes, length);
}

int swb__exchange_field(swb__exchange *exchange, const char *name, const char *value,
                        const char **why_out)
{
    bool other = exchange->has_body || exchange->part_count > 0 || exchange->upload_content;
    int status = require_request(exchange, other, why_out);
    if (status != SWB_OK) {
        return status;
    }
    if (name == NULL || value == NULL) {
        return refuse(why_out, "a form field has a name and a value");
    }
    return append_pair(&exchange->fields, &exchange->field_count, name, value);
}

static int copy_part(swb__part *out, const swb__part *part)
{
    int status = copy_text(&out->name, part->name);
    if (status == SWB_OK) {
        status = copy_text(&out->filename, part->filename);
    }
    if (status == SWB_OK) {
        status = copy_text(&out->type, part->type);
    }
    if (status == SWB_OK) {
        out->length = part->length;
        status = copy_bytes(&out->bytes, part->bytes, part->length);
    }
    return status;
}

int swb__exchange_part(swb__exchange *exchange, const swb__part *part, const char **why_out)
{
    bool other = exchange->has_body || exchange->field_count > 0 || exchange->upload_content;
    int status = require_request(exchange, other, why_out);
    if (status != SWB_OK) {
        return status;
    }
    if (part->name == NULL || (part->bytes == NULL && part->length > 0)) {
        return refuse(why_out, "a form part has a name and bytes");
    }
    swb__part *grown =
        realloc(exchange->parts, (exchange->part_count + 1) * sizeof *exchange->parts);
    if (grown == NULL) {
        return SWB_ENOMEM;
    }
    exchange->parts = grown;
    swb__part copy = {0};
    status = copy_part(&copy, part);
    if (status != SWB_OK) {
        free_part(&copy);
        return status;
    }
    grown[exchange->part_count++] = copy;
    return SWB_OK;
}

int swb__exchange_upload(swb__exchange *exchange, const char **why_out)
{
    bool other = exchange->has_body || exchange->field_count > 0 || exchange->part_count > 0;
    int status = require_request(exchange, other, why_out);
    exchange->upload_content = status == SWB_OK;
    return status;
}

int swb__exchange_frame(swb__exchange *exchange, const void *bytes, size_t length,
                        const char **why_out)
{
    if (bytes == NULL || length == 0) {
        return refuse(why_out, "a frame has bytes");
    }
    exchange->transport = SWB_TRANSPORT_TLS;
    exchange->frame_length = length;
    return copy_bytes(&exchange->frame, bytes, length);
}
