# shellcheck shell=bash
# Nodes that kwok plays: pods on them become Running at once, and nothing runs.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

fake_node() {
    cat <<END
apiVersion: v1
kind: Node
metadata:
  name: fake-$1
  annotations: {kwok.x-k8s.io/node: fake, node.alpha.kubernetes.io/ttl: "0"}
  labels: {type: kwok, kubernetes.io/hostname: fake-$1, kubernetes.io/os: linux, kubernetes.io/arch: amd64, topology.kubernetes.io/zone: zone-$(($1 % 3))}
status:
  allocatable: {cpu: "64", memory: 256Gi, pods: "250"}
  capacity: {cpu: "64", memory: 256Gi, pods: "250"}
---
END
}

all_fake_ready() {
    local ready
    ready=$(kubectl_own get nodes -l type=kwok --no-headers | grep -cw Ready)
    [ "$ready" -eq "$1" ]
}

# start_fake_nodes COUNT
start_fake_nodes() {
    local index
    start kwok "$bin/kwok" --kubeconfig "$own_kubeconfig" --manage-all-nodes=false \
        --manage-nodes-with-annotation-selector kwok.x-k8s.io/node=fake \
        --server-address "127.0.0.1:$kwok_port" --node-ip 127.0.0.1 --cidr "$net.0.1/16"
    for ((index = 0; index < $1; index++)); do
        fake_node "$index"
    done | kubectl_own apply -f - >/dev/null
    wait_ready kwok 120 all_fake_ready "$1"
}
