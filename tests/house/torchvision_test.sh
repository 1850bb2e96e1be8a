#!/bin/bash
# Networks against PyTorch's and torchvision's own answers, whole tensors, made on the spot; the
# committed golden files in tests/nets/torchvision are short. Skipped (exit 77) where torchvision is
# missing. All of the published networks take minutes: NETS=all, or name some.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
nets=${NETS:-resnet18 squeezenet1_1}
[ "$nets" != all ] || nets='resnet18 resnet50 resnet152 vgg16 vgg19 densenet121 densenet169 squeezenet1_1'
answers=$(mktemp -d)
trap 'rm -rf "$answers"' EXIT
python=/usr/bin/python3 # where Debian's packages are, whatever else stands in PATH
[ -x $python ] || { echo 'SKIP: there is no /usr/bin/python3' && exit 77; }
for net in $nets; do
  $python "$root/tests/nets/torchvision/oracle.py" whole "$answers" "$net" >"$answers/said" || {
    code=$?
    cat "$answers/said"
    exit $code
  }
  cat "$answers/said"
  HILUM_TORCHVISION=$answers "$HILUM_BUILD/test_nets" --gtest_brief=1 --gtest_filter='Nets/Torchvision.*'
  rm -f "$answers"/*
done
