#!/bin/sh
# Networks exported as ONNX, in ONNX Runtime: the same logits. Needs a Python with the packages onnx
# and onnxruntime: HILUM_PYTHON names one, else those on the path are tried. HILUM_ALL_NETS=1 runs
# every network (minutes, 600 MB of disk), NETS names some; by default one of each kind that is small.
set -eu
here=$(dirname "$0")
build=${HILUM_BUILD:-$here/../../build}
python=''
for candidate in ${HILUM_PYTHON:-} python3 /usr/bin/python3; do
  if "$candidate" -c 'import numpy, onnx, onnxruntime' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo 'SKIP: no Python with the packages onnx and onnxruntime (HILUM_PYTHON names one)'
  exit 77
fi
nets=${NETS:-cnn cnn:base resnet18 densenet121 squeezenet1_1 efficientnet_lite0}
if [ -n "${HILUM_ALL_NETS:-}" ]; then
  nets=$("$build/hilum" summary --net '?' 2>&1 | sed -n 's/.*Expected one of: \(.*\)\..*/\1/p' | tr -d ',')
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for net in $nets; do
  HILUM_ONNX_OUT=$out HILUM_ONNX_NET=$net "$build/test_nets" --gtest_brief=1 \
    --gtest_filter=Onnx.ModelsPassTheChecker
  if ! [ -f "$out/$net.onnx" ]; then
    echo 'SKIP: this build has no ONNX library'
    exit 77
  fi
  "$python" "$here/../nets/python/onnx_logits.py" "$out" "$net"
  rm -f "$out/$net".*
done
