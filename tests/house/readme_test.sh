#!/bin/sh
# Every command of the READMEs works; see readme.sh.
exec "$(dirname "$0")/readme.sh" "$HILUM_BUILD"
