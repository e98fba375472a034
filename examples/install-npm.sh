#!/bin/bash
# Fetches what draws the charts of the report page (vega, vega-lite, vega-embed), as the lock file
# has it, into ${XDG_CACHE_HOME:-~/.cache}/swarmbench/npm, where the next cmake finds it.
# usage: install-npm.sh [build|test]      test: with what the tests of the page need
set -euo pipefail

set=${1:-build}
page=$(cd "$(dirname "$0")/../libswarmbench/report/page" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/swarmbench

say() {
    echo "install-npm: $*"
}

case $set in
build) options=(--omit=dev) ;;
test) options=() ;;
*)
    echo "install-npm: there is no set '$set'; there are build and test" >&2
    exit 2
    ;;
esac
if ! command -v npm >/dev/null; then
    say "npm is missing (Debian: npm); pages will have no charts" >&2
    exit 3
fi

# What is there is kept where it was made of this very lock file, for this set or a larger one.
is_there() {
    cmp -s "$page/package-lock.json" "$cache/npm/package-lock.json" &&
        { [ "$set" = build ] || [ -e "$cache/npm/node_modules/playwright-core" ]; }
}

mkdir -p "$cache"
exec 9>"$cache/npm.lock"
flock 9
if is_there; then
    say "nothing is missing ($set)"
    exit 0
fi
fresh=$(mktemp -d "$cache/npm-XXXXXX")
trap 'rm -rf "$fresh"' EXIT
cp "$page/package.json" "$page/package-lock.json" "$page/.npmrc" "$fresh"
say "fetching the packages ($set)"
(cd "$fresh" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error "${options[@]}")
chmod 755 "$fresh"
rm -rf "$cache/npm"
mv "$fresh" "$cache/npm"
