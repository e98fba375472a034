#include "deploy/kubernetes_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

/* Of chart `swarmbench`: the file that the option `values` names. */
#define VALUES_BESIDE "/etc/swarmbench/values.yaml"

/* The order of the table. */
enum {
    NAMESPACE,
    CONTEXT,
    KUBECONFIG,
    CHARTS,
    VALUES,
    HELM,
    RENDER,
    KUSTOMIZE,
    OVERLAYS,
    IMAGE_PREFIX,
    IMAGE_TAG,
    IMAGE_DIGESTS,
    PULL_POLICY,
    PULL_SECRET,
    CPU,
    MEMORY,
    MEMORY_LIMIT,
    NODE_SELECTOR,
    ANTI_AFFINITY,
    STORAGE_CLASS,
    DATA_SIZE,
    PRIORITY_CLASS,
    NETWORK_POLICY,
    REACH,
    RUNNER,
    RUNNER_VALUES,
    RESULTS_SIZE,
    RESULTS_CLASS,
    START_TIMEOUT,
    CLOSE_TIMEOUT,
};

const swb_option swb__kubernetes_options[KUBERNETES_OPTION_COUNT] = {
    [NAMESPACE] = {"namespace", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                   "Namespace of the pods; without it the context's."},
    [CONTEXT] = {"context", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                 "Context of the kubeconfig; without it the current one."},
    [KUBECONFIG] = {"kubeconfig", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                    "A kubeconfig file; without it $KUBECONFIG, ~/.kube/config, or the pod's "
                    "service account."},
    [CHARTS] = {"charts", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                "Folder of the Helm charts; without it $SWARMBENCH_CHARTS, or where they were "
                "installed."},
    [VALUES] = {"values", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                "A file of further values for the charts of all nodes, such as tolerations."},
    [HELM] = {"helm", SWB_OPTION_STRING, "helm", 0, 0, NULL, "The program that renders charts."},
    [RENDER] = {"render", SWB_OPTION_ENUM, "helm", 0, 0, "helm|kustomize",
                "What pods are made from: Helm charts, or Kustomize overlays."},
    [KUSTOMIZE] = {"kustomize", SWB_OPTION_STRING, "kubectl", 0, 0, NULL,
                   "The program that renders overlays: kubectl or kustomize."},
    [OVERLAYS] = {"overlays", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                  "Folders of your own overlays, for a driver or for its nodes of a role: "
                  "deluge=DIR,deluge-seeder=DIR; without one the base that comes along."},
    [IMAGE_PREFIX] = {"image_prefix", SWB_OPTION_STRING, "localhost/swarmbench/", 0, 0, NULL,
                      "What stands before the images' names: deluge, qbittorrent, opentracker, "
                      "codex, agent."},
    [IMAGE_TAG] = {"image_tag", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                   "Tag of the images; without it the version of the charts."},
    [IMAGE_DIGESTS] = {"image_digests", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                       "Digests, which win over the tag: deluge=sha256:...,agent=sha256:..."},
    [PULL_POLICY] = {"pull_policy", SWB_OPTION_ENUM, "IfNotPresent", 0, 0,
                     "IfNotPresent|Always|Never", "When images are pulled."},
    [PULL_SECRET] = {"pull_secret", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                     "Secret for a registry that wants a login."},
    [CPU] = {"cpu", SWB_OPTION_STRING, NULL, 0, 0, NULL,
             "CPU that a node requests, such as 500m; without it the chart's."},
    [MEMORY] = {"memory", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                "Memory that a node requests, such as 512Mi; without it the chart's."},
    [MEMORY_LIMIT] = {"memory_limit", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                      "Memory beyond which a node is killed; without it there is no limit."},
    [NODE_SELECTOR] = {"node_selector", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                       "Labels of the machines to run on: key=value,key=value."},
    [ANTI_AFFINITY] = {"anti_affinity", SWB_OPTION_ENUM, NULL, 0, 0, "none|preferred|required",
                       "Whether nodes keep to machines of their own; without it the chart's, "
                       "which is preferred."},
    [STORAGE_CLASS] = {"storage_class", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                       "Storage class of a volume for each node; without it their data is on the "
                       "machine's disk."},
    [DATA_SIZE] = {"data_size", SWB_OPTION_SIZE, NULL, 1, 1e15, NULL,
                   "Disk of a node; without it twice the content and 1 GiB."},
    [PRIORITY_CLASS] = {"priority_class", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                        "Priority class of the pods."},
    [NETWORK_POLICY] = {"network_policy", SWB_OPTION_BOOL, "false", 0, 0, NULL,
                        "Nodes may talk to each other and to nobody else; needs a network that "
                        "enforces policies, and a runner in the cluster. false: as the chart "
                        "says."},
    [REACH] = {"reach", SWB_OPTION_ENUM, "auto", 0, 0, "auto|direct|proxy",
               "How pods are reached: by their addresses (in the cluster), or through the API "
               "server, which carries HTTP only."},
    [RUNNER] = {"runner", SWB_OPTION_ENUM, "auto", 0, 0, "auto|cluster|here",
                "Where the runner is: as a Job in the cluster, or on this machine. auto: in the "
                "cluster, unless this is a pod of it or `reach` says how pods are reached."},
    [RUNNER_VALUES] = {"runner_values", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                       "A file of further values for the chart of a runner in the cluster, such as "
                       "tolerations and resources."},
    [RESULTS_SIZE] = {"results_size", SWB_OPTION_SIZE, "5GiB", 1, 1e15, NULL,
                      "Volume for the results of a runner in the cluster, until they are fetched."},
    [RESULTS_CLASS] = {"results_class", SWB_OPTION_STRING, NULL, 0, 0, NULL,
                       "Its storage class; without it the cluster's default. Where there is none, "
                       "results are in the runner's pod and are lost with it."},
    [START_TIMEOUT] = {"start_timeout", SWB_OPTION_DURATION, "5min", 1e9, 86400e9, NULL,
                       "How long pods may take until all of them run."},
    [CLOSE_TIMEOUT] = {"close_timeout", SWB_OPTION_DURATION, "3min", 1e9, 86400e9, NULL,
                       "How long pods may take until all of them are gone."},
};

const char *swb__kubernetes_experiment_label(const char *run)
{
    const char *label = getenv("SWARMBENCH_EXPERIMENT");
    return label != NULL && *label != '\0' ? label : run;
}

void swb__kubernetes_token_secret(char *out, size_t size, const char *run)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    const char *label = swb__kubernetes_experiment_label(NULL);
    if (label == NULL) {
        snprintf(out, size, "%s-token", run);
        return;
    }
    /* A label may hold what a name may not. */
    EVP_Digest(label, strlen(label), digest, NULL, EVP_sha256(), NULL);
    snprintf(out, size, "swb-%02x%02x%02x%02x%02x%02x-token", digest[0], digest[1], digest[2],
             digest[3], digest[4], digest[5]);
}

/* A runner that was brought here with its experiment: the chart has put beside it what counts. */
static void forget_the_other_machine(kubernetes_options *out)
{
    out->name_space = out->context = out->kubeconfig = out->charts = NULL;
    out->helm = "helm";
    out->values = access(VALUES_BESIDE, R_OK) == 0 ? VALUES_BESIDE : NULL;
    out->runner = RUNNER_HERE;
    out->reach = REACH_DIRECT;
}

static void read_given(kubernetes_options *out, const swb_option_value *values)
{
    out->name_space = values[NAMESPACE].string;
    out->context = values[CONTEXT].string;
    out->kubeconfig = values[KUBECONFIG].string;
    out->charts = values[CHARTS].string;
    out->values = values[VALUES].string;
    out->helm = values[HELM].string;
    out->kustomizes = values[RENDER].integer != 0;
    out->kustomize = values[KUSTOMIZE].string;
    out->overlays = values[OVERLAYS].string;
    out->image_prefix = values[IMAGE_PREFIX].string;
    out->image_tag = values[IMAGE_TAG].string;
    out->image_digests = values[IMAGE_DIGESTS].string;
    out->pull_policy = values[PULL_POLICY].string;
    out->pull_secret = values[PULL_SECRET].string;
    out->cpu = values[CPU].string;
    out->memory = values[MEMORY].string;
    out->memory_limit = values[MEMORY_LIMIT].string;
    out->node_selector = values[NODE_SELECTOR].string;
    out->anti_affinity = values[ANTI_AFFINITY].string;
    out->storage_class = values[STORAGE_CLASS].string;
    out->data_size_bytes = (uint64_t)values[DATA_SIZE].integer;
    out->priority_class = values[PRIORITY_CLASS].string;
    out->network_policy = values[NETWORK_POLICY].integer != 0;
    out->reach = (kubernetes_reach)values[REACH].integer;
    out->runner = (kubernetes_runner)values[RUNNER].integer;
    out->runner_values = values[RUNNER_VALUES].string;
    out->results_size_bytes = (uint64_t)values[RESULTS_SIZE].integer;
    out->results_class = values[RESULTS_CLASS].string;
    out->start_timeout_ns = (uint64_t)values[START_TIMEOUT].integer;
    out->close_timeout_ns = (uint64_t)values[CLOSE_TIMEOUT].integer;
}

void swb__kubernetes_options_read(kubernetes_options *out, const swb_option_value *values)
{
    *out = (kubernetes_options){.helm = "helm",
                                .kustomize = "kubectl",
                                .image_prefix = "localhost/swarmbench/",
                                .pull_policy = "IfNotPresent",
                                .results_size_bytes = UINT64_C(5) << 30,
                                .start_timeout_ns = UINT64_C(300) * 1000000000,
                                .close_timeout_ns = UINT64_C(180) * 1000000000};
    if (values != NULL) {
        read_given(out, values);
    }
    if (swb__kubernetes_experiment_label(NULL) != NULL) {
        forget_the_other_machine(out);
    }
}

/* Whether each element of a list is NAME=VALUE, its value beginning with `prefix`. */
static int check_list(const char *option, const char *list, const char *prefix, swb_error *error)
{
    for (const char *at = list; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, ",");
        const char *equals = memchr(at, '=', length);
        if (equals == NULL || equals == at || equals + 1 == at + length ||
            strncmp(equals + 1, prefix, strlen(prefix)) != 0) {
            return swb__fail(error, SWB_EINPUT, "deploy.%s: '%.*s' is not NAME=%s...", option,
                             (int)length, at, prefix);
        }
        at += length + (at[length] == ',');
    }
    return SWB_OK;
}

/* What only charts know how to do. */
static int check_kustomize(const kubernetes_options *options, swb_error *error)
{
    const char *unknown = options->values != NULL          ? "values"
                          : options->storage_class != NULL ? "storage_class"
                          : options->network_policy        ? "network_policy"
                          : options->anti_affinity != NULL ? "anti_affinity"
                                                           : NULL;
    if (options->kustomizes && unknown != NULL) {
        return swb__fail(error, SWB_EINPUT,
                         "deploy.%s is for charts: with render: kustomize it belongs into an "
                         "overlay that deploy.overlays names",
                         unknown);
    }
    return options->kustomizes || options->overlays == NULL
               ? SWB_OK
               : swb__fail(error, SWB_EINPUT, "deploy.overlays is for render: kustomize");
}

int swb__kubernetes_options_check(const kubernetes_options *options, swb_error *error)
{
    int status = check_list("image_digests", options->image_digests, "sha256:", error);
    if (status == SWB_OK) {
        status = check_list("node_selector", options->node_selector, "", error);
    }
    if (status == SWB_OK) {
        status = check_list("overlays", options->overlays, "", error);
    }
    return status == SWB_OK ? check_kustomize(options, error) : status;
}

const char *swb__kubernetes_listed(size_t *length_out, const char *list, const char *name)
{
    size_t wanted = strlen(name);
    for (const char *at = list; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, ",");
        if (length > wanted && at[wanted] == '=' && strncmp(at, name, wanted) == 0) {
            *length_out = length - wanted - 1;
            return at + wanted + 1;
        }
        at += length + (at[length] == ',');
    }
    return NULL;
}

int swb__kubernetes_config(swb__kube_config *out, const kubernetes_options *options,
                           swb_error *error)
{
    const swb__kube_places places = {.kubeconfig = options->kubeconfig,
                                     .context = options->context,
                                     .name_space = options->name_space};
    return swb__kube_config_load(out, &places, error);
}

bool swb__kubernetes_proxies(const kubernetes_options *options, const swb__kube_config *config)
{
    return options->reach == REACH_AUTO ? !config->in_cluster : options->reach == REACH_PROXY;
}

const char *swb__kubernetes_image(const swb_driver *driver, const swb_option_value *options)
{
    for (size_t i = 0; options != NULL && i < driver->option_count; i++) {
        if (strcmp(driver->options[i].name, "image") == 0) {
            return options[i].string;
        }
    }
    return NULL;
}
