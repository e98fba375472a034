#!/bin/bash
# Compiles each header alone. usage: test_headers.sh c|c++ STANDARD INCLUDE_DIR HEADER...
set -euo pipefail

language=$1 standard=$2 include=$3
shift 3
compiler=cc
[ "$language" = c ] || compiler=c++
command -v "$compiler" >/dev/null || { echo "SKIP: there is no $compiler"; exit 77; }

for header in "$@"; do
    echo "$header"
    printf '#include <%s>\n#include <%s>\nint used(void);\n' "$header" "$header" |
        "$compiler" -x "$language" -std="$standard" -pedantic -Wall -Wextra -Werror -fsyntax-only \
            -I"$include" -
done
