#!/usr/bin/env bash
# The keys of a brand's customer data: scripts/people-keys.sh MEMBER [rotate]
# Without "rotate" it says what depends on which key. With it, both keys are drawn anew, the running gateway is given time to do the work, and what nothing
# depends on any more is deleted. Back the new keys up as soon as they are drawn. docs/people.md says more.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/members.sh
config=$(gateway_config "${1:?which member?}")
people() { "$bin/tally-gateway" people "$@" --config "$config"; }

if [ "${2:-}" = rotate ]; then
  people rotate-master
  people rotate-index
  for _ in $(seq 600); do
    ! people keys | grep -q 'is being replaced' || { sleep 1; continue; }
    people keys | sed -n 's/^\(master\|index\) key \([0-9]*\): .*can be retired$/\1 \2/p' | while read -r kind version; do
      people "retire-$kind" "$version"
    done
    break
  done
fi
people keys
