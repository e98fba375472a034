#!/bin/bash
# Writes the image of one static program, /bin/NAME, as a tar of the kind that `docker save` makes: no
# registry is needed, nor a program that builds images.
# usage: program-image.sh FILE IMAGE PROGRAM
set -euo pipefail

out=${1:?usage: program-image.sh FILE IMAGE PROGRAM}
image=$2
program=$3
name=$(basename "$program")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/files/bin" "$work/image"
cp "$program" "$work/files/bin/$name"
chmod 755 "$work/files/bin/$name"
tar -C "$work/files" --owner 0 --group 0 --numeric-owner --mtime @0 -cf "$work/image/layer.tar" bin
layer=$(sha256sum "$work/image/layer.tar" | cut -d' ' -f1)
architecture=$(dpkg --print-architecture 2>/dev/null || echo amd64)
cat >"$work/image/config.json" <<END
{"architecture": "$architecture", "os": "linux", "created": "1970-01-01T00:00:00Z",
 "config": {"Entrypoint": ["/bin/$name"], "Env": ["PATH=/bin"], "User": "65535:65535"},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$layer"]}}
END
echo "[{\"Config\": \"config.json\", \"RepoTags\": [\"$image\"], \"Layers\": [\"layer.tar\"]}]" \
    >"$work/image/manifest.json"
mkdir -p "$(dirname "$out")"
tar -C "$work/image" -cf "$work/new.tar" .
mv "$work/new.tar" "$out"
