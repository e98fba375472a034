/* Progress on a terminal. */
#include "display.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_NS INT64_C(100000000)
#define WIDTH_MAX 256
#define BAR_MAX 30

#define CLEAR_LINE "\r\033[K"
#define CLEAR_BELOW "\r\033[J"
#define CURSOR_UP "\033[1A"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

bool cli_display_possible(FILE *out)
{
    const char *term = getenv("TERM");
    return isatty(fileno(out)) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

void cli_display_init(cli_display *display, FILE *out)
{
    const char *no_color = getenv("NO_COLOR");
    bool colored = no_color == NULL || no_color[0] == '\0';
    *display = (cli_display){.out = out, .colored = colored};
}

/* Columns that may be used; one is left free, so that no terminal wraps. */
static size_t usable_width(FILE *out)
{
    struct winsize size;
    size_t width = 79;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 1) {
        width = size.ws_col - 1u;
    }
    return width < WIDTH_MAX - 1 ? width : WIDTH_MAX - 1;
}

static void draw_bar(char *out, size_t width, double share)
{
    size_t filled = share <= 0 ? 0 : share >= 1 ? width : (size_t)(share * (double)width);
    memset(out, '=', filled);
    memset(out + filled, ' ', width - filled);
    if (filled > 0 && filled < width) {
        out[filled - 1] = '>';
    }
    out[width] = '\0';
}

/* "[=====>    ] 12/36 runs, 1 failed, 4 min 10 s, at most 8 min 2 s left" */
static void overall_line(char *out, size_t size, size_t width, const cli_tally *tally,
                         double run_share)
{
    char bar[BAR_MAX + 1];
    char elapsed[32];
    char left[32];
    double elapsed_ns = (double)(cli_clock_ns() - tally->begin_ns);
    double done = (double)tally->ended + run_share;
    double to_do = tally->to_do > 0 ? (double)tally->to_do : 1;
    draw_bar(bar, width / 3 < BAR_MAX ? width / 3 : BAR_MAX, done / to_do);
    int length = snprintf(out, size, "[%s] %" PRIu64 "/%" PRIu64 " runs, %" PRIu64 " failed, %s",
                          bar, tally->ended, tally->to_do, tally->failed,
                          cli_format_duration(elapsed, sizeof elapsed, elapsed_ns));
    if (tally->ended > 0 && done < to_do && length > 0 && (size_t)length < size) {
        cli_format_duration(left, sizeof left, elapsed_ns / done * (to_do - done));
        snprintf(out + length, size - (size_t)length, ", about %s left", left);
    }
}

/* "leech 64 %  412 MB/s  5/7 complete  deluge file_size=100MB size=8 seeders=1" */
static void run_line(char *out, size_t size, const cli_tally *tally, double share)
{
    char rate[32];
    if (!tally->running) {
        snprintf(out, size, "-");
        return;
    }
    int length = snprintf(out, size, "%-8s", tally->phase);
    if (tally->bytes > 0 && length > 0) {
        cli_format_bytes(rate, sizeof rate, tally->rate_bytes_s);
        length += snprintf(out + length, size - (size_t)length,
                           " %3.0f %%  %8s/s  %" PRIu32 "/%" PRIu32 " complete ", share * 100, rate,
                           tally->completed, tally->leechers);
    }
    if (length > 0 && (size_t)length < size) {
        snprintf(out + length, size - (size_t)length, " %s %s%s", tally->mode, tally->cell,
                 tally->attempt > 1 ? " (again)" : "");
    }
}

void cli_display_draw(cli_display *display, cli_tally *tally)
{
    int64_t now_ns = cli_clock_ns();
    if (display->drawn && now_ns - display->drawn_ns < REDRAW_NS) {
        return;
    }
    char first[WIDTH_MAX];
    char second[WIDTH_MAX * 2];
    size_t width = usable_width(display->out);
    cli_tally_measure(tally, now_ns);
    double share = tally->bytes_wanted > 0 ? (double)tally->bytes / (double)tally->bytes_wanted : 0;
    share = share > 1 ? 1 : share;
    overall_line(first, sizeof first, width, tally, tally->running ? share : 0);
    run_line(second, sizeof second, tally, share);
    fprintf(display->out, CLEAR_LINE "%.*s\n" CLEAR_LINE "%.*s" CURSOR_UP "\r", (int)width, first,
            (int)width, second);
    fflush(display->out);
    display->drawn = true;
    display->drawn_ns = now_ns;
}

void cli_display_clear(cli_display *display)
{
    if (display->drawn) {
        fputs(CLEAR_BELOW, display->out);
        fflush(display->out);
        display->drawn = false;
    }
}

void cli_display_line(cli_display *display, const char *line, cli_weight weight)
{
    const char *color = weight == CLI_WEIGHT_ERROR ? RED : YELLOW;
    cli_display_clear(display);
    fprintf(display->out, "%s%s%s\n", display->colored ? color : "", line,
            display->colored ? PLAIN : "");
}
