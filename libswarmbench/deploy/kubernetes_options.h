/* What `deploy: {on: kubernetes, ...}` can say. */
#ifndef SWB_DEPLOY_KUBERNETES_OPTIONS_H
#define SWB_DEPLOY_KUBERNETES_OPTIONS_H

#include <swarmbench/sys/deployer.h>

#include "kube/config.h"

#define KUBERNETES_OPTION_COUNT 30
extern const swb_option swb__kubernetes_options[KUBERNETES_OPTION_COUNT];

/* Where the runner is: AUTO is the cluster, unless we are in it or `reach` says how we reach pods.
 */
typedef enum kubernetes_runner { RUNNER_AUTO, RUNNER_CLUSTER, RUNNER_HERE } kubernetes_runner;
typedef enum kubernetes_reach { REACH_AUTO, REACH_DIRECT, REACH_PROXY } kubernetes_reach;

/* The options of a site, read; texts are borrowed from the experiment, NULL where not given. */
typedef struct kubernetes_options {
    const char *name_space;
    const char *context;
    const char *kubeconfig;
    const char *charts;
    const char *values;
    const char *helm;
    bool kustomizes; /* overlays are rendered, not charts */
    const char *kustomize;
    const char *overlays;
    const char *image_prefix;
    const char *image_tag;
    const char *image_digests;
    const char *pull_policy;
    const char *pull_secret;
    const char *cpu;
    const char *memory;
    const char *memory_limit;
    const char *node_selector;
    const char *anti_affinity;
    const char *storage_class;
    uint64_t data_size_bytes; /* 0: by the content */
    const char *priority_class;
    bool network_policy;
    kubernetes_reach reach;
    kubernetes_runner runner;
    const char *runner_values;
    uint64_t results_size_bytes;
    const char *results_class;
    uint64_t start_timeout_ns;
    uint64_t close_timeout_ns;
} kubernetes_options;

/* `values` in the order of the table; NULL: none is given. In a runner that was brought to a
 * cluster, what names files or programs of the machine it came from does not count. */
void swb__kubernetes_options_read(kubernetes_options *out, const swb_option_value *values);
/* Whether the lists in them are well-formed. SWB_EINPUT. */
int swb__kubernetes_options_check(const kubernetes_options *options, swb_error *error);
/* The cluster that they mean; as swb__kube_config_load(). */
int swb__kubernetes_config(swb__kube_config *out, const kubernetes_options *options,
                           swb_error *error);
/* Whether pods are reached through the API server. */
bool swb__kubernetes_proxies(const kubernetes_options *options, const swb__kube_config *config);

/* The image that the experiment names for a node, NAME:TAG or NAME@DIGEST, by an option "image" of
 * its driver; NULL where it names none. */
const char *swb__kubernetes_image(const swb_driver *driver, const swb_option_value *options);
/* Without one: the name of the image of ours that has a driver's program. */
const char *swb__kubernetes_image_name(const swb_driver *driver);
/* kubernetes_charts.c: the folder of the charts. */
void swb__kubernetes_charts(char *out, size_t size, const kubernetes_options *options);
/* The chart that a driver's nodes are made by. */
const char *swb__kubernetes_chart(const swb_driver *driver);
/* What its label says. */
const char *swb__kubernetes_role(swb_role role);
/* Its folder: FOLDER/CHART or FOLDER/helm/CHART, where FOLDER is the option, $SWARMBENCH_CHARTS, or
 * share/swarmbench/charts of the installation. False where there is no chart; then `out` is where
 * it should be. */
bool swb__kubernetes_chart_path(char *out, size_t size, const kubernetes_options *options,
                                const swb_driver *driver);
/* Of a list "NAME=VALUE,NAME=VALUE": the value of a name, its length in `*length_out`; NULL. */
const char *swb__kubernetes_listed(size_t *length_out, const char *list, const char *name);

/* The same of any chart. */
bool swb__kubernetes_chart_folder(char *out, size_t size, const kubernetes_options *options,
                                  const char *chart);
/* The label of all that belongs to this experiment: where a runner was brought into a cluster, that
 * of its release, else that of the run. */
const char *swb__kubernetes_experiment_label(const char *run);

/* The Secret of the agents' token: of a run; of a runner that was brought into a cluster always the
 * same, so that the one which goes on for it knows it. */
void swb__kubernetes_token_secret(char *out, size_t size, const char *run);

/* Values of a chart as "KEY=JSON", for helm's --set-json; NULL-terminated, to be freed with
 * swb__list_free(). */
typedef struct kubernetes_group_values {
    const char *run; /* of the labels */
    const char *group;
    const char *role;
    const char *token_secret;
    size_t nodes;
    uint64_t data_bytes; /* that a node may come to store */
    const swb_driver *driver;
    const swb_option_value *options; /* of the driver; NULL: none is given */
} kubernetes_group_values;
char **swb__kubernetes_values(const kubernetes_options *options,
                              const kubernetes_group_values *group);

/* kubernetes_overlay.c: the Kustomize overlay of a group: what deploy.overlays names for its driver
 * and role or for its driver, else the base among the charts. False where there is no
 * kustomization.yaml; then `out` is where it should be. */
bool swb__kubernetes_overlay_path(char *out, size_t size, const kubernetes_options *options,
                                  const swb_driver *driver, const char *role);
/* Writes `directory`/kustomization.yaml, which lays a group's names, labels and numbers over
 * `overlay`. SWB_EIO, SWB_ENOMEM. */
int swb__kubernetes_overlay_write(const char *directory, const char *overlay,
                                  const kubernetes_options *options,
                                  const kubernetes_group_values *group, swb_error *error);

#endif
