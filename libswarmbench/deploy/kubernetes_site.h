/* The site of the `kubernetes` deployer: what its files share. */
#ifndef SWB_DEPLOY_KUBERNETES_SITE_H
#define SWB_DEPLOY_KUBERNETES_SITE_H

#include <sys/queue.h>

#include "deploy/agent_client.h"
#include "deploy/journal.h"
#include "deploy/kubernetes_options.h"
#include "deploy/kubernetes_pod.h"
#include "deploy/kubernetes_release.h"
#include "kube/watch.h"

#define KUBERNETES_AGENT_PORT 9191
#define KUBERNETES_ROOT "/swarmbench/node"
#define KUBERNETES_ID_SIZE 16
#define KUBERNETES_RUN_LABEL "swarmbench.dev/run"
#define KUBERNETES_EXPERIMENT_LABEL "swarmbench.dev/experiment"

typedef struct kubernetes_site kubernetes_site;

/* Nodes of one driver and role: a release of a chart. */
typedef struct kubernetes_group {
    const swb_driver *driver;
    const swb_option_value *options;
    swb_role role;
    size_t first; /* node; they follow each other */
    size_t count;
    char release[32];
    char set[64]; /* the StatefulSet that it was made */
} kubernetes_group;

/* How far a node has come. */
typedef enum kubernetes_stage {
    KUBERNETES_AWAITED, /* its pod is not there, or not yet running */
    KUBERNETES_GREETED, /* its agent is being asked */
    KUBERNETES_UP,
    KUBERNETES_LOST, /* told as exited for good */
} kubernetes_stage;

typedef struct kubernetes_node {
    kubernetes_site *site;
    const swb_node_request *request;
    char pod[64];
    char uid[64];      /* of the pod that is spoken to; "" */
    char address[64];  /* of the pod */
    char machine[256]; /* that the pod is on */
    char image[256];   /* of the client, with its digest */
    char why[400];     /* why it is not up yet: image, scheduling; "" */
    bool hopeless;     /* which waiting will not mend */
    bool seen;         /* in the list at hand */
    int restarts;      /* of the node's container */
    int agent_restarts;
    kubernetes_stage stage;
    bool runs; /* its program was started, and has not ended */
    swb__agent *agent;
    bool sampling;
    swb__timer *verdict; /* an end whose cause may still come */
    int exit_code;
    int exit_signal;
    char *tail;
    char *api_url; /* through the API server; NULL */
    char *extra_url;
} kubernetes_node;

/* An object that was applied. */
typedef struct kubernetes_applied {
    swb__kube_resource resource;
    char name[SWB__KUBE_NAME_SIZE];
    char name_space[SWB__KUBE_NAME_SIZE];
} kubernetes_applied;

/* A completion that is owed; calls of the contract may be under way side by side. */
typedef struct kubernetes_owed {
    kubernetes_site *site;
    TAILQ_ENTRY(kubernetes_owed) link;
    swb_done done;
    void *argument;
    int status;
    swb_error error;
    kubernetes_node *node;
    uint64_t *bad_offset;
    swb_decoded *decoded;
    size_t content;
    swb__timer *timer; /* it is told soon */
} kubernetes_owed;

struct kubernetes_site {
    swb_loop *loop;
    const swb_site_request *request;
    swb_site_events events;
    kubernetes_options options;
    swb__kube_config config;
    bool has_config;
    swb__kube_client *client;
    bool proxies;
    struct swb__http_access access; /* of drivers, through the API server */
    swb__http_pair headers[2];
    swb__buffer bearer;
    swb__timer *accessing;       /* keeps `access` as it is now */
    char id[KUBERNETES_ID_SIZE]; /* of all labels and names */
    char token_secret[32];
    char user[16];
    char password[32];
    char token[49];
    swb__journal *journal;
    kubernetes_group *groups;
    size_t group_count;
    kubernetes_node *nodes;
    uint32_t swarm_size;
    TAILQ_HEAD(, kubernetes_owed) owed;

    /* the way up */
    kubernetes_owed *up; /* bring_up() */
    size_t rendering;    /* group */
    kubernetes_release *release;
    kubernetes_applied *applied;
    size_t applied_count;
    size_t applied_capacity;
    bool calling;    /* something is being applied */
    bool may_delete; /* closing waits for that only */
    swb__kube_watch *watch;
    swb__kube_resource pods;
    bool listed;
    swb__timer *patience;
    swb__timer *refusals; /* looks for them until all pods are up */
    bool looking;
    int64_t refused_ns; /* when a pod was first seen to be refused; 0 */

    swb_torrent **torrents;
    kubernetes_owed *making;
    bool maker_works;

    /* the way down */
    bool closing;
    swb_done closed;
    void *closed_argument;
    size_t closing_agents;
    size_t fetching; /* logs */
    size_t deleting; /* objects, from the last one */
    bool deleted;
    size_t pods_left;
    size_t confirming;      /* that an object is gone, from the last one */
    swb__timer *look_again; /* at the one that is not */
    bool gave_up;
    int close_status;
    swb_error close_error;
};

/* kubernetes_calls.c: owes a completion; NULL: no memory, and it has been told. */
kubernetes_owed *swb__kubernetes_owe(kubernetes_site *site, swb_done done, void *argument);
/* Tells it now, which must be from the loop, and frees it. */
void swb__kubernetes_tell(kubernetes_owed *owed, int status, const swb_error *error);
/* Tells it soon. */
void swb__kubernetes_tell_soon(kubernetes_owed *owed, int status, const swb_error *error);
/* Tells it soon as cancelled; accepts NULL. */
void swb__kubernetes_cancel(kubernetes_owed *owed);

/* kubernetes_check.c */
int swb__kubernetes_check(const swb_site_request *request, swb_error *error);

/* kubernetes_site.c */
int swb__kubernetes_open(void **site_out, swb_loop *loop, const swb_site_request *request,
                         const swb_site_events *events, swb_error *error);
uint64_t swb__kubernetes_stored_bytes(const swb_site_request *request);

/* kubernetes_up.c */
void swb__kubernetes_bring_up(void *site, swb_done done, void *argument);
/* A node has come up, or cannot: ends bring_up() where that decides it. */
void swb__kubernetes_look_up(kubernetes_site *site);
void swb__kubernetes_fail_up(kubernetes_site *site, int status, const swb_error *error);

/* kubernetes_render.c: has the charts of all groups rendered and applied, then follows the pods. */
void swb__kubernetes_apply(kubernetes_site *site);
/* Ends that. True: an object is on its way to the cluster. */
bool swb__kubernetes_end_render(kubernetes_site *site);

/* kubernetes_refused.c: has pods that the cluster refuses to make say so. */
void swb__kubernetes_look_for_refusals(kubernetes_site *site);

/* kubernetes_pods.c: the StatefulSet of the group that is being applied; its pods are called after
 * it. SWB_EINPUT (there is one already). */
int swb__kubernetes_note_set(kubernetes_site *site, const char *name, swb_error *error);
/* Follows the pods of the run. */
int swb__kubernetes_follow(kubernetes_site *site, swb_error *error);
/* kubernetes_pod.c: what a pod object says. */
void swb__kubernetes_judge_pod(kubernetes_node *node, const cJSON *pod);
/* Why a pod that was there has gone, in words. */
void swb__kubernetes_farewell(char *out, size_t size, const kubernetes_node *node,
                              const cJSON *pod);

/* kubernetes_agent.c: speaks to the agent of a pod that runs. */
void swb__kubernetes_greet(kubernetes_node *node);
/* Tells that the node's program ended and nobody asked for it. */
void swb__kubernetes_tell_exited(kubernetes_node *node, int exit_code, int signal,
                                 const char *tail);

/* kubernetes_node.c */
void swb__kubernetes_prepare(void *site, size_t node, size_t content, swb_done done,
                             void *argument);
void swb__kubernetes_make_torrent(void *site, size_t content, const char *announce, swb_done done,
                                  void *argument);
void swb__kubernetes_start(void *site, size_t node, const swb_launch *launch, swb_done done,
                           void *argument);
int swb__kubernetes_watch(void *site, size_t node, size_t content, int64_t begin_ns,
                          swb_error *error);
void swb__kubernetes_verify(void *site, size_t node, uint64_t *bad_offset, swb_done done,
                            void *argument);
void swb__kubernetes_decode(void *site, size_t node, const uint32_t *parts, swb_decoded *out,
                            swb_done done, void *argument);
int swb__kubernetes_sample(void *site, size_t node, swb_sample *out);
void swb__kubernetes_fault(void *site, size_t node, swb_fault fault, swb_done done, void *argument);
void swb__kubernetes_stop(void *site, size_t node, swb_done done, void *argument);

/* kubernetes_close.c */
void swb__kubernetes_close(void *site, swb_done done, void *argument);
/* A pod has gone, or the agents have: goes on with closing where it waits. */
void swb__kubernetes_go_on(kubernetes_site *site);
/* What was being applied has been; deletes it all where closing waits for that. */
void swb__kubernetes_applied(kubernetes_site *site);
void swb__kubernetes_free(kubernetes_site *site);

/* kubernetes_clean.c: the line of the journal by which a dead run is cleaned. SWB_ENOMEM. */
int swb__kubernetes_clean_text(char **out, const kubernetes_site *site, swb_error *error);

#endif
