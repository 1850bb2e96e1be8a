#!/bin/bash
# Builds what bench/gpu/check.sh needs into one folder, to be copied to a machine with a GPU that has
# a driver, the CUDA 13 libraries and cuDNN 9, and nothing else of ours: no compiler, no packages.
#
#   bench/gpu/bundle.sh [FOLDER]      default build-gpu/bundle; HILUM_CUDA_ARCHITECTURES, default 90
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${HILUM_GPU_BUILD:-build-gpu}
folder=${1:-$build/bundle}
# Readers of other programs' files are not checked there, and half of what is linked with is theirs.
cmake -S . -B "$build" -DHILUM_CUDA=ON -DHILUM_ONEDNN=OFF -DHILUM_HDF5=OFF \
  -DHILUM_ONNX=OFF -DHILUM_BENCH=OFF \
  -DHILUM_CUDA_ARCHITECTURES="${HILUM_CUDA_ARCHITECTURES:-90}"
cmake --build "$build" -j "$(nproc)" --target hilum test_kernels test_engine
rm -rf "$folder" && mkdir -p "$folder/lib"
cp "$build"/hilum "$build"/test_kernels "$build"/test_engine "$build"/libhilum_*.so bench/gpu/check.sh "$folder"
strip --strip-debug "$folder"/hilum "$folder"/test_* "$folder"/*.so
# What they link with goes along, but for the C library, the driver and NVIDIA's libraries.
for file in "$folder"/hilum "$folder"/test_* "$folder"/*.so; do ldd "$file"; done |
  sed -nE 's/^\t(\S+) => (\/\S+) .*/\1 \2/p' | sort -u |
  grep -vE '^(libc|libm|libdl|librt|libpthread|ld-linux.*|libcu.*|libnv.*)\.so' |
  while read -r _ path; do cp -L "$path" "$folder/lib/"; done
size=$(du -sm "$folder" | cut -f1)
echo "$folder: $size MiB. On the GPU machine: $(basename "$folder")/check.sh [RESULTS]"
[ "$size" -le 60 ] || { echo "more than 60 MiB; compile for one architecture" >&2; exit 1; }
