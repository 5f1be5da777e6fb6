#!/usr/bin/env bash
# Sends receipts through the gateways of the running consortium.
#   DATA=file.csv  receipts for MEMBER's gateway (default grocer); MAP= a column mapping (see tally-replay --help)
#   without DATA: a generated sample (SEED=, default 1) for all brands, ending today
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/members.sh

# for_brands FUNCTION prints member=value,member=value with what FUNCTION says of each brand.
for_brands() {
  local member list=()
  for member in $(brands); do list+=("$member=$("$1" "$member")"); done
  (IFS=,; echo "${list[*]}")
}
keys_file() { echo "$run/organizations/$1/gateway/api-keys.txt"; }

if [ ! -d "$run/organizations" ]; then
  echo "no consortium runs in $run: start one with make run" >&2
  exit 2
fi
if [ -n "${DATA:-}" ]; then
  member=${MEMBER:-grocer}
  echo "Sending $DATA through $member's gateway"
  exec "$bin/tally-replay" --gateway "$(gateway_url "$member")" --api-key-file "$(keys_file "$member")" ${MAP:+--map "$MAP"} \
    --state "$run/replay-$member.state" --rejects "$run/rejects.csv" "$DATA"
fi
"$bin/tally-sample" --seed "${SEED:-1}" --out "$run/sample.csv"
echo "Sending a sample of $(($(wc -l <"$run/sample.csv") - 1)) receipts through the brands' gateways"
exec "$bin/tally-replay" --gateway "$(for_brands gateway_url)" --api-key-file "$(for_brands keys_file)" --rejects "$run/rejects.csv" "$run/sample.csv"
