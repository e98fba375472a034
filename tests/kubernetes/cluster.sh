#!/bin/bash
# A Kubernetes cluster for tests, on this machine, without Docker and without a registry.
# usage: cluster.sh up [--real | --control-plane | --fake N] | down | status | env
#   up --real           one node that runs real pods (root; the default)
#   up --control-plane  API server, controllers and scheduler; no node
#   up --fake N         N nodes that kwok plays: pods become Running, nothing runs
#   down                ends what `up` started and removes what it made
#   restart-server S    ends the API server, and starts it again S seconds later
#   status              what runs; exit code 1 where nothing does
#   env                 prints `export KUBECONFIG=...`, as `up` does: eval "$(cluster.sh up)";
#                       kubectl and helm are on the PATH then
# Where KUBECONFIG names somebody's cluster, that one is used and nothing is started.
# Exit code 77: this machine cannot do it (the reason is on standard error).
# Environment: SWB_CLUSTER_PORT (first of fifteen ports), SWB_CLUSTER_NET (first half of the pods'
# addresses), SWB_CLUSTER_STATE and SWB_CLUSTER_DISK (folders).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=parts/common.sh
. "$here/parts/common.sh"
# shellcheck source-path=SCRIPTDIR source=parts/control.sh
. "$here/parts/control.sh"
# shellcheck source-path=SCRIPTDIR source=parts/real.sh
. "$here/parts/real.sh"
# shellcheck source-path=SCRIPTDIR source=parts/fake.sh
. "$here/parts/fake.sh"

usage() {
    sed -n '2,13s/^# \{0,1\}//p' "$0"
}

is_users_own() {
    [ -n "${KUBECONFIG:-}" ] && [ "$KUBECONFIG" != "$own_kubeconfig" ]
}

print_env() {
    if is_users_own; then
        echo "export KUBECONFIG=$KUBECONFIG"
        return
    fi
    [ -f "$state/mode" ] || die "no cluster is up: $0 up"
    echo "export KUBECONFIG=$own_kubeconfig"
    [ "$(cat "$state/mode")" != real ] || echo "export CONTAINERD_ADDRESS=$cri"
    echo "export PATH=$bin:\$PATH"
}

ports_are_free() {
    local number
    for ((number = port; number < port + 11; number++)); do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$number") 2>/dev/null ||
            die "port $number is in use; give other ones with SWB_CLUSTER_PORT"
    done
}

bring_up() {
    local mode=$1 count=$2 failure=0
    local -a sets=(control)
    case $mode in
    real)
        check_machine
        sets+=(real charts)
        ;;
    fake) sets+=(fake) ;;
    esac
    "$here/toolchain.sh" "${sets[@]}" || failure=$?
    [ "$failure" -ne 3 ] || cannot "the programs of the cluster cannot be had here"
    [ "$failure" -eq 0 ] || die "the programs of the cluster could not be built"
    ports_are_free
    make_folder "$state"
    chmod 700 "$state"
    mkdir -p "$state/pids" "$state/logs"
    echo "$mode" >"$state/mode"
    trap give_up EXIT
    if [ "$mode" = real ]; then
        remove_folder "$disk" # of before a restart of the machine
        make_folder "$disk"
        make_bridge
        start_control_plane "$gateway"
        start_real_node
    else
        start_control_plane 127.0.0.1
        [ "$mode" != fake ] || start_fake_nodes "$count"
    fi
    trap - EXIT
}

give_up() {
    say "it did not come up; what was started is ended again"
    tear_down
}

# Goes on where a step fails: the rest must go all the same.
tear_down() {
    local mode
    set +e
    # After a restart of the machine only the images are left, and only root has any.
    [ -f "$state/mode" ] || {
        remove_folder "$disk"
        return 0
    }
    mode=$(cat "$state/mode")
    stop kwok
    [ "$mode" != real ] || stop_real_node
    stop kube-scheduler
    stop kube-controller-manager
    stop kube-apiserver
    stop etcd
    remove_folder "$state" || die "something is still in $state"
    [ "$mode" != real ] || remove_folder "$disk" || die "something is still in $disk"
}

up() {
    local mode=real count=0
    while [ $# -gt 0 ]; do
        case $1 in
        --real) mode=real ;;
        --control-plane) mode=control-plane ;;
        --fake)
            mode=fake count=${2:-}
            [[ $count =~ ^[1-9][0-9]{0,3}$ ]] || die "--fake needs a number of nodes (1 to 9999), not '$count'"
            shift
            ;;
        *) die "unknown option '$1'; there are --real, --control-plane and --fake N" ;;
        esac
        shift
    done
    if is_users_own; then
        say "KUBECONFIG is $KUBECONFIG: that cluster is used, none is started"
    else
        take_turn
        up_own "$mode" "$count"
    fi
    print_env
}

up_own() {
    local ended
    if [ -f "$state/mode" ]; then
        ended=$(ended_parts)
        if [ -n "$ended" ]; then
            say "the cluster that was up has lost $ended: it is ended, and started anew"
            (tear_down)
        elif [ "$(cat "$state/mode")" = "$1" ]; then
            return 0
        else
            die "a cluster of another kind is up ($(cat "$state/mode")): $0 down"
        fi
    fi
    bring_up "$1" "$2"
}

# Programs of the cluster that run no more: it was not `down` that ended them.
ended_parts() {
    local file name
    for file in "$state/pids/"*; do
        name=${file##*/}
        [ -e "$file" ] && is_running "$name" || echo "$name"
    done | tr '\n' ' '
}

restart_server() {
    [ -f "$state/mode" ] || die "no cluster is up: $0 up"
    api_address=127.0.0.1
    [ "$(cat "$state/mode")" != real ] || api_address=$gateway
    stop kube-apiserver
    sleep "$1"
    start_apiserver
}

status() {
    local file name any=1
    for file in "$state/pids/"*; do
        [ -e "$file" ] || continue
        name=${file##*/}
        if is_running "$name"; then
            echo "$name runs (process $(cut -d' ' -f1 "$file"))"
            any=0
        else
            echo "$name has ended; see $state/logs/$name.log"
        fi
    done
    [ "$any" -eq 0 ] || echo "no cluster is up"
    return "$any"
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
up) up "$@" ;;
down)
    take_turn
    tear_down
    ;;
restart-server)
    [[ ${1:-} =~ ^[0-9]{1,3}$ ]] || die "restart-server needs a number of seconds, not '${1:-}'"
    take_turn
    restart_server "$1"
    ;;
status) status ;;
env) print_env ;;
cni-plugins) cni_plugins ;;
-h | --help) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac
