#!/bin/bash
# `hilum kernels run ... --lesson` counts what the sources of four kernels say that it must count.
# Every row runs twice, once to warm up. Skipped (exit 77) where lessons are not in this build.
set -euo pipefail
[ -e "$HILUM_BUILD/libhilum_lesson.so" ] || { echo 'SKIP: lessons are not in this build' && exit 77; }
unset HILUM_KERNELS HILUM_DEVICE
status=0
lesson() { # row, kernel, columns of the table "name=value ..."
  local said column
  said=$("$HILUM_BUILD/hilum" kernels run "$1" --row "$2" --case "$3" --device emu --lesson --repeat 1 |
    awk -v kernel="$4" '$1 == kernel { print "global=" $2, "uncoalesced=" $3, "shared=" $5, "conflicts=" $6, "phases=" $7, "divergent=" $8 }')
  for column in ${*:5}; do
    grep -qE "(^| )$column( |\$)" <<<"$said" ||
      { echo "$1 $2 $3: expected $column, got: $said" && status=1; }
  done
}

# 1003 elements, one a thread, four blocks of 256: 32 warps read once and write once, side by side;
# of the last one 11 lanes go on and 21 do not.
lesson sigmoid.forward cuda1 odd forward global=128 uncoalesced=0 shared=0 conflicts=0 phases=64 divergent=2

# Three matrices 15 x 7, a warp a row of 32: 15 rows go to shared memory and 7 columns come back. The
# column's floats lie 33 apart, each in a bank of its own.
lesson flatten.forward cuda1 odd transpose global=132 uncoalesced=0 shared=132 conflicts=0 phases=96

# 35 pixels x 23 filters x 2 images: 51 warps, each 19 times an x and a w, then a y. The filters of
# 32 lanes lie 76 bytes apart: never coalesced. Those of x are two pixels, or three (three sectors
# for one float) where a warp begins in the last eight filters of a pixel.
three=$(awk 'BEGIN { for (w = 0; w < 51; ++w) if (32 * w % 23 > 14) ++n; print n }')
lesson conv2d.forward cuda1_naive 1x1 forward "global=$((2 * 51 * (2 * 19 + 1)))" \
  "uncoalesced=$((2 * 51 * 19 + 2 * three * 19))" conflicts=0 phases=112 divergent=2

# Taps are written by 4 filters x 8 channels a warp, to word 33 channel + filter: four of them meet in
# a bank, so a request takes three more passes. Two images, three times 8 channels, eight warps.
lesson conv2d.forward cuda2_tile 1x1 forward "conflicts=$((2 * 2 * 3 * 8 * 3))"
[ $status = 0 ] && echo "four kernels are counted as their sources say"
exit $status
