#!/bin/bash
# Can the tests fail? Plants one bug at a time in a copy of the sources (never in the checkout), builds
# the kernel tests and expects them to fail. By hand, as it takes minutes:
#
#   tests/house/planted_bugs.sh [FOLDER [PATTERN]]      only bugs whose line has the pattern
#
# Each line: file | sed expression | tests that must notice | what the bug is.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=${1:-$(mktemp -d)} only=${2:-}
build=$copy/source/build
mkdir -p "$copy/source"
(cd "$root" && git ls-files -z | tar --null -cf - -T -) | tar -xf - -C "$copy/source"
# Without nvcc: what is compiled for a GPU is not run here.
cmake -S "$copy/source" -B "$build" -DHILUM_BENCH=OFF -DHILUM_CUDA=OFF ${CMAKE_ARGS:-} >/dev/null
cmake --build "$build" -j "$(nproc)" --target test_kernels >/dev/null

# Of device emu: did the natural order of threads show it, or a shuffled one only?
orders() {
  local natural shuffled
  natural=$(grep -oE '\S+ \S+ \S+.*\(order of threads 0\)' <<<"$1" | sort -u | wc -l)
  shuffled=$(grep -oE '\S+ \S+ \S+.*\(order of threads [1-9]\)' <<<"$1" | sort -u | wc -l)
  [ $((natural + shuffled)) = 0 ] || echo ", $natural in the natural order of threads, $shuffled in a shuffled one only"
}

caught=0 missed=0
while IFS='|' read -r file expression tests what; do
  [ -n "$file" ] && [[ "$file|$what" =~ $only ]] || continue
  cp "$copy/source/$file" "$copy/kept"
  sed -i "$expression" "$copy/source/$file"
  if cmp -s "$copy/kept" "$copy/source/$file"; then
    echo "not planted ($file has changed): $what"
    missed=$((missed + 1))
    continue
  fi
  cmake --build "$build" -j "$(nproc)" --target test_kernels >/dev/null
  if said=$("$build/test_kernels" --gtest_filter="$tests" --gtest_brief=1 2>&1); then
    echo "NOT CAUGHT: $what ($file)"
    missed=$((missed + 1))
  else
    echo "caught by $(grep -c '^\[  FAILED  \].*ms)' <<<"$said") tests: $what ($file)$(orders "$said")"
    caught=$((caught + 1))
  fi
  cp "$copy/kept" "$copy/source/$file"
done <<'BUGS'
kernels/conv2d/cpu3_winograd_transforms.h|s/t\[0\] = 4 \* d0 - 5 \* d2 + d4;/t[0] = 4 * d0 - 4 * d2 + d4;/|conv2d_*cpu3*|Winograd: one coefficient of the input transform
kernels/conv2d/cpu2_direct_weight.cpp|s/share \* b.share_images + step \/ b.bands \* b.images/share * b.share_images + step % b.bands * b.images/|conv2d_*|direct dw: the images of a step
kernels/conv2d/cpu1_im2col.cpp|s/a.dilation_w/a.dilation_h/|conv2d_*|im2col: one dilation for both axes
kernels/batch_norm/cpu_channels.h|s/std::sqrt(square \/ rows + static_cast<double>(a.epsilon))/std::sqrt(square \/ freedom + static_cast<double>(a.epsilon))/|batch_norm_*|batch norm: the unbiased variance normalises
kernels/max_pool/cpu1.cpp|s/const VecInt better = (v > best)/const VecInt better = (v >= best)/|*ax_pool*:*MaxPool*|max pool: ties go to the last
kernels/adam/cpu1.cpp|s/__builtin_sqrtf(second) \* root + epsilon/(__builtin_sqrtf(second) + epsilon) * root/|adam_*|Adam: epsilon inside of the bias correction
kernels/relu/cpu1.cpp|s/(v > Vec{}) & (v < top)/(v >= Vec{}) \& (v < top)/|relu_*|ReLU: slope 1 at 0
kernels/conv2d/cuda2_tile.cu|s/__syncthreads();  \/\/ the patch is there//|conv2d_*cuda2*emu*|CUDA tile: no barrier before the patch is read
kernels/conv2d/cuda3_product.h|/half ^= 1/,/^  }/s/__syncthreads();//|conv2d_*cuda4*emu*|CUDA product: no barrier between stages
kernels/conv2d/cuda5_product.h|s/__syncthreads();//|conv2d_*cuda5*emu*|tensor cores: no barrier after the copies
kernels/conv2d/cuda2_tile.cu|s/__syncthreads();  \/\/ and may be overwritten//|conv2d_*cuda2*emu*|CUDA tile: no barrier before the patch is overwritten
kernels/conv2d/cuda_depthwise.cu|s/__syncthreads();//|conv2d_*cuda_depthwise*emu*|depthwise: no barrier before taps and sums are read
kernels/dense/cuda2_tiled.cu|s/__syncthreads();//|dense_*cuda2*emu*|dense: no barrier around the tiles
kernels/batch_norm/cuda3_rows.h|s/__syncthreads();$//|batch_norm_*cuda*warp_emu*|batch norm: no barrier before the warps' sums meet
kernels/flatten/cuda1.cu|s/__syncthreads();//|flatten_*emu*|flatten on a GPU: no barrier between filling and reading the tile
kernels/bias/cuda1.cu|s/__syncthreads();//|bias_*emu*|bias on a GPU: no barrier before the sums of a block are added
kernels/global_avg_pool/cuda1.cu|s/__syncthreads();//|global_avg_pool_*emu*|pooling on a GPU: no barrier before the sums of a block are added
kernels/cuda_reduce.h|s/threadIdx.x < blockDim.x \/ 32 ? of_warp\[threadIdx.x\] : 0.0f/of_warp[threadIdx.x]/|*emu*|a block's sum: shared memory that no warp wrote is added
BUGS
echo "$caught passed, $missed failed"
[ "$missed" = 0 ]
