#!/usr/bin/env bash
# Measures the running consortium, or one of its own that it takes down again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/members.sh

if [ ! -d "$run/organizations" ]; then
  trap '"$bin/tallynet" down' EXIT
  "$bin/tallynet" up
fi
"$bin/tally-bench" --config "$(gateway_config "${MEMBER:-grocer}")" "$@"
