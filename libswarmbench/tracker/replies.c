#include "tracker/replies.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number in the first <name> between <outer> and </outer>. */
static bool read_number(uint64_t *out, const char *text, const char *outer, const char *name)
{
    char tag[32];
    snprintf(tag, sizeof tag, "<%s>", outer);
    const char *begin = strstr(text, tag);
    snprintf(tag, sizeof tag, "</%s>", outer);
    const char *end = begin != NULL ? strstr(begin, tag) : NULL;
    snprintf(tag, sizeof tag, "<%s>", name);
    const char *at = end != NULL ? strstr(begin, tag) : NULL;
    if (at == NULL || at >= end || !isdigit((unsigned char)at[strlen(tag)])) {
        return false;
    }
    char *rest;
    *out = strtoull(at + strlen(tag), &rest, 10);
    return *rest == '<';
}

static void read_revision(char *out, size_t size, const char *text)
{
    static const char mark[] = "$Revision: ";
    const char *at = strstr(text, mark);
    out[0] = '\0';
    if (at != NULL) {
        at += sizeof mark - 1;
        snprintf(out, size, "%.*s", (int)strcspn(at, " $\r\n<"), at);
    }
}

int swb__tracker_read_counters(swb__tracker_counters *out, const char *text, swb_error *error)
{
    swb__tracker_counters found;
    memset(&found, 0, sizeof found);
    if (!read_number(&found.uptime_s, text, "stats", "uptime") ||
        !read_number(&found.tcp_announces, text, "tcp", "announce") ||
        !read_number(&found.tcp_scrapes, text, "tcp", "scrape") ||
        !read_number(&found.udp_announces, text, "udp", "announce") ||
        !read_number(&found.udp_scrapes, text, "udp", "scrape")) {
        return swb__fail(error, SWB_EPROTO, "opentracker's statistics lack a counter");
    }
    read_revision(found.revision, sizeof found.revision, text);
    *out = found;
    return SWB_OK;
}

typedef struct unread {
    const uint8_t *at;
    const uint8_t *end;
} unread;

static bool skip(unread *cursor, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, text, length) != 0) {
        return false;
    }
    cursor->at += length;
    return true;
}

/* "i42e"; 18 digits are more than any tracker counts. */
static bool take_number(uint64_t *out, unread *cursor)
{
    uint64_t value = 0;
    size_t digits = 0;
    if (!skip(cursor, "i")) {
        return false;
    }
    while (cursor->at < cursor->end && isdigit(*cursor->at) && digits < 18) {
        value = value * 10 + (uint64_t)(*cursor->at++ - '0');
        digits++;
    }
    *out = value;
    return digits > 0 && skip(cursor, "e");
}

static bool take_torrent(swb__tracker_torrent *out, unread *cursor)
{
    if (!skip(cursor, "20:") || cursor->end - cursor->at < SWB__INFOHASH_BYTES) {
        return false;
    }
    memcpy(out->infohash.bytes, cursor->at, SWB__INFOHASH_BYTES);
    cursor->at += SWB__INFOHASH_BYTES;
    return skip(cursor, "d8:complete") && take_number(&out->seeders, cursor) &&
           skip(cursor, "10:downloaded") && take_number(&out->completed, cursor) &&
           skip(cursor, "10:incomplete") && take_number(&out->leechers, cursor) &&
           skip(cursor, "e");
}

int swb__tracker_read_scrape(swb__tracker_torrent *out, size_t *count_out, size_t room,
                             const uint8_t *bytes, size_t length, swb_error *error)
{
    unread cursor = {bytes, bytes + length};
    size_t count = 0;
    bool good = skip(&cursor, "d5:filesd");
    while (good && !skip(&cursor, "ee")) {
        good = count < room && take_torrent(&out[count], &cursor);
        count += good;
    }
    if (!good || cursor.at != cursor.end) {
        return swb__fail(error, SWB_EPROTO, "opentracker's reply to a scrape is none: byte %zu",
                         (size_t)(cursor.at - bytes));
    }
    *count_out = count;
    return SWB_OK;
}

int swb__tracker_read_announce(bool *served_out, const uint8_t *bytes, size_t length,
                               swb_error *error)
{
    unread cursor = {bytes, bytes + length};
    bool refused = skip(&cursor, "d14:failure reason");
    if (!refused && !skip(&cursor, "d8:complete")) {
        return swb__fail(error, SWB_EPROTO, "opentracker's reply to an announce is none");
    }
    *served_out = !refused;
    return SWB_OK;
}
