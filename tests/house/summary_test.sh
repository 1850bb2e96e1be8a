#!/bin/sh
# The counting at the end of `make test`: a crash, a leak at exit or a program that was never built
# must not look like a pass.
set -eu
summary=$(cd "$(dirname "$0")" && pwd)/summary.sh
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
mkdir "$box/results"
failed=0

ctest_saw() { # lines: name status [skip message] [output]
  {
    echo '<testsuite name="(empty)">'
    while IFS='|' read -r name status message output; do
      echo "	<testcase name=\"$name\" classname=\"$name\" time=\"1\" status=\"$status\">"
      [ -z "$message" ] || echo "		<skipped message=\"$message\"/>"
      printf '\t\t<system-out>%s\nmore\n</system-out>\n\t</testcase>\n' "$output"
    done
    echo '</testsuite>'
  } >"$box/results/ctest.xml"
}

cases() { # test, lines: name result [message]
  {
    echo '<testsuites>'
    while IFS='|' read -r name result message; do
      start="    <testcase name=\"$name\" status=\"run\" result=\"completed\" classname=\"Suite\""
      case $result in
        passed) echo "$start />" ;;
        failed) printf '%s>\n<failure message="a"></failure>\n<failure message="b"></failure>\n</testcase>\n' "$start" ;;
        skipped) printf '%s>\n<skipped message="x.cpp:3&#x0A;%s"></skipped>\n</testcase>\n' "$start" "$message" ;;
      esac
    done
    echo '</testsuites>'
  } >"$box/results/$1.xml"
}

expect() { # what, exit code, pattern of what it says
  code=0
  said=$("$summary" "$box") || code=$?
  if [ "$code" != "$2" ] || ! printf '%s\n' "$said" | grep -qE "$3"; then
    echo "$1: exit code $code, said '$said'"
    failed=1
  fi
}

expect 'no results at all' 1 '^0 passed, 1 failed'

ctest_saw <<'END'
nets|run||
house.a|run||
house.b|notrun|SKIP_RETURN_CODE=77|SKIP: no &lt;data&gt;
END
cases nets <<'END'
one|passed|
two|skipped|no GPU
three|skipped|no GPU
END
expect 'all well' 0 '^2 passed, 0 failed, 3 skipped$'
expect 'reasons are counted' 0 '^ +2  no GPU'
expect 'reasons of scripts' 0 '^ +1  no <data>'
HILUM_NO_SKIPS=1 expect 'skips may be refused' 1 ', 3 skipped$'

ctest_saw <<'END'
nets|fail||
END
expect 'failed beside its cases' 1 '^1 passed, 1 failed, 2 skipped$'
cases nets <<'END'
one|passed|
two|failed|
END
expect 'a failing case counts once' 1 '^1 passed, 1 failed, 0 skipped$'
rm "$box/results/nets.xml"
expect 'a crash leaves no cases' 1 '^0 passed, 1 failed, 0 skipped$'
ctest_saw <<'END'
nets|notrun|Unable to find executable|
END
expect 'never built' 1 '^0 passed, 1 failed, 0 skipped$'
exit $failed
