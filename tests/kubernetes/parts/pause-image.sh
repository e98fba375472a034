#!/bin/bash
# Writes the image of a pod's first process, localhost/swarmbench/pause:1, where FILE is not there yet.
# usage: pause-image.sh FILE
set -euo pipefail

out=${1:?usage: pause-image.sh FILE}
[ ! -e "$out" ] || exit 0
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${CC:-cc}" -Os -static -s -D_POSIX_C_SOURCE=200809L -o "$work/pause" "$here/pause.c"
"$here/program-image.sh" "$out" localhost/swarmbench/pause:1 "$work/pause"
