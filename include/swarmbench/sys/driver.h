/*
 * The driver contract: how to teach the library a system.
 *
 * A driver is a const table. It does no I/O, keeps no clock and cannot block: `launch` says how a
 * node is started, and each operation is a small coroutine that says what to send and is called
 * again with the reply. The library does the sending. So a driver is tested on recorded bytes.
 *
 * A commented skeleton: examples/driver_skeleton.c; a walk through it: docs/adding-a-driver.md.
 */
#ifndef SWARMBENCH_SYS_DRIVER_H
#define SWARMBENCH_SYS_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include <swarmbench/content.h>
#include <swarmbench/error.h>
#include <swarmbench/export.h>
#include <swarmbench/sys/option.h>

SWB_BEGIN_DECLS

#define SWB_DRIVER_API_VERSION 1

/** What a node is in its run. */
typedef enum swb_role {
    SWB_ROLE_SEEDER = 0,  /**< has the content at the start */
    SWB_ROLE_LEECHER = 1, /**< fetches it */
    SWB_ROLE_SERVICE = 2, /**< neither: a tracker, a chain, ... */
} swb_role;

/** How a driver's clients take and name content. */
typedef enum swb_driver_kind {
    SWB_DRIVER_TORRENT = 0, /**< from files in content_dir, named by a torrent made beforehand */
    SWB_DRIVER_STORE = 1,   /**< uploaded through the API, named by the handle `seed` returns */
    SWB_DRIVER_SERVICE = 2, /**< no content: only launch, ready, version and stop are used */
} swb_driver_kind;

/** How exchanges travel. */
typedef enum swb_transport {
    SWB_TRANSPORT_HTTP = 0, /**< HTTP/1.1 to http://ADDRESS:API_PORT; cookies kept per node */
    SWB_TRANSPORT_TLS = 1,  /**< frames on one TLS stream to ADDRESS:API_PORT, kept open */
} swb_transport;

/**
 * What a driver is told about a node. Filled by the library; borrowed for the node's lifetime.
 * Directories are absolute and lie on the machine (or in the pod) where the node runs.
 */
typedef struct swb_node {
    const char *name; /**< unique in the run: "deluge-03" */
    swb_role role;
    const char *address;     /**< IP address of its own, for data and API */
    uint16_t data_port;      /**< for peers; free on `address` when the node is placed */
    uint16_t api_port;       /**< for the control API */
    uint16_t extra_port;     /**< for anything else (metrics, ...) */
    uint16_t wildcard_port;  /**< free on all addresses of the machine, TCP and UDP: for what cannot
                                  be bound to one; `data_port` where the machine is the node's own */
    const char *program;     /**< swb_driver_program() */
    const char *home_dir;    /**< the node's own directory: configuration, state */
    const char *content_dir; /**< where it stores content, inside home_dir */
    const char *user;        /**< credentials made for this run; 1-32 characters [a-z0-9] */
    const char *password;
    const char *content_name; /**< file name of the content in content_dir */
    uint64_t content_bytes;   /**< its size */
    uint64_t stored_bytes;    /**< all that the node may come to store, for sizing limits: of
                                   several contents (parts of an erasure code) their sum */
    uint32_t data_parts;      /**< erasure code that the client is to make by itself, k + m: a */
    uint32_t parity_parts;    /**< seeder is asked by CODE; 0: none */
    uint32_t swarm_size;      /**< nodes in the swarm, for sizing limits */
    const char *tracker_url;  /**< announce URL; NULL where the run has no tracker */
    const char *infohash;     /**< 40 hex digits; NULL where there is no torrent */
    const char *const *infohashes; /**< of all torrents of the run, NULL-terminated; NULL: none */
    const char *bootstrap; /**< `bootstrap` of the run's first ready node of this driver; or NULL */
    const swb_option_value *options; /**< values in the order of the driver's option table */
    int attached;          /**< non-zero: it ran before the run, set up by its owner and not by
                                `launch`; its directories and ports may be unknown (NULL, 0), and
                                its counters go on from what it did before */
    const char *api_url;   /**< HTTP: base URL without a slash at its end, instead of
                                http://ADDRESS:API_PORT; NULL: none */
    const char *extra_url; /**< the same for extra_port */
    const char *api_host;  /**< TLS: host to connect to instead of `address`; NULL: none */
    int any_certificate;   /**< non-zero: https: of api_url takes a certificate of anyone's */
    const char *group;     /**< the node's group; NULL where it stands alone */
    uint32_t index;        /**< its number in the group, from 0 */
    const struct swb__http_access *access; /**< of the library: what api_url wants to be used with;
                                                or NULL */
} swb_node;

/**
 * How a node is started: files to write first, the command line, the environment. Made by the
 * library, filled by `launch`. The calls cannot fail for the caller: the first failure
 * (SWB_ENOMEM, SWB_EINVAL for a path that leaves home_dir) is kept and reported after `launch`.
 * Strings are copied.
 */
typedef struct swb_launch swb_launch;

/** The program: a path, or a name looked up in PATH. Required, before any argument. */
SWB_API void swb_launch_program(swb_launch *launch, const char *program);
/** Appends one argument. */
SWB_API void swb_launch_arg(swb_launch *launch, const char *argument);
/** Appends one argument made of two parts: swb_launch_arg2(l, "--port=", "8080"). */
SWB_API void swb_launch_arg2(swb_launch *launch, const char *first, const char *second);
/** Sets an environment variable; the node sees PATH, HOME (= home_dir), LANG, TZ and these only. */
SWB_API void swb_launch_env(swb_launch *launch, const char *name, const char *value);
/** A directory to make, relative to home_dir, with these permission bits. */
SWB_API void swb_launch_dir(swb_launch *launch, const char *path, uint32_t mode);
/** A file to write, relative to home_dir, with these permission bits; its folders are made. */
SWB_API void swb_launch_file(swb_launch *launch, const char *path, uint32_t mode, const void *bytes,
                             size_t length);

/** Operations of a driver. Append only. */
typedef enum swb_operation {
    SWB_OP_READY = 0,   /**< does the API answer, and are we logged in? Repeated until it does */
    SWB_OP_VERSION = 1, /**< fill result->version, api_version, revision, stand_in */
    SWB_OP_SEED = 2,    /**< make the content available; a STORE driver fills result->handle */
    SWB_OP_LEECH = 3,   /**< start fetching; done when the node has accepted the command. Where a
                             STORE driver streams: done with the download, result->state SERVING */
    SWB_OP_STATUS = 4,  /**< fill result->state and the counters */
    SWB_OP_REMOVE = 5,  /**< forget the content and delete its data */
    SWB_OP_PEERS = 6,   /**< introduce the peers of the command to the node */
    SWB_OP_STOP = 7,    /**< ask the client to end itself; SWB_EUNSUPPORTED: by a signal only */
    SWB_OP_READ = 8,    /**< STORE only: stream the node's own copy, for verification */
    SWB_OP_ABLE = 9,    /**< `codes` only: can this node make the code that it is to make? Fails,
                             not retriable, saying what it is and what it would need */
    SWB_OP_CODE = 10,   /**< `codes` only: have the client code the seeded content (`handle`); fills
                             result->handle of the coded one, and stored_bytes. Retriable while the
                             client works on it */
    SWB_OP_ACT = 11,    /**< SERVICE only, optional: make the command's `http` request; fails with
                             SWB_EREMOTE where the answer is not as expected */
    SWB_OP_METRICS = 12, /**< SERVICE only, optional: the node's metrics, by swb_call_metric() */
    SWB_OP_COUNT = 13,
} swb_operation;

/** Name of an operation: "ready", "leech", ...; "unknown" out of range. Static. */
SWB_API const char *swb_operation_name(swb_operation operation);

/** A peer's address for data. */
typedef struct swb_peer {
    const char *address;
    uint16_t port;
} swb_peer;

/** Which port of a node an HTTP request goes to. */
typedef enum swb_port {
    SWB_PORT_API = 0,
    SWB_PORT_EXTRA = 1,
    SWB_PORT_WILDCARD = 2,
} swb_port;

/** A request that the experiment makes of a node during a run. Its texts are as in the experiment:
 *  what stands for something else in them is the driver's to fill in. */
typedef struct swb_http_action {
    const char *method; /**< "GET", "POST", ... */
    const char *path;   /**< begins with '/' */
    const char *body;   /**< NULL: none */
    const char *type;   /**< Content-Type of the body */
    swb_port port;
    int expect;           /**< the HTTP status that is right; 0: any of 200 to 299 */
    const char *contains; /**< a text that stands in the reply's body; NULL: none */
} swb_http_action;

/** What an operation is about. Fields that it does not need are NULL or 0. Borrowed. */
typedef struct swb_command {
    swb_operation operation;
    const uint8_t *metainfo; /**< torrent: the bencoded metainfo */
    size_t metainfo_length;
    const char *handle;         /**< how the content is named: infohash, CID */
    const swb_content *content; /**< the content itself, for SEED of a STORE driver */
    const swb_peer *peers;      /**< for PEERS */
    size_t peer_count;
    const swb_http_action *http; /**< for ACT */
} swb_command;

/** State of the content on a node. */
typedef enum swb_node_state {
    SWB_STATE_UNKNOWN = 0,
    SWB_STATE_CHECKING = 1, /**< reading or hashing what it has */
    SWB_STATE_FETCHING = 2,
    SWB_STATE_SERVING = 3, /**< has all and serves it */
    SWB_STATE_PAUSED = 4,
    SWB_STATE_FAILED = 5, /**< the client reports an error of its own */
    SWB_STATE_ABSENT = 6, /**< the node does not know the content */
} swb_node_state;

/** A counter that the client does not tell. */
#define SWB_COUNT_UNKNOWN UINT64_MAX

/** What an operation found. Zeroed by the library, counters set to SWB_COUNT_UNKNOWN. */
typedef struct swb_result {
    char version[64];     /**< of the client, as it names itself */
    char api_version[32]; /**< of its API */
    char revision[64];    /**< source revision, where it tells */
    int stand_in;         /**< non-zero where it says that it is not the real program */
    char handle[512];     /**< how the content is named from now on */
    char bootstrap[2048]; /**< what later nodes need to find this one */
    swb_node_state state;
    uint64_t bytes_done;       /**< content bytes on the node, verified by the client */
    uint64_t stored_bytes;     /**< size of what is stored in place of the content, coded */
    uint64_t payload_received; /**< content bytes received, repeated ones included */
    uint64_t payload_sent;     /**< content bytes sent */
    uint64_t wasted;           /**< received again, or thrown away */
    uint64_t wire_received;    /**< bytes on its connections, as the client counts them */
    uint64_t wire_sent;
    uint64_t peers;   /**< connected now */
    char detail[256]; /**< the client's own words on a FAILED state */
    int http_status;  /**< of ACT: what was answered */
} swb_result;

/** A reply to an exchange, whole. Borrowed until the operation function returns. */
typedef struct swb_reply {
    int http_status;          /**< 100-599; 0 on SWB_TRANSPORT_TLS */
    const char *content_type; /**< lower case, without parameters; "" where none was sent */
    const uint8_t *body;      /**< the body, or one whole frame; a NUL byte follows it */
    size_t length;
} swb_reply;

/** One operation under way: the command, the reply, and the place for the next exchange. */
typedef struct swb_call swb_call;

SWB_API const swb_node *swb_call_node(const swb_call *call);
SWB_API const swb_command *swb_call_command(const swb_call *call);
/** The node's state that the driver keeps between operations: `session_bytes`, zeroed at first. */
SWB_API void *swb_call_session(const swb_call *call);
/** The reply to the exchange sent last; NULL when the operation begins. */
SWB_API const swb_reply *swb_call_reply(const swb_call *call);
/** A number the driver may keep to know where it is; 0 when the operation begins. */
SWB_API int swb_call_step(const swb_call *call);
SWB_API void swb_call_set_step(swb_call *call, int step);
/** TLS: non-zero once the present stream has carried a frame both ways, so a login holds. */
SWB_API int swb_call_connected(const swb_call *call);
/** Where to put what was found. */
SWB_API swb_result *swb_call_result(swb_call *call);

/** What an operation function returns. A negative value is an swb_status set by swb_call_fail(). */
#define SWB_CALL_DONE 0
#define SWB_CALL_SEND 1

/**
 * Starts the next exchange over HTTP: `path` begins with '/' and may have a query, already
 * percent-encoded. Returns SWB_CALL_SEND, or SWB_ENOMEM with the failure set. The calls below add
 * to it; a failure of theirs is kept and reported when the exchange would be sent.
 */
SWB_API int swb_call_http(swb_call *call, const char *method, const char *path);
/** As swb_call_http(), to the node's `extra_port`. */
SWB_API int swb_call_http_extra(swb_call *call, const char *method, const char *path);
/** As swb_call_http(), to the node's `wildcard_port`: for a control API that cannot be bound to one
 *  address. To an attached node as swb_call_http(). */
SWB_API int swb_call_http_wildcard(swb_call *call, const char *method, const char *path);
/** Adds a request header. */
SWB_API void swb_call_header(swb_call *call, const char *name, const char *value);
/** Sets the request body; copied. `type` NULL sends no Content-Type at all. */
SWB_API void swb_call_body(swb_call *call, const char *type, const void *bytes, size_t length);
/** Adds a field to an application/x-www-form-urlencoded body; encoded here. */
SWB_API void swb_call_field(swb_call *call, const char *name, const char *value);
/** Adds a part to a multipart/form-data body; `filename` and `type` may be NULL. */
SWB_API void swb_call_part(swb_call *call, const char *name, const char *filename, const char *type,
                           const void *bytes, size_t length);
/** The request body is the command's content, made while it is sent. */
SWB_API void swb_call_upload_content(swb_call *call);
/** The reply's body is the content: verified while it arrives and not kept; first byte, progress
 *  and last byte are taken from it. */
SWB_API void swb_call_download_content(swb_call *call);

/** METRICS: one value of the node, by its name with its labels, `a_total{x="y"}`. Copied. What is
 *  beyond 16 KiB of names is left out. */
SWB_API void swb_call_metric(swb_call *call, const char *name, double value);

/** Starts the next exchange on the TLS stream: sends `length` bytes, waits for one frame. */
SWB_API int swb_call_frame(swb_call *call, const void *bytes, size_t length);
/** Sends nothing and waits for the next frame: the one given was not the awaited reply. */
SWB_API int swb_call_next_frame(swb_call *call);

/**
 * Ends the operation as failed and returns `status`. `retriable` non-zero: trying again later may
 * help. `message` says what the node answered, in one line; the library puts the operation before
 * it. Copied, cut at 511 bytes.
 */
SWB_API int swb_call_fail(swb_call *call, int status, int retriable, const char *message);

/** A driver. Static storage; every member is required but those marked. */
typedef struct swb_driver {
    uint32_t api_version;    /**< SWB_DRIVER_API_VERSION */
    const char *name;        /**< [a-z0-9-], as in the experiment's `driver:` */
    const char *description; /**< one line */
    swb_driver_kind kind;
    swb_transport transport;
    const char *program;     /**< what is started: a path, or a name looked up in PATH; NULL: each
                                  experiment names it by option "binary" */
    const char *program_env; /**< environment variable that replaces it where set; may be NULL */
    const char *package;     /**< how to get it, one line */
    const char *service; /**< driver of the service that each run needs ("opentracker"); or NULL */
    int needs_bootstrap; /**< non-zero: other nodes start after the first one is ready */
    int codes;           /**< non-zero: its clients erasure-code by themselves; STORE only */
    int counts_node;     /**< non-zero: STATUS's counters are the node's, over all its contents */
    const swb_option *options;
    size_t option_count;
    size_t session_bytes;
    void (*session_finish)(void *session); /**< may be NULL */
    uint64_t timeout_ns[SWB_OP_COUNT];     /**< deadline of each operation; 0 = 30 s */
    uint64_t node_memory_bytes;            /**< RssAnon a node needs at most, for checks */
    uint64_t counter_lag_ns; /**< how late STATUS's counters may be; 0: they are live */

    /** Fills `launch`. Returns SWB_OK, or SWB_EINPUT/SWB_ENOMEM with `*error` set. */
    int (*launch)(const swb_node *node, swb_launch *launch, swb_error *error);

    /** TLS only: sets `*length_out` to the length of the first frame in `bytes`, 0 where more
     *  bytes are needed to tell. Returns SWB_OK, or SWB_EPROTO where this is no frame. */
    int (*frame)(size_t *length_out, const uint8_t *bytes, size_t length);

    /** By swb_operation; a SERVICE needs only READY, VERSION and STOP, a TORRENT no READ, ABLE and
     *  CODE stand only where `codes` is set, ACT and METRICS only in a SERVICE. Each returns
     * SWB_CALL_SEND, SWB_CALL_DONE or what swb_call_fail() returned. */
    int (*operations[SWB_OP_COUNT])(swb_call *call);

    /** Are these options sound together, when an experiment is read? Looks at nothing outside them.
     *  SWB_EINPUT with the message set; `*option_out`: which one is wrong; `*text_out`: which of
     *  its texts, of a LIST or MAP. May be NULL. */
    int (*check)(size_t *option_out, size_t *text_out, const swb_option_value *values,
                 swb_error *error);
    /** The same for path, body or `contains` of an swb_http_action. May be NULL. */
    int (*check_text)(const char *text, swb_error *error);
} swb_driver;

/**
 * Adds a driver of one's own; `driver` must stay valid for the life of the process. Any thread,
 * before an experiment that names it is read.
 * Returns SWB_EINVAL (the message names the missing member), SWB_EEXIST (name taken),
 * SWB_ENOSPACE (more than 32).
 */
SWB_API int swb_driver_register(const swb_driver *driver, swb_error *error);

/** The driver of this name; NULL where there is none. */
SWB_API const swb_driver *swb_driver_find(const char *name);

/** Driver `index`, built-in ones first; NULL past the end. */
SWB_API const swb_driver *swb_driver_at(size_t index);

/** The program that a node of this driver is started from: option "binary", else the variable
 *  `program_env` of this process's environment, else `program`; NULL where there is none. `options`
 *  may be NULL. Borrowed from the options, the environment or the driver. */
SWB_API const char *swb_driver_program(const swb_driver *driver, const swb_option_value *options);

SWB_END_DECLS

#endif
