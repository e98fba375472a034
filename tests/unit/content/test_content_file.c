/* content/: files of content, written and verified. */
#include "support/cmocka_all.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <swarmbench/content.h>

#include "base/file.h"
#include "content/output.h"

/* Over two chunks of the verifier, and no multiple of anything. */
enum { SIZE = 600001 };

typedef struct fixture {
    char folder[64];
    char path[96];
    swb_content *content;
} fixture;

static int set_up(void **state)
{
    fixture *self = calloc(1, sizeof *self);
    snprintf(self->folder, sizeof self->folder, "/tmp/swb-content-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    snprintf(self->path, sizeof self->path, "%s/content.bin", self->folder);
    assert_int_equal(swb_content_create(&self->content, 42, SIZE, NULL), SWB_OK);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    fixture *self = *state;
    swb_content_destroy(self->content);
    assert_int_equal(swb__remove_tree(self->folder, NULL), SWB_OK);
    free(self);
    return 0;
}

static void flip_byte(const char *path, off_t offset)
{
    uint8_t byte;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, offset), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
    close(fd);
}

static void assert_bad_at(const fixture *self, uint64_t offset)
{
    uint64_t bad_offset = UINT64_MAX;
    assert_int_equal(swb_content_verify_file(&bad_offset, self->content, self->path, NULL),
                     SWB_EMISMATCH);
    assert_int_equal(bad_offset, offset);
}

static void written_file_is_the_content_and_verifies(void **state)
{
    fixture *self = *state;
    struct stat info;
    uint64_t bad_offset = 77;
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(swb_content_write_file(self->content, self->path, NULL), SWB_OK);
    assert_int_equal(swb__read_file(&bytes, &length, self->path, SIZE, NULL), SWB_OK);
    assert_int_equal(length, SIZE);
    assert_int_equal(swb_content_compare(NULL, self->content, 0, bytes, length), SWB_OK);
    free(bytes);
    assert_int_equal(swb_content_verify_file(&bad_offset, self->content, self->path, NULL), SWB_OK);
    assert_int_equal(bad_offset, 77);
    assert_int_equal(stat(self->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0644);
}

static void mode_is_0644_whatever_the_umask(void **state)
{
    fixture *self = *state;
    struct stat info;
    mode_t before = umask(077);
    assert_int_equal(swb_content_write_file(self->content, self->path, NULL), SWB_OK);
    umask(before);
    assert_int_equal(stat(self->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0644);
}

static void single_byte_is_written_and_verified(void **state)
{
    fixture *self = *state;
    swb_content *one = NULL;
    uint64_t bad_offset = 77;
    assert_int_equal(swb_content_create(&one, 42, 1, NULL), SWB_OK);
    assert_int_equal(swb_content_write_file(one, self->path, NULL), SWB_OK);
    assert_int_equal(swb_content_verify_file(NULL, one, self->path, NULL), SWB_OK);
    flip_byte(self->path, 0);
    assert_int_equal(swb_content_verify_file(&bad_offset, one, self->path, NULL), SWB_EMISMATCH);
    assert_int_equal(bad_offset, 0);
    swb_content_destroy(one);
}

static void first_bad_byte_of_a_file_is_told(void **state)
{
    fixture *self = *state;
    static const off_t offsets[] = {SIZE - 1, 524288, 524287, 262144, 262143, 1, 0};
    assert_int_equal(swb_content_write_file(self->content, self->path, NULL), SWB_OK);
    /* Each is before the ones that are bad already. */
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        flip_byte(self->path, offsets[i]);
        assert_bad_at(self, (uint64_t)offsets[i]);
    }
}

static void mismatch_is_told_in_words(void **state)
{
    fixture *self = *state;
    swb_error error = SWB_ERROR_INIT;
    char expected[200];
    assert_int_equal(swb_content_write_file(self->content, self->path, NULL), SWB_OK);
    flip_byte(self->path, 4711);
    assert_int_equal(swb_content_verify_file(NULL, self->content, self->path, &error),
                     SWB_EMISMATCH);
    snprintf(expected, sizeof expected,
             "%s (600001 bytes) differs at byte 4711 from content of 600001 bytes with seed 42",
             self->path);
    assert_string_equal(error.message, expected);
}

static void short_file_differs_at_its_end(void **state)
{
    fixture *self = *state;
    static const off_t sizes[] = {SIZE - 1, 262145, 262144, 1, 0};
    assert_int_equal(swb_content_write_file(self->content, self->path, NULL), SWB_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(truncate(self->path, sizes[i]), 0);
        assert_bad_at(self, (uint64_t)sizes[i]);
    }
}

static void short_and_bad_file_differs_at_the_bad_byte(void **state)
{
    fixture *self = *state;
    assert_int_equal(swb_content_write_file(self->content, self->path, NULL), SWB_OK);
    assert_int_equal(truncate(self->path, 300000), 0);
    flip_byte(self->path, 299999);
    assert_bad_at(self, 299999);
}

static void long_file_differs_at_the_end_of_the_content(void **state)
{
    fixture *self = *state;
    assert_int_equal(swb_content_write_file(self->content, self->path, NULL), SWB_OK);
    assert_int_equal(truncate(self->path, SIZE + 1), 0);
    assert_bad_at(self, SIZE);
    flip_byte(self->path, 3);
    assert_bad_at(self, 3);
}

static void missing_file_is_not_found(void **state)
{
    fixture *self = *state;
    uint64_t bad_offset = 77;
    assert_int_equal(swb_content_verify_file(&bad_offset, self->content, self->path, NULL),
                     SWB_ENOENT);
    assert_int_equal(bad_offset, 77);
}

static void what_is_no_regular_file_is_not_read(void **state)
{
    fixture *self = *state;
    assert_int_equal(swb_content_verify_file(NULL, self->content, self->folder, NULL), SWB_EIO);
    assert_int_equal(mkfifo(self->path, 0600), 0);
    assert_int_equal(swb_content_verify_file(NULL, self->content, self->path, NULL), SWB_EIO);
}

static void what_is_no_regular_file_is_not_replaced(void **state)
{
    fixture *self = *state;
    struct stat info;
    assert_int_equal(mkfifo(self->path, 0600), 0);
    assert_int_equal(swb_content_write_file(self->content, self->path, NULL), SWB_EIO);
    assert_int_equal(stat(self->path, &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
}

static void old_file_is_replaced_and_its_other_name_keeps_its_bytes(void **state)
{
    fixture *self = *state;
    char other[96];
    char *bytes = NULL;
    snprintf(other, sizeof other, "%s/other", self->folder);
    assert_int_equal(swb__write_file(self->path, 0600, "old", 3, NULL), SWB_OK);
    assert_int_equal(link(self->path, other), 0);
    assert_int_equal(swb_content_write_file(self->content, self->path, NULL), SWB_OK);
    assert_int_equal(swb_content_verify_file(NULL, self->content, self->path, NULL), SWB_OK);
    assert_int_equal(swb__read_file(&bytes, NULL, other, 100, NULL), SWB_OK);
    assert_string_equal(bytes, "old");
    free(bytes);
}

static void folder_that_is_missing_is_an_error_with_the_path(void **state)
{
    fixture *self = *state;
    swb_error error = SWB_ERROR_INIT;
    char path[128];
    char expected[256];
    snprintf(path, sizeof path, "%s/none/content.bin", self->folder);
    assert_int_equal(swb_content_write_file(self->content, path, &error), SWB_EIO);
    snprintf(expected, sizeof expected, "create %s: No such file or directory", path);
    assert_string_equal(error.message, expected);
}

/* A limit on the size of files stands in for a full disk: it fails in the same places. */
static void no_file_is_left_where_there_is_no_room(void **state)
{
    fixture *self = *state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {SIZE / 2, before.rlim_max};
    swb_torrent *torrent = NULL;
    swb_torrent_options options = SWB_TORRENT_OPTIONS_INIT;
    options.file_path = self->path;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int written = swb_content_write_file(self->content, self->path, NULL);
    int left = access(self->path, F_OK);
    int created = swb_torrent_create(&torrent, self->content, &options, NULL);
    int left_by_torrent = access(self->path, F_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(written, SWB_ENOSPACE);
    assert_int_equal(left, -1);
    assert_int_equal(created, SWB_ENOSPACE);
    assert_int_equal(left_by_torrent, -1);
    assert_null(torrent);
}

static void full_device_is_told_with_the_offset(void **state)
{
    (void)state;
    swb_error error = SWB_ERROR_INIT;
    swb__output output = {"/dev/full", open("/dev/full", O_WRONLY)};
    if (output.fd < 0) {
        print_message("SKIP: there is no /dev/full\n");
        skip();
    }
    assert_int_equal(swb__output_write(&output, 4096, "x", 1, &error), SWB_ENOSPACE);
    assert_string_equal(error.message, "write /dev/full at byte 4096: No space left on device");
    close(output.fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(written_file_is_the_content_and_verifies),
        TEST(mode_is_0644_whatever_the_umask),
        TEST(single_byte_is_written_and_verified),
        TEST(first_bad_byte_of_a_file_is_told),
        TEST(mismatch_is_told_in_words),
        TEST(short_file_differs_at_its_end),
        TEST(short_and_bad_file_differs_at_the_bad_byte),
        TEST(long_file_differs_at_the_end_of_the_content),
        TEST(missing_file_is_not_found),
        TEST(what_is_no_regular_file_is_not_read),
        TEST(what_is_no_regular_file_is_not_replaced),
        TEST(old_file_is_replaced_and_its_other_name_keeps_its_bytes),
        TEST(folder_that_is_missing_is_an_error_with_the_path),
        TEST(no_file_is_left_where_there_is_no_room),
        TEST(full_device_is_told_with_the_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
