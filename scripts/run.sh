#!/usr/bin/env bash
# The main job: start the consortium, feed it receipts through the gateways, prove the books from the blocks, and stay up.
#   DATA=file.csv  your own receipts, sent to the gateway of MEMBER (default grocer); MAP= a column mapping (see tally-replay --help)
#   SEED=, RECEIPTS=  of the generated sample
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=network/build/bin
run=${TALLY_RUN:-test-network/run}

if [ -n "${DATA:-}" ] && [ ! -r "$DATA" ]; then
  echo "DATA=$DATA can't be read" >&2
  exit 2
fi

"$bin/tallynet" up
scripts/replay.sh
echo
"$bin/tally-audit" --config "$run/organizations/regulator/gateway/gateway.yaml"
echo
"$bin/tallynet" urls
