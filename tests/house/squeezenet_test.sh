#!/bin/sh
# The features of SqueezeNet's body from Keras' real file on a real CT slice: ours against plain numpy.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${HILUM_BUILD:-$here/../../build}
data=${HILUM_DATA:-$here/../../../shared/data}
weights=$data/weights/squeezenet1.1_imagenet_notop_oihw.h5
picture=$(find "$data/sars-cov-2-ct" -name '*.jpg' 2>/dev/null | sort | head -1)
if ! [ -f "$weights" ] || [ -z "$picture" ]; then
  echo "SKIP: no data: $data/weights or $data/sars-cov-2-ct is absent"
  exit 77
fi
python=''
for candidate in ${HILUM_PYTHON:-} python3 /usr/bin/python3; do
  if "$candidate" -c 'import numpy, h5py, PIL' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo 'SKIP: no Python with numpy, h5py and PIL (HILUM_PYTHON names one)'
  exit 77
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
script=$here/../nets/python/squeezenet_features.py
"$python" "$script" image "$picture" "$out/image"
HILUM_FEATURES=$out HILUM_DATA=$data "$build/test_nets" --gtest_brief=1 \
  --gtest_filter=Pretrained.SqueezeNetFromKeras
if ! [ -f "$out/features" ]; then
  echo 'SKIP: this build has no HDF5 library'
  exit 77
fi
"$python" "$script" compare "$weights" "$out/image" "$out/features"
