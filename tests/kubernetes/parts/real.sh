# shellcheck shell=bash
# One node with real pods: containerd, kubelet and kube-proxy beside the control plane.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
parts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

cri=$state/containerd.sock

cni_plugins() {
    local folder
    for folder in "${SWB_CNI_PLUGINS:-}" /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
        if [ -n "$folder" ] && [ -x "$folder/bridge" ] && [ -x "$folder/host-local" ]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

is_cgroup2() {
    [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]
}

# What makes real pods impossible here, told before anything is started.
check_machine() {
    local controller
    [ "$(id -u)" -eq 0 ] || cannot "real pods need root"
    unshare --mount --net true 2>/dev/null || cannot "this machine lets nobody make namespaces"
    if ! is_cgroup2; then
        for controller in cpu cpuset memory pids; do
            mountpoint -q "/sys/fs/cgroup/$controller" ||
                cannot "there is no cgroup controller '$controller' under /sys/fs/cgroup"
        done
    fi
    ip link add "$bridge" type bridge 2>/dev/null ||
        cannot "no bridge '$bridge' can be made here (is there one already?)"
    ip link delete "$bridge"
}

snapshotter() {
    local try
    try=$(mktemp -d "$disk/try.XXXXXX")
    mkdir "$try/lower" "$try/upper" "$try/work" "$try/all"
    if mount -t overlay overlay "$try/all" \
        -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" 2>/dev/null; then
        umount "$try/all"
        echo overlayfs
    else
        say "no overlayfs on $disk: images are copied for every container, which is slow"
        echo native
    fi
    rm -rf "$try"
}

make_bridge() {
    ip link add "$bridge" type bridge
    ip address add "$gateway/16" dev "$bridge"
    ip link set "$bridge" up
}

make_cgroups() {
    local folder
    if is_cgroup2; then
        echo "+cpu +cpuset +memory +pids +io" >/sys/fs/cgroup/cgroup.subtree_control || true
        mkdir -p "/sys/fs/cgroup/$cgroup"
        return
    fi
    for folder in /sys/fs/cgroup/*/; do
        mountpoint -q "$folder" && mkdir -p "$folder$cgroup"
    done
    # An empty set of CPUs takes no process.
    folder=/sys/fs/cgroup/cpuset
    cat "$folder/cpuset.cpus" >"$folder/$cgroup/cpuset.cpus"
    cat "$folder/cpuset.mems" >"$folder/$cgroup/cpuset.mems"
}

# What kubelet and kube-proxy are about to set on the whole machine.
remember_sysctls() {
    local name
    for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops \
        kernel/keys/root_maxkeys kernel/keys/root_maxbytes net/ipv4/conf/all/route_localnet \
        net/bridge/bridge-nf-call-iptables; do
        set_sysctl "$name"
    done
    set_sysctl net/ipv4/ip_forward 1
}

write_containerd_config() {
    mkdir -p "$state/cni"
    cat >"$state/cni/10-swarmbench.conflist" <<END
{"cniVersion": "1.0.0", "name": "swarmbench", "plugins": [
  {"type": "bridge", "bridge": "$bridge", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$state/ipam", "ranges": [[{"subnet": "$net.0.0/16"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
    cat >"$state/containerd.toml" <<END
version = 2
root = "$disk/containerd"
state = "$state/containerd"
oom_score = 0
[grpc]
  address = "$cri"
[plugins."io.containerd.internal.v1.opt"]
  path = "$disk/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/swarmbench/pause:1"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$(cni_plugins)"
    conf_dir = "$state/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "$(snapshotter)"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        BinaryName = "$(find_program runc)"
END
}

write_kubelet_config() {
    cat >"$state/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $gateway
port: $kubelet_port
healthzBindAddress: 127.0.0.1
healthzPort: $kubelet_health_port
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: $state/pki/ca.crt}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix://$cri
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup
failSwapOn: false
oomScoreAdj: 0
podLogsDir: $state/logs/pods
volumePluginDir: $state/volume-plugins
clusterDomain: cluster.local
clusterDNS: [$gateway]
resolvConf: $state/resolv.conf
maxPods: 200
registerNode: true
# The disk of a developer's machine may be nearly full, and images cannot be pulled again.
imageGCHighThresholdPercent: 100
evictionHard: {imagefs.available: 0%, nodefs.available: 0%, nodefs.inodesFree: 0%, memory.available: 100Mi}
serializeImagePulls: false
END
    echo "nameserver $gateway" >"$state/resolv.conf"
}

write_proxy_config() {
    cat >"$state/kube-proxy.yaml" <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $own_kubeconfig}
hostnameOverride: $node
clusterCIDR: $net.0.0/16
mode: nftables
nftables: {masqueradeAll: true}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
bindAddress: $gateway
healthzBindAddress: 127.0.0.1:$proxy_health_port
metricsBindAddress: 127.0.0.1:$proxy_metrics_port
nodePortAddresses: [$gateway/32]
END
}

start_containerd() {
    write_containerd_config
    start containerd "$(find_program containerd)" --config "$state/containerd.toml" --log-level warn
    wait_ready containerd 60 ctr_own version
    "$parts/pause-image.sh" "$cache/pause.tar"
    ctr_own -n k8s.io images import "$cache/pause.tar" >/dev/null
}

ctr_own() {
    CONTAINERD_ADDRESS=$cri "$(find_program ctr)" "$@"
}

node_is_ready() {
    kubectl_own get node "$node" --no-headers | grep -qw Ready
}

start_kubelet() {
    local -a flags=()
    write_kubelet_config
    "$bin/kubelet" --help 2>/dev/null | grep -q -- --pod-infra-container-image &&
        flags+=(--pod-infra-container-image localhost/swarmbench/pause:1)
    [ -d /var/log/containers ] || touch "$state/made-log-containers"
    start kubelet "$bin/kubelet" --config "$state/kubelet.yaml" --root-dir "$disk/kubelet" \
        --kubeconfig "$state/kubelet.kubeconfig" --hostname-override "$node" \
        --cert-dir "$state/pki/kubelet" --node-ip "$gateway" "${flags[@]}"
    wait_ready kubelet 120 node_is_ready
}

start_proxy() {
    write_proxy_config
    start kube-proxy "$bin/kube-proxy" --config "$state/kube-proxy.yaml"
    wait_ready kube-proxy 60 curl --silent --fail "http://127.0.0.1:$proxy_health_port/healthz"
}

start_real_node() {
    make_cgroups
    remember_sysctls
    start_containerd
    start_kubelet
    start_proxy
}

# ---- the end of it ----

# Everything in the cgroups of the node is a pod's.
kill_pods() {
    local tries pids
    for ((tries = 0; tries < 50; tries++)); do
        pids=$(find /sys/fs/cgroup -path "*/$cgroup/*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u)
        [ -n "$pids" ] || return 0
        # shellcheck disable=SC2086
        kill -KILL $pids 2>/dev/null || true
        sleep 0.1
    done
    say "processes of pods that do not end: $pids"
}

# The shims are no children of containerd; their command line names its socket.
kill_shims() {
    local file pid
    for file in /proc/[0-9]*/cmdline; do
        pid=${file#/proc/}
        pid=${pid%/cmdline}
        if tr '\0' '\n' <"$file" 2>/dev/null | grep -qxF -- "$cri" &&
            [[ $(readlink "/proc/$pid/exe") == */containerd-shim-runc-v2* ]]; then
            kill -KILL "$pid" 2>/dev/null || true
        fi
    done
}

unmount_below() {
    local folder
    while read -r folder; do
        umount --lazy "$folder" 2>/dev/null || true
    done < <(cut -d' ' -f5 /proc/self/mountinfo | grep "^$1/" | tac)
}

remove_cgroups() {
    local folder tries
    for ((tries = 0; tries < 20; tries++)); do
        find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} + 2>/dev/null || true
        folder=$(find /sys/fs/cgroup -maxdepth 2 -type d -name "$cgroup" | head -1)
        [ -n "$folder" ] || return 0
        sleep 0.2
    done
    say "a cgroup stays: $folder"
}

remove_log_links() {
    [ -d /var/log/containers ] || return 0
    find /var/log/containers -lname "$state/*" -delete
    [ ! -e "$state/made-log-containers" ] || rmdir /var/log/containers 2>/dev/null || true
}

stop_real_node() {
    stop kubelet
    stop kube-proxy
    "$bin/kube-proxy" --cleanup --proxy-mode nftables >/dev/null 2>&1 || true
    kill_pods
    kill_shims
    stop containerd
    kill_shims
    unmount_below "$state"
    unmount_below "$disk"
    ! ip link show "$bridge" >/dev/null 2>&1 || ip link delete "$bridge"
    remove_cgroups
    restore_sysctls
    remove_log_links
}
