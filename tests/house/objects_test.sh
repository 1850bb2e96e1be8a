#!/bin/bash
# The shared objects of the devices have every function that the loader will ask for, the program
# itself needs none of NVIDIA's libraries, and on a machine without a GPU it says why and goes on.
# Skipped (exit 77) where neither CUDA nor emu is in this build.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
hilum=$HILUM_BUILD/hilum
unset HILUM_KERNELS HILUM_DEVICE
ls "$HILUM_BUILD"/libhilum_*.so >/dev/null 2>&1 || { echo 'SKIP: no device in this build' && exit 77; }
status=0 asked=0
wrong() { echo "$*" && status=1; }

declare -A has
for object in cuda emu cudnn cublas; do
  file=$HILUM_BUILD/libhilum_$object.so
  [ ! -e "$file" ] || has[$object]=$(nm -D --defined-only "$file" | awk '{ print $3 }')
done
want() { # object, function
  [ -n "${has[$1]:-}" ] || return 0
  asked=$((asked + 1))
  grep -qxF "$2" <<<"${has[$1]}" || wrong "libhilum_$1.so has no function $2"
}
while IFS='|' read -r _ op pass _ _ rows _; do
  for row in ${rows//,/ }; do
    function=${op// /}_${pass// /}_$row
    case $row in
      cudnn*) want cudnn "$function" ;;
      cublas*) want cublas "$function" ;;
      *) want cuda "$function" && want emu "$function" ;;
    esac
  done
done < <("$hilum" kernels list --device cpu --markdown | tail -n +3)
for function in $(grep -ohE 'HILUM_CUDA_FUNCTION\(\w+\)' "$root"/kernels/*.cpp | grep -oE 'hilum_\w+' | sort -u); do
  want cuda "$function"
done
[ "$asked" -gt 50 ] || wrong "asked for $asked functions only"

libraries='lib(cuda|cudart|cudnn|cublas|nvrtc|boost_context)'
readelf -d "$hilum" | grep -E "NEEDED.*$libraries" && wrong 'the program links with a library of a device'
if [ -n "${has[cuda]:-}" ]; then
  readelf -d "$HILUM_BUILD/libhilum_cuda.so" | grep -E "NEEDED.*$libraries" && wrong 'libhilum_cuda.so links with one'
fi

# Without a GPU (or without CUDA in the build): the reason, exit code 4; auto takes the CPU.
code=0
said=$("$hilum" summary --net cnn --device cuda 2>&1 >/dev/null) || code=$?
if [ $code != 0 ]; then
  [ $code = 4 ] || wrong "--device cuda: exit code $code"
  grep -qE 'device cuda.*(driver|GPU|build)' <<<"$said" || wrong "--device cuda gives no reason: $said"
  said=$("$hilum" summary --net cnn --device auto 2>&1 >/dev/null) || wrong "--device auto fails: $said"
  if [ -n "${has[cuda]:-}" ]; then
    grep -qE '^device +cpu, since ' <<<"$said" || wrong "--device auto does not say that it took the CPU: $said"
  fi
fi
[ $status = 0 ] && echo "$asked functions are where the loader looks; the program starts without them"
exit $status
