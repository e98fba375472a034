/* Tapes: what was said to a program and what it answered, as text that people can read. */
#ifndef SWB_TESTS_TAPE_H
#define SWB_TESTS_TAPE_H

#include <stdio.h>

#include "base/buffer.h"
#include "drivers/call.h"

/*
 * A line "> ..." is what the driver sends, in the words of tape_describe(). The line "< ..." after
 * it is the reply: for HTTP "< STATUS TYPE" with the body in the lines below, up to the next "> ",
 * for TLS "< HEX", the frame, or nothing, where none comes. A line "# ..." before the first ">" is
 * a comment.
 */

/* One line about an exchange: "POST /path a=1&b=2"; for a Deluge frame the hex of the rencode in it
 * ("(waits)" where it sends nothing). */
void tape_describe(swb__buffer *out, const swb__exchange *exchange);
/* Writes an exchange and its reply to a tape. */
void tape_write(FILE *tape, const swb__exchange *exchange, const swb_reply *reply);

typedef struct test_tape {
    char *text;
    char *at; /* the next "> " line */
    char *body;
    swb_reply reply;
} test_tape;

/* Opens tests/unit/drivers/recordings/NAME; fails the test where it is not there. */
void tape_open(test_tape *tape, const char *name);
/* As tape_open(), from a text. */
void tape_open_text(test_tape *tape, const char *text);
/* The reply to this exchange; fails the test where the tape has another one next. */
const swb_reply *tape_play(test_tape *tape, const swb__exchange *exchange);
/* Fails the test where replies are left over. */
void tape_close(test_tape *tape);

#endif
