#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other. FUZZTIME= how long each (default 60s).
# Inputs that fail are kept by Go under the package's testdata/fuzz and become part of its tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

grep -rlE --include='*_test.go' '^func Fuzz' chaincode gateway network test-network | while read -r file; do
  package=./$(dirname "$file")
  for target in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$file"); do
    echo "fuzz: $package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-60s}" -fuzzminimizetime 20x "$package" </dev/null
  done
done
