#include "support/player.h"

#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

static int64_t option_choice(const swb_option *option)
{
    const char *choice = option->choices;
    size_t length = strlen(option->fallback);
    for (int64_t position = 0; choice != NULL; position++) {
        if (strncmp(choice, option->fallback, length) == 0 &&
            (choice[length] == '|' || choice[length] == '\0')) {
            return position;
        }
        choice = strchr(choice, '|');
        choice += choice != NULL;
    }
    fail_msg("option %s: '%s' is none of %s", option->name, option->fallback, option->choices);
    return -1;
}

void player_options(swb_option_value *out, const swb_driver *driver)
{
    assert_true(driver->option_count <= PLAYER_OPTIONS_MAX);
    for (size_t i = 0; i < driver->option_count; i++) {
        const swb_option *option = &driver->options[i];
        memset(&out[i], 0, sizeof out[i]);
        if (option->fallback == NULL) {
            continue;
        }
        out[i].string = option->fallback;
        if (option->type == SWB_OPTION_ENUM) {
            out[i].integer = option_choice(option);
        } else if (option->type == SWB_OPTION_BOOL) {
            out[i].integer = strcmp(option->fallback, "true") == 0;
        } else if (option->type != SWB_OPTION_STRING && option->type < SWB_OPTION_LIST) {
            out[i].number = strtod(option->fallback, NULL);
            out[i].integer = (int64_t)out[i].number;
        }
    }
}

void player_open(test_player *player, const swb_driver *driver)
{
    memset(player, 0, sizeof *player);
    assert_non_null(driver);
    assert_true(driver->session_bytes <= PLAYER_SESSION_MAX);
    player->driver = driver;
    player_options(player->options, driver);
    for (size_t i = 0; i < driver->option_count && driver->program == NULL; i++) {
        if (strcmp(driver->options[i].name, "binary") == 0) {
            player->options[i].string = PLAYER_BINARY;
        }
    }
    snprintf(player->home_dir, sizeof player->home_dir, "/tmp/swb-recorded/%s-01", driver->name);
    snprintf(player->content_dir, sizeof player->content_dir, "%s/content", player->home_dir);
    player->node = (swb_node){
        .name = "node-01",
        .role = driver->kind == SWB_DRIVER_SERVICE ? SWB_ROLE_SERVICE : SWB_ROLE_LEECHER,
        .address = "127.77.7.2",
        .data_port = 17001,
        .api_port = 17002,
        .extra_port = 17003,
        .wildcard_port = 17004,
        .program = swb_driver_program(driver, player->options),
        .home_dir = player->home_dir,
        .content_dir = player->content_dir,
        .user = "bench",
        .password = "secret7",
        .content_name = "content.bin",
        .content_bytes = 3000001,
        .swarm_size = 2,
        .options = player->options,
    };
}

void player_close(test_player *player)
{
    if (player->driver->session_finish != NULL) {
        player->driver->session_finish(player->session);
    }
}

int player_run(test_player *player, const swb_command *command, player_source source,
               void *argument)
{
    swb_call *call = NULL;
    const swb_reply *reply = NULL;
    const swb__exchange *exchange = NULL;
    player->error = (swb_error)SWB_ERROR_INIT;
    player->retriable = false;
    player->exchanges = 0;
    int answer = swb__call_create(&call, player->driver, &player->node, command, player->session,
                                  &player->error);
    if (answer != SWB_OK) {
        return answer;
    }
    swb__call_set_connected(call, player->connected);
    while ((answer = swb__call_advance(&exchange, &player->retriable, call, reply,
                                       &player->error)) == SWB_CALL_SEND) {
        player->exchanges++;
        reply = source(argument, exchange);
        if (reply == NULL) {
            answer = SWB_ETRUNCATED;
            break;
        }
        player->connected = true;
    }
    player->result = *swb__call_result(call);
    swb__call_destroy(call);
    return answer;
}

static const swb_reply *from_tape(void *argument, const swb__exchange *exchange)
{
    return tape_play(argument, exchange);
}

int player_play(test_player *player, const swb_command *command, const char *recording)
{
    test_tape tape;
    tape_open(&tape, recording);
    int answer = player_run(player, command, from_tape, &tape);
    tape_close(&tape);
    return answer;
}

int player_play_text(test_player *player, const swb_command *command, const char *text)
{
    test_tape tape;
    tape_open_text(&tape, text);
    int answer = player_run(player, command, from_tape, &tape);
    tape_close(&tape);
    return answer;
}
