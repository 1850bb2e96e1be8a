#!/bin/bash
# The GPU check, on a machine with a GPU, from the folder that bundle.sh made. In under 8 minutes:
# every CUDA and library row against the oracle, the engine on the GPU, `cnn` trained on the GPU and
# on the CPU, compute-sanitizer where it is there, and the time of every row on the layers of the
# networks beside the roofs of this GPU, measured in the same call.
#
#   check.sh [RESULTS]        default ./results: gpu.csv, gpu.md, logs
#
# HILUM_GPU_DEVICE=emu rehearses the whole of it without a GPU, on the hand-written rows of two
# operations and small problems: that shows whether this script works, and no speed.
#
# Exit code 0: all right; 1: something is wrong; 4: there is no GPU that the bundle can use.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "${1:-results}" && cd "${1:-results}" && pwd) || exit 1
export LD_LIBRARY_PATH="$here/lib:${LD_LIBRARY_PATH:-}:/usr/local/cuda/lib64"
device=${HILUM_GPU_DEVICE:-cuda}
deadline=$((SECONDS + ${HILUM_GPU_SECONDS:-460}))
failed=0

say() { echo "$*" | tee -a "$out/check.log"; }
left() { echo $((deadline - SECONDS > 5 ? deadline - SECONDS : 5)); }
# A step that must succeed within so many seconds of what is left.
step() { # name, seconds, command
  local name=$1 most=$2 begin=$SECONDS code
  shift 2
  [ "$(left)" -lt "$most" ] && most=$(left)
  timeout "$most" "$@" >"$out/$name.log" 2>&1
  code=$?
  if [ $code = 0 ]; then
    say "$name: right, $((SECONDS - begin)) s"
  else
    say "$name: WRONG ($([ $code = 124 ] && echo "not done in $most s" || echo "exit code $code")); the end of $name.log:"
    tail -5 "$out/$name.log" | tee -a "$out/check.log"
    failed=1
  fi
}

: >"$out/check.log"
gpu=$(nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem --format=csv,noheader 2>/dev/null) ||
  gpu='no nvidia-smi'
say "machine: $gpu; $(nproc) CPU cores; $(date -u +%F); device $device"
if ! reason=$("$here/hilum" summary --device "$device" 2>&1 >/dev/null); then
  say "GPU check: not done, there is no GPU to be used: $reason"
  exit 4
fi

if [ "$device" = emu ]; then
  rows='relu_*emu__*:flatten_*emu__*' engine='*OnDevices*/emu' repeat='1 --small'
  operations='relu flatten'
else
  rows='*.cu*__*:-*_emu__*' engine='*OnDevices*/cuda' repeat=20
  operations=$("$here/hilum" kernels list --device "$device" --markdown |
    awk -F ' *[|] *' 'NR > 2 && !seen[$2]++ { print $2 }')
fi
step rows 150 "$here/test_kernels" --gtest_brief=1 --gtest_filter="$rows" \
  --gtest_output="xml:$out/rows.xml"
say "$(grep -oE '<testsuites tests="[0-9]+" failures="[0-9]+" disabled="[0-9]+" errors="[0-9]+"' "$out/rows.xml" 2>/dev/null | head -1 | tr -d '<')" \
  "skipped $(grep -c '<skipped' "$out/rows.xml" 2>/dev/null)"
step engine 30 "$here/test_engine" --gtest_brief=1 --gtest_filter="$engine"

# The same small training on both. What rounding may do is measured with the reference's rows, as in
# tests/apps/device_test.cpp, whose head says why the losses may be four times as far apart.
step phantom 20 "$here/hilum" data phantom "$out/phantom" --patients 16 --slices 2 --size 32 --seed 0
train() { # name, device, rows
  step "train-$1" 60 "$here/hilum" train --net cnn --data "$out/phantom" --size 32 --epochs 3 \
    --batch-size 8 --optimizer sgd --lr 0.02 --seed 0 --device "$2" --kernels "$3" \
    --out "$out/train-$1" --overwrite
}
train cpu cpu conv2d=cpu2_direct
train reference cpu conv2d=ref,dense=ref,max_pool=ref,bias=ref,softmax_cross_entropy=ref
train "$device" "$device" conv2d=cuda4_implicit
compare() {
  paste -d, "$out/train-cpu/history.csv" "$out/train-reference/history.csv" \
    "$out/train-$device/history.csv" | awk -F, '
    function apart(a, b) { return a < b ? b - a : a - b }
    NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "train_loss") column[++n] = i; next }
    { cpu[++epochs] = $column[1]; gpu[epochs] = $column[3]
      d = apart($column[2], cpu[epochs]); if (d > rounding) rounding = d }
    END { for (i = 1; i <= epochs; ++i) {
            bound = 4 * (rounding + 1.2e-7 * cpu[i])
            printf "epoch %d: train loss %.8f on the CPU, %.8f on the device, %.1e may lie between\n", i, cpu[i], gpu[i], bound
            if (apart(gpu[i], cpu[i]) > bound) bad = 1 }
          exit bad || n != 3 || epochs != 3 }'
}
if compare >"$out/losses.log" 2>&1; then say "losses: right"; else say "losses: WRONG"; failed=1; fi
tee -a "$out/check.log" <"$out/losses.log"

sanitizer=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
if [ "$device" = emu ]; then
  say "compute-sanitizer: left out, it watches GPUs"
elif [ -x "$sanitizer" ]; then
  for tool in memcheck racecheck initcheck; do
    step "$tool" 40 "$sanitizer" --tool "$tool" --error-exitcode 1 \
      "$here/test_kernels" --gtest_brief=1 --gtest_filter='*.cuda*__*odd*:*.cuda*__*7x7*:-*_emu__*'
  done
else
  say "compute-sanitizer: left out, it is not on this machine"
fi

: >"$out/gpu.csv"
for operation in $operations; do
  [ "$(left)" -le 5 ] && { say "time is up: not timed from $operation on"; failed=1; break; }
  # shellcheck disable=SC2086  # words of their own
  timeout "$(left)" "$here/hilum" kernels run "$operation" --device "$device" --csv --repeat $repeat \
    >>"$out/gpu.csv" 2>>"$out/timing.log" || { say "timing of $operation: WRONG"; failed=1; }
done
{
  echo "# Rows of device $device on the layers of the networks"
  echo
  head -1 "$out/check.log"
  grep -h '^"roof measured' "$out/gpu.csv" | head -1 | tr -d '"'
  echo
  echo '| pass | case | row | ms | GFLOP/s | GB/s | of roof |'
  echo '|---|---|---|---|---|---|---|'
  grep -hvE '^"(pass|roof)' "$out/gpu.csv" | sed -E 's/^"/| /; s/"$/ |/; s/","/ | /g'
} >"$out/gpu.md"
say "$(grep -cvE '^"(pass|roof)' "$out/gpu.csv") timings in gpu.csv and gpu.md; $SECONDS s in all"
[ $failed = 0 ] && say "GPU check: all right" || say "GPU check: WRONG, see above and $out"
exit $failed
