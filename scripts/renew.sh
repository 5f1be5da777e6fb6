#!/usr/bin/env bash
# Renews what a member shows, before it ends. Gateways take their new certificates by themselves; a node is restarted and waited for before the next.
#   scripts/renew.sh MEMBER             every certificate of the member that ends within DAYS (default 30)
#   scripts/renew.sh MEMBER NAME...     these identities or nodes: gateway, operator, peer0.airline, orderer0.airline ...
#   scripts/renew.sh MEMBER --rekey NODE...   a fresh TLS key for ordering nodes, which a majority of the brands has the channel learn first
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/members.sh
[ $# -ge 1 ] || { sed -n 's/^# *//p' "$0" | sed -n 2,5p >&2; exit 2; }
command -v openssl >/dev/null || { echo "missing: openssl (it tells when a certificate ends)" >&2; exit 1; }
member=$1
shift
identities=$run/organizations/$member/identities

# ends FILE says whether a certificate is there and ends within DAYS.
ends() { [ -r "$1" ] && ! openssl x509 -in "$1" -noout -checkend $((${DAYS:-30} * 86400)) >/dev/null; }
renew() { "$bin/tally-ca" --run "$run" --member "$member" renew "$@"; }

if [ "${1:-}" = --rekey ]; then
  shift
  for node in "$@"; do
    "$bin/tally-ca" --run "$run" --member "$member" rekey --node "$node"
    "$bin/tallynet" --run "$run" restart "$node"
  done
  exit
fi

names=("$@")
if [ $# -eq 0 ]; then
  for folder in "$identities"/*; do
    if ends "$folder/msp/signcerts/cert.pem" || ends "$folder/tls/server.crt"; then names+=("$(basename "$folder")"); fi
  done
fi
for name in "${names[@]}"; do
  keep=()
  case $name in orderer*) keep=(--same-key) ;; esac # The channel knows ordering nodes by their TLS keys.
  [ ! -r "$identities/$name/msp/signcerts/cert.pem" ] || renew --files "$name"
  [ ! -r "$identities/$name/tls/server.crt" ] || renew --files "$name" --tls "${keep[@]}"
  case $name in
    peer* | orderer* | chaincode*) "$bin/tallynet" --run "$run" restart "$name" ;;
  esac
done
[ ${#names[@]} -gt 0 ] || echo "No certificate of $member ends within ${DAYS:-30} days."
