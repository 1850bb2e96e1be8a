#!/bin/sh
# `make layers` on the checkout itself, then on small trees with one planted offence each: a check
# that never fails would go unnoticed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
failed=0
"$here/layers.sh" || failed=1

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# A tree that is in order, with look-alikes that must pass.
fresh() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/kernels "$tree"/engine "$tree"/nets "$tree"/data "$tree"/apps "$tree"/bench \
    "$tree"/tests "$tree"/build-own
  echo '#include <omp.h>' >"$tree/kernels/add.h"
  printf '#include HILUM_THIS_FILE\n#include <dnnl.hpp>\n' >"$tree/kernels/each.h"
  printf '// tensor\n#include "kernels/add.h"\n' >"$tree/engine/tensor.h"
  printf '#include "engine/tensor.h"\n' >"$tree/engine/ops.h"
  printf '// a file\n#include <string>\n' >"$tree/engine/file.h"
  printf '#include "engine/ops.h"\n' >"$tree/nets/cnn.h"
  {
    echo '#include "engine/file.h"'
    echo '#include "kernels/add.h"'
    echo '#  include <stb_image.h>'
    echo 'int f() { return snprintf(t, 9, "exit(1) \" std::cout"); }  // printf(x), abort()'
    echo '/* exit(1)'
    echo '   abort() */ int loop_exit(int); int g = loop_exit (2);'
  } >"$tree/data/set.cpp"
  {
    echo '#include "nets/cnn.h"'
    echo '#include <CLI/CLI.hpp>'
    echo 'int main() { std::cout << 1; exit(0); }'
  } >"$tree/apps/hilum.cpp"
  echo '#include "nets/cnn.h"' >"$tree/bench/b.cpp"
  echo '#include "apps/hilum.cpp"' >"$tree/tests/t.cpp"
}

# planted FILE TEXT LINE: appending TEXT to FILE is an offence and reported for that LINE.
planted() {
  fresh
  printf '%s\n' "$2" >>"$tree/$1"
  if said=$("$here/layers.sh" "$tree"); then
    echo "not caught: $2 in $1"
    failed=1
  elif ! printf '%s\n' "$said" | grep -q "^$1:$3: "; then
    echo "$2 in $1: expected a report for line $3, got: $said"
    failed=1
  fi
}

fresh
"$here/layers.sh" "$tree" || { echo "a tree in order was refused" && failed=1; }

planted kernels/add.h '#include "engine/file.h"' 2
planted engine/file.h '#include "nets/cnn.h"' 3
planted engine/file.h '#include "data/set.h"' 3
planted nets/cnn.h '#include "data/set.h"' 2
planted data/set.cpp '#include "nets/cnn.h"' 7
planted data/set.cpp '  # include "engine/tensor.h"' 7
planted data/set.cpp '#include "engine/ops.h"' 7 # reaches the tensor through another header
planted data/set.cpp '#include "../apps/hilum.cpp"' 7
planted data/set.cpp '#include WHATEVER' 7
planted nets/cnn.h '#include "bench/b.h"' 2
planted nets/cnn.h '#include "tests/t.h"' 2
planted apps/hilum.cpp '#include "tests/t.h"' 4
planted bench/b.cpp '#include "apps/hilum.h"' 2
planted engine/file.h '#include <omp.h>' 3
planted engine/file.h '#include <dnnl.h>' 3
planted engine/file.h '#include <cuda_runtime.h>' 3
planted bench/b.cpp '#include <cudnn.h>' 2
planted apps/hilum.cpp '#include <cublas_v2.h>' 4
planted apps/hilum.cpp '#include <stb_image.h>' 4
planted kernels/add.h '#include <stb/stb_image.h>' 2
planted data/set.cpp '#include <CLI/CLI.hpp>' 7
planted engine/file.h 'void f() { exit(1); }' 3
planted engine/file.h 'void f() { std::abort (); }' 3
planted engine/file.h 'void f() { printf("x"); }' 3
planted kernels/add.h 'void f() { std::fprintf(stderr, "x"); }' 2
planted nets/cnn.h 'void f() { std::cerr << 1; }' 2
planted data/set.cpp 'void f() { fmt::print("x"); /* fine */ }' 7
planted utilities.h '' 1
exit $failed
