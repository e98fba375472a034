/* What the files of a remote runner share. */
#ifndef SWB_REMOTE_STATE_H
#define SWB_REMOTE_STATE_H

#include "deploy/agent_client.h"
#include "deploy/kubernetes_options.h"
#include "deploy/kubernetes_pod.h"
#include "deploy/kubernetes_release.h"
#include "kube/watch.h"
#include "remote/remote.h"

#define REMOTE_NAME_SIZE 48
#define REMOTE_SELECTOR_SIZE 160
#define REMOTE_RESULTS "results.db"

typedef enum remote_phase {
    REMOTE_LOOKING,    /* whether it is there already */
    REMOTE_INSTALLING, /* the token, then the release */
    REMOTE_FOLLOWING,
    REMOTE_FETCHING,
    REMOTE_REMOVING,
    REMOTE_ENDED,
} remote_phase;

/* The pod of the runner that counts: the newest. */
typedef struct remote_pod {
    char name[SWB__KUBE_NAME_SIZE];
    char uid[64];
    char created[40];
    char why[400]; /* it does not run yet */
    bool runs;     /* or has run */
    bool ended;    /* its runner has; or it is gone */
    bool leaving;  /* it is being deleted */
    bool gone;
    int exit_code;
} remote_pod;

/* What is known of its log. */
typedef struct remote_log {
    swb__kube_call *call;
    swb__timer *pause;
    swb__buffer line;
    char last[40]; /* time of the last line that was told */
    bool at_end;
} remote_log;

/* A file that is to be fetched. */
typedef struct remote_file {
    char *name;
    uint64_t bytes;
    char hash[65];
} remote_file;

struct swb__remote {
    swb__remote_options options;
    char *only;
    char *results_path;
    char *work_dir;
    kubernetes_options kubernetes;
    swb__kube_config config;
    bool has_config;
    swb__kube_client *client;
    char release[REMOTE_NAME_SIZE];
    char selector[REMOTE_SELECTOR_SIZE];
    char runner_selector[REMOTE_SELECTOR_SIZE + 48]; /* of its pods */
    char token[80];
    bool holds; /* results are in the runner's pod, for want of a volume */
    bool known; /* it was there when we came */

    remote_phase phase;
    bool stopping;
    bool destroyed;
    swb__timer *later;
    void (*next)(swb__remote *remote);
    kubernetes_release *installing;
    int tries;

    /* following */
    swb__kube_resource pods;
    swb__kube_resource jobs;
    swb__kube_watch *pod_watch;
    swb__kube_watch *job_watch;
    swb__timer *patience; /* looks why there is no pod */
    int64_t since_ns;     /* we wait for it */
    remote_pod pod;
    remote_log log;
    char results_pod[SWB__KUBE_NAME_SIZE]; /* ready to hand them out; "" */
    bool pods_listed;                      /* once */
    bool pod_listed;                       /* by the listing at hand: the pod that counts, */
    bool job_listed;                       /* and the Job */
    bool asking_pods;                      /* how they are, right now */
    char job_uid[64];
    bool job_over;
    char job_why[300];
    bool begun; /* an event came */
    char complaint[512];

    /* how it ended */
    bool has_ending;
    swb_event ending; /* what the runner said last */
    int status;       /* what we say */
    char why[512];
    bool keeps;     /* the release stays */
    bool cut_short; /* its runner cannot start: it stays where it has results, which are fetched */

    /* fetching */
    swb__agent *agent;
    unsigned closing_agents;
    swb__buffer bearer;
    struct swb__http_access access;
    swb__http_pair headers[2];
    remote_file *files;
    size_t file_count;
    size_t fetching;
    int64_t give_up_ns;

    /* removing */
    size_t kind;
    bool looking; /* whether all is gone */
    bool some_left;
};

/* remote.c */
void swb__remote_tell(swb__remote *remote, swb_event_kind kind, int status, const char *format, ...)
    SWB__PRINTF(4, 5);
/* Calls `next` after a while, from the loop; the call before it is forgotten. */
void swb__remote_later(swb__remote *remote, int64_t delay_ns, void (*next)(swb__remote *remote));
/* Sends a request, which is emptied. On failure fails. */
void swb__remote_call(swb__remote *remote, swb__kube_request *request, int built,
                      swb__kube_done done, swb_error *error);
/* It cannot go on: what is in the cluster is removed, but where `keeps` says that it stays, or
 * where a runner may have stored something. */
void swb__remote_fail(swb__remote *remote, int status, const char *message);
/* The last event. */
void swb__remote_end(swb__remote *remote);

/* check.c */
int swb__remote_look_around(swb__remote *remote, swb_error *error);
/* A kind of objects that every cluster has. */
swb__kube_resource swb__remote_kind(const char *api_version, const char *kind);
/* Whether a Job keeps its results in its pod. */
bool swb__remote_job_holds(const cJSON *job);

/* install.c */
void swb__remote_install(swb__remote *remote);
/* Has the Job's pods ended in order, or started again. */
void swb__remote_suspend(swb__remote *remote, bool suspend);

/* follow.c */
void swb__remote_follow(swb__remote *remote);
void swb__remote_follow_no_more(swb__remote *remote);
/* Is the experiment over? Then goes on to fetch its results. */
void swb__remote_judge(swb__remote *remote);

/* log.c */
void swb__remote_read_log(swb__remote *remote);
void swb__remote_read_no_log(swb__remote *remote);

/* events.c: what a line of the runner's output says. */
void swb__remote_take_line(swb__remote *remote, const char *line);

/* fetch.c */
void swb__remote_fetch(swb__remote *remote);
void swb__remote_fetch_no_more(swb__remote *remote);

/* remove.c */
void swb__remote_remove(swb__remote *remote);
/* Kind `index` of what is removed: it is listed, and deleted by its label. False past the end. */
bool swb__remote_removed_kind(swb__kube_resource *out, size_t index);

#endif
