#define _GNU_SOURCE

#include "support/test_node.h"

#include "support/cmocka_all.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "drivers/launch.h"
#include "support/player.h"

static uint16_t free_port(const char *address)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t length = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, address, &name.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    close(fd);
    return ntohs(name.sin_port);
}

static void choose_place(test_node *out, unsigned number)
{
    if (test_recordings() != NULL) {
        snprintf(out->address, sizeof out->address, "127.77.7.%u", number + 1);
        out->node.data_port = 17001;
        out->node.api_port = 17002;
        out->node.extra_port = 17003;
        out->node.wildcard_port = (uint16_t)(17004 + number);
        return;
    }
    /* Other tests may run at the same time: their nodes are elsewhere in 127/8. */
    snprintf(out->address, sizeof out->address, "127.%d.%d.%u", 64 + (int)(getpid() / 250 % 128),
             1 + (int)(getpid() % 250), number + 1);
    out->node.data_port = free_port(out->address);
    out->node.api_port = free_port(out->address);
    out->node.extra_port = free_port(out->address);
    out->node.wildcard_port = free_port("0.0.0.0");
}

void test_node_place(test_node *out, const swb_driver *driver, const char *root, unsigned number,
                     swb_role role)
{
    memset(out, 0, sizeof *out);
    player_options(out->options, driver);
    snprintf(out->name, sizeof out->name, "%s-%02u", driver->name, number);
    choose_place(out, number);
    snprintf(out->home_dir, sizeof out->home_dir, "%s/%s", root, out->name);
    snprintf(out->content_dir, sizeof out->content_dir, "%s/content", out->home_dir);
    assert_int_equal(mkdir(out->home_dir, 0755), 0);
    assert_int_equal(mkdir(out->content_dir, 0755), 0);
    out->node = (swb_node){
        .name = out->name,
        .role = role,
        .address = out->address,
        .data_port = out->node.data_port,
        .api_port = out->node.api_port,
        .extra_port = out->node.extra_port,
        .wildcard_port = out->node.wildcard_port,
        .program = swb_driver_program(driver, out->options),
        .home_dir = out->home_dir,
        .content_dir = out->content_dir,
        .user = "bench",
        .password = "secret7",
        .content_name = "content.bin",
        .swarm_size = 2,
        .options = out->options,
    };
    test_client_open(&out->client, driver, &out->node);
}

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

static void make_entry(const test_node *node, const swb_launch_entry *entry)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", node->home_dir, entry->path);
    make_folders(path);
    if (entry->is_directory) {
        assert_int_equal(mkdir(path, entry->mode), 0);
    } else {
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, entry->bytes, entry->length), (ssize_t)entry->length);
        close(fd);
    }
    assert_int_equal(chmod(path, entry->mode), 0);
}

static void become_program(const test_node *node, const swb_launch *launch)
{
    char home[320];
    char log[320];
    snprintf(home, sizeof home, "%s", node->home_dir);
    snprintf(log, sizeof log, "%s/output.log", node->home_dir);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    int in = open("/dev/null", O_RDONLY);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    setenv("HOME", home, 1);
    for (const char *const *entry = swb_launch_environment(launch); *entry != NULL; entry++) {
        putenv((char *)*entry);
    }
    const char *const *argv = swb_launch_argv(launch);
    if (chdir(home) == 0) {
        execvp(argv[0], (char *const *)argv);
    }
    _exit(127);
}

void test_node_start(test_node *node)
{
    swb_error error = SWB_ERROR_INIT;
    swb_launch *launch = NULL;
    const swb_launch_entry *entry;
    assert_int_equal(swb__launch_create(&launch, &error), SWB_OK);
    assert_int_equal(node->client.driver->launch(&node->node, launch, &error), SWB_OK);
    assert_int_equal(swb__launch_status(launch, &error), SWB_OK);
    for (size_t i = 0; (entry = swb_launch_entry_at(launch, i)) != NULL; i++) {
        make_entry(node, entry);
    }
    node->pid = fork();
    assert_true(node->pid >= 0);
    if (node->pid == 0) {
        become_program(node, launch);
    }
    swb__launch_destroy(launch);
}

void test_sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

int test_node_ready(test_node *node, swb_result *result_out, swb_error *error)
{
    const swb_command command = {.operation = SWB_OP_READY};
    int status = SWB_ETIMEDOUT;
    for (int tries = 0; tries < 600; tries++) {
        bool retriable = false;
        status = test_client_run(result_out, &retriable, &node->client, &command, error);
        if (status == SWB_OK || (!retriable && status != SWB_ECONNECT)) {
            return status;
        }
        test_sleep_ms(50);
    }
    return status;
}

bool test_node_ended(test_node *node, double seconds)
{
    for (int tries = 0; tries < (int)(seconds * 100); tries++) {
        if (node->pid == 0 || waitpid(node->pid, NULL, WNOHANG) == node->pid) {
            node->pid = 0;
            return true;
        }
        test_sleep_ms(10);
    }
    return false;
}

void test_node_end(test_node *node)
{
    if (node->pid > 0) {
        kill(node->pid, SIGKILL);
        waitpid(node->pid, NULL, 0);
        node->pid = 0;
    }
    test_client_close(&node->client);
}

bool test_program_exists(const char *program)
{
    char path[512];
    if (strchr(program, '/') != NULL) {
        return access(program, X_OK) == 0;
    }
    const char *folder = getenv("PATH");
    while (folder != NULL && folder[0] != '\0') {
        size_t length = strcspn(folder, ":");
        snprintf(path, sizeof path, "%.*s/%s", (int)length, folder, program);
        if (access(path, X_OK) == 0) {
            return true;
        }
        folder += length + (folder[length] == ':');
    }
    return false;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void test_remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
