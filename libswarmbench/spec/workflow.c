/* The plan as an Argo Workflow: each cell is a step, cells are grouped by the size of their swarm.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"
#include "spec/plan.h"

/* Each step has some 150 bytes in the workflow's status once that is compressed, and an object of
 * the cluster at most 1 MiB: this leaves half of it. */
#define CELLS_MAX UINT64_C(3000)
/* A ConfigMap holds 1 MiB, names included. */
#define TEXT_MAX ((size_t)1000000)
#define PARALLEL_MAX 1000
/* Of an object: Argo makes pods' names of it, and the WorkflowTemplate a label, which has 63
 * characters at most: "NAME-DIGITS.cell-NUMBER". */
#define NAME_MAX_LENGTH 40
#define DIGEST_DIGITS 10

static const char frame[] =
    "  # At the end, however it came: what was measured goes into one file.\n"
    "  onExit: merge\n"
    "  # Two experiments at once would measure each other.\n"
    "  synchronization:\n"
    "    mutexes:\n"
    "      - name: swarmbench\n"
    "  podGC:\n"
    "    strategy: OnPodSuccess\n";

/* RFC 1123: what names of objects are. */
static bool is_name(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > 63 || text[0] == '-' || text[length - 1] == '-') {
        return false;
    }
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static int check_name(const char *what, const char *text, swb_error *error)
{
    if (!is_name(text)) {
        return swb__fail(error, SWB_EINVAL,
                         "'%s' is no name of a %s: 1-63 lower-case letters, digits and '-'", text,
                         what);
    }
    return SWB_OK;
}

/* The experiment's name, of letters, digits and [._-], as the begin of an object's. */
static void object_name(char *out, size_t size, const swb_experiment *experiment)
{
    char name[NAME_MAX_LENGTH + 1];
    size_t length = 0;
    for (const char *at = experiment->name; *at != '\0' && length < NAME_MAX_LENGTH; at++) {
        char character = (char)tolower((unsigned char)*at);
        name[length++] = isalnum((unsigned char)character) ? character : '-';
    }
    name[length] = '\0';
    snprintf(out, size, "%s-%.*s", name, DIGEST_DIGITS, experiment->digest);
}

/* The same as a label's value, which may have 63 characters and ends with a letter or a digit. */
static void label_value(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s", name);
    for (size_t length = strlen(out); length > 0 && !isalnum((unsigned char)out[length - 1]);) {
        out[--length] = '\0';
    }
}

/* Can the text stand in a block of YAML as it is? */
static bool is_plain_text(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        bool other_break = (at[0] == 0xc2 && at[1] == 0x85) ||
                           (at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)) ||
                           (at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf);
        if (other_break || *at == 0x7f || (*at < 0x20 && *at != '\n' && *at != '\t')) {
            return false;
        }
    }
    return *text != '\0';
}

/* As a block with its line ends kept, or in quotes where a block would change it. */
static void write_text(swb__writer *writer, const char *text)
{
    if (!is_plain_text(text)) {
        swb__json_string(writer, text);
        swb__writer_text(writer, "\n");
        return;
    }
    swb__writer_text(writer, text[strlen(text) - 1] == '\n' ? "|2+\n" : "|2-\n");
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        swb__writer_text(writer, length > 0 ? "    " : "");
        swb__writer_bytes(writer, text, length);
        swb__writer_text(writer, "\n");
        text += length + (text[length] == '\n');
    }
}

static void write_metadata(swb__writer *writer, const swb_plan *plan, const char *name,
                           const char *name_space)
{
    char label[64];
    label_value(label, sizeof label, plan->experiment->name);
    swb__writer_printf(writer, "metadata:\n  name: %s\n", name);
    if (name_space != NULL) {
        swb__writer_printf(writer, "  namespace: %s\n", name_space);
    }
    swb__writer_text(writer, "  labels:\n    app.kubernetes.io/managed-by: swarmbench\n");
    swb__writer_printf(writer, "    swarmbench.dev/experiment: \"%s\"\n", label);
}

static int compare_sizes(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

/* The sizes of the plan's swarms, each once, the smallest first; freed with free(). */
static uint32_t *sizes_of(size_t *count_out, const swb_plan *plan)
{
    uint32_t *sizes = calloc((size_t)plan->cell_count, sizeof *sizes);
    size_t count = 0;
    for (uint64_t i = 0; sizes != NULL && i < plan->cell_count; i++) {
        swb_cell cell;
        swb_plan_cell(&cell, plan, i);
        sizes[i] = cell.size;
    }
    if (sizes != NULL) {
        qsort(sizes, (size_t)plan->cell_count, sizeof *sizes, compare_sizes);
        for (uint64_t i = 0; i < plan->cell_count; i++) {
            if (count == 0 || sizes[count - 1] != sizes[i]) {
                sizes[count++] = sizes[i];
            }
        }
    }
    *count_out = count;
    return sizes;
}

static void write_reference(swb__writer *writer, const char *name, const char *template_name,
                            const char *cell)
{
    swb__writer_printf(writer,
                       "        - - name: %s\n"
                       "            templateRef: {name: %s, template: %s}\n"
                       "            arguments:\n"
                       "              parameters:\n",
                       name, template_name, name);
    if (cell != NULL) {
        swb__writer_printf(writer, "                - {name: cell, value: \"%s\"}\n", cell);
    }
    static const char *const parameters[] = {"experiment", "claim"};
    for (size_t i = 0; i < 2; i++) {
        swb__writer_printf(writer,
                           "                - {name: %s, value: \"{{workflow.parameters.%s}}\"}\n",
                           parameters[i], parameters[i]);
    }
}

static void write_size(swb__writer *writer, const swb_plan *plan, uint32_t size,
                       const swb_workflow_options *options)
{
    swb__writer_printf(writer, "    - name: size-%" PRIu32 "\n      parallelism: %" PRIu32 "\n",
                       size, options->parallel);
    swb__writer_text(writer, "      steps:\n");
    write_reference(writer, "cell", options->template_name, "{{item}}");
    swb__writer_text(writer, "            withItems:\n");
    for (uint64_t i = 0; i < plan->cell_count; i++) {
        swb_cell cell;
        swb_plan_cell(&cell, plan, i);
        if (cell.size == size) {
            swb__writer_printf(writer, "              - %" PRIu64 " # %s\n", i, cell.label);
        }
    }
}

static void write_config(swb__writer *writer, const swb_plan *plan, const char *values,
                         const char *name, const swb_workflow_options *options)
{
    swb__writer_printf(writer,
                       "# %" PRIu64 " cells, a step each: kubectl apply -f FILE\n"
                       "# The WorkflowTemplate '%s' must be there: see charts/argo-workflows.\n"
                       "apiVersion: v1\nkind: ConfigMap\n",
                       plan->cell_count, options->template_name);
    write_metadata(writer, plan, name, options->name_space);
    swb__writer_text(writer, "data:\n  experiment.yaml: ");
    write_text(writer, plan->experiment->text);
    if (values != NULL) {
        swb__writer_text(writer, "  values.yaml: ");
        write_text(writer, values);
    }
}

static void write_workflow(swb__writer *writer, const swb_plan *plan, const char *name,
                           const uint32_t *sizes, size_t count, const swb_workflow_options *options)
{
    swb__writer_text(writer, "---\napiVersion: argoproj.io/v1alpha1\nkind: Workflow\n");
    write_metadata(writer, plan, name, options->name_space);
    swb__writer_printf(writer,
                       "spec:\n  entrypoint: experiment\n"
                       "  # Cells at once. More than one of them share the cluster, and their "
                       "numbers tell it.\n"
                       "  parallelism: %" PRIu32 "\n%s",
                       options->parallel, frame);
    swb__writer_printf(writer,
                       "  arguments:\n    parameters:\n"
                       "      # The ConfigMap above, and the volume that results are kept on.\n"
                       "      - {name: experiment, value: %s}\n"
                       "      - {name: claim, value: %s}\n"
                       "  templates:\n"
                       "    # One size after the other; a cell that fails stops no other.\n"
                       "    - name: experiment\n      parallelism: 1\n      steps:\n",
                       name, options->claim);
    for (size_t i = 0; i < count; i++) {
        swb__writer_printf(writer,
                           "        %s {name: size-%" PRIu32 ", template: size-%" PRIu32 "}\n",
                           i == 0 ? "- -" : "  -", sizes[i], sizes[i]);
    }
    for (size_t i = 0; i < count; i++) {
        write_size(writer, plan, sizes[i], options);
    }
    swb__writer_text(writer, "    - name: merge\n      steps:\n");
    write_reference(writer, "merge", options->template_name, NULL);
}

static int check_options(swb_workflow_options *out, const swb_plan *plan,
                         const swb_workflow_options *options, swb_error *error)
{
    if (plan == NULL || options == NULL) {
        return swb__fail(error, SWB_EINVAL, "plan and options are required");
    }
    if (options->version != SWB_WORKFLOW_OPTIONS_VERSION) {
        return swb__fail(error, SWB_EINVAL, "options version %u, this library knows %d",
                         options->version, SWB_WORKFLOW_OPTIONS_VERSION);
    }
    *out = *options;
    out->parallel = options->parallel == 0 ? 1 : options->parallel;
    out->claim = options->claim == NULL ? "swarmbench-results" : options->claim;
    out->template_name = options->template_name == NULL ? "swarmbench" : options->template_name;
    if (out->parallel > PARALLEL_MAX) {
        return swb__fail(error, SWB_EINVAL, "%u cells at once are too many: 1 to %d", out->parallel,
                         PARALLEL_MAX);
    }
    int status = check_name("volume claim", out->claim, error);
    if (status == SWB_OK) {
        status = check_name("WorkflowTemplate", out->template_name, error);
    }
    if (status == SWB_OK && out->name_space != NULL) {
        status = check_name("namespace", out->name_space, error);
    }
    return status;
}

/* An option of `deploy: {on: kubernetes}`; NULL where the experiment is for another place. */
static const swb_option_value *option_of_place(const swb_experiment *experiment, const char *name)
{
    const swb_deployer *deployer = experiment->deployer;
    for (size_t i = 0; strcmp(deployer->name, "kubernetes") == 0 && i < deployer->option_count;
         i++) {
        if (strcmp(deployer->options[i].name, name) == 0) {
            return &experiment->deployer_options[i];
        }
    }
    return NULL;
}

/* The runner's image has charts, and not whatever overlays an experiment names. */
static int check_render(const swb_experiment *experiment, swb_error *error)
{
    const swb_option_value *render = option_of_place(experiment, "render");
    return render == NULL || render->integer == 0
               ? SWB_OK
               : swb__fail(error, SWB_EINPUT,
                           "%s: deploy.render: kustomize needs a runner that has the overlays; the "
                           "steps of a workflow render charts: leave it out, and give them values "
                           "by deploy.values",
                           experiment->file);
}

static bool is_text(const char *text, size_t length)
{
    const char *at = text;
    while (*at != '\0' && swb__utf8_length(at) > 0) {
        at += swb__utf8_length(at);
    }
    return at == text + length;
}

/* The steps' runners cannot read that file where they are. `*out`: its text, NULL where there is
 * none, freed with free(). */
static int read_values(char **out, const swb_experiment *experiment, swb_error *error)
{
    const swb_option_value *option = option_of_place(experiment, "values");
    const char *path = option != NULL ? option->string : NULL;
    size_t length = 0;
    *out = NULL;
    if (path == NULL) {
        return SWB_OK;
    }
    int status = swb__read_file(out, &length, path, TEXT_MAX, error);
    if (status == SWB_ENOSPACE) {
        status =
            swb__fail(error, SWB_EINPUT,
                      "%s is longer than the %zu bytes that a ConfigMap can hold", path, TEXT_MAX);
    } else if (status == SWB_OK && !is_text(*out, length)) {
        status = swb__fail(error, SWB_EINPUT, "%s is no text", path);
    }
    if (status != SWB_OK) {
        swb__error_context(error, "%s: deploy.values", experiment->file);
    }
    return status;
}

/* What an object of a cluster cannot hold. */
static int check_limits(const swb_plan *plan, const char *values, swb_error *error)
{
    const char *file = plan->experiment->file;
    if (plan->cell_count > CELLS_MAX) {
        return swb__fail(error, SWB_EINPUT,
                         "%s: %" PRIu64 " cells are more than the %" PRIu64
                         " steps that one workflow can hold; split the matrix into several files",
                         file, plan->cell_count, CELLS_MAX);
    }
    size_t length = strlen(plan->experiment->text) + (values == NULL ? 0 : strlen(values));
    if (length > TEXT_MAX) {
        return swb__fail(
            error, SWB_EINPUT, "%s: %zu bytes%s are more than the %zu that a ConfigMap can hold",
            file, length, values == NULL ? "" : ", with the file of deploy.values,", TEXT_MAX);
    }
    return SWB_OK;
}

static int write_objects(const swb_plan *plan, const char *values,
                         const swb_workflow_options *options, int fd, swb_error *error)
{
    char name[NAME_MAX_LENGTH + DIGEST_DIGITS + 2];
    size_t count = 0;
    swb__writer writer;
    uint32_t *sizes = sizes_of(&count, plan);
    if (sizes == NULL) {
        return swb__fail_nomem(error);
    }
    object_name(name, sizeof name, plan->experiment);
    swb__writer_init(&writer, fd);
    write_config(&writer, plan, values, name, options);
    write_workflow(&writer, plan, name, sizes, count, options);
    free(sizes);
    return swb__writer_finish(&writer, error);
}

int swb_plan_workflow_write(const swb_plan *plan, const swb_workflow_options *options, int fd,
                            swb_error *error)
{
    swb_workflow_options checked;
    char *values = NULL;
    int status = check_options(&checked, plan, options, error);
    if (status == SWB_OK) {
        status = check_render(plan->experiment, error);
    }
    if (status == SWB_OK) {
        status = read_values(&values, plan->experiment, error);
    }
    if (status == SWB_OK) {
        status = check_limits(plan, values, error);
    }
    if (status == SWB_OK) {
        status = write_objects(plan, values, &checked, fd, error);
    }
    free(values);
    return status;
}
