#!/bin/bash
# Networks with torchvision's own initial weights against PyTorch in double, whole tensors, and their
# weights on the way here (.pth and safetensors) and back; the committed golden files in
# tests/nets/torchvision are short. Skipped (exit 77) where torchvision is missing. All of the
# published networks take most of an hour on two cores: NETS=all, or name some, as NETS=resnet18.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/nets/torchvision
nets=${NETS:-squeezenet1_1}
[ "$nets" != all ] || nets='resnet18 resnet50 resnet152 vgg16 vgg19 densenet121 densenet169 squeezenet1_1'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=/usr/bin/python3 # where Debian's packages are, whatever else stands in PATH
[ -x $python ] || { echo 'SKIP: there is no /usr/bin/python3' && exit 77; }
failed=''
for net in $nets; do
  PYTHONDONTWRITEBYTECODE=1 $python "$here/oracle.py" start "$work" "$net" >"$work/said" || {
    code=$?
    cat "$work/said"
    exit $code
  }
  HILUM_TORCHVISION=$work "$HILUM_BUILD/test_nets" --gtest_brief=1 \
    --gtest_filter='Nets/TorchvisionAnswers.*'
  "$HILUM_BUILD/hilum" import --net "$net" --classes 7 --size 64 --from "$work/$net.weights.pth" \
    --out "$work/run" >"$work/said" 2>&1
  "$HILUM_BUILD/hilum" export --run "$work/run" --safetensors "$work/$net.exported.safetensors" \
    >"$work/said" 2>&1
  PYTHONDONTWRITEBYTECODE=1 $python "$here/judge.py" "$work" "$net" || failed="$failed $net"
  rm -rf "${work:?}"/*
done
[ -z "$failed" ] || { echo "failed:$failed" && exit 1; }
