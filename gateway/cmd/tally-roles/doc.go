// Command tally-roles writes docs/roles.md: who may call what on the ledger, from the tables that the chaincodes check, and which scope of an API key opens what at a gateway, from the API's
// document. It imports the engine for its tables and nothing of the gateway.
package main

//go:generate go run . ../../api/openapi.yaml ../../../docs/roles.md
