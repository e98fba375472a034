#!/bin/bash
# Builds and tests everything. The last line is "N passed, N failed, N skipped".
# usage: tests/run.sh [--quick] [--all] [--label LABEL]
#   --quick        only the dev build and its unit tests
#   --all          the tests whose programs take many minutes to build, too (Argo's)
#   --label LABEL  only the dev build and its tests with that label
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null # there may be none at all

quick=no all=no label=
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=yes ;;
    --all) all=yes ;;
    --label)
        label=${2:?--label needs a label}
        shift
        ;;
    -h | --help)
        sed -n '2,6s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *)
        echo "tests/run.sh: unknown option '$1'" >&2
        exit 2
        ;;
    esac
    shift
done

passed=0 failed=0 skipped=0
skip_reasons=() failures=()
logs=build/test-logs
mkdir -p "$logs"

say() {
    printf '\n== %s\n' "$*"
}

# One step that is a test by itself: step NAME COMMAND...
step() {
    local name=$1
    shift
    say "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        failures+=("$name")
    fi
}

skip() {
    skipped=$((skipped + 1))
    skip_reasons+=("$1: $2")
}

# As step, where the tool is there: step_with TOOL NAME COMMAND...
step_with() {
    local tool=$1
    shift
    if command -v "$tool" >/dev/null; then
        step "$@"
    else
        skip "$1" "$tool is not installed"
    fi
}

build() {
    cmake --preset "$1" >/dev/null && cmake --build --preset "$1"
}

# Runs the tests of a preset and counts them from the report that CTest writes.
run_tests() {
    local preset=$1
    local report=$PWD/$logs/$preset.xml
    local results
    shift
    say "tests of the $preset build ${*}"
    rm -f "$report"
    ctest --preset "$preset" --output-junit "$report" --test-output-size-passed 100000 "$@" || true
    if ! results=$(python3 tests/support/read_report.py "$report"); then
        failed=$((failed + 1))
        failures+=("$preset: CTest wrote no report that can be read")
        return
    fi
    while IFS=$'\t' read -r kind test why; do
        case $kind in
        passed) passed=$((passed + test)) ;;
        failed)
            failed=$((failed + 1))
            failures+=("$preset $test${why:+: $why}")
            ;;
        skipped) skip "$preset $test" "$why" ;;
        esac
    done <<<"$results"
}

# Memory errors and leaks that the sanitizers cannot see: uninitialised reads. Valgrind's own verdict
# is exit code 99. It is slow, hence SWB_TEST_SMALL, and lacks a system call or two, so a test of it
# may fail that passes without it: that is told, and judged by the other builds.
valgrind_tests() {
    if ! command -v valgrind >/dev/null; then
        skip valgrind "valgrind is not installed"
        return
    fi
    local program driver
    for program in build/dev/tests/unit/*/test_*; do
        if [ -f "$program" ] && [ -x "$program" ]; then
            valgrind_test "$program"
        fi
    done
    for driver in $(drivers); do
        valgrind_test build/dev/tests/conformance/test_contract "$driver"
    done
}

long_tests() {
    ctest --preset dev -N -L long | sed -n 's/^ *Test *#[0-9]*: //p'
}

drivers() {
    build/dev/bindings/cli/swarmbench drivers |
        sed -n '/^deployers/q; s/^  \([a-z][a-z]*\) .*/\1/p'
}

# valgrind_test PROGRAM [DRIVER]
valgrind_test() {
    local name log status=0
    name="valgrind $(basename "$1")${2:+ $2}"
    log=$logs/$(basename "$1")${2:+-$2}.valgrind.log
    say "$name"
    SWB_TEST_SMALL=1 timeout 900 valgrind --quiet --leak-check=full --error-exitcode=99 \
        --errors-for-leak-kinds=definite,indirect --child-silent-after-fork=yes --vgdb=no \
        "$@" >"$log" 2>&1 || status=$?
    case $status in
    0) passed=$((passed + 1)) ;;
    77) skip "$name" "$(grep -m1 SKIP "$log" || echo 'it gave no reason')" ;;
    [1-9] | [1-6][0-9])
        passed=$((passed + 1))
        skip "$name" "no memory error, but $status of its tests do not pass under valgrind ($log)"
        ;;
    *)
        failed=$((failed + 1))
        failures+=("$name ($log)")
        tail -40 "$log"
        ;;
    esac
}

# The clone may belong to another user than the one who tests it.
tracked() {
    git -c safe.directory='*' ls-files -z "$@"
}

check_scripts() {
    tracked '*.sh' .ci/run | xargs -0 shellcheck -x -P SCRIPTDIR
}

check_format() {
    tracked '*.c' '*.h' | xargs -0 clang-format --dry-run --Werror
}

finish() {
    say "summary"
    [ ${#skip_reasons[@]} -eq 0 ] || printf 'skipped: %s\n' "${skip_reasons[@]}"
    [ ${#failures[@]} -eq 0 ] || printf 'FAILED: %s\n' "${failures[@]}"
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}

say "packages that are missing"
examples/install-deps.sh build page python clients test kubernetes || skip packages "some could not be installed"

examples/install-npm.sh test || skip browser "what draws and checks report pages could not be fetched"

step "build with gcc, warnings are errors" build dev
if [ "$quick" = yes ]; then
    run_tests dev -L unit
elif [ -n "$label" ]; then
    run_tests dev -L "$label"
else
    step_with shellcheck "shellcheck" check_scripts
    step_with clang-format "clang-format" check_format
    if [ "$all" = yes ]; then
        run_tests dev
    else
        run_tests dev -LE long
        for test in $(long_tests); do
            skip "$test" "its programs take many minutes to build: tests/run.sh --all"
        done
    fi
    step_with clang "build with clang, warnings are errors" build clang
    step "build with the address and undefined behaviour sanitizers" build asan
    run_tests asan -L 'unit|conformance|fuzz'
    valgrind_tests
fi
finish
