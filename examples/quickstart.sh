#!/bin/bash
# From a fresh clone on Debian 12 to the summary of real Deluge and qBittorrent swarms.
# usage: examples/quickstart.sh [RESULTS.db]
set -euo pipefail
cd "$(dirname "$0")/.."

experiment=examples/bittorrent-local.yaml
results=${1:-out/quickstart-$(date +%Y%m%d-%H%M%S).db}

say() {
    printf '\n== %s\n' "$*"
}

say "packages that are missing (root, or sudo for this step only)"
examples/install-deps.sh build clients page

say "what draws charts in report pages (left out where it cannot be fetched)"
examples/install-npm.sh || true

say "building into build/release"
cmake --preset release -DSWB_BUILD_TESTS=OFF >/dev/null
cmake --build --preset release
swarmbench=build/release/bindings/cli/swarmbench

say "what this machine can do"
"$swarmbench" doctor || true

say "what will be run: $experiment"
"$swarmbench" plan "$experiment"

say "running it, into $results"
mkdir -p "$(dirname "$results")"
"$swarmbench" run "$experiment" -o "$results"

say "look further"
cat <<END
$swarmbench report $results -o report.html   # opens in a browser, without a network
$swarmbench export $results --table downloads --format csv
$swarmbench help
END
