#!/usr/bin/env bash
# Builds the pinned Hyperledger Fabric and Fabric CA binaries once into network/build/fabric.
#
#   network/build.sh            build what is missing
#   FABRIC_BIN=<dir> ...        use the binaries in <dir> instead: only checks that all of them are there
#
# A stamp file remembers which versions and which Go built the folder, so that a second run ends at once and a changed
# version builds again.
set -euo pipefail

FABRIC_RELEASE=2.5.9
CA_RELEASE=1.5.15
FABRIC_TOOLS=(configtxgen discover orderer osnadmin peer)
CA_TOOLS=(fabric-ca-client fabric-ca-server)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/build/fabric
stamp=$out/.stamp

fail() {
  echo "network/build.sh: $*" >&2
  exit 1
}

# missing DIR prints the binaries that DIR lacks.
missing() {
  local tool lacking=()
  for tool in "${FABRIC_TOOLS[@]}" "${CA_TOOLS[@]}"; do
    [ -x "$1/$tool" ] || lacking+=("$tool")
  done
  echo "${lacking[*]-}"
}

if [ -n "${FABRIC_BIN:-}" ]; then
  [ -d "$FABRIC_BIN" ] || fail "FABRIC_BIN=$FABRIC_BIN is no folder"
  lacking=$(missing "$FABRIC_BIN")
  [ -z "$lacking" ] || fail "FABRIC_BIN=$FABRIC_BIN lacks: $lacking"
  echo "Fabric: using the binaries in $FABRIC_BIN"
  exit 0
fi

for program in go gcc git; do
  command -v "$program" >/dev/null || fail "needs '$program', which isn't installed (needed: go, gcc with the C library's headers, git, make)"
done

# What the folder must have been built from: releases, module sums and compiler.
wanted="fabric $FABRIC_RELEASE, fabric-ca $CA_RELEASE, $(go env GOVERSION), modules $(cat "$here"/fabric/go.{mod,sum} "$here"/fabricca/go.{mod,sum} | git hash-object --stdin)"
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ -z "$(missing "$out")" ]; then
  echo "Fabric: $FABRIC_RELEASE and CA $CA_RELEASE are built already (network/build/fabric)"
  exit 0
fi

# build MODULE LDFLAGS PACKAGE... builds the commands of one tool module and counts the compiled packages aloud.
build() {
  local module=$1 ldflags=$2 total started=$SECONDS
  shift 2
  cd "$here/$module"
  echo "Fabric: downloading the modules of network/$module ..."
  go mod download
  total=$(go list -deps "$@" | wc -l)
  echo "Fabric: compiling ${*##*/} (up to $total packages; the first time takes some minutes) ..."
  go build -v -trimpath -buildvcs=false -mod=readonly -ldflags "-s -w $ldflags" -o "$out/" "$@" 2>&1 |
    awk -v total="$total" -v tty="${progress_tty}" '
      /^[a-zA-Z0-9_.\/-]+$/ { n++; if (tty) printf "\r  %d of %d packages", n, total; else if (n % 200 == 0) printf "  %d of %d packages\n", n, total; fflush(); next }
      { print }
      END { if (tty && n) print "" }'
  echo "Fabric: network/$module built in $((SECONDS - started)) s"
}

progress_tty=
[ -t 1 ] && progress_tty=1
export GOWORK=off CGO_ENABLED=1
unset GOFLAGS
mkdir -p "$out"
rm -f "$stamp"
build fabric "-X github.com/hyperledger/fabric/common/metadata.Version=$FABRIC_RELEASE" \
  "${FABRIC_TOOLS[@]/#/github.com/hyperledger/fabric/cmd/}"
build fabricca "-X github.com/hyperledger/fabric-ca/lib/metadata.Version=$CA_RELEASE" \
  "${CA_TOOLS[@]/#/github.com/hyperledger/fabric-ca/cmd/}"
echo "$wanted" >"$stamp"
echo "Fabric: $FABRIC_RELEASE and CA $CA_RELEASE are in network/build/fabric"
