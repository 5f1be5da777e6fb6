// Package api is the gateway's HTTP side. openapi.yaml is the authority: types, routing and decoding are generated from it (openapi.gen.go), and so are the scopes, body
// limits and modes that the middleware enforces. One file per group of routes; what a handler needs of the rest of the gateway it names as an interface in ports.go.
//
// Only cmd/tally-gateway imports it. It imports the store's record types and the chaincode's domain and wire packages.
package api

//go:generate go tool -modfile=codegen/go.mod oapi-codegen -config server.cfg.yaml openapi.yaml
