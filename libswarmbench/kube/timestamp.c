#include "kube/timestamp.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Days since 1970-01-01 of a date of the Gregorian calendar, with years that begin in March. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool read_offset(int64_t *out_s, const char *text)
{
    int hours;
    int minutes;
    char sign;
    char more;
    if ((text[0] == 'Z' || text[0] == 'z') && text[1] == '\0') {
        *out_s = 0;
        return true;
    }
    if (sscanf(text, "%c%2d:%2d%c", &sign, &hours, &minutes, &more) != 3 ||
        (sign != '+' && sign != '-') || hours > 23 || minutes > 59 || hours < 0 || minutes < 0) {
        return false;
    }
    *out_s = (sign == '-' ? -1 : 1) * (int64_t)(hours * 60 + minutes) * 60;
    return true;
}

bool swb__timestamp_read(int64_t *out_s, const char *text)
{
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int used = 0;
    int64_t offset_s;
    if (strspn(text, "0123456789-:.+TtZz ") != strlen(text) ||
        sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute,
               &second, &used) != 6 ||
        used < 19) {
        return false;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 60) {
        return false;
    }
    text += used;
    if (*text == '.') {
        text++;
        text += strspn(text, "0123456789");
    }
    if (!read_offset(&offset_s, text)) {
        return false;
    }
    *out_s = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - offset_s;
    return true;
}
