#include "support/tape.h"

#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/deluge_rpc.h"

#define RECORDINGS "tests/unit/drivers/recordings/"

static void describe_parts(swb__buffer *out, const swb__exchange *exchange)
{
    for (size_t i = 0; i < exchange->part_count; i++) {
        const swb__part *part = &exchange->parts[i];
        swb__buffer_printf(out, "%s%s=", i == 0 ? " " : "&", part->name);
        if (part->filename != NULL) {
            swb__buffer_printf(out, "(%s)", part->filename);
        } else {
            swb__buffer_append(out, part->bytes, part->length);
        }
    }
}

static void describe_http(swb__buffer *out, const swb__exchange *exchange)
{
    swb__buffer_printf(out, "%s %s%s", exchange->method,
                       exchange->extra      ? "extra:"
                       : exchange->wildcard ? "wildcard:"
                                            : "",
                       exchange->path);
    for (size_t i = 0; i < exchange->field_count; i++) {
        swb__buffer_printf(out, "%s%s=%s", i == 0 ? " " : "&", exchange->fields[i].name,
                           exchange->fields[i].value);
    }
    describe_parts(out, exchange);
    if (exchange->has_body) {
        swb__buffer_text(out, " ");
        swb__buffer_append(out, exchange->body, exchange->body_length);
    }
}

static void put_hex(swb__buffer *out, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        swb__buffer_printf(out, "%02x", ((const uint8_t *)bytes)[i]);
    }
}

static void describe_frame(swb__buffer *out, const swb__exchange *exchange)
{
    swb__buffer body = SWB__BUFFER_INIT(SWB__DELUGE_REQUEST_MAX);
    if (exchange->frame == NULL) {
        swb__buffer_text(out, "(waits)");
    } else if (swb__deluge_unpack(&body, exchange->frame, exchange->frame_length) == SWB_OK) {
        put_hex(out, body.data, body.length);
    } else {
        put_hex(out, exchange->frame, exchange->frame_length);
    }
    swb__buffer_finish(&body);
}

void tape_describe(swb__buffer *out, const swb__exchange *exchange)
{
    if (exchange->transport == SWB_TRANSPORT_TLS) {
        describe_frame(out, exchange);
    } else {
        describe_http(out, exchange);
    }
}

void tape_write(FILE *file, const swb__exchange *exchange, const swb_reply *reply)
{
    swb__buffer line = SWB__BUFFER_INIT(SWB__DELUGE_REQUEST_MAX);
    swb__buffer_text(&line, "> ");
    tape_describe(&line, exchange);
    swb__buffer_text(&line, "\n< ");
    if (exchange->transport == SWB_TRANSPORT_TLS) {
        put_hex(&line, reply->body, reply->length);
    } else {
        swb__buffer_printf(&line, "%d %s\n", reply->http_status, reply->content_type);
        swb__buffer_append(&line, reply->body, reply->length);
    }
    fprintf(file, "%s\n", swb__buffer_string(&line));
    fflush(file);
    swb__buffer_finish(&line);
}

void tape_open_text(test_tape *tape, const char *text)
{
    memset(tape, 0, sizeof *tape);
    tape->text = strdup(text);
    assert_non_null(tape->text);
    char *first = tape->text[0] == '>' ? tape->text : strstr(tape->text, "\n> ");
    assert_non_null(first);
    tape->at = first[0] == '\n' ? first + 1 : first;
}

void tape_open(test_tape *tape, const char *name)
{
    char path[256];
    char *text = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, RECORDINGS "%s", name);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("no recording %s", path);
    }
    if (getdelim(&text, &size, '\0', file) < 0) {
        fail_msg("the recording %s is empty", path);
    }
    fclose(file);
    tape_open_text(tape, text);
    free(text);
}

/* Cuts the line at `*at` off and moves on to the next one; NULL at the end. */
static char *next_line(char **at)
{
    char *line = *at;
    if (line == NULL || line[0] == '\0') {
        return NULL;
    }
    char *end = strchr(line, '\n');
    *at = end == NULL ? NULL : end + 1;
    if (end != NULL) {
        *end = '\0';
    }
    return line;
}

static void read_hex(swb_reply *reply, char *hex)
{
    size_t length = strlen(hex) / 2;
    char digits[3] = {0};
    for (size_t i = 0; i < length; i++) {
        memcpy(digits, hex + 2 * i, 2);
        hex[i] = (char)strtoul(digits, NULL, 16);
    }
    hex[length] = '\0';
    reply->body = (const uint8_t *)hex;
    reply->length = length;
}

/* The body ends before the next line that begins with "> ". */
static void read_http(test_tape *tape, char *head)
{
    char *type = strchr(head, ' ');
    tape->reply.http_status = (int)strtol(head, NULL, 10);
    tape->reply.content_type = type == NULL ? "" : type + 1;
    tape->reply.body = (const uint8_t *)"";
    tape->reply.length = 0;
    if (tape->at == NULL || strncmp(tape->at, "> ", 2) == 0) {
        return;
    }
    char *end = strstr(tape->at, "\n> ");
    tape->reply.body = (const uint8_t *)tape->at;
    if (end != NULL) {
        *end = '\0';
    }
    tape->reply.length = strlen(tape->at);
    if (end == NULL && tape->reply.length > 0 && tape->at[tape->reply.length - 1] == '\n') {
        tape->at[--tape->reply.length] = '\0';
    }
    tape->at = end == NULL ? NULL : end + 1;
}

const swb_reply *tape_play(test_tape *tape, const swb__exchange *exchange)
{
    swb__buffer sent = SWB__BUFFER_INIT(SWB__DELUGE_REQUEST_MAX);
    swb__buffer_text(&sent, "> ");
    tape_describe(&sent, exchange);
    char *wanted = next_line(&tape->at);
    if (wanted == NULL) {
        fail_msg("the tape is at its end, the driver sends: %s", swb__buffer_string(&sent));
    }
    assert_string_equal(swb__buffer_string(&sent), wanted);
    swb__buffer_finish(&sent);
    char *head = next_line(&tape->at);
    assert_non_null(head);
    assert_memory_equal(head, "< ", 2);
    memset(&tape->reply, 0, sizeof tape->reply);
    tape->reply.content_type = "";
    if (exchange->transport == SWB_TRANSPORT_TLS) {
        read_hex(&tape->reply, head + 2);
    } else {
        read_http(tape, head + 2);
    }
    return &tape->reply;
}

void tape_close(test_tape *tape)
{
    if (tape->at != NULL && tape->at[0] != '\0') {
        fail_msg("the driver did not ask for: %s", tape->at);
    }
    free(tape->text);
}
