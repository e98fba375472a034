/* Texts of an experiment with placeholders, "{address}", that a node's own values are put in for.
 */
#ifndef SWB_DRIVERS_EXEC_TEMPLATE_H
#define SWB_DRIVERS_EXEC_TEMPLATE_H

#include <stdbool.h>

#include <swarmbench/sys/driver.h>

#include "base/buffer.h"

/* What a text of an experiment may become. */
#define SWB__TEMPLATE_MAX_BYTES ((size_t)128 << 10)

/* A placeholder is a name of a-z, 0-9 and _ in braces; "{{name}" is the text "{name}". Other braces
 * are themselves. SWB_EINPUT: a placeholder that there is none of; the message names those there
 * are. */
int swb__template_check(const char *text, size_t length, swb_error *error);

/* Appends the text with the node's values in place. What the node does not have (a bootstrap, a
 * tracker, an infohash) is nothing. The text was checked. */
void swb__template_fill(swb__buffer *out, const char *text, size_t length, const swb_node *node);

/* Whether the text asks for what the node does not have. */
bool swb__template_lacks(const char *text, size_t length, const swb_node *node);

/* A walk over the texts of a LIST or MAP: for (swb__texts t = swb__texts_of(&value);
 * swb__next_text(&t);) uses t.text, t.length. */
typedef struct swb__texts {
    const char *text;
    size_t length;
    const char *next; /* NULL past the last one */
    int64_t left;
} swb__texts;

swb__texts swb__texts_of(const swb_option_value *value);
bool swb__next_text(swb__texts *texts);

#endif
