# shellcheck shell=bash
# etcd, kube-apiserver, kube-controller-manager and kube-scheduler as plain processes.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

pki=$state/pki

# certificate NAME SUBJECT [SANS]: signed by the cluster's own authority.
certificate() {
    local name=$1 subject=$2 sans=${3:-}
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" \
        -keyout "$pki/$name.key" -out "$pki/$name.csr" 2>/dev/null
    openssl x509 -req -in "$pki/$name.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial \
        -days 30 -out "$pki/$name.crt" -extfile <(
            echo "extendedKeyUsage=serverAuth,clientAuth"
            [ -z "$sans" ] || echo "subjectAltName=$sans"
        ) 2>/dev/null
    rm "$pki/$name.csr"
}

make_certificates() {
    mkdir -p "$pki"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
        -subj "/CN=swarmbench test cluster" -keyout "$pki/ca.key" -out "$pki/ca.crt" 2>/dev/null
    certificate apiserver "/CN=kube-apiserver" "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:$gateway,IP:$first_service"
    certificate etcd "/CN=etcd" "IP:127.0.0.1"
    certificate admin "/O=system:masters/CN=swarmbench-admin"
    certificate kubelet "/O=system:nodes/CN=system:node:$node"
    openssl genrsa -out "$pki/accounts.key" 2048 2>/dev/null
}

# write_kubeconfig FILE CERTIFICATE
write_kubeconfig() {
    cat >"$1" <<END
apiVersion: v1
kind: Config
current-context: swarmbench-test
clusters:
- name: swarmbench-test
  cluster:
    server: https://$api_address:$api_port
    certificate-authority-data: $(base64 -w0 "$pki/ca.crt")
users:
- name: $2
  user:
    client-certificate-data: $(base64 -w0 "$pki/$2.crt")
    client-key-data: $(base64 -w0 "$pki/$2.key")
contexts:
- name: swarmbench-test
  context: {cluster: swarmbench-test, user: $2}
END
}

# Who can write here can start any pod, as root: so it takes a certificate from every local user.
start_etcd() {
    local client=https://127.0.0.1:$etcd_port peer=https://127.0.0.1:$etcd_peer_port
    start etcd "$bin/etcd" --data-dir "$state/etcd" --unsafe-no-fsync --log-level warn \
        --listen-client-urls "$client" --advertise-client-urls "$client" \
        --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
        --initial-cluster "default=$peer" --client-cert-auth --peer-client-cert-auth \
        --cert-file "$pki/etcd.crt" --key-file "$pki/etcd.key" --trusted-ca-file "$pki/ca.crt" \
        --peer-cert-file "$pki/etcd.crt" --peer-key-file "$pki/etcd.key" \
        --peer-trusted-ca-file "$pki/ca.crt"
    wait_ready etcd 30 https_ok --cert "$pki/etcd.crt" --key "$pki/etcd.key" "$client/health"
}

# Where there are pods, the server listens on the bridge's address, which they reach; without them
# on loopback, and then there is no endpoint of the service `kubernetes` to be advertised.
start_apiserver() {
    local -a address=(--bind-address "$api_address" --advertise-address "$api_address")
    [ "$api_address" != 127.0.0.1 ] || address+=(--endpoint-reconciler-type none)
    start kube-apiserver "$bin/kube-apiserver" "${address[@]}" --secure-port "$api_port" \
        --etcd-servers "https://127.0.0.1:$etcd_port" --etcd-cafile "$pki/ca.crt" \
        --etcd-certfile "$pki/etcd.crt" --etcd-keyfile "$pki/etcd.key" \
        --service-cluster-ip-range "$services_cidr" \
        --client-ca-file "$pki/ca.crt" --tls-cert-file "$pki/apiserver.crt" \
        --tls-private-key-file "$pki/apiserver.key" --authorization-mode Node,RBAC \
        --service-account-issuer https://kubernetes.default.svc \
        --service-account-key-file "$pki/accounts.key" \
        --service-account-signing-key-file "$pki/accounts.key" \
        --kubelet-preferred-address-types InternalIP \
        --kubelet-client-certificate "$pki/admin.crt" --kubelet-client-key "$pki/admin.key" \
        --enable-admission-plugins NodeRestriction
    wait_ready kube-apiserver 120 https_ok "https://$api_address:$api_port/readyz"
}

# What they may ask of the server a second: as it comes, a thousand pods take a minute to be made.
start_controllers() {
    local -a quick=(--kube-api-qps 500 --kube-api-burst 1000)
    start kube-controller-manager "$bin/kube-controller-manager" --kubeconfig "$own_kubeconfig" \
        --bind-address 127.0.0.1 --secure-port "$controller_port" --leader-elect=false \
        --root-ca-file "$pki/ca.crt" --cluster-signing-cert-file "$pki/ca.crt" \
        --cluster-signing-key-file "$pki/ca.key" --use-service-account-credentials \
        --service-account-private-key-file "$pki/accounts.key" "${quick[@]}"
    start kube-scheduler "$bin/kube-scheduler" --kubeconfig "$own_kubeconfig" \
        --bind-address 127.0.0.1 --secure-port "$scheduler_port" --leader-elect=false "${quick[@]}"
    wait_ready kube-controller-manager 60 https_ok "https://127.0.0.1:$controller_port/healthz"
    wait_ready kube-scheduler 60 https_ok "https://127.0.0.1:$scheduler_port/healthz"
    wait_ready kube-controller-manager 60 kubectl_own get serviceaccount default
}

# start_control_plane ADDRESS
start_control_plane() {
    api_address=$1
    make_certificates
    write_kubeconfig "$own_kubeconfig" admin
    write_kubeconfig "$state/kubelet.kubeconfig" kubelet
    start_etcd
    start_apiserver
    start_controllers
}
