#!/bin/sh
# Counts what `make test` ran: skips with their reasons, failures, and `N passed, N failed, N skipped`.
#
#   tests/house/summary.sh BUILD
#
# Reads BUILD/results/ctest.xml (what ctest saw) and BUILD/results/<test>.xml (the cases inside a
# test program). A test without cases of its own counts as one; a program that failed beside its
# cases (a crash, a leak) counts as one failure more. Exits with 1 where something failed or nothing
# was counted; with HILUM_NO_SKIPS set also where something was skipped.
set -eu
cd "$1/results"
[ -f ctest.xml ] || { echo "0 passed, 1 failed, 0 skipped: ctest left no results in $1" && exit 1; }
awk -v no_skips="${HILUM_NO_SKIPS:-}" '
  function attribute(name) {
    if (!match($0, " " name "=\"[^\"]*\"")) return ""
    return plain(substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4))
  }
  function plain(text) {
    gsub(/&#x0A;/, ": ", text)
    gsub(/&lt;/, "<", text)
    gsub(/&gt;/, ">", text)
    gsub(/&quot;/, "\"", text)
    gsub(/&apos;/, "\047", text)
    gsub(/&amp;/, "\\&", text)
    return text
  }
  function note_skip(name, reason) {
    sub(/^[^ ]*\.cpp:[0-9]+: /, "", reason)
    skipped++
    if (!(reason in skips)) reasons[++n_reasons] = reason
    skips[reason]++
    if (skips[reason] == 1) example[reason] = name
  }
  function note_failure(name) {
    failed++
    failures[failed] = name
  }
  # The cases of one test program; returns how many of them failed, -1 where it left none.
  function count_cases(test,    file, name, bad, cases, state, reason) {
    file = test ".xml"
    cases = bad = 0
    name = state = ""
    while ((getline < file) > 0) {
      if ($0 ~ /<testcase /) {
        name = attribute("classname") "." attribute("name")
        cases++
        state = attribute("status") == "run" ? "passed" : "disabled"
      } else if ($0 ~ /<failure / && state != "failed") {
        state = "failed"
        bad++
        note_failure(test ": " name)
      } else if ($0 ~ /<skipped / && state == "passed") {
        state = "skipped"
        note_skip(name, attribute("message"))
      }
      if (name != "" && ($0 ~ /<\/testcase>/ || $0 ~ /<testcase .*\/>/)) {
        if (state == "passed") passed++
        if (state == "disabled") note_skip(name, "disabled in the source")
        name = state = ""
      }
    }
    close(file)
    return cases ? bad : -1
  }
  function end_of_test(    bad) {
    if (test == "") return
    bad = count_cases(test)
    if (skip_message == "SKIP_RETURN_CODE=77") note_skip(test, output)
    else if (status != "run" && bad <= 0) note_failure(test (bad == 0 ? " (the program itself)" : ""))
    else if (bad < 0) passed++
    test = ""
  }
  /<testcase / {
    test = attribute("name")
    status = attribute("status")
    skip_message = output = ""
  }
  /<skipped / { skip_message = attribute("message") }
  /<system-out>/ {
    output = $0
    sub(/.*<system-out>/, "", output)
    sub(/<\/system-out>.*/, "", output)
    sub(/^SKIP: */, "", output)
    output = plain(output)
  }
  /<\/testcase>/ { end_of_test() }
  END {
    if (skipped) print "\nskipped, by reason:"
    for (i = 1; i <= n_reasons; i++)
      printf "  %4d  %s  (%s%s)\n", skips[reasons[i]], reasons[i], example[reasons[i]],
             (skips[reasons[i]] > 1 ? ", ..." : "")
    if (failed) print "\nfailed:"
    for (i = 1; i <= failed; i++) print "  " failures[i]
    printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0 || passed == 0 || (no_skips != "" && skipped > 0)
  }' ctest.xml
