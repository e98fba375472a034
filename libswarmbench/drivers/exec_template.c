#include "drivers/exec_template.h"

#include <stdio.h>
#include <string.h>

typedef enum placeholder {
    ADDRESS,
    DATA_PORT,
    API_PORT,
    EXTRA_PORT,
    WILDCARD_PORT,
    HOME,
    CONTENT,
    NAME,
    GROUP,
    INDEX,
    USER,
    PASSWORD,
    BOOTSTRAP,
    TRACKER,
    INFOHASH,
    PLACEHOLDERS,
    LITERAL, /* no placeholder: the characters themselves */
    UNKNOWN,
} placeholder;

static const char *const names[PLACEHOLDERS] = {
    [ADDRESS] = "address",
    [DATA_PORT] = "data_port",
    [API_PORT] = "api_port",
    [EXTRA_PORT] = "extra_port",
    [WILDCARD_PORT] = "wildcard_port",
    [HOME] = "home",
    [CONTENT] = "content",
    [NAME] = "name",
    [GROUP] = "group",
    [INDEX] = "index",
    [USER] = "user",
    [PASSWORD] = "password",
    [BOOTSTRAP] = "bootstrap",
    [TRACKER] = "tracker",
    [INFOHASH] = "infohash",
};

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Length of "{name}" at `text`; 0 where there is none. */
static size_t braced(const char *text, const char *end)
{
    size_t length = 1;
    if (text == end || *text != '{') {
        return 0;
    }
    while (text + length < end && is_name_character(text[length])) {
        length++;
    }
    return length > 1 && text + length < end && text[length] == '}' ? length + 1 : 0;
}

/* The next piece of a text: what it is, and how many characters it takes. Of a LITERAL,
 * `skipped_out` of them are not meant. */
static placeholder next_piece(size_t *length_out, size_t *skipped_out, const char *text,
                              const char *end)
{
    size_t length = braced(text, end);
    *skipped_out = 0;
    if (length == 0 && text + 1 < end && text[0] == '{' && braced(text + 1, end) > 0) {
        *skipped_out = 1;
        *length_out = 1 + braced(text + 1, end);
        return LITERAL;
    }
    *length_out = length > 0 ? length : 1;
    if (length == 0) {
        return LITERAL;
    }
    for (int i = 0; i < PLACEHOLDERS; i++) {
        if (strlen(names[i]) == length - 2 && memcmp(names[i], text + 1, length - 2) == 0) {
            return (placeholder)i;
        }
    }
    return UNKNOWN;
}

static int refuse(const char *text, size_t length, swb_error *error)
{
    char known[256];
    size_t used = 0;
    for (int i = 0; i < PLACEHOLDERS && used < sizeof known; i++) {
        used += (size_t)snprintf(known + used, sizeof known - used, "%s{%s}", i > 0 ? ", " : "",
                                 names[i]);
    }
    return swb__fail(error, SWB_EINPUT,
                     "'%.*s' is no placeholder; there are %s; write {%.*s for the text itself",
                     (int)(length < 60 ? length : 60), text, known,
                     (int)(length < 60 ? length : 60), text);
}

int swb__template_check(const char *text, size_t length, swb_error *error)
{
    const char *end = text + length;
    size_t piece = 0;
    size_t skipped;
    for (; text < end; text += piece) {
        if (next_piece(&piece, &skipped, text, end) == UNKNOWN) {
            return refuse(text, piece, error);
        }
    }
    return SWB_OK;
}

static const char *text_of(placeholder which, const swb_node *node)
{
    switch (which) {
    case ADDRESS:
        return node->address;
    case HOME:
        return node->home_dir;
    case CONTENT:
        return node->content_dir;
    case NAME:
        return node->name;
    case GROUP:
        return node->group;
    case USER:
        return node->user;
    case PASSWORD:
        return node->password;
    case BOOTSTRAP:
        return node->bootstrap;
    case TRACKER:
        return node->tracker_url;
    case INFOHASH:
        return node->infohash;
    default:
        return NULL;
    }
}

static bool number_of(uint32_t *out, placeholder which, const swb_node *node)
{
    switch (which) {
    case DATA_PORT:
        *out = node->data_port;
        return true;
    case API_PORT:
        *out = node->api_port;
        return true;
    case EXTRA_PORT:
        *out = node->extra_port;
        return true;
    case WILDCARD_PORT:
        *out = node->wildcard_port;
        return true;
    case INDEX:
        *out = node->index;
        return true;
    default:
        return false;
    }
}

void swb__template_fill(swb__buffer *out, const char *text, size_t length, const swb_node *node)
{
    const char *end = text + length;
    size_t piece;
    size_t skipped;
    uint32_t number;
    for (; text < end; text += piece) {
        placeholder which = next_piece(&piece, &skipped, text, end);
        const char *value = text_of(which, node);
        if (which >= LITERAL) {
            swb__buffer_append(out, text + skipped, piece - skipped);
        } else if (number_of(&number, which, node)) {
            swb__buffer_printf(out, "%u", number);
        } else if (value != NULL) {
            swb__buffer_text(out, value);
        }
    }
}

bool swb__template_lacks(const char *text, size_t length, const swb_node *node)
{
    const char *end = text + length;
    size_t piece;
    size_t skipped;
    uint32_t number;
    for (; text < end; text += piece) {
        placeholder which = next_piece(&piece, &skipped, text, end);
        if (which < LITERAL && !number_of(&number, which, node) && text_of(which, node) == NULL) {
            return true;
        }
    }
    return false;
}

swb__texts swb__texts_of(const swb_option_value *value)
{
    return (swb__texts){.next = value->string, .left = value->string == NULL ? 0 : value->integer};
}

bool swb__next_text(swb__texts *texts)
{
    if (texts->left == 0) {
        return false;
    }
    const char *end = strchr(texts->next, SWB_OPTION_SEPARATOR);
    texts->text = texts->next;
    texts->length = end != NULL ? (size_t)(end - texts->next) : strlen(texts->next);
    texts->next = end != NULL ? end + 1 : texts->next + texts->length;
    texts->left--;
    return true;
}
