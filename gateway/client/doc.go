// Package client is the Go client of the gateway's HTTP API, generated from gateway/api/openapi.yaml; session.go adds what every caller needs besides: the API key,
// and a problem document as an error with its stable code.
//
// It may be imported by any program that talks to a gateway; of this module it imports only the chaincode's documents and codes.
package client

//go:generate go tool -modfile=../api/codegen/go.mod oapi-codegen -config client.cfg.yaml ../api/openapi.yaml
