/* Progress on a terminal: two lines that are drawn again and again at the bottom. */
#ifndef SWB_CLI_DISPLAY_H
#define SWB_CLI_DISPLAY_H

#include "tally.h"

typedef struct cli_display {
    FILE *out;
    bool colored;
    bool drawn; /* the two lines stand on the terminal, the cursor at the start of the first */
    int64_t drawn_ns;
} cli_display;

/* Can progress be drawn on this stream: a terminal that moves its cursor? */
bool cli_display_possible(FILE *out);
void cli_display_init(cli_display *display, FILE *out);
/* Draws the tally unless that was done under 100 ms ago. */
void cli_display_draw(cli_display *display, cli_tally *tally);
/* Puts a line above the progress, for good. */
void cli_display_line(cli_display *display, const char *line, cli_weight weight);
/* Takes the progress off the terminal. */
void cli_display_clear(cli_display *display);

#endif
