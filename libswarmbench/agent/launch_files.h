/*
 * What swarmbench-launcher and swarmbench-agent say to each other, by files in ROOT/launch. Every
 * file appears by a rename, so that none is seen half-written. The launcher includes this and libc,
 * nothing else.
 *
 *     spec      agent     what to start: strings, each ended by a NUL byte: the magic, the working
 *                         directory, the number of arguments, the arguments, the number of
 *                         variables, the variables. It stays, for starting the same again.
 *     order     agent     "SEQUENCE start" or "SEQUENCE signal NUMBER". The launcher removes it and
 *                         carries it out, unless it knows a sequence number as high already. The
 *                         next one may be given when `state` shows this one's number.
 *     state     launcher  SWB__STATE_FORMAT, and newlines to make it as long as it can be
 *     node.log  launcher  what the node writes to its stdout and stderr, appended
 */
#ifndef SWB_AGENT_LAUNCH_FILES_H
#define SWB_AGENT_LAUNCH_FILES_H

#define SWB__LAUNCH_FOLDER "launch"
#define SWB__LAUNCH_SPEC "spec"
#define SWB__LAUNCH_ORDER "order"
#define SWB__LAUNCH_STATE "state"
#define SWB__LAUNCH_LOG "node.log"

#define SWB__SPEC_MAGIC "swarmbench-launch 1"
#define SWB__SPEC_MAX_BYTES (1 << 20)
#define SWB__ORDER_MAX_BYTES 64
#define SWB__STATE_MAX_BYTES 512

/*
 * instance: when the launcher began, in ns: tells one from the next
 * order, result: the order carried out last, and 0 or the errno it ended with
 * starts: how often a node was started
 * run: "idle", "running" or "exited"
 * pid: of the node, 0 where none runs
 * since: when `run` became what it is, CLOCK_MONOTONIC in ns
 * exit code, signal: of the node that exited last; a signal of 0 where it exited by itself
 */
#define SWB__STATE_FORMAT "swarmbench-state 1 %lld %llu %d %llu %7s %ld %lld %d %d"
#define SWB__STATE_FIELDS 9

#endif
