/*
 * The deployer contract: how to teach the library a place where nodes can live.
 *
 * A deployer is a const table. A *site* is what it brings up for one run. Functions that take an
 * swb_done never block; each ends in exactly one call of it, from the loop's thread, never from
 * within the function itself, also when the site is closed meanwhile (with SWB_ECANCELED).
 */
#ifndef SWARMBENCH_SYS_DEPLOYER_H
#define SWARMBENCH_SYS_DEPLOYER_H

#include <stddef.h>
#include <stdint.h>

#include <swarmbench/content.h>
#include <swarmbench/error.h>
#include <swarmbench/export.h>
#include <swarmbench/sys/driver.h>

SWB_BEGIN_DECLS

#define SWB_DEPLOYER_API_VERSION 2

/** The runner's event loop. Opaque; a deployer of one's own reaches it by swb_loop_post(). */
typedef struct swb_loop swb_loop;

/** Runs `function(argument)` on the loop's thread, soon. The one loop call that any thread may
 *  make. Returns SWB_ENOMEM. */
SWB_API int swb_loop_post(swb_loop *loop, void (*function)(void *argument), void *argument);

/** A file or directory that must be there before a node starts. */
typedef struct swb_launch_entry {
    const char *path; /**< relative to the node's home_dir, without ".." */
    uint32_t mode;    /**< permission bits */
    int is_directory;
    const uint8_t *bytes; /**< a file's content */
    size_t length;
} swb_launch_entry;

/** Command line, NULL-terminated, the program first; borrowed from the launch. */
SWB_API const char *const *swb_launch_argv(const swb_launch *launch);
/** Variables as "NAME=VALUE", NULL-terminated; borrowed from the launch. */
SWB_API const char *const *swb_launch_environment(const swb_launch *launch);
/** Entry `index` in the order given by the driver; NULL past the end; borrowed from the launch. */
SWB_API const swb_launch_entry *swb_launch_entry_at(const swb_launch *launch, size_t index);

/** Completion of a deployer call. `error` is NULL on SWB_OK; borrowed until this returns. */
typedef void (*swb_done)(void *argument, int status, const swb_error *error);

/** A node as the runner asks for it. */
typedef struct swb_node_request {
    const char *name;
    const swb_driver *driver;
    const swb_option_value *options;
    swb_role role;
    const swb_option_value *attached; /**< its row of `deploy: {nodes: [...]}`, in the order of
                                           swb_deployer.node_options; NULL: none */
} swb_node_request;

/** What a run needs of a place. Borrowed until the site is closed. */
typedef struct swb_site_request {
    const char *run_name;          /**< unique on this machine: for directories and labels */
    const char *work_dir;          /**< the runner's directory for data */
    const char *log_dir;           /**< where the nodes' output is kept */
    const swb_node_request *nodes; /**< services first */
    size_t node_count;
    uint64_t content_seed;
    uint64_t content_bytes; /**< of the whole file */
    uint32_t data_parts;    /**< k where it moves as parts of an erasure code (erasure.h), else 0 */
    uint32_t parity_parts;  /**< m; 0 with k = 0 */
    /** What moves: one content, the whole file; or k + m, the parts. The name of each one's file.
     */
    const char *const *content_names;
    size_t content_count;
    uint32_t seeders; /**< nodes with role SEEDER */
    int keep_data;    /**< non-zero: leave data directories in place */
    uint64_t up_bps;  /**< wanted shaping of each node, absolute; 0 = none */
    uint64_t down_bps;
    uint64_t delay_ns;
    double loss;
    const swb_option_value *options; /**< of the deployer, in its table's order; NULL: none given */
    const char *tracker_url;         /**< announce URL of a tracker that runs already; or NULL */
} swb_site_request;

/** How a time was observed. */
typedef enum swb_source {
    SWB_SOURCE_NONE = 0,
    SWB_SOURCE_STREAM = 1,  /**< the reader's own stream */
    SWB_SOURCE_INOTIFY = 2, /**< a file event */
    SWB_SOURCE_BLOCKS = 3,  /**< the file's allocated blocks */
    SWB_SOURCE_API = 4,     /**< the client's API */
    SWB_SOURCE_EVENT = 5,   /**< an event that the client sent */
} swb_source;

/** A moment that was observed: after `lo_ns`, at `hi_ns` at the latest; monotonic clock. */
typedef struct swb_moment {
    int64_t lo_ns;
    int64_t hi_ns;
    swb_source source;
} swb_moment;

/** What a watch tells. */
typedef enum swb_watch_kind {
    SWB_WATCH_FIRST_BYTE = 0, /**< `moment`; once */
    SWB_WATCH_PROGRESS = 1,   /**< `bytes` on the node, at steps of 1 % at most */
    SWB_WATCH_COMPLETE = 2,   /**< `moment`: no hole is left in the file; once */
} swb_watch_kind;

typedef struct swb_watch_event {
    swb_watch_kind kind;
    swb_moment moment;
    uint64_t bytes;
} swb_watch_event;

/** Resources of a node since its start. SWB_COUNT_UNKNOWN where the place cannot tell. */
typedef struct swb_sample {
    int64_t time_ns;
    uint64_t cpu_ns;
    uint64_t rss_bytes;
    uint64_t rss_anon_bytes;
    uint64_t disk_read_bytes;
    uint64_t disk_written_bytes;
    uint64_t wire_in_bytes;
    uint64_t wire_out_bytes;
} swb_sample;

/** Faults that a place can inflict; bits of swb_deployer.faults. */
typedef enum swb_fault {
    SWB_FAULT_KILL = 1,     /**< SIGKILL, or the pod deleted without grace */
    SWB_FAULT_STOP = 2,     /**< frozen (SIGSTOP) */
    SWB_FAULT_CONTINUE = 4, /**< goes on (SIGCONT) */
    SWB_FAULT_RESTART = 8,  /**< killed and started again with the same data */
    SWB_FAULT_CUT = 16,     /**< cut off from the other nodes */
    SWB_FAULT_HEAL = 32,    /**< joined again */
} swb_fault;

/** What a site tells its runner unasked. `argument` is what was given to open(). */
typedef struct swb_site_events {
    /** A node ended that nobody asked to end. `tail`: its last log lines; borrowed. `exit_code` -1:
     *  it is out of reach, and `tail` says how that was found. */
    void (*exited)(void *argument, size_t node, int exit_code, int signal, const char *tail);
    void (*watched)(void *argument, size_t node, size_t content, const swb_watch_event *event);
    void *argument;
    /** What sample() has promised. */
    void (*sampled)(void *argument, size_t node, const swb_sample *sample);
    /** A fact about the place, for the experiment's environment: ("kubernetes", "v1.33.2"). */
    void (*fact)(void *argument, const char *name, const char *value);
} swb_site_events;

/** Where a node lives that does not live on the runner's machine. */
typedef struct swb_location {
    char machine[256]; /**< its name; "": the runner's own, or not known */
    char image[256];   /**< what the node was made from, with its digest; "": not known */
    /** By how much the machine's monotonic clock was ahead of the runner's when the node came up,
     *  and the bound of the error; times that were observed there are put on the runner's clock by
     *  it. Error -1: it is the runner's clock, or not known. */
    int64_t clock_offset_ns;
    int64_t clock_error_ns;
} swb_location;

/** What decoding came to. */
typedef struct swb_decoded {
    uint64_t bad_offset; /**< on SWB_EMISMATCH: the first offset of the whole file that differs */
    int64_t decode_ns;   /**< time that the decoding proper took */
} swb_decoded;

/** A deployer. Static storage. */
typedef struct swb_deployer {
    uint32_t api_version;
    const char *name; /**< as in the experiment's `deploy: {on: NAME}` */
    const char *description;
    const swb_option *options;
    size_t option_count;
    /** Names of options that decide no run, NULL-terminated: how the place is reached, how long it
     *  is waited for. An experiment is the same one with others. NULL: each decides. */
    const char *const *incidental;
    /** Non-zero: it takes nodes that run already, rows of `deploy: {nodes: [...]}`. For such a node
     *  start() is given no launch, and what a run puts on it is removed again by the driver. */
    int attaches;
    /** `attaches` only: options of a row beside mode, group and role. The first one is a string
     *  that each row must give, and no two rows of a mode alike. */
    const swb_option *node_options;
    size_t node_option_count;
    int shapes;      /**< non-zero where it can shape the network */
    unsigned faults; /**< the swb_fault bits it can do */

    /** `attaches` only: is this row sound by itself, for a node of `driver`? Looks at nothing
     *  outside it. SWB_EINPUT with the message set; `*option_out`: which option is wrong. */
    int (*check_node)(size_t *option_out, const swb_option_value *values, const swb_driver *driver,
                      swb_error *error);

    /** Removes what an earlier runner of this experiment has left in the place when it died, where
     *  no journal of this machine tells of it, and waits until it is gone. `values`: the options;
     *  NULL: none given. `*count_out`: objects removed, on failure too. NULL: journals tell it
     *  all. Returns SWB_OK, or what stood in the way with the message set. */
    int (*recover)(uint32_t *count_out, const swb_option_value *values, swb_error *error);

    /** Can this run happen here? Programs, kernel features, disk, memory. Starts nothing.
     *  Returns SWB_OK, SWB_EENV, SWB_ENOSPACE, SWB_EINPUT with the message set. */
    int (*check)(const swb_site_request *request, swb_error *error);

    /** Opens a site: directories, addresses, ports. Starts no node. `*site_out` is freed by
     *  close(). */
    int (*open)(void **site_out, swb_loop *loop, const swb_site_request *request,
                const swb_site_events *events, swb_error *error);

    /** Brings up what place() tells of, where that takes its time: machines, pods. Called once,
     *  right after open(); place() comes after it is done. NULL: open() sees to it all. SWB_EENV,
     *  SWB_ENOSPACE, SWB_ETIMEDOUT and others, with what stood in the way. */
    void (*bring_up)(void *site, swb_done done, void *argument);

    /** Fills address, ports, directories and credentials of `*out`; strings borrowed until
     *  close(). */
    void (*place)(void *site, size_t node, swb_node *out);

    /** Fills `*out`, once the node is placed. NULL: all nodes live on the runner's machine. */
    void (*locate)(void *site, size_t node, swb_location *out);

    /** Puts a content where the node looks for it (a TORRENT seeder); one at a time for a node. */
    void (*prepare)(void *site, size_t node, size_t content, swb_done done, void *argument);

    /** The torrent of a content, made here without being given to a node; known once `done` was
     *  called with SWB_OK. One at a time. */
    void (*make_torrent)(void *site, size_t content, const char *announce, swb_done done,
                         void *argument);
    /** Borrowed until close(); NULL before make_torrent() is done with it. */
    const swb_torrent *(*torrent)(void *site, size_t content);

    /** Writes the launch's files and starts the node; `launch` is borrowed until this returns. */
    void (*start)(void *site, size_t node, const swb_launch *launch, swb_done done, void *argument);

    /** `attaches` only: the node is about to be given a content, named `handle`, "" where that is
     *  not known yet. Noted, so that swb_clean() can tell of it after a kill. `number`: 0, 1, 2,
     *  ... in the order in which a run does so; told again with the name that a content got.
     * SWB_EIO.
     */
    int (*holds)(void *site, size_t node, size_t number, const char *handle, swb_error *error);
    /** `attaches` only: what was told by this number is gone from its node; once for each. */
    void (*removed)(void *site, size_t number);

    /** Watches the node's file of a content from now on; tells by events.watched, where the file
     *  system allows it. `begin_ns`: the moment before which no byte can have come.
     *  SWB_EUNSUPPORTED: this file cannot be watched, the client is asked instead. */
    int (*watch)(void *site, size_t node, size_t content, int64_t begin_ns, swb_error *error);

    /** Verifies the node's file of the whole content. SWB_EMISMATCH tells the first bad offset in
     *  words and in `*bad_offset`, which must stay valid until `done`. */
    void (*verify)(void *site, size_t node, uint64_t *bad_offset, swb_done done, void *argument);

    /** Decodes the whole content from the node's files of `data_parts` parts, whose indices are
     *  copied, and verifies every byte, without a copy of it. `*out` is filled on SWB_OK and
     *  SWB_EMISMATCH, and must stay valid until `done`. Needed only where parts are. */
    void (*decode)(void *site, size_t node, const uint32_t *parts, swb_decoded *out, swb_done done,
                   void *argument);

    /** Resources of the node now. Returns SWB_OK; SWB_EBUSY: they come by events.sampled, soon; or
     *  SWB_ENOENT where it does not run. */
    int (*sample)(void *site, size_t node, swb_sample *out);

    void (*fault)(void *site, size_t node, swb_fault fault, swb_done done, void *argument);

    /** Ends one node: asks it (SIGTERM), then kills it. Done once it is gone. */
    void (*stop)(void *site, size_t node, swb_done done, void *argument);

    /** Ends what still runs, removes data, frees the site. */
    void (*close)(void *site, swb_done done, void *argument);
} swb_deployer;

/** As swb_driver_register(). */
SWB_API int swb_deployer_register(const swb_deployer *deployer, swb_error *error);
/** The deployer of this name; NULL where there is none. */
SWB_API const swb_deployer *swb_deployer_find(const char *name);
/** Deployer `index`, built-in ones first; NULL past the end. */
SWB_API const swb_deployer *swb_deployer_at(size_t index);

SWB_END_DECLS

#endif
