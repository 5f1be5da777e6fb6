#!/usr/bin/env bash
# Measures the running consortium, or one of its own that it takes down again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/members.sh

if [ ! -d "$run/organizations" ]; then
  trap '"$bin/tallynet" down' EXIT
  "$bin/tallynet" up
fi
member=${MEMBER:-grocer}
partner=${PARTNER:-$(brands | grep -vx "$member" | head -n 1)}
"$bin/tally-bench" --config "$(gateway_config "$member")" ${partner:+--partner-config "$(gateway_config "$partner")"} "$@"
