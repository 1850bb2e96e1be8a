#!/bin/bash
# The metrics once more against scikit-learn and R's pROC, on problems drawn with a fresh seed.
# Skipped (exit 77) where those are not installed; golden.json holds their answers for one seed.
exec "$(dirname "$0")/oracle.sh" tests/data/metrics/oracle.py HILUM_METRICS_ORACLE test_data \
  'MetricsOracle.*'
