/* deploy/journal, deploy/clean: what a killed runner leaves is found, and nothing else. */
#define _GNU_SOURCE
#include "support/cmocka_all.h"
#include "support/fake_site.h"
#include "support/loop_until.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "deploy/journal.h"
#include "io/process.h"

static int set_up(void **state)
{
    fake_site *fake = calloc(1, sizeof *fake);
    assert_non_null(fake);
    fake_site_init(fake);
    setenv("XDG_STATE_HOME", fake->directory, 1);
    *state = fake;
    return 0;
}

static int tear_down(void **state)
{
    fake_site *fake = *state;
    swb__remove_tree(fake->directory, NULL);
    free(fake);
    return 0;
}

static swb_clean_report clean(int dry_run)
{
    swb_clean_report report = {99, 99, 99, 99, 99, "", 99};
    swb_error error = SWB_ERROR_INIT;
    int status = swb_clean(&report, dry_run, &error);
    assert_string_equal(error.message, "");
    assert_int_equal(status, SWB_OK);
    return report;
}

static void assert_report(const swb_clean_report *report, uint32_t journals, uint32_t processes,
                          uint32_t directories, uint32_t live)
{
    assert_int_equal(report->journals, journals);
    assert_int_equal(report->processes, processes);
    assert_int_equal(report->directories, directories);
    assert_int_equal(report->live, live);
}

static bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

/* Children of killed children come to us, so that they can be reaped. */
static bool ends_soon(pid_t pid)
{
    for (int i = 0; i < 500 && is_alive(pid); i++) {
        waitpid(pid, NULL, WNOHANG);
        usleep(10000);
    }
    return !is_alive(pid);
}

static void ignore(void *argument, int status, const swb_error *error)
{
    (void)argument;
    (void)status;
    (void)error;
}

/* A runner: opens a site, starts its nodes, tells their process ids, and goes on for ever. */
static void be_runner(const fake_site *fake, int told)
{
    const swb_deployer *local = swb_deployer_find("local");
    const swb_site_events events = {0};
    swb_loop *loop;
    void *site;
    swb_launch *launch = fake_launch("echo $$ > pid; exec sleep 100");
    if (swb__loop_create(&loop, NULL) != SWB_OK ||
        local->open(&site, loop, &fake->request, &events, NULL) != SWB_OK) {
        _exit(1);
    }
    for (size_t i = 0; i < FAKE_NODES; i++) {
        swb_node node = {0};
        char path[256];
        local->place(site, i, &node);
        snprintf(path, sizeof path, "%s/pid", node.home_dir);
        local->start(site, i, launch, ignore, NULL);
        char *text = NULL;
        while (text == NULL || strchr(text, '\n') == NULL) {
            free(text);
            text = NULL;
            usleep(1000);
            swb__read_file(&text, NULL, path, 100, NULL);
        }
        pid_t pid = (pid_t)strtol(text, NULL, 10);
        if (write(told, &pid, sizeof pid) != (ssize_t)sizeof pid) {
            _exit(1);
        }
    }
    pause();
    _exit(0);
}

static void nothing_outlives_a_killed_runner(void **state)
{
    fake_site *fake = *state;
    int told[2];
    pid_t nodes[FAKE_NODES];
    char path[256];
    assert_int_equal(pipe(told), 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t runner = fork();
    if (runner == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        be_runner(fake, told[1]);
    }
    close(told[1]);
    for (size_t i = 0; i < FAKE_NODES; i++) {
        assert_int_equal(read(told[0], &nodes[i], sizeof nodes[i]), sizeof nodes[i]);
        assert_true(is_alive(nodes[i]));
    }
    close(told[0]);
    swb_clean_report report = clean(0);
    assert_report(&report, 0, 0, 0, 1);

    kill(runner, SIGKILL);
    waitpid(runner, NULL, 0);
    for (size_t i = 0; i < FAKE_NODES; i++) {
        assert_true(ends_soon(nodes[i]));
    }
    snprintf(path, sizeof path, "%s/run-1", fake->work_dir);
    assert_int_equal(access(path, F_OK), 0);
    report = clean(1);
    assert_report(&report, 1, 0, 1, 0);
    assert_int_equal(access(path, F_OK), 0);
    report = clean(0);
    assert_report(&report, 1, 0, 1, 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(fake->work_dir, F_OK), 0);
    report = clean(0);
    assert_report(&report, 0, 0, 0, 0);
}

/* A process in a group of its own that no runner's death ends, only that of this test. */
static pid_t start_survivor(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setsid();
        pause();
        _exit(0);
    }
    while (getpgid(pid) != pid) {
        usleep(1000);
    }
    return pid;
}

static void process_that_outlived_its_runner_is_ended(void **state)
{
    (void)state;
    swb__journal *journal;
    pid_t pid = start_survivor();
    pid_t other = start_survivor();
    assert_int_equal(swb__journal_open(&journal, NULL), SWB_OK);
    assert_int_equal(swb__journal_process(journal, pid, NULL), SWB_OK);
    swb_clean_report report = clean(0);
    assert_report(&report, 0, 0, 0, 1);
    assert_true(is_alive(pid));
    swb__journal_close(journal, false);
    report = clean(1);
    assert_report(&report, 1, 1, 0, 0);
    assert_true(is_alive(pid));
    report = clean(0);
    assert_report(&report, 1, 1, 0, 0);
    assert_true(ends_soon(pid));
    assert_true(is_alive(other));
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
}

static pid_t start_at_home(const char *home)
{
    char variable[256];
    char *const environment[] = {variable, NULL};
    char *const arguments[] = {"sleep", "100", NULL};
    int started[2];
    char byte;
    snprintf(variable, sizeof variable, "HOME=%s", home);
    assert_int_equal(pipe2(started, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        execve("/bin/sleep", arguments, environment);
        _exit(1);
    }
    close(started[1]);
    assert_int_equal(read(started[0], &byte, 1), 0); /* closed by the new program */
    close(started[0]);
    return pid;
}

static void process_that_was_never_noted_is_found_by_its_home(void **state)
{
    const fake_site *fake = *state;
    swb__journal *journal;
    char data[128];
    char home[160];
    char like[160];
    snprintf(data, sizeof data, "%s/run-1", fake->directory);
    snprintf(home, sizeof home, "%s/leecher-1", data);
    snprintf(like, sizeof like, "%s0/leecher-1", data);
    assert_int_equal(swb__journal_open(&journal, NULL), SWB_OK);
    assert_int_equal(swb__journal_directory(journal, data, NULL), SWB_OK);
    pid_t pid = start_at_home(home);
    pid_t other = start_at_home(like);
    pid_t noted = start_at_home(home);
    assert_int_equal(swb__journal_process(journal, noted, NULL), SWB_OK);
    swb__journal_close(journal, false);
    swb_clean_report report = clean(1);
    assert_report(&report, 1, 2, 1, 0);
    assert_true(is_alive(pid));
    report = clean(0);
    assert_report(&report, 1, 2, 1, 0);
    assert_true(ends_soon(pid));
    assert_true(ends_soon(noted));
    assert_true(is_alive(other));
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
}

/* Writes a journal by hand, as a runner that died would have left it. */
static void leave_journal(const fake_site *fake, const char *text, size_t length)
{
    char path[256];
    snprintf(path, sizeof path, "%s/swarmbench", fake->directory);
    assert_int_equal(swb__make_dirs(path, 0700, NULL), SWB_OK);
    snprintf(path, sizeof path, "%s/swarmbench/1-2.journal", fake->directory);
    assert_int_equal(swb__write_file(path, 0600, text, length, NULL), SWB_OK);
}

static void process_of_another_time_or_boot_is_left_alone(void **state)
{
    const fake_site *fake = *state;
    char boot[SWB__JOURNAL_BOOT_SIZE];
    char text[512];
    uint64_t ticks;
    pid_t pid = start_survivor();
    assert_int_equal(swb__process_start_ticks(&ticks, pid), SWB_OK);
    assert_int_equal(swb__journal_boot_id(boot, NULL), SWB_OK);
    int length =
        snprintf(text, sizeof text,
                 "proc %d %" PRIu64 " %s\n"
                 "proc %d %" PRIu64 " 00000000-0000-0000-0000-000000000000\n"
                 "proc %d %" PRIu64 "\nproc -1 0 %s\nproc 1 0 %s\nproc 0 0 %s\n"
                 "proc %d %" PRIu64 " %s", /* cut short */
                 pid, ticks + 1, boot, pid, ticks, pid, ticks, boot, boot, boot, pid, ticks, boot);
    leave_journal(fake, text, (size_t)length);
    swb_clean_report report = clean(0);
    assert_report(&report, 1, 0, 0, 0);
    assert_true(is_alive(pid));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void directory_without_our_mark_is_left_alone(void **state)
{
    const fake_site *fake = *state;
    char text[1024];
    char bare[128];
    char link_path[128];
    char marked[128];
    swb__journal *journal;
    snprintf(bare, sizeof bare, "%s/bare", fake->directory);
    snprintf(marked, sizeof marked, "%s/marked", fake->directory);
    snprintf(link_path, sizeof link_path, "%s/link", fake->directory);
    assert_int_equal(mkdir(bare, 0755), 0);
    assert_int_equal(swb__journal_open(&journal, NULL), SWB_OK);
    assert_int_equal(swb__journal_directory(journal, marked, NULL), SWB_OK);
    swb__journal_close(journal, true);
    assert_int_equal(symlink(marked, link_path), 0);
    int length = snprintf(text, sizeof text, "dir %s\ndir %s\ndir /\ndir\ndir \ndir relative\n",
                          bare, link_path);
    leave_journal(fake, text, (size_t)length);
    swb_clean_report report = clean(0);
    assert_report(&report, 1, 0, 0, 0);
    assert_int_equal(access(bare, F_OK), 0);
    assert_int_equal(access(marked, F_OK), 0);
}

static void garbage_in_a_journal_is_passed_over(void **state)
{
    const fake_site *fake = *state;
    char garbage[4096];
    for (size_t i = 0; i < sizeof garbage; i++) {
        garbage[i] = (char)(i * 131 >> 3);
    }
    leave_journal(fake, garbage, sizeof garbage);
    swb_clean_report report = clean(0);
    assert_report(&report, 1, 0, 0, 0);
    leave_journal(fake, "", 0);
    report = clean(0);
    assert_report(&report, 1, 0, 0, 0);
}

static void journals_that_others_could_write_are_not_trusted(void **state)
{
    const fake_site *fake = *state;
    char path[128];
    char used[4096];
    leave_journal(fake, "", 0);
    snprintf(path, sizeof path, "%s/swarmbench", fake->directory);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(swb__journal_folder(used, sizeof used, NULL), SWB_OK);
    assert_string_not_equal(used, path);
}

static void directory_that_exists_is_refused(void **state)
{
    const fake_site *fake = *state;
    swb__journal *journal;
    swb_error error = SWB_ERROR_INIT;
    assert_int_equal(swb__journal_open(&journal, NULL), SWB_OK);
    assert_int_equal(swb__journal_directory(journal, fake->directory, &error), SWB_EEXIST);
    assert_non_null(strstr(error.message, fake->directory));
    assert_int_equal(swb__journal_directory(journal, "relative", NULL), SWB_EINVAL);
    assert_int_equal(swb__journal_directory(journal, "/a\nb", NULL), SWB_EINVAL);
    swb__journal_close(journal, true);
}

static void report_needs_a_place(void **state)
{
    (void)state;
    assert_int_equal(swb_clean(NULL, 0, NULL), SWB_EINVAL);
}

/* Of a runner that was killed; what was freed again is not told. */
static void contents_on_attached_nodes_are_told(void **state)
{
    (void)state;
    swb__journal *journal;
    swb_clean_report report;
    assert_int_equal(swb__journal_open(&journal, NULL), SWB_OK);
    assert_int_equal(swb__journal_held(journal, 0, "http://h:1 (codex) unnamed", NULL), SWB_OK);
    assert_int_equal(swb__journal_held(journal, 1, "http://h:2 (codex) zB", NULL), SWB_OK);
    assert_int_equal(swb__journal_held(journal, 10, "http://h:3 (codex) zC", NULL), SWB_OK);
    assert_int_equal(swb__journal_held(journal, 0, "http://h:1 (codex) zA", NULL), SWB_OK);
    assert_int_equal(swb__journal_freed(journal, 1, NULL), SWB_OK);
    assert_int_equal(swb__journal_held(journal, 2, "two\nlines", NULL), SWB_EINVAL);
    swb__journal_close(journal, false);
    static const char expected[] = "http://h:3 (codex) zC\nhttp://h:1 (codex) zA\n";
    static const swb__clean_how keeping[] = {SWB__CLEAN_KEEP_HELD, SWB__CLEAN_DRY,
                                             SWB__CLEAN_KEEP_HELD};
    for (size_t i = 0; i < sizeof keeping / sizeof keeping[0]; i++) {
        assert_int_equal(swb__journal_clean(&report, keeping[i], NULL), SWB_OK);
        assert_report(&report, 1, 0, 0, 0);
        assert_int_equal(report.held, 2);
        assert_string_equal(report.held_text, expected);
    }
    report = clean(0);
    assert_int_equal(report.held, 2);
    assert_string_equal(report.held_text, expected);
    report = clean(0);
    assert_report(&report, 0, 0, 0, 0);
    assert_int_equal(report.held, 0);
}

#define CLEAN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(nothing_outlives_a_killed_runner),
        CLEAN_TEST(process_that_outlived_its_runner_is_ended),
        CLEAN_TEST(process_that_was_never_noted_is_found_by_its_home),
        CLEAN_TEST(process_of_another_time_or_boot_is_left_alone),
        CLEAN_TEST(directory_without_our_mark_is_left_alone),
        CLEAN_TEST(garbage_in_a_journal_is_passed_over),
        CLEAN_TEST(journals_that_others_could_write_are_not_trusted),
        CLEAN_TEST(directory_that_exists_is_refused),
        CLEAN_TEST(contents_on_attached_nodes_are_told),
        CLEAN_TEST(report_needs_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
