#!/bin/bash
# The metrics once more against scikit-learn and R's pROC, on problems drawn with a fresh seed.
# Skipped (exit 77) where those are not installed; golden.json holds their answers for one seed.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
answers=$(mktemp)
trap 'rm -f "$answers"' EXIT
python=/usr/bin/python3 # where Debian's packages are, whatever else stands in PATH
[ -x $python ] || { echo 'SKIP: there is no /usr/bin/python3' && exit 77; }
$python "$root/tests/data/metrics/oracle.py" "${SEED:-$(date +%s)}" >"$answers" || {
  code=$?
  [ $code != 77 ] || cat "$answers"
  exit $code
}
HILUM_METRICS_ORACLE=$answers "$HILUM_BUILD/test_data" --gtest_brief=1 \
  --gtest_filter='MetricsOracle.*'
