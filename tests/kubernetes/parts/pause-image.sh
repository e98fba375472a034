#!/bin/bash
# Writes the image of a pod's first process, localhost/swarmbench/pause:1, as a tar of the kind that
# `docker save` makes: no registry is needed, nor a program that builds images.
# usage: pause-image.sh FILE
set -euo pipefail

out=${1:?usage: pause-image.sh FILE}
[ ! -e "$out" ] || exit 0
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/root" "$work/image"
"${CC:-cc}" -Os -static -s -D_POSIX_C_SOURCE=200809L -o "$work/root/pause" "$here/pause.c"
tar -C "$work/root" --owner 0 --group 0 --numeric-owner --mtime @0 -cf "$work/image/layer.tar" pause
layer=$(sha256sum "$work/image/layer.tar" | cut -d' ' -f1)
architecture=$(dpkg --print-architecture 2>/dev/null || echo amd64)
cat >"$work/image/config.json" <<END
{"architecture": "$architecture", "os": "linux", "created": "1970-01-01T00:00:00Z",
 "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$layer"]}}
END
echo '[{"Config": "config.json", "RepoTags": ["localhost/swarmbench/pause:1"], "Layers": ["layer.tar"]}]' \
    >"$work/image/manifest.json"
mkdir -p "$(dirname "$out")"
tar -C "$work/image" -cf "$work/pause.tar" .
mv "$work/pause.tar" "$out"
