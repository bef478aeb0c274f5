#!/bin/sh
# C as .clang-format has it: tools/format.sh [--fix] [FILE…]. Without --fix it only says which files differ.
set -eu

fix=
case ${1:-} in
--help | -h) sed -n '2s/^# //p' "$0"; exit 0 ;;
--fix) fix=yes; shift ;;
esac
command -v clang-format >/dev/null || { echo "format.sh: clang-format is missing: tools/install.sh check" >&2; exit 2; }
if [ $# -eq 0 ]; then
    cd "$(dirname "$0")/.."
    # shellcheck disable=SC2046
    set -- $(find core plugins tools tests \( -name '*.c' -o -name '*.h' \) | LC_ALL=C sort)
fi

if [ -n "$fix" ]; then
    exec clang-format -i "$@"
fi
# shellcheck disable=SC2016
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 16 sh -c '
    differ=0
    for file; do
        clang-format "$file" | cmp -s - "$file" || { echo "$file: not as clang-format has it"; differ=1; }
    done
    exit $differ' sh
