// Package api is the gateway's HTTP side. openapi.yaml is the authority: types, routing and decoding are generated from it (openapi.gen.go), and so are the scopes, body
// limits and modes that the middleware enforces. One file per group of routes; what a handler needs of the rest of the gateway it names as an interface in ports.go.
//
// Only cmd/tally-gateway imports it. It imports the store's record types, people/vault, treasury and clerk's alarms for clearing (clearing_*.go, ports_clearing.go), the chaincode's domain and wire packages, and from engine the names of the ledger's records.
// What a kind of operation takes is one table (kinds.go); checker, request, values and relations hold a request against it, builder makes the ledger's operation of it.
package api

//go:generate go tool -modfile=codegen/go.mod oapi-codegen -config server.cfg.yaml openapi.yaml
