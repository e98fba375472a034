#!/bin/bash
# Installs the Debian packages that are missing here, and nothing else.
# usage: install-deps.sh SET...      sets: build, page, python, clients, test,
#        kubernetes
#        (page: for examples/install-npm.sh, which fetches what draws charts)
set -euo pipefail

packages_of() {
    case $1 in
    build)
        echo build-essential cmake ninja-build pkg-config libcurl4-openssl-dev libcjson-dev \
            libyaml-dev libuv1-dev libsqlite3-dev libssl-dev zlib1g-dev libisal-dev \
            libmicrohttpd-dev
        ;;
    page) echo nodejs npm ;;
    python) echo swig python3-dev python3-venv aria2 doxygen ;;
    clients) echo deluged qbittorrent-nox opentracker ;;
    test)
        echo git libcmocka-dev python3 python3-jsonschema python3-yaml python3-libtorrent mktorrent \
            tcpdump openssl sqlite3 valgrind clang clang-format libclang-rt-14-dev mandoc \
            shellcheck procps util-linux zsh fish chromium nodejs npm
        ;;
    kubernetes)
        # Docker's own packages bring these two, and exclude Debian's.
        local name
        for name in containerd runc; do
            PATH=$PATH:/usr/sbin command -v "$name" >/dev/null || echo "$name"
        done
        echo containernetworking-plugins nftables iproute2 openssl curl python3-pip mmdebstrap \
            buildah
        ;;
    *)
        echo "install-deps: there is no set '$1'; there are build, page, python, clients," \
            "test and kubernetes" >&2
        return 2
        ;;
    esac
}

say() {
    echo "install-deps: $*"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif command -v sudo >/dev/null; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        say "these packages are missing, and neither root nor sudo is at hand: ${missing[*]}" >&2
        exit 3
    fi
}

# Node from elsewhere brings its npm with it, and conflicts with Debian's.
is_installed() {
    case $1 in
    nodejs) command -v node >/dev/null && return 0 ;;
    npm) command -v npm >/dev/null && return 0 ;;
    esac
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The package lists of a fresh machine are missing or old, and mirrors fail now and then.
update_lists() {
    local attempt
    for attempt in 1 2 3 4; do
        as_root apt-get -q update && return 0
        say "apt-get update failed (attempt $attempt)"
        sleep $((attempt * 5))
    done
    return 1
}

# Where systemd runs, the clients' packages would start their daemons at once and at every boot; an
# experiment starts its own. While they are installed their units are masked in /run, which does
# not outlive a reboot even if this script is killed; afterwards they are left disabled.
units=()
mask_units() {
    [ -d /run/systemd/system ] || return 0
    local package
    for package in "${missing[@]}"; do
        case $package in
        deluged | opentracker | containerd) units+=("$package.service") ;;
        esac
    done
    if [ ${#units[@]} -gt 0 ]; then
        as_root systemctl mask --runtime --quiet "${units[@]}"
        trap unmask_units EXIT
    fi
}

unmask_units() {
    as_root systemctl unmask --runtime --quiet "${units[@]}" || true
    as_root systemctl disable --quiet "${units[@]}" 2>/dev/null || true
}

missing=()
for set in "$@"; do
    packages=$(packages_of "$set")
    for package in $packages; do
        is_installed "$package" || missing+=("$package")
    done
done

if [ ${#missing[@]} -eq 0 ]; then
    say "nothing is missing ($*)"
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    say "this is no Debian; install what corresponds to: ${missing[*]}" >&2
    exit 3
fi
say "installing ${missing[*]}"
mask_units
update_lists
# Nothing that is there goes away for it, another containerd for instance.
as_root apt-get -q install -y --no-install-recommends --no-remove "${missing[@]}"
