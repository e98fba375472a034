/* A node of a driver as a real process on this machine, for tests. */
#ifndef SWB_TESTS_TEST_NODE_H
#define SWB_TESTS_TEST_NODE_H

#include <sys/types.h>

#include "support/client.h"
#include "support/player.h"

typedef struct test_node {
    swb_node node;
    swb_option_value options[PLAYER_OPTIONS_MAX];
    char name[32];
    char address[32];
    char home_dir[256];
    char content_dir[288];
    pid_t pid; /* 0 where it does not run */
    test_client client;
} test_node;

/* Gives the node an address 127.x.y.z of its own, free ports, and new directories below `root`.
 * Borrowed by the node until test_node_end(): all strings. */
void test_node_place(test_node *out, const swb_driver *driver, const char *root, unsigned number,
                     swb_role role);
/* Writes the launch's files and starts the program. Fails the test where it cannot. */
void test_node_start(test_node *node);
/* Repeats READY until it succeeds, fails for good, or 30 s have passed. */
int test_node_ready(test_node *node, swb_result *result_out, swb_error *error);
/* Whether the process ended within `seconds`. */
bool test_node_ended(test_node *node, double seconds);
/* Ends the process, where it runs, and closes the client. */
void test_node_end(test_node *node);

/* Whether a program is there: a path, or a name in PATH. */
bool test_program_exists(const char *program);
/* Removes a directory and all that is in it. */
void test_remove_tree(const char *path);
void test_sleep_ms(long ms);

#endif
