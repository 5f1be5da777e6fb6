#!/usr/bin/env bash
# Registers an identity at a member's certificate authority and enrols it.
#   scripts/enrol.sh MEMBER NAME ROLE [--tls] [--files NAME]     (see tally-ca enrol --help)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/members.sh
[ $# -ge 3 ] || { sed -n 's/^# *//p' "$0" | sed -n 2,3p >&2; exit 2; }
member=$1 name=$2 role=$3
shift 3
exec "$bin/tally-ca" --run "$run" --member "$member" enrol --name "$name" --role "$role" "$@"
