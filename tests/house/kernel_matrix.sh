#!/bin/sh
# The matrix of kernels in README.md is what `hilum kernels list` says.
#
#   tests/house/kernel_matrix.sh BUILD           fails where README.md says something else
#   tests/house/kernel_matrix.sh BUILD --write   brings README.md up to date
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
begin='<!-- kernels: begin -->'
end='<!-- kernels: end -->'
now=$(mktemp)
trap 'rm -f "$now"' EXIT
{
  sed "/^$begin\$/q" "$root/README.md"
  HILUM_KERNELS='' "$1/hilum" kernels list --device cpu --markdown
  sed -n "/^$end\$/,\$p" "$root/README.md"
} >"$now"
if [ "${2:-}" = --write ]; then
  cat "$now" >"$root/README.md"
elif ! diff "$root/README.md" "$now"; then
  echo "README.md: its matrix of kernels is old. Run $0 $1 --write"
  exit 1
fi
