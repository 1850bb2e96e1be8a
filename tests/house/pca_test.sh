#!/bin/bash
# Principal components against numpy's SVD (LAPACK), tall, wide and rank-deficient, with a fresh
# seed. Skipped (exit 77) where numpy is not installed.
exec "$(dirname "$0")/oracle.sh" tests/engine/pca_oracle.py HILUM_PCA_ORACLE test_engine \
  'PcaOracle.*'
