#!/usr/bin/env bash
# The main job: start the consortium, feed it receipts through the gateways, prove the books from the blocks, and stay up.
#   DATA=file.csv  your own receipts, sent to the gateway of MEMBER (default grocer); MAP= a column mapping (see tally-replay --help)
#   SEED=          of the generated sample (default 1)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/members.sh

if [ -n "${DATA:-}" ] && [ ! -r "$DATA" ]; then
  echo "DATA=$DATA can't be read" >&2
  exit 2
fi

"$bin/tallynet" up
echo
scripts/replay.sh
echo
"$bin/tally-audit" --config "$(gateway_config regulator)"

echo
echo "The consortium is up:"
for member in $(members); do
  printf '  %-10s %s\n' "$member" "$(gateway_url "$member")"
done
cat <<EOF

Try:
  curl -s -H "Authorization: Bearer $(api_key grocer till)" $(gateway_url grocer)/v1/programmes/grocer
  a browser at       $(gateway_url grocer | sed 's/127.0.0.1/localhost/')/wallet/, as a customer; codes arrive as files in
                     $(dirname "$(gateway_config grocer)")/people/messages
  make status        every node, open clearing windows, what the brands may owe each other
  make audit         prove the books again
  make down          end everything and leave nothing behind
EOF
