#!/bin/bash
# The commands for gdb in kernels/conv2d/README.md stop in a CUDA thread on device emu and say which.
# Skipped (exit 77) where gdb or device emu is missing, or where gdb may not trace programs.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
command -v gdb >/dev/null || { echo 'SKIP: gdb is not installed' && exit 77; }
[ -e "$HILUM_BUILD/libhilum_emu.so" ] || { echo 'SKIP: device emu is not in this build' && exit 77; }
gdb -q -batch -ex run --args /bin/true 2>&1 | grep -q 'exited normally' ||
  { echo 'SKIP: gdb cannot run programs here' && exit 77; }
commands=$(mktemp)
trap 'rm -f "$commands"' EXIT
sed -n '/^```gdb$/,/^```$/p' "$root/kernels/conv2d/README.md" | sed '1d;$d' >"$commands"
said=$(OMP_NUM_THREADS=1 timeout 120 gdb -q -nx -batch -x "$commands" --args "$HILUM_BUILD/hilum" \
  kernels run conv2d.forward --row cuda2_tile --device emu --case '3x3 same' --repeat 1 2>&1) || true
for expected in 'load_patch (.*cuda2_tile.cu' '= {x = 0, y = 0, z = 0}' '= {x = 1, y = 0, z = 0}' \
  'sync_block (' '__syncthreads'; do
  grep -q "$expected" <<<"$said" || { echo "gdb did not say '$expected':" && echo "$said" && exit 1; }
done
echo "gdb stopped in a CUDA thread, at a barrier, and in the next thread"
