# Sourced by the other scripts: what a running consortium says of itself.

# brands lists the members that have a programme, one a line.
brands() {
  local file
  for file in "$run"/organizations/*/gateway/gateway.yaml; do
    grep -q '^mode: writer' "$file" && basename "$(dirname "$(dirname "$file")")"
  done
}

# gateway_url MEMBER prints where the member's gateway listens.
gateway_url() { awk '/^listen:/{gsub(/"/, "", $2); print "http://" $2}' "$run/organizations/$1/gateway/gateway.yaml"; }
