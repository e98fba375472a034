# shellcheck shell=bash
# What the parts of cluster.sh share: places, addresses, messages, processes.
# shellcheck disable=SC2034 # the variables are for those who source this

cache=${XDG_CACHE_HOME:-$HOME/.cache}/swarmbench/kubernetes
bin=$cache/bin
state=/run
[ "$(id -u)" -eq 0 ] || state=${XDG_RUNTIME_DIR:-/tmp}
state=${SWB_CLUSTER_STATE:-$state/swarmbench-kubernetes}
# Images and layers: too big for a /run in memory.
disk=${SWB_CLUSTER_DISK:-/var/lib/swarmbench-kubernetes}
# Every port is one of the fifteen from here on.
port=${SWB_CLUSTER_PORT:-26440}
# Pods get addresses of PREFIX.0.0/16 behind a bridge, services of the /16 that follows.
net=${SWB_CLUSTER_NET:-10.97}
bridge=swbkube0
cgroup=${SWB_CLUSTER_CGROUP:-swarmbench-kubernetes}
node=swarmbench
own_kubeconfig=$state/admin.kubeconfig

api_port=$port
etcd_port=$((port + 1))
etcd_peer_port=$((port + 2))
controller_port=$((port + 3))
scheduler_port=$((port + 4))
kubelet_port=$((port + 5))
kubelet_health_port=$((port + 6))
proxy_health_port=$((port + 7))
proxy_metrics_port=$((port + 8))
kwok_port=$((port + 9))
dns_health_port=$((port + 10))

services_cidr=${net%.*}.$((${net##*.} + 1)).0.0/16
first_service=${services_cidr%.0/16}.1
gateway=$net.0.1

say() {
    echo "cluster: $*" >&2
}

die() {
    say "$*"
    exit 1
}

# For tests: this machine cannot do it, which is not a failure of the code.
cannot() {
    say "$*"
    exit 77
}

find_program() {
    PATH=$bin:$PATH:/usr/sbin:/sbin command -v "$1" || die "there is no program '$1'"
}

kubectl_own() {
    "$bin/kubectl" --kubeconfig "$own_kubeconfig" "$@"
}

# ---- folders ----

# A folder is removed only where it says that it is ours: SWB_CLUSTER_STATE may name anything.
mark=made-by-swarmbench-cluster

make_folder() {
    if [ -d "$1" ] && [ ! -e "$1/$mark" ] && [ -n "$(ls -A "$1")" ]; then
        die "$1 holds something that is not a test cluster's; name another folder"
    fi
    mkdir -p "$1"
    touch "$1/$mark"
}

remove_folder() {
    [ ! -e "$1/$mark" ] || [ ! -w "$1" ] || rm -rf --one-file-system "$1"
}

# Two at once would pull each other's cluster down: the second waits.
take_turn() {
    mkdir -p "$cache"
    exec 8>"$cache/cluster.lock"
    flock --wait 3600 8 || die "another cluster.sh holds $cache/cluster.lock"
}

# ---- processes ----

# A process id alone may belong to somebody else by the time it is read again.
start_time_of() {
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

# start NAME COMMAND...: in its own session, with its log, remembered with its start time.
start() {
    local name=$1 pid
    shift
    setsid "$@" </dev/null >"$state/logs/$name.log" 2>&1 8>&- 9>&- &
    pid=$!
    echo "$pid $(start_time_of "$pid")" >"$state/pids/$name"
}

# A zombie has ended, whoever is slow to take note of it.
is_running() {
    local pid started
    read -r pid started 2>/dev/null <"$state/pids/$1" || return 1
    [ -n "$started" ] && [ "$(start_time_of "$pid")" = "$started" ] &&
        ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null
}

# stop NAME: gently, then not.
stop() {
    local pid tries
    if is_running "$1"; then
        read -r pid _ <"$state/pids/$1"
        kill -TERM "$pid" 2>/dev/null || true
        for ((tries = 0; tries < 100; tries++)); do
            is_running "$1" || break
            sleep 0.1
        done
        ! is_running "$1" || kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f "$state/pids/$1"
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
    local seconds=$1 what=$2 end
    shift 2
    end=$(($(date +%s) + seconds))
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$end" ] || {
            say "$what: not within $seconds s"
            return 1
        }
        sleep 0.2
    done
}

# As wait_for, and shows the log of the program that did not come up.
wait_ready() {
    local name=$1 seconds=$2
    shift 2
    wait_for "$seconds" "$name is ready" "$@" && return 0
    tail -15 "$state/logs/$name.log" >&2
    return 1
}

https_ok() {
    curl --silent --fail --insecure --max-time 3 "$@"
}

# ---- what the kernel is told, and told back by `down` ----

set_sysctl() {
    local file=/proc/sys/$1
    [ -f "$file" ] || return 0
    echo "$1 $(tr '\t' ' ' <"$file")" >>"$state/sysctl"
    [ $# -lt 2 ] || echo "$2" >"$file"
}

restore_sysctls() {
    local name value
    [ -f "$state/sysctl" ] || return 0
    while read -r name value; do
        [ "$(cat "/proc/sys/$name")" = "$value" ] || echo "$value" >"/proc/sys/$name" || true
    done < <(tac "$state/sysctl")
}
