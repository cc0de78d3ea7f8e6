#!/usr/bin/env bash
# Runs a command before two virtual monitors: the operator's (1280x800) and the participant's (1920x1080 on 531x299 mm).
# Usage: scripts/two_screens.sh COMMAND...   (OPERATOR=2560x1440 for another size of the operator's)
set -euo pipefail

operator=${OPERATOR:-1280x800}
width=${operator%x*} height=${operator#*x}
number=$(mktemp)
Xvfb -displayfd 3 -screen 0 $((width + 1920))x$((height > 1080 ? height : 1080))x24 -nolisten tcp -noreset 3>"$number" 2>/dev/null &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -f "$number"' EXIT
for _ in $(seq 100); do
    [ -s "$number" ] && break
    sleep 0.1
done
[ -s "$number" ] || { echo "Xvfb has not started within 10 s." >&2; exit 1; }

export DISPLAY=":$(cat "$number")" QT_QPA_PLATFORM=xcb
# Without -noreset the server would forget both as soon as xrandr disconnects.
xrandr --setmonitor operator "${width}/$((width * 265 / 1000))x${height}/$((height * 265 / 1000))+0+0" screen >/dev/null
xrandr --setmonitor participant "1920/531x1080/299+${width}+0" none >/dev/null
"$@"
