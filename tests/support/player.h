/* Plays a driver's operations against scripted replies: no process, no socket. */
#ifndef SWB_TESTS_PLAYER_H
#define SWB_TESTS_PLAYER_H

#include "support/tape.h"

#define PLAYER_OPTIONS_MAX 16
#define PLAYER_SESSION_MAX 4096
#define PLAYER_BINARY "/opt/some/program" /* where a driver has no program of its own */

typedef struct test_player {
    const swb_driver *driver;
    swb_node node; /* the one that was recorded; may be changed */
    swb_option_value options[PLAYER_OPTIONS_MAX];
    char home_dir[64];
    char content_dir[64];
    _Alignas(max_align_t) uint8_t session[PLAYER_SESSION_MAX];
    bool connected; /* for swb__call_set_connected() */
    /* Of the operation played last: */
    swb_result result;
    swb_error error;
    bool retriable;
    unsigned exchanges;
} test_player;

/* The reply to an exchange; NULL ends the operation with SWB_ETRUNCATED. */
typedef const swb_reply *(*player_source)(void *argument, const swb__exchange *exchange);

/* A leecher as it was recorded: number 1 of two. */
void player_open(test_player *player, const swb_driver *driver);
void player_close(test_player *player);
/* Performs an operation; returns what it ended with. */
int player_run(test_player *player, const swb_command *command, player_source source,
               void *argument);
/* Against a tape of recordings/, which must have been played to its end. */
int player_play(test_player *player, const swb_command *command, const char *recording);
/* Against the text of a tape. */
int player_play_text(test_player *player, const swb_command *command, const char *text);

/* The values of a driver's options where none is given. */
void player_options(swb_option_value *out, const swb_driver *driver);

#endif
