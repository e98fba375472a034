#!/bin/bash
# Renders the bases from the Helm charts, so that both give the same pods. Run it after a change of
# charts/helm; with --check it only tells whether it is needed.
# usage: render.sh [--check]      HELM names the program, else `helm` of PATH is taken
set -euo pipefail
cd "$(dirname "$0")"

helm=${HELM:-helm}
mode=${1:-}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

# The comments of templates are for their readers; "# Source" lines name files that are not here.
render() {
    echo "# Made by render.sh from the Helm chart $1."
    "$helm" template "$1" "../helm/$1" --namespace '' --set agent.tokenSecret=swarmbench-token \
        2>"$temporary/stderr" | grep -v -e '^ *#' -e '^  namespace: ' || {
        cat "$temporary/stderr" >&2
        return 1
    }
}

stale=0
for chart in deluge qbittorrent codex tracker; do
    render "$chart" >"$temporary/$chart.yaml"
    if [ "$mode" = --check ]; then
        cmp -s "$temporary/$chart.yaml" "base/$chart/$chart.yaml" || {
            echo "render: base/$chart is not what the chart gives; run charts/kustomize/render.sh" >&2
            stale=1
        }
    else
        mkdir -p "base/$chart"
        cp "$temporary/$chart.yaml" "base/$chart/$chart.yaml"
    fi
done
exit $stale
