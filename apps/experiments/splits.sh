#!/bin/bash
# How much an accuracy owes to its split: one network, and the nearest neighbour as a floor, on a set
# that names no patients, divided by image, by runs of alike images, and by blocks of files in order.
#
#   apps/experiments/splits.sh DATA OUT [options of hilum compare instead of those below]
#
# Where neighbouring files show one patient, a split by image has him on both sides, and even the
# nearest neighbour looks clever. The runs are what `hilum data groups` finds; blocks of 50 files are
# the more careful guess. All is kept in OUT (manifests, and for each a comparison with its
# report.html), and the same command goes on where it was stopped.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" && exit 2; }
hilum=${HILUM_BUILD:-build}/hilum data=$1 out=$2
shift 2
options=(--size 64 --epochs 20 --augment rotation=10,shift=0.05,zoom=0.1,flip)
[ $# = 0 ] || options=("$@")
mkdir -p "$out"
"$hilum" data groups "$data" --quiet

# A row's accuracy with its interval: "318/396 = 80.3 % [76.1, 83.9]".
accuracy() {
  grep -E "^\"?$1\"?," "$2/comparison.csv" | head -1 | grep -oE '[0-9]+/[0-9]+ = [0-9.]+ % \[[^]]*\]'
}
table=$(printf '%-12s%-34s%s' split 'nearest neighbour' cnn)
for by in image runs block:50; do
  part=$out/${by/:/}
  [ -f "$part.csv" ] || "$hilum" data split "$data" --by $by --fractions 0.7/0.1/0.2 \
    --out "$part.csv" --quiet >&2
  "$hilum" compare --nets cnn --data "$part.csv" --seeds 1 "${options[@]}" --out "$part" >&2
  table+=$(printf '\n%-12s%-34s%s' $by "$(accuracy 'nearest neighbour' "$part")" \
    "$(accuracy cnn "$part")")
done
printf '\n%s\n' "$table"
