#!/bin/bash
# Installs a build, moves the prefix, and builds and runs a consumer against it in four ways.
# usage: test_install.sh BUILD_DIR
set -euo pipefail

build=$1
source=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/moved

cmake --install "$build" --prefix "$scratch/first" >/dev/null
mv "$scratch/first" "$prefix"
libdir=$(dirname "$(find "$prefix" -name libswarmbench.a)")
export PKG_CONFIG_PATH=$libdir/pkgconfig
unset LD_LIBRARY_PATH

check() {
    echo "== $1"
    shift
    "$@"
}

by_cmake() {
    cmake -S "$source/consumer" -B "$scratch/$1" -DCMAKE_PREFIX_PATH="$prefix" -DSTATIC="$2" >/dev/null
    cmake --build "$scratch/$1" >/dev/null
    "$scratch/$1/consumer"
}

by_pkg_config() {
    local flags
    read -r -a flags < <(pkg-config --cflags --libs "$1")
    cc -std=c11 -o "$scratch/$1" "$source/consumer/consumer.c" "${flags[@]}" -Wl,-rpath,"$libdir"
    "$scratch/$1"
}

# The cluster that is named is none: that is told where the charts are there, and only then.
finds_charts() {
    local said
    cat >"$scratch/experiment.yaml" <<END
swarmbench: 1
name: installed
modes: {deluge: {driver: deluge}}
file_size: 1MB
size: 2
seeders: 1
repetitions: 1
deploy: {on: kubernetes, helm: "true", kubeconfig: $scratch/none}
END
    said=$("$prefix/bin/swarmbench" run "$scratch/experiment.yaml" -o "$scratch/results.db" 2>&1 || true)
    [[ "$said" == *"$scratch/none"* && "$said" != *"no chart"* ]] || fail "$said"
    mv "$charts" "$scratch/charts"
    said=$("$prefix/bin/swarmbench" run "$scratch/experiment.yaml" -o "$scratch/results.db" 2>&1 || true)
    mv "$scratch/charts" "$charts"
    [[ "$said" == *"there is no chart"* || -d /usr/local/share/swarmbench/charts ]] || fail "$said"
    # The link to the library that charts share leads somewhere.
    for chart in "$charts"/helm/{deluge,qbittorrent,codex,tracker,workload}; do
        test -s "$chart/charts/swarmbench-node/Chart.yaml" || fail "$chart lacks swarmbench-node"
    done
    for part in kustomize/base/deluge argo-workflows; do
        test -s "$charts/$part/kustomization.yaml" || fail "$part was not installed"
    done
    test ! -e "$charts/images" || fail "images cannot be built from an installation"
    test -s "$charts/argo-cd/applicationset.yaml" || fail "argo-cd was not installed"
    ! command -v helm >/dev/null || helm template installed "$charts/helm/deluge" >/dev/null
}

fail() {
    echo "$*" >&2
    exit 1
}

check "find_package, shared" by_cmake shared OFF
check "find_package, static" by_cmake static ON
check "pkg-config, shared" by_pkg_config swarmbench
check "pkg-config, static" by_pkg_config swarmbench-static
check "the command, from the moved prefix" "$prefix/bin/swarmbench" version
if grep -q swarmbench-agent "$build/build.ninja"; then
    check "the agent, from the moved prefix" "$prefix/bin/swarmbench-agent" version
    "$prefix/bin/swarmbench-agent" install "$scratch/tools"
    if ldd "$scratch/tools/swarmbench-launcher" >/dev/null 2>&1; then
        echo "swarmbench-launcher needs shared libraries" >&2
        exit 1
    fi
fi
charts=$prefix/share/swarmbench/charts
if [ -d "$charts" ]; then
    check "charts, beside the command and nowhere else" finds_charts
fi
if ldd "$scratch/swarmbench-static" | grep -q libswarmbench; then
    echo "the static consumer needs the shared library" >&2
    exit 1
fi
for file in man/man1/swarmbench.1 bash-completion/completions/swarmbench \
    zsh/site-functions/_swarmbench fish/vendor_completions.d/swarmbench.fish; do
    test -s "$prefix/share/$file" || { echo "share/$file was not installed" >&2; exit 1; }
done
if grep -rIl -e "$scratch/first" -e "$(cd "$build" && pwd)" "$prefix"; then
    echo "the files above name the place where they were built" >&2
    exit 1
fi
