#!/bin/sh
# The set-up script on machines that are played: stand-ins for dpkg-query, g++, apt-get, id and sudo
# come first on PATH, so nothing is installed here.
set -eu
deps=$(cd "$(dirname "$0")/../.." && pwd)/.ci/deps
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
failed=0

stand_in() { # name, body
  printf '#!/bin/sh\n%s\n' "$2" >"$box/bin/$1"
  chmod +x "$box/bin/$1"
}

# machine UID MISSING...: all packages are installed but these.
machine() {
  rm -rf "$box/bin" "$box/calls"
  mkdir "$box/bin"
  touch "$box/calls"
  stand_in id "echo $1"
  shift
  pattern=$(printf '%s\n' "$@" | paste -sd'|' -)
  # shellcheck disable=SC2016
  stand_in dpkg-query "for p in g++ cmake make libfmt-dev nlohmann-json3-dev libcli11-dev libstb-dev \
    libssl-dev libgtest-dev libbenchmark-dev libboost-context-dev libdnnl-dev libzip-dev libhdf5-dev \
    libonnx-dev libprotobuf-dev gdb clang-format clang-tidy; do
    echo \$p | grep -qxE '${pattern:-none}' || echo \"\$p installed\"; done"
  stand_in g++ 'exit 1'
  stand_in apt-get "echo apt-get \"\$*\" >>$box/calls; exit 0"
  stand_in sudo 'exit 1'
}

run() { # arguments of the script
  code=0
  said=$(PATH="$box/bin:$PATH" "$deps" "$@" 2>&1 </dev/null) || code=$?
}

expect() { # what, exit code, a pattern of what it says, a pattern of the calls of apt-get
  if [ "$code" != "$2" ] || ! printf '%s\n' "$said" | grep -qE "$3" ||
    ! { cat "$box/calls" && echo end; } | grep -qE "$4"; then
    echo "$1: exit code $code, said '$said', called '$(cat "$box/calls")'"
    failed=1
  fi
}

unset HILUM_NO_INSTALL
machine 0
run
expect 'nothing missing' 0 '^$' '^end$'
run check
expect 'nothing missing, tools too' 0 '^$' '^end$'

machine 0 libfmt-dev libdnnl-dev
run
expect 'root says why' 0 '^missing: libfmt-dev \(messages' 'apt-get .*install .*libfmt-dev$'
expect 'root, optional too' 0 'missing: libdnnl-dev .*optional' 'apt-get .*install .*libdnnl-dev$'

machine 0 libfmt-dev
HILUM_NO_INSTALL=1 run
expect 'forbidden' 2 'apt-get install -y libfmt-dev$' '^end$'

machine 0 libfmt-dev
stand_in apt-get "echo apt-get \"\$*\" >>$box/calls; exit 100"
run
expect 'apt fails' 2 'apt-get failed. Install with: .*libfmt-dev' 'apt-get .*update'

machine 0 libdnnl-dev
stand_in apt-get "echo apt-get \"\$*\" >>$box/calls; exit 100"
run
expect 'apt fails on the optional one' 0 'going on without libdnnl-dev' 'install'

machine 1000 libgtest-dev
run
expect 'no root' 2 'needs root. Install with: sudo apt-get update && sudo .*libgtest-dev' '^end$'

machine 1000 libdnnl-dev
run
expect 'no root, optional' 0 'going on without libdnnl-dev' '^end$'

machine 1000 libgtest-dev
# shellcheck disable=SC2016
stand_in sudo '[ "$1" = -n ] && shift; exec "$@"'
run
expect 'sudo without a password' 0 'missing: libgtest-dev' 'apt-get .*install .*libgtest-dev$'

# What was installed by other means than the package manager counts.
machine 0 libfmt-dev clang-tidy
stand_in g++ 'exit 0'
stand_in clang-tidy 'exit 0'
run check
expect 'there without a package' 0 '^$' '^end$'
exit $failed
