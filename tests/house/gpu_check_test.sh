#!/bin/bash
# bench/gpu/check.sh: without a GPU it says so; rehearsed on device emu it goes through and writes
# its tables; a test program that fails makes it fail. Skipped (exit 77) without device emu.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
[ -e "$HILUM_BUILD/libhilum_emu.so" ] || { echo 'SKIP: device emu is not in this build' && exit 77; }
for program in hilum test_kernels test_engine; do
  [ -x "$HILUM_BUILD/$program" ] || { echo "SKIP: $program is not built" && exit 77; }
done
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
unset HILUM_KERNELS HILUM_DEVICE
export OMP_WAIT_POLICY=passive
fail() { echo "check.sh: $1" && cat "$box"/*/check.log && exit 1; }
ln -s "$HILUM_BUILD"/{hilum,test_kernels,test_engine} "$root/bench/gpu/check.sh" "$box"

if ! "$HILUM_BUILD/hilum" summary --device cuda >/dev/null 2>&1; then
  code=0
  "$box/check.sh" "$box/none" >/dev/null || code=$?
  [ $code = 4 ] || fail "exit code $code without a GPU"
  grep -q '^GPU check: not done, .*device cuda' "$box/none/check.log" || fail 'gives no reason'
fi

HILUM_GPU_DEVICE=emu "$box/check.sh" "$box/emu" >/dev/null || fail 'the rehearsal on emu fails'
for sentence in 'rows: right' 'engine: right' 'losses: right' 'GPU check: all right' \
  'testsuites tests="[1-9][0-9]*" failures="0"'; do
  grep -q "$sentence" "$box/emu/check.log" || fail "does not say '$sentence'"
done
grep -q '^machine: .*device emu$' "$box/emu/gpu.md" || fail 'gpu.md lacks the machine'
grep -q '^roof measured now: .*GB/s' "$box/emu/gpu.md" || fail 'gpu.md lacks the roofs'
table=$(grep '^| ' "$box/emu/gpu.md" | tail -n +2)
[ "$(wc -l <<<"$table")" -gt 15 ] || fail 'gpu.md has few rows'
! grep -vE '^\| (relu|flatten)\.[a-z_]+ \| .+: .+ \| cuda[0-9a-z_]+ \| ([0-9.]+|-) \| ([0-9.]+|-) \| ([0-9.]+|-) \| ([0-9]+ %|-) \|' \
  <<<"$table" || fail 'gpu.md has a row that is none'

# A row that is wrong, a training that is wrong.
printf '#!/bin/sh\nexit 3\n' >"$box/wrong" && chmod +x "$box/wrong"
mkdir "$box/bad" && ln -s "$box/wrong" "$box/bad/test_kernels"
ln -s "$HILUM_BUILD"/{hilum,test_engine} "$root/bench/gpu/check.sh" "$box/bad"
code=0
HILUM_GPU_DEVICE=emu "$box/bad/check.sh" "$box/spoilt" >/dev/null || code=$?
[ $code = 1 ] || fail "exit code $code where a test program fails"
grep -q '^rows: WRONG (exit code 3)' "$box/spoilt/check.log" || fail 'does not say what is wrong'
grep -q '^GPU check: WRONG' "$box/spoilt/check.log" || fail 'does not end in a sentence'
echo "check.sh without a GPU, rehearsed on emu ($(wc -l <<<"$table") timings), and with a wrong row"
