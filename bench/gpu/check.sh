#!/bin/bash
# The GPU check, on a machine with a GPU, from the folder that bundle.sh made. In under 8 minutes:
# every CUDA and library row against the oracle, the engine on the GPU, `cnn` trained on the GPU and
# on the CPU, compute-sanitizer where it is there, and the time of every row on the layers of the
# networks beside the roofs of this GPU, measured in the same call.
#
#   check.sh [RESULTS]        default ./results: gpu.csv, gpu.md, logs
#
# Exit code 0: all right; 1: something is wrong; 4: there is no GPU that the bundle can use.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "${1:-results}" && cd "${1:-results}" && pwd)
export LD_LIBRARY_PATH="$here/lib:${LD_LIBRARY_PATH:-}:/usr/local/cuda/lib64"
deadline=$((SECONDS + ${HILUM_GPU_SECONDS:-460}))
failed=0

say() { echo "$*" | tee -a "$out/check.log"; }
left() { echo $((deadline - SECONDS > 5 ? deadline - SECONDS : 5)); }
# A step that must succeed within so many seconds of what is left.
step() { # name, seconds, command
  local name=$1 most=$2 begin=$SECONDS
  shift 2
  [ "$(left)" -lt "$most" ] && most=$(left)
  if timeout "$most" "$@" >"$out/$name.log" 2>&1; then
    say "$name: right, $((SECONDS - begin)) s"
  else
    say "$name: WRONG (exit code $?), $((SECONDS - begin)) s; the end of $name.log:"
    tail -5 "$out/$name.log" | tee -a "$out/check.log"
    failed=1
  fi
}

: >"$out/check.log"
say "machine: $(nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem --format=csv,noheader 2>/dev/null || echo 'no nvidia-smi'); $(nproc) CPU cores; $(date -u +%F)"
if ! reason=$("$here/hilum" summary --device cuda 2>&1 >/dev/null); then
  say "no GPU: $reason"
  exit 4
fi

own='*.cuda*:-*_emu__*'
step rows 150 "$here/test_kernels" --gtest_brief=1 --gtest_filter='*.cu*__*:-*_emu__*' \
  --gtest_output="xml:$out/rows.xml"
say "$(grep -oE '<testsuites tests="[0-9]+" failures="[0-9]+" disabled="[0-9]+" errors="[0-9]+"' "$out/rows.xml" 2>/dev/null | head -1 | tr -d '<')" \
  "skipped $(grep -c '<skipped' "$out/rows.xml" 2>/dev/null)"
step engine 30 "$here/test_engine" --gtest_brief=1 --gtest_filter='*OnDevices*'

# The same small training on both; losses are compared epoch by epoch.
step phantom 20 "$here/hilum" data phantom "$out/phantom" --patients 24 --slices 2 --size 64 --seed 0
for device in cpu cuda; do
  step "train-$device" 60 "$here/hilum" train --net cnn --data "$out/phantom" --size 32 --epochs 3 \
    --batch-size 16 --seed 0 --device "$device" --out "$out/train-$device" --overwrite
done
compare() {
  paste -d, "$out/train-cpu/history.csv" "$out/train-cuda/history.csv" | awk -F, '
    NR == 1 { for (i = 1; i <= NF; ++i) { if ($i == "train_loss") column[++n] = i } next }
    { d = $column[1] - $column[2]; d = d < 0 ? -d : d
      printf "epoch %d: train loss %.6f on the CPU, %.6f on the GPU\n", NR - 1, $column[1], $column[2]
      if (d > 1e-3 * (1 + $column[1])) bad = 1; seen = 1 }
    END { exit bad || !seen }'
}
if compare >"$out/losses.log"; then say "losses: right"; else say "losses: WRONG"; failed=1; fi
tee -a "$out/check.log" <"$out/losses.log"

sanitizer=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
if [ -x "$sanitizer" ]; then
  for tool in memcheck racecheck initcheck; do
    step "$tool" 40 "$sanitizer" --tool "$tool" --error-exitcode 1 \
      "$here/test_kernels" --gtest_brief=1 --gtest_filter='*.cuda*__*odd*:*.cuda*__*7x7*:-*_emu__*'
  done
else
  say "compute-sanitizer is not on this machine: left out"
fi

: >"$out/gpu.csv"
for op in conv2d dense batch_norm max_pool avg_pool global_avg_pool softmax_cross_entropy softmax \
  relu sigmoid add bias concat flatten dropout penalty sgd adam affine_warp; do
  [ "$(left)" -le 5 ] && { say "time is up: not timed from $op on"; failed=1; break; }
  timeout "$(left)" "$here/hilum" kernels run "$op" --device cuda --repeat 20 --csv \
    >>"$out/gpu.csv" 2>>"$out/timing.log" || { say "timing of $op: WRONG"; failed=1; }
done
{
  echo "# Rows of device cuda on the layers of the networks"
  echo
  head -1 "$out/check.log"
  grep -h '^"roof measured' "$out/gpu.csv" | head -1 | tr -d '"'
  echo
  echo '| pass | case | row | ms | GFLOP/s | GB/s | of roof |'
  echo '|---|---|---|---|---|---|---|'
  grep -hvE '^"(pass|roof)' "$out/gpu.csv" | sed -E 's/^"/| /; s/"$/ |/; s/","/ | /g'
} >"$out/gpu.md"
say "$(grep -cvE '^"(pass|roof)' "$out/gpu.csv") timings in gpu.csv and gpu.md; $SECONDS s in all"
exit $failed
