#!/usr/bin/env bash
# Revokes at a member's certificate authority and brings the list of revocations into the channel: every peer and ordering node then refuses.
#   scripts/revoke.sh MEMBER NAME [REASON]          an identity with all its certificates (keycompromise, cessationofoperation ...)
#   scripts/revoke.sh MEMBER --superseded NAME      what renewals left: all certificates of an identity but those in its files
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/members.sh
[ $# -ge 2 ] || { sed -n 's/^# *//p' "$0" | sed -n 2,4p >&2; exit 2; }
member=$1
if [ "$2" = --superseded ]; then
  exec "$bin/tally-ca" --run "$run" --member "$member" revoke --superseded "$3"
fi
exec "$bin/tally-ca" --run "$run" --member "$member" revoke --name "$2" --reason "${3:-keycompromise}"
