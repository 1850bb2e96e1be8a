#!/bin/sh
# README.md shows the rows of a build with every library: other builds cannot tell.
set -eu
grep -q '^HILUM_ONEDNN_LINKS:INTERNAL=1$' "$HILUM_BUILD/CMakeCache.txt" || {
  echo 'SKIP: this build is without oneDNN, so its matrix of kernels is not the one of README.md'
  exit 77
}
exec "$(dirname "$0")/kernel_matrix.sh" "$HILUM_BUILD"
