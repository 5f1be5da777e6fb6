#!/usr/bin/env bash
# Prints the path of a Chromium for the wallet's tests: the one of CHROMIUM, one that is installed, or Debian's package, which root gets by apt-get. Else it says what is missing.
set -euo pipefail

find_one() {
  if [ -n "${CHROMIUM:-}" ]; then
    command -v "$CHROMIUM"
    return
  fi
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" && return
  done
  return 1
}

find_one && exit
if [ -z "${CHROMIUM:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium; } >&2
  find_one && exit
fi
echo "missing: Chromium, for the tests of the wallet's pages. Install Debian's package chromium, or set CHROMIUM to one." >&2
exit 1
