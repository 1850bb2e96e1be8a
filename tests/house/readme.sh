#!/bin/bash
# Runs every command of the READMEs, as written: all lines of the blocks marked ```sh, in order.
#
#   tests/house/readme.sh BUILD
#
# They run in a copy of the checkout made of links, where build/ is BUILD and runs/ is empty, so
# nothing is built twice and nothing of the user's is touched. `make` is a stand-in that passes on to
# the real one with that build and those runs and a smaller phantom set; `make test`, which is what
# runs this, and targets that take minutes or rewrite sources are only looked up.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
mkdir "$box/bin" "$box/here"

for entry in "$root"/*; do
  case ${entry##*/} in build* | runs) ;; *) ln -s "$entry" "$box/here/" ;; esac
done
ln -s "$build" "$box/here/build"

cat >"$box/bin/make" <<END
#!/bin/bash
look=
for word in "\$@"; do
  case \$word in test | sanitize | check | format | bench) look=-n ;; esac
done
out=/dev/stdout
[ -z "\$look" ] || out=/dev/null
exec $(command -v make) --no-print-directory -C "$root" \$look HILUM_BUILD="$build" \
  HILUM_RUNS="$box/here/runs" PATIENTS=16 SLICES=3 EPOCHS=1 "\$@" >\$out
END
chmod +x "$box/bin/make"

# Every `make target` in the text exists, whether or not it stands in a block that is run.
status=0
cd "$root"
readmes=$(find README.md engine kernels nets data apps tests bench -name '*.md' | sort)
for readme in $readmes; do
  for target in $(grep -oE '(`|^)make [a-z]+' "$readme" | sed 's/.*make //' | sort -u); do
    grep -qE "^$target:" Makefile || { echo "$readme: there is no \`make $target\`" && status=1; }
  done
done

# The top README first: the others may use what it leaves in runs/.
cd "$box/here"
unset MAKEFLAGS MAKELEVEL MFLAGS HILUM_KERNELS
export PATH="$box/bin:$PATH"
count=0
for readme in README.md $(printf '%s\n' $readmes | grep -v '^README.md$'); do
  mapfile -t starts < <(grep -n '^```sh$' "$root/$readme" | cut -d: -f1)
  for start in "${starts[@]}"; do
    sed -n "$((start + 1)),/^\`\`\`\$/p" "$root/$readme" | sed '$d' >"$box/block.sh"
    begin=$SECONDS
    if bash -euo pipefail "$box/block.sh" >"$box/log" 2>&1 </dev/null; then
      echo "$readme:$start: $((SECONDS - begin)) s"
    else
      echo "$readme:$start: exit code $? of one of these lines:"
      cat "$box/block.sh"
      echo "which said:"
      tail -30 "$box/log"
      status=1
    fi
    count=$((count + 1))
  done
done
echo "$count blocks of commands"
[ $count != 0 ] || status=1
exit $status
