#!/bin/bash
# A test program against answers that another program gives on problems drawn with a fresh seed.
#
#   tests/house/oracle.sh SCRIPT.py VARIABLE PROGRAM FILTER
#
# SCRIPT writes its answers to stdout, PROGRAM finds their file in VARIABLE. Skipped (exit 77) where
# the script says that what it needs is not installed.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
answers=$(mktemp)
trap 'rm -f "$answers"' EXIT
python=/usr/bin/python3 # where Debian's packages are, whatever else stands in PATH
[ -x $python ] || { echo 'SKIP: there is no /usr/bin/python3' && exit 77; }
$python "$root/$1" "${SEED:-$(date +%s)}" >"$answers" || {
  code=$?
  [ $code != 77 ] || cat "$answers"
  exit $code
}
env "$2=$answers" "$HILUM_BUILD/$3" --gtest_brief=1 --gtest_filter="$4"
