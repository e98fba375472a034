#include "drivers/exec_metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_name_character(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           (!first && c >= '0' && c <= '9');
}

/* Length of "{...}" at `text`, in whose quoted values a brace may stand; 0 where it has no end. */
static size_t labels(const char *text, const char *end)
{
    bool quoted = false;
    for (const char *c = text; c < end; c++) {
        if (quoted && *c == '\\') {
            c++;
        } else if (*c == '"') {
            quoted = !quoted;
        } else if (*c == '}' && !quoted) {
            return (size_t)(c - text) + 1;
        }
    }
    return 0;
}

/* The number up to a blank or the line's end; a timestamp may follow it. */
static bool read_value(double *out, const char *text, const char *end)
{
    char copy[64];
    char *rest = NULL;
    size_t length = 0;
    while (text < end && (*text == ' ' || *text == '\t')) {
        text++;
    }
    while (text + length < end && strchr(" \t\r", text[length]) == NULL &&
           length + 1 < sizeof copy) {
        copy[length] = text[length];
        length++;
    }
    copy[length] = '\0';
    *out = strtod(copy, &rest);
    return length > 0 && *rest == '\0' && isfinite(*out);
}

static bool read_line(swb__metric_line *out, const char *text, const char *end)
{
    size_t bare = 0;
    while (text + bare < end && is_name_character(text[bare], bare == 0)) {
        bare++;
    }
    size_t length = bare;
    if (bare > 0 && text + bare < end && text[bare] == '{') {
        size_t more = labels(text + bare, end);
        length = more > 0 ? bare + more : 0;
    }
    if (length == 0 || length >= sizeof out->name || text + length == end ||
        memchr(text, '\0', length) != NULL) {
        return false;
    }
    memcpy(out->name, text, length);
    out->name[length] = '\0';
    out->bare_length = bare;
    return read_value(&out->value, text + length, end);
}

bool swb__metric_next(swb__metric_line *out, const char **at, const char *end)
{
    while (*at < end) {
        const char *line = *at;
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop != NULL ? stop : end;
        *at = stop < end ? stop + 1 : end;
        if (read_line(out, line, stop)) {
            return true;
        }
    }
    return false;
}
