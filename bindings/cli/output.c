/* Errors, and where a command's output goes. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void cli_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("swarmbench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

cli_exit cli_exit_of(int status)
{
    switch (status) {
    case SWB_OK:
        return CLI_DONE;
    case SWB_EINVAL:
    case SWB_EINPUT:
    case SWB_ENOENT:
    case SWB_EEXIST:
        return CLI_BAD_INPUT;
    case SWB_EINTERRUPTED:
        return CLI_INTERRUPTED;
    default:
        return CLI_ENVIRONMENT;
    }
}

cli_exit cli_failed(const swb_error *error)
{
    const char *message =
        error->message[0] != '\0' ? error->message : swb_status_text(error->status);
    if (error->line > 0) {
        fprintf(stderr, "%s\n", message); /* begins with FILE:LINE:COLUMN, for editors */
    } else {
        cli_complain("%s", message);
    }
    return cli_exit_of(error->status);
}

static bool is_read(const cli_arguments *arguments, const char *path)
{
    struct stat output;
    struct stat input;
    if (stat(path, &output) != 0) {
        return false;
    }
    for (size_t i = 0; i < arguments->operand_count; i++) {
        if (stat(arguments->operands[i], &input) == 0 && input.st_dev == output.st_dev &&
            input.st_ino == output.st_ino) {
            return true;
        }
    }
    return false;
}

cli_exit cli_output_open(int *fd, const cli_arguments *arguments)
{
    const char *path = cli_value(arguments, "output");
    if (path == NULL) {
        *fd = STDOUT_FILENO;
        return CLI_DONE;
    }
    if (is_read(arguments, path)) {
        cli_complain("'%s' is what is read: --output has to name another file", path);
        return CLI_BAD_INPUT;
    }
    *fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (*fd < 0) {
        cli_complain("cannot write '%s': %s", path, strerror(errno));
        return CLI_ENVIRONMENT;
    }
    return CLI_DONE;
}

static void remove_unfinished(int fd, const char *path)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        unlink(path);
    }
}

cli_exit cli_output_close(const cli_arguments *arguments, int fd, int status,
                          const swb_error *error)
{
    if (fd == STDOUT_FILENO) {
        return status < 0 ? cli_failed(error) : CLI_DONE;
    }
    const char *path = cli_value(arguments, "output");
    if (status < 0) {
        remove_unfinished(fd, path);
    }
    if (close(fd) != 0 && status == SWB_OK) {
        cli_complain("cannot write '%s': %s", path, strerror(errno));
        return CLI_ENVIRONMENT;
    }
    return status < 0 ? cli_failed(error) : CLI_DONE;
}
