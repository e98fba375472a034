#!/bin/bash
# Builds the images that the charts name, without a registry and without Docker.
# usage: charts/images/build.sh [--import] [--save FOLDER] [NAME...]
#   NAME           deluge, qbittorrent, opentracker, agent, runner (these are the default), codex or
#                  gowaku
#   --import       puts them into the containerd of this machine (namespace k8s.io; the socket is
#                  $CONTAINERD_ADDRESS), where a kubelet finds them
#   --save FOLDER  writes FOLDER/NAME.tar, for `kind load image-archive`, `minikube image load`,
#                  `podman load` or a registry
# They are named localhost/swarmbench/NAME:VERSION; SWB_IMAGE_PREFIX and SWB_IMAGE_TAG say otherwise.
# An image is built again where its Containerfile, or what it holds of this tree, has changed;
# SWB_IMAGE_REFRESH=1 builds all again, with the newest Debian packages.
# SWB_IMAGE_CODEX=FILE is the program of the codex image; SWB_DEBIAN_MIRROR=URL another mirror.
# Needs root (or a user who may run buildah): examples/install-deps.sh kubernetes build
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/swarmbench/images
gowaku=${XDG_CACHE_HOME:-$HOME/.cache}/swarmbench/gowaku/waku
programs=${XDG_CACHE_HOME:-$HOME/.cache}/swarmbench/kubernetes/bin
prefix=${SWB_IMAGE_PREFIX:-localhost/swarmbench}
version=$(sed -n 's/^project(swarmbench VERSION \([0-9.]*\).*/\1/p' "$source/CMakeLists.txt")
tag=${SWB_IMAGE_TAG:-$version}
all=(deluge qbittorrent opentracker agent runner)

say() {
    echo "images: $*" >&2
}

die() {
    say "$*"
    exit 3
}

# Tells nothing but a failure.
quietly() {
    "$@" >"$cache/log" 2>&1 || {
        tail -40 "$cache/log" >&2
        die "this failed: $*"
    }
}

# Storage without overlay mounts works inside containers and on every file system, and is slower.
# A user's own choice of storage stands.
bh() {
    buildah "${storage[@]}" "$@"
}

choose_storage() {
    storage=()
    if [ -z "${STORAGE_DRIVER:-}" ] && ! buildah images >/dev/null 2>&1; then
        storage=(--storage-driver vfs)
    fi
    buildah "${storage[@]}" images >/dev/null || die "buildah cannot keep images here"
}

# What an image is made from, as one number: the same number, the same image.
fingerprint() {
    local folder=$1
    {
        cat "$here/base/Containerfile" "$folder/Containerfile"
        cd "$folder" && find . -type f ! -name base.tar -print0 | sort -z | xargs -0 sha256sum
    } | sha256sum | cut -c1-32
}

# build NAME CONTEXT
build() {
    local name=$1 context=$2 wanted image
    wanted=$(fingerprint "$context")
    image=$prefix/$name:$tag
    if [ "${SWB_IMAGE_REFRESH:-0}" != 1 ] &&
        [ "$(bh inspect --type image --format '{{index .OCIv1.Config.Labels "swarmbench.dev/made-from"}}' \
            "$image" 2>/dev/null)" = "$wanted" ]; then
        say "$image is there"
        return
    fi
    say "building $image"
    bh build --isolation chroot --format oci --pull-never --quiet \
        --label "swarmbench.dev/made-from=$wanted" --label "org.opencontainers.image.version=$version" \
        --tag "$image" "$context" >&2
}

make_base() {
    local context=$cache/base
    local -a mirror=()
    mkdir -p "$context"
    cp "$here/base/Containerfile" "$context/"
    [ "${SWB_IMAGE_REFRESH:-0}" != 1 ] || rm -f "$context/base.tar"
    if [ ! -f "$context/base.tar" ]; then
        say "making Debian 12 with mmdebstrap (once; a minute)"
        [ -z "${SWB_DEBIAN_MIRROR:-}" ] || mirror=("$SWB_DEBIAN_MIRROR")
        mmdebstrap --quiet --variant=minbase --dpkgopt='path-exclude=/usr/share/man/*' \
            --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
            --dpkgopt='path-include=/usr/share/doc/*/copyright' \
            bookworm "$context/new.tar" "${mirror[@]}" >&2
        mv "$context/new.tar" "$context/base.tar"
    fi
    build base "$context"
    bh tag "$prefix/base:$tag" localhost/swarmbench/base:latest
}

# What `cmake --install` puts into a prefix, built for speed and without the tests.
install_tree() {
    [ -z "${installed:-}" ] || return 0
    installed=$cache/install
    say "building swarmbench for the images"
    # Fresh: the tree that was built last may have been another one.
    quietly cmake --fresh -S "$source" -B "$cache/build" -DCMAKE_BUILD_TYPE=Release -DSWB_PYTHON=OFF \
        -DCMAKE_INSTALL_PREFIX=/usr/local -DSWB_AGENT=ON -DSWB_BUILD_TESTS=OFF \
        -DSWB_BUILD_EXAMPLES=OFF
    quietly cmake --build "$cache/build" -j "$(nproc)"
    rm -rf "$installed"
    DESTDIR=$installed cmake --install "$cache/build" --strip >/dev/null
}

# need_program NAME: where it is, or how to get it.
need_program() {
    PATH=$programs:$PATH command -v "$1" ||
        die "there is no '$1': tests/kubernetes/toolchain.sh control charts"
}

make_context() {
    local name=$1 context=$cache/$1
    rm -rf "$context"
    mkdir -p "$context"
    cp "$here/$name/Containerfile" "$context/"
    case $name in
    codex)
        [ -f "${SWB_IMAGE_CODEX:-}" ] ||
            die "SWB_IMAGE_CODEX has to name the program of a Codex node, not '${SWB_IMAGE_CODEX:-}'"
        cp "$SWB_IMAGE_CODEX" "$context/codex"
        ;;
    gowaku)
        [ -x "$gowaku" ] || die "there is no $gowaku: examples/multi-deployment/build-gowaku.sh makes it"
        cp "$gowaku" "$context/waku"
        ;;
    agent)
        install_tree
        mkdir -p "$context/usr/local/bin"
        cp "$installed"/usr/local/bin/swarmbench-{agent,launcher} "$context/usr/local/bin/"
        ;;
    opentracker)
        install_tree
        mkdir -p "$context/usr/local/bin"
        cp "$installed/usr/local/bin/swarmbench-tracker" "$context/usr/local/bin/"
        ;;
    runner)
        install_tree
        runner_context "$context/usr/local"
        ;;
    esac
}

runner_context() {
    local to=$1
    mkdir -p "$to/bin" "$to/lib" "$to/share"
    cp "$installed/usr/local/bin/swarmbench" "$(need_program helm)" "$(need_program kubectl)" "$to/bin/"
    find "$installed/usr/local" -name 'libswarmbench.so*' -exec cp -a {} "$to/lib/" \;
    cp -r "$installed/usr/local/share/swarmbench" "$to/share/"
}

# hand_over NAME: to containerd, to a folder, or neither.
hand_over() {
    local image=$prefix/$1:$tag archive
    [ "$import" = yes ] || [ -n "$save" ] || return 0
    archive=${save:-$cache}/$1.tar
    rm -f "$archive"
    bh push --quiet "$image" "docker-archive:$archive:$image" >&2
    [ "$import" = no ] || ctr --namespace k8s.io images import "$archive" >/dev/null
    [ -n "$save" ] || rm -f "$archive"
    say "$image handed over"
}

import=no save='' names=()
while [ $# -gt 0 ]; do
    case $1 in
    --import) import=yes ;;
    --save)
        save=${2:?--save needs a folder}
        mkdir -p "$save"
        shift
        ;;
    -h | --help)
        sed -n '2,15s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *)
        [ -f "$here/$1/Containerfile" ] || die "there is no image '$1'; there are ${all[*]}, codex and gowaku"
        names+=("$1")
        ;;
    esac
    shift
done
[ ${#names[@]} -gt 0 ] || names=("${all[@]}")

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
choose_storage
make_base
for name in "${names[@]}"; do
    if [ "$name" != base ]; then
        make_context "$name"
        build "$name" "$cache/$name"
    fi
    hand_over "$name"
done
