#!/bin/bash
# The report of a comparison, opened from disk in a browser without a window: it asks for nothing but
# itself, and the browser's console stays empty. Skipped (exit 77) where there is no chromium.
set -euo pipefail
browser=$(command -v chromium || command -v chromium-browser) || {
  echo 'SKIP: there is no chromium'
  exit 77
}
hilum=$HILUM_BUILD/hilum
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_WAIT_POLICY=passive
"$hilum" data phantom "$work/set" --patients 24 --slices 2 --size 64 --quiet >"$work/log" 2>&1
"$hilum" compare --nets cnn:low,cnn:dropout --data "$work/set" --size 48 --epochs 2 --seeds 2 \
  --out "$work/cmp" --quiet >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }

visit() {
  timeout 120 "$browser" --headless --no-sandbox --disable-gpu --no-first-run \
    --user-data-dir="$work/profile" --disable-background-networking --disable-component-update \
    --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr --dump-dom "file://$1" \
    2>"$work/console" >"$work/dom"
}
report=$work/cmp/report.html
visit "$report"
grep -q '</html>' "$work/dom"
for section in Scores Differences Probes 'Confusion matrix' Reproduction; do
  grep -q "<h2[^>]*>$section" "$work/dom" || { echo "no section $section" && exit 1; }
done
if grep ':CONSOLE' "$work/console"; then
  echo 'the console is not empty'
  exit 1
fi

# No address leads out of the file: only data:, and places in the page itself.
leads_out='((src|href|srcset|action|poster)="[^"#]|url\([^)#]|@import|<script|<iframe|<object)[^ >]{0,60}'
if grep -Eo "$leads_out" "$report" | grep -Ev '="data:|^url\(.?data:'; then
  echo 'the report asks for more than itself'
  exit 1
fi

# A page that does ask is found out, or this test would prove nothing.
sed 's|</body>|<img src="file:///nowhere.png"><script>console.error("seen")</script></body>|' \
  "$report" >"$work/bad.html"
visit "$work/bad.html"
grep -q ':CONSOLE' "$work/console"
grep -Eo "$leads_out" "$work/bad.html" | grep -q nowhere
