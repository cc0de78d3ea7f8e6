#!/usr/bin/env bash
# Installs the system libraries that Qt's windows, and the tests of the windows, need. Does nothing twice.
# As root on Debian or Ubuntu it installs them; as anybody else it prints the one command that does.
set -euo pipefail

python=${PYTHON:-python3}
if [ "$(uname -s)" = Linux ] && command -v dpkg-query >/dev/null; then
    wanted=(
        libegl1 libgl1 libglib2.0-0 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1
        libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
        libxcb-shape0 libxcb-sync1 libxcb-xfixes0 libxcb-xinerama0 libxcb-xinput0 libxcb-xkb1
        xvfb x11-xserver-utils
    )
    "$python" -c 'import ensurepip, venv' 2>/dev/null || wanted+=(python3 python3-venv)

    # Newer releases call some libraries NAMEt64; apt-get finds those under the old name, dpkg does not.
    installed() {
        { dpkg-query -W -f='${db:Status-Abbrev}\n' "$1" "$1t64" 2>/dev/null || true; } | grep -q '^ii'
    }
    missing=()
    for package in "${wanted[@]}"; do
        installed "$package" || missing+=("$package")
    done

    if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ]; then
        echo "Installing system libraries: ${missing[*]}"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    elif [ ${#missing[@]} -gt 0 ]; then
        echo "Qt needs system libraries that are not here. Run this once, then the same make command again:" >&2
        echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
elif [ "$(uname -s)" = Linux ]; then
    echo "Not Debian or Ubuntu: make sure that Qt's xcb libraries, libEGL and Xvfb are installed." >&2
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "GazeTwin needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1)." >&2
    echo "Install one and name it, for example: make PYTHON=python3.12 demo" >&2
    exit 1
fi
