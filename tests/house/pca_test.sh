#!/bin/bash
# Principal components against numpy's SVD (LAPACK), tall, wide and rank-deficient, with a fresh
# seed. Skipped (exit 77) where numpy is not installed.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
answers=$(mktemp)
trap 'rm -f "$answers"' EXIT
python=/usr/bin/python3 # where Debian's packages are, whatever else stands in PATH
[ -x $python ] || { echo 'SKIP: there is no /usr/bin/python3' && exit 77; }
$python "$root/tests/engine/pca_oracle.py" "${SEED:-$(date +%s)}" >"$answers" || {
  code=$?
  [ $code != 77 ] || cat "$answers"
  exit $code
}
HILUM_PCA_ORACLE=$answers "$HILUM_BUILD/test_engine" --gtest_brief=1 --gtest_filter='PcaOracle.*'
