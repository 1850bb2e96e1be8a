#!/bin/sh
# Does every #include run downwards? (`make layers`)
#
#   tests/house/layers.sh [ROOT]      ROOT: the checkout, by default the one this file stands in
#
# Prints `file:line: what is wrong` for each offence and exits with 1; the rules stand below as
# tables. Reads the text of the sources only: no compiler, no build folder.
set -eu
root=${1:-$(dirname "$0")/../..}
cd "$root"
LC_ALL=C
export LC_ALL

# The top level is part of the plan: nothing may settle there. Build folders, runs and what
# .gitignore names besides are the user's own.
status=0
for entry in *; do
  case $entry in
    Makefile | CMakeLists.txt | README.md | LICENSE | CITATION.cff) ;;
    engine | kernels | nets | data | apps | tests | bench) ;;
    build* | runs | compile_commands.json | *.tmp) ;;
    *)
      echo "$entry:1: does not belong at the top level; put it into one of the seven folders"
      status=1
      ;;
  esac
done

find engine kernels nets data apps tests bench -type f 2>/dev/null \
  \( -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' -o -name '*.inc' \) | sort |
  awk -v bad=$status '
  BEGIN {
    # What a floor may include of ours. tests/ may include anything.
    may["kernels"] = "kernels"
    may["engine"] = "engine kernels"
    may["nets"] = "nets engine kernels"
    may["data"] = "data engine kernels"
    may["apps"] = "apps nets data engine kernels"
    may["bench"] = "bench nets data engine kernels"

    # Where the headers of a library may stand (tests/ again anywhere).
    home["cuda"] = home["cudnn"] = home["cublas"] = home["curand"] = home["nv"] = "kernels"
    home["cooperative_groups"] = home["mma.h"] = "kernels"
    home["dnnl"] = home["oneapi/"] = home["omp.h"] = home["immintrin.h"] = "kernels"
    home["stb"] = "data"
    home["CLI"] = "apps"
    home["benchmark/"] = "bench"
    home["gtest/"] = home["gmock/"] = "tests"

    # data/ hands out plain batches: it must not reach this header, not even through another.
    hidden_from["data"] = "engine/tensor.h"

    # Libraries throw; they neither print nor end the program. (snprintf and the like are fine.)
    print_or_exit = "(^|[^A-Za-z0-9_])((_?exit|quick_exit|_Exit|abort|terminate|f?printf|f?puts|" \
                    "putchar|perror)[ ]*\\(|fmt::print|std::(cout|cerr|clog)([^A-Za-z0-9_]|$))"
  }

  function offence(line, text) {
    printf "%s:%d: %s\n", file, line, text
    bad = 1
  }

  function check_include(line, name, quoted,    parts, other, key) {
    if (floor == "tests") return
    split(name, parts, "/")
    other = parts[1]
    if (other ~ /^(kernels|engine|nets|data|apps|bench|tests)$/ && name ~ /\//) {
      if (index(" " may[floor] " ", " " other " ") == 0)
        offence(line, floor "/ must not include " name)
      return
    }
    if (quoted) {
      offence(line, "include \"" name "\" by its path from the top level")
      return
    }
    for (key in home)
      if (index(name, key) == 1 && home[key] != floor)
        offence(line, "<" name "> may stand in " home[key] "/ only")
  }

  # The code of a line: no string or character constants, no comments.
  function code(text,    start, end, rest) {
    if (in_comment) {
      end = index(text, "*/")
      if (end == 0) return ""
      text = substr(text, end + 2)
      in_comment = 0
    }
    gsub(/\047(\\.|[^\047\\])\047/, "0", text)
    gsub(/"(\\.|[^"\\])*"/, "0", text)
    sub(/\/\/.*/, "", text)
    while ((start = index(text, "/*")) > 0) {
      rest = substr(text, start + 2)
      end = index(rest, "*/")
      if (end == 0) {
        in_comment = 1
        return substr(text, 1, start - 1)
      }
      text = substr(text, 1, start - 1) " " substr(rest, end + 2)
    }
    return text
  }

  {
    file = $0
    floor = file
    sub(/\/.*/, "", floor)
    files++
    in_comment = 0
    line = 0
    while ((getline text < file) > 0) {
      line++
      if (text ~ /^[ \t]*#[ \t]*include[ \t]*["<]/) {
        quoted = text ~ /^[^<]*"/
        name = text
        sub(/^[^"<]*["<]/, "", name)
        sub(/[">].*/, "", name)
        check_include(line, name, quoted)
        includes[file] = includes[file] " " name
        line_of[file, name] = line
      } else if (text ~ /^[ \t]*#[ \t]*include/) {
        # A file that includes itself once an instruction set is the one macro that may be included.
        if (text !~ /HILUM_THIS_FILE/) offence(line, "include a name, not a macro")
      } else if (floor ~ /^(kernels|engine|nets|data)$/) {
        plain = code(text)
        if (plain ~ print_or_exit)
          offence(line, "nothing below apps/ prints or ends the program; throw hilum::Error")
      }
    }
    close(file)
    all[files] = file
  }

  # The chain of includes from `from` to `target`, or "" (depth first; `seen` is per search).
  function chain(from, target,    names, n, i, rest) {
    seen[from] = 1
    n = split(includes[from], names, " ")
    for (i = 1; i <= n; i++) {
      if (names[i] == target) return target
      if (names[i] in includes && !(names[i] in seen)) {
        rest = chain(names[i], target)
        if (rest != "") return names[i] " -> " rest
      }
    }
    return ""
  }

  END {
    for (i = 1; i <= files; i++) {
      file = all[i]
      floor = file
      sub(/\/.*/, "", floor)
      if (!(floor in hidden_from)) continue
      split("", seen)
      path = chain(file, hidden_from[floor])
      if (path == "") continue
      first = path
      sub(/ .*/, "", first)
      offence(line_of[file, first], floor "/ must not reach " path)
    }
    if (!files) {
      print "no sources found"
      bad = 1
    }
    if (!bad) printf "layers: %d files, every include runs downwards\n", files
    exit bad
  }'
