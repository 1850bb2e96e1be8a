#!/bin/bash
# The reports of a comparison and of a run, opened from disk in a browser without a window: by the
# browser's own log they ask the network for nothing, and its console stays empty. Skipped (exit 77)
# where there is no chromium.
set -euo pipefail
browser=$(command -v chromium || command -v chromium-browser) || {
  echo 'SKIP: there is no chromium'
  exit 77
}
hilum=$HILUM_BUILD/hilum
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
work=$box/test && mkdir "$work"  # so that no test-ledger.csv of others lies two folders above a run
export OMP_WAIT_POLICY=passive
fail() { echo "$1" && exit 1; }
"$hilum" data phantom "$work/set" --patients 24 --slices 2 --size 64 --quiet >"$work/log" 2>&1
{ "$hilum" compare --nets cnn:low,cnn:dropout --data "$work/set" --size 48 --epochs 2 --seeds 2 \
  --out "$work/cmp" --quiet && "$hilum" report --run "$work/cmp/cnn-low-s0" --quiet; } \
  >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }

# Leaves the page as it was shown in $work/dom, what the console says in $work/console, and what the
# page asked the network for in $work/requests. No name is ever found. The browser's own requests
# (updates, the time) have no page behind them: their initiator is "not an origin".
visit() {
  rm -f "$work/net.json"
  timeout 120 "$browser" --headless --no-sandbox --disable-gpu --no-first-run \
    --user-data-dir="$work/profile" --disable-background-networking --disable-component-update \
    --host-resolver-rules='MAP * ~NOTFOUND' --log-net-log="$work/net.json" \
    --enable-logging=stderr --dump-dom "file://$1" 2>"$work/log" >"$work/dom"
  grep ':CONSOLE' "$work/log" >"$work/console" || true
  grep -q '"events"' "$work/net.json" || fail 'the browser kept no log of the network'
  grep -o '"initiator":"[^"]*".*"url":"[^"]*"' "$work/net.json" | grep -v 'not an origin' \
    >"$work/requests" || true
}

check() { # PAGE SECTION...
  visit "$1"
  grep -q '</html>' "$work/dom" || fail "$1: not shown to its end"
  local page=$1 section
  shift
  for section; do grep -q "<h2[^>]*>$section" "$work/dom" || fail "$page: no section $section"; done
  [ ! -s "$work/console" ] || { cat "$work/console" && fail "$page: the console is not empty"; }
  [ ! -s "$work/requests" ] || { cat "$work/requests" && fail "$page: asks the network"; }
}
check "$work/cmp/report.html" Scores Differences Probes 'Confusion matrix' Reproduction
check "$work/cmp/cnn-low-s0/report.html" Scores Curves 'Learning curves' Probes Checklist

# A file beside the page is no request to the network, so addresses are looked at as well: only
# data:, and places in the page itself.
leads_out='((src|href|srcset|action|poster)="[^"#]|url\([^)#]|@import|<script|<iframe|<object)[^ >]{0,60}'
for page in "$work/cmp/report.html" "$work/cmp/cnn-low-s0/report.html"; do
  if grep -Eo "$leads_out" "$page" | grep -Ev '="data:|^url\(.?data:'; then
    fail "$page: asks for more than itself"
  fi
done

# A page that does all of that is found out, or this test would prove nothing.
sed 's|</body>|<img src="http://planted.example/a.png"><script>console.error("seen")</script></body>|' \
  "$work/cmp/report.html" >"$work/bad.html"
visit "$work/bad.html"
grep -q seen "$work/console" || fail 'a planted message is not seen'
grep -q planted.example "$work/requests" || fail 'a planted request is not seen'
grep -Eo "$leads_out" "$work/bad.html" | grep -q planted
