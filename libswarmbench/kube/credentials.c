/* Credentials, renewed in time. */
#include "kube/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "io/process.h"

#define TOKEN_MAX_BYTES ((size_t)1 << 20)
#define PROGRAM_NS (UINT64_C(60) * 1000000000)
/* They are renewed this long before their end. */
#define MARGIN_S 30

extern char **environ;

struct swb__kube_credentials {
    swb_loop *loop;
    const swb__kube_config *config;
    char *file_token;
    struct stat file;           /* as it was read */
    swb__exec_credential given; /* by the program */
    bool has_given;
    unsigned generation;
    swb__process *process;
    swb__timer *timer; /* until the program is given up, or `done` is called */
    int output;        /* what the program writes, and what it complains */
    int complaints;
    bool late;
    int status;
    swb_error error;
    void (*done)(void *argument, int status, const swb_error *error);
    void *argument;
};

int swb__kube_credentials_create(swb__kube_credentials **out, swb_loop *loop,
                                 const swb__kube_config *config, swb_error *error)
{
    swb__kube_credentials *credentials = calloc(1, sizeof *credentials);
    if (credentials == NULL) {
        return swb__fail_nomem(error);
    }
    credentials->loop = loop;
    credentials->config = config;
    credentials->given.expires_s = INT64_MAX;
    credentials->output = credentials->complaints = -1;
    *out = credentials;
    return SWB_OK;
}

static void close_outputs(swb__kube_credentials *credentials)
{
    if (credentials->output >= 0) {
        close(credentials->output);
    }
    if (credentials->complaints >= 0) {
        close(credentials->complaints);
    }
    credentials->output = credentials->complaints = -1;
}

void swb__kube_credentials_destroy(swb__kube_credentials *credentials)
{
    if (credentials == NULL) {
        return;
    }
    swb__process_destroy(credentials->process);
    swb__timer_stop(credentials->timer);
    close_outputs(credentials);
    swb__exec_credential_finish(&credentials->given);
    free(credentials->file_token);
    free(credentials);
}

const char *swb__kube_credentials_token(const swb__kube_credentials *credentials)
{
    if (credentials->has_given && credentials->given.token != NULL) {
        return credentials->given.token;
    }
    return credentials->config->token_file != NULL ? credentials->file_token
                                                   : credentials->config->token;
}

const char *swb__kube_credentials_certificate(const swb__kube_credentials *credentials)
{
    return credentials->has_given && credentials->given.certificate != NULL
               ? credentials->given.certificate
               : credentials->config->certificate;
}

const char *swb__kube_credentials_key(const swb__kube_credentials *credentials)
{
    return credentials->has_given && credentials->given.certificate != NULL
               ? credentials->given.key
               : credentials->config->key;
}

unsigned swb__kube_credentials_generation(const swb__kube_credentials *credentials)
{
    return credentials->generation;
}

/* --- the token file --- */

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int read_token_file(swb__kube_credentials *credentials, swb_error *error)
{
    const char *path = credentials->config->token_file;
    struct stat now;
    char *text = NULL;
    if (path == NULL || (stat(path, &now) == 0 && credentials->file_token != NULL &&
                         is_same(&now, &credentials->file))) {
        return SWB_OK;
    }
    int status = swb__read_file(&text, NULL, path, TOKEN_MAX_BYTES, error);
    if (status != SWB_OK) {
        return status;
    }
    text[strcspn(text, " \t\r\n")] = '\0';
    if (*text == '\0') {
        free(text);
        return swb__fail(error, SWB_EAUTH, "token file %s is empty", path);
    }
    free(credentials->file_token);
    credentials->file_token = text;
    credentials->file = now;
    return SWB_OK;
}

bool swb__kube_credentials_fresh(swb__kube_credentials *credentials)
{
    if (credentials->config->exec.argv != NULL) {
        int64_t now_s = swb__wall_ns() / SWB__NS_PER_S;
        return credentials->has_given && credentials->given.expires_s - MARGIN_S > now_s;
    }
    return read_token_file(credentials, NULL) == SWB_OK;
}

bool swb__kube_credentials_reject(swb__kube_credentials *credentials)
{
    if (credentials->config->exec.argv != NULL) {
        credentials->given.expires_s = 0;
        return true;
    }
    free(credentials->file_token);
    credentials->file_token = NULL;
    return credentials->config->token_file != NULL;
}

/* --- the program --- */

/* A file without a name: what it holds is nobody else's to read. */
static int open_nameless(swb_error *error)
{
    char path[] = "/tmp/swarmbench-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0) {
        swb__fail_errno(error, SWB_EIO, errno, "temporary file %s", path);
        return -1;
    }
    unlink(path);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

static char *read_whole(int fd, size_t *length_out)
{
    swb__buffer all = SWB__BUFFER_INIT(TOKEN_MAX_BYTES);
    char *to;
    ssize_t got = 0;
    lseek(fd, 0, SEEK_SET);
    while ((to = swb__buffer_reserve(&all, 4096)) != NULL && (got = read(fd, to, 4096)) > 0) {
        all.length += (size_t)got;
        to[got] = '\0';
    }
    *length_out = all.length;
    if (all.length == 0) {
        swb__buffer_text(&all, "");
    }
    return swb__buffer_take(&all);
}

/* The last line that is not blank. */
static const char *last_words(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && (unsigned char)text[length - 1] <= ' ') {
        text[--length] = '\0';
    }
    char *newline = strrchr(text, '\n');
    return newline != NULL ? newline + 1 : text;
}

static const char *name_of(const swb__kube_credentials *credentials)
{
    return credentials->config->exec.argv[0];
}

static int refuse(swb__kube_credentials *credentials, int exit_code, int signal, swb_error *error)
{
    size_t length = 0;
    const char *hint = credentials->config->exec.install_hint;
    char *said = read_whole(credentials->complaints, &length);
    const char *words = said != NULL ? last_words(said) : "";
    if (credentials->late) {
        swb__fail(error, SWB_ETIMEDOUT,
                  "%s, which kubeconfig names for credentials, took over 60 s",
                  name_of(credentials));
    } else {
        swb__fail(error, SWB_EAUTH,
                  "%s, which kubeconfig names for credentials, failed (%s %d)%s%.300s",
                  name_of(credentials), signal != 0 ? "signal" : "exit code",
                  signal != 0 ? signal : exit_code, *words != '\0' ? ": " : "", words);
    }
    free(said);
    if (hint != NULL && error != NULL) {
        size_t used = strlen(error->message);
        snprintf(error->message + used, sizeof error->message - used, "; %.300s", hint);
    }
    return error->status;
}

static int accept_output(swb__kube_credentials *credentials, swb_error *error)
{
    size_t length = 0;
    swb__exec_credential given;
    char *text = read_whole(credentials->output, &length);
    if (text == NULL) {
        return swb__fail(error, SWB_EPROTO, "%s wrote more than 1 MiB", name_of(credentials));
    }
    int status = swb__exec_credential_read(&given, credentials->config->exec.api_version, text,
                                           length, error);
    free(text);
    if (status != SWB_OK) {
        return swb__error_context(error, "%s, which kubeconfig names for credentials",
                                  name_of(credentials));
    }
    bool certified = given.certificate != NULL || credentials->given.certificate != NULL;
    swb__exec_credential_finish(&credentials->given);
    credentials->given = given;
    credentials->has_given = true;
    credentials->generation += certified;
    return SWB_OK;
}

/* Tells the one end of a renewal. */
static void finish(void *argument)
{
    swb__kube_credentials *credentials = argument;
    swb__timer_stop(credentials->timer);
    credentials->timer = NULL;
    credentials->done(credentials->argument, credentials->status, &credentials->error);
}

static void on_exited(void *argument, int exit_code, int signal)
{
    swb__kube_credentials *credentials = argument;
    credentials->error = (swb_error)SWB_ERROR_INIT;
    credentials->status = exit_code == 0 && signal == 0
                              ? accept_output(credentials, &credentials->error)
                              : refuse(credentials, exit_code, signal, &credentials->error);
    close_outputs(credentials);
    swb__process_destroy(credentials->process);
    credentials->process = NULL;
    finish(credentials);
}

static void on_late(void *argument)
{
    swb__kube_credentials *credentials = argument;
    credentials->late = true;
    swb__process_end(credentials->process, 0);
}

/* Ours, with what kubeconfig adds and what the program is told; the texts of `info` are borrowed.
 */
static const char **make_environment(const swb__kube_config *config, const char *info)
{
    size_t ours = 0;
    size_t added = 0;
    size_t used = 0;
    while (environ[ours] != NULL) {
        ours++;
    }
    while (config->exec.environment[added] != NULL) {
        added++;
    }
    const char **all = calloc(ours + added + 2, sizeof *all);
    for (size_t i = 0; all != NULL && i < added; i++) {
        all[used++] = config->exec.environment[i];
    }
    if (all != NULL) {
        all[used++] = info;
    }
    for (size_t i = 0; all != NULL && i < ours; i++) {
        bool replaced = false;
        size_t name = strcspn(environ[i], "=") + 1;
        for (size_t j = 0; j <= added && !replaced; j++) {
            replaced = strncmp(all[j], environ[i], name) == 0;
        }
        if (!replaced) {
            all[used++] = environ[i];
        }
    }
    return all;
}

static int start_program(swb__kube_credentials *credentials, swb_error *error)
{
    char output[32];
    char complaints[32];
    swb__buffer info = SWB__BUFFER_INIT(TOKEN_MAX_BYTES);
    char *json = swb__exec_info(credentials->config);
    swb__buffer_printf(&info, "KUBERNETES_EXEC_INFO=%s", json != NULL ? json : "");
    free(json);
    const char **environment = make_environment(credentials->config, swb__buffer_string(&info));
    credentials->late = false;
    credentials->output = open_nameless(error);
    credentials->complaints = credentials->output >= 0 ? open_nameless(error) : -1;
    int status = credentials->complaints >= 0 ? SWB_OK : SWB_EIO;
    if (environment == NULL || info.status != SWB_OK || json == NULL) {
        status = swb__fail_nomem(error);
    }
    snprintf(output, sizeof output, "/proc/self/fd/%d", credentials->output);
    snprintf(complaints, sizeof complaints, "/proc/self/fd/%d", credentials->complaints);
    const swb__process_options options = {
        .argv = (const char *const *)credentials->config->exec.argv,
        .environment = environment,
        .directory = ".",
        .output_path = output,
        .error_path = complaints,
    };
    if (status == SWB_OK) {
        status = swb__process_start(&credentials->process, credentials->loop, &options, on_exited,
                                    credentials, error);
    }
    free(environment);
    swb__buffer_finish(&info);
    return status;
}

static int begin(swb__kube_credentials *credentials, swb_error *error)
{
    const char *hint = credentials->config->exec.install_hint;
    if (credentials->config->exec.argv == NULL) {
        return read_token_file(credentials, error);
    }
    int status = start_program(credentials, error);
    if (status == SWB_ENOENT) {
        return swb__fail(error, SWB_EAUTH,
                         "program '%.200s', which kubeconfig names for credentials, is not "
                         "there%s%.400s",
                         name_of(credentials), hint != NULL ? ": " : "", hint != NULL ? hint : "");
    }
    return status;
}

void swb__kube_credentials_renew(swb__kube_credentials *credentials,
                                 void (*done)(void *argument, int status, const swb_error *error),
                                 void *argument)
{
    credentials->done = done;
    credentials->argument = argument;
    credentials->error = (swb_error)SWB_ERROR_INIT;
    credentials->status = begin(credentials, &credentials->error);
    bool runs = credentials->process != NULL;
    if (swb__timer_start(&credentials->timer, credentials->loop, runs ? (int64_t)PROGRAM_NS : 0,
                         runs ? on_late : finish, credentials) != SWB_OK &&
        !runs) {
        /* Without memory for a timer there is no later. */
        credentials->timer = NULL;
        done(argument, SWB_ENOMEM, &credentials->error);
    }
}
