#!/bin/bash
# The Python wrapper is made anew where a header has changed, whatever its time says, and only there.
# usage: test_wrapper.sh CMAKE HEADERS_CMAKE
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/include/swarmbench/sys"
echo 'int one(void);' >"$folder/include/swarmbench/one.h"
echo 'int two(void);' >"$folder/include/swarmbench/sys/two.h"

list() {
    "$1" -D "OUT=$folder/list" -D "FOLDERS=$folder/include" -P "$2"
    stat -c %y "$folder/list"
}

fail() {
    echo "test_wrapper.sh: $*" >&2
    exit 1
}

before=$(list "$@")
[ "$(wc -l <"$folder/list")" -eq 2 ] || fail "not both headers are listed: $(cat "$folder/list")"
touch "$folder/include/swarmbench/one.h"
[ "$(list "$@")" = "$before" ] || fail "a header that was only touched changed the list"
for header in one.h sys/two.h; do
    echo '/* changed */' >>"$folder/include/swarmbench/$header"
    touch -d 2001-01-01 "$folder/include/swarmbench/$header"
    after=$(list "$@")
    [ "$after" != "$before" ] || fail "$header changed, and the list did not"
    before=$after
done
