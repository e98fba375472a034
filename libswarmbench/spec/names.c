#include "spec/names.h"

#include <stdio.h>
#include <string.h>

#define LENGTH_MAX 64

void swb__names_add(swb__names *names, const char *name)
{
    if (names->count < SWB__NAMES_MAX) {
        names->items[names->count++] = name;
    }
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance; texts longer than LENGTH_MAX are far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LENGTH_MAX + 1];
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    if (a_length > LENGTH_MAX || b_length > LENGTH_MAX) {
        return LENGTH_MAX;
    }
    for (size_t j = 0; j <= b_length; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

static const char *nearest(const swb__names *names, const char *given)
{
    /* A third of the letters may be wrong, and one in a very short name. */
    size_t best = strlen(given) / 3 + 2;
    const char *found = NULL;
    for (size_t i = 0; i < names->count; i++) {
        size_t away = distance(given, names->items[i]);
        if (away < best && away < strlen(names->items[i])) {
            best = away;
            found = names->items[i];
        }
    }
    return found;
}

char *swb__names_hint(char *out, size_t size, const swb__names *names, const char *given)
{
    const char *near = nearest(names, given);
    if (near != NULL) {
        snprintf(out, size, "did you mean '%s'?", near);
        return out;
    }
    size_t used = (size_t)snprintf(out, size, "known: %s", names->count == 0 ? "none" : "");
    for (size_t i = 0; i < names->count && used < size; i++) {
        used +=
            (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", names->items[i]);
    }
    return out;
}
