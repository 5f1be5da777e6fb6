# Sourced by the other scripts: what a running consortium says of itself.

bin=network/build/bin
run=${TALLY_RUN:-test-network/run}

# gateway_config MEMBER prints the path of the member's gateway configuration.
gateway_config() { echo "$run/organizations/$1/gateway/gateway.yaml"; }

# members lists everybody who has a gateway, one a line; brands only those who have a programme.
members() {
  local file
  for file in "$run"/organizations/*/gateway/gateway.yaml; do
    basename "$(dirname "$(dirname "$file")")"
  done
}

brands() {
  local member
  for member in $(members); do
    ! grep -q '^mode: writer' "$(gateway_config "$member")" || echo "$member"
  done
}

# gateway_url MEMBER prints where the member's gateway listens.
gateway_url() { awk '/^listen:/{gsub(/"/, "", $2); print "http://" $2}' "$(gateway_config "$1")"; }

# api_key MEMBER NAME prints one of the member's API keys.
api_key() { awk -F': *' -v name="$2" '$1 == name {print $2}' "$run/organizations/$1/gateway/api-keys.txt"; }
