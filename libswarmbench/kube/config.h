/* How a cluster is reached and as whom: kubeconfig files, or the service account of a pod. */
#ifndef SWB_KUBE_CONFIG_H
#define SWB_KUBE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A program that hands out credentials (client.authentication.k8s.io). */
typedef struct swb__kube_exec {
    char *api_version;  /* ".../v1" or ".../v1beta1" */
    char **argv;        /* NULL-terminated; NULL: none. argv[0] with a '/' is absolute */
    char **environment; /* "NAME=VALUE" to add, NULL-terminated */
    char *install_hint;
    bool cluster_info; /* the program wants to know of the cluster */
} swb__kube_exec;

/* Everything of one context; strings are NULL where not given. Certificates and keys are PEM. */
typedef struct swb__kube_config {
    char *source; /* the file of the context, or "in-cluster"; for messages */
    char *context;
    char *cluster;
    char *user;
    char *name_space; /* never NULL */
    char *server;     /* URL without a trailing slash */
    char *server_name;
    char *proxy;
    char *ca;
    bool insecure;
    char *certificate;
    char *key;
    char *token;
    char *token_file; /* wins over `token`; read anew as it changes */
    char *impersonate;
    bool in_cluster;
    swb__kube_exec exec;
} swb__kube_config;

/* Where to look. Zeroed: as kubectl does. */
typedef struct swb__kube_places {
    const char *kubeconfig;   /* one file, which must be there; wins over the variable */
    const char *context;      /* NULL: current-context */
    const char *name_space;   /* NULL: the context's, else "default" */
    const char *variable;     /* instead of $KUBECONFIG: files, separated by ':' */
    const char *home;         /* instead of $HOME, for .kube/config */
    const char *service_host; /* instead of $KUBERNETES_SERVICE_HOST and _PORT */
    const char *service_port;
    const char *service_account; /* instead of /var/run/secrets/kubernetes.io/serviceaccount */
} swb__kube_places;

/*
 * Files first, then the pod's service account. Where several files say the same, the first counts.
 * Messages begin with FILE:LINE:COLUMN. SWB_ENOENT (nothing tells of a cluster), SWB_EINPUT (a file
 * is wrong, or what it names is missing), SWB_EUNSUPPORTED (basic auth, auth-provider), SWB_EIO,
 * SWB_ENOMEM. `*out` is freed by finish() on success only.
 */
int swb__kube_config_load(swb__kube_config *out, const swb__kube_places *places, swb_error *error);
/* Zeroed memory is fine. */
void swb__kube_config_finish(swb__kube_config *config);

#endif
