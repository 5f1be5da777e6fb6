// Package partners is how gateways of different members talk: over TLS on both sides, each side pinned to the certificate authority and the name that the configuration gives
// for the other's gateway, and to the gateway's role, which only the registrar of that authority gives. Directory knows whose gateway a certificate is; Client passes operations on to one.
//
// It carries the API's documents without reading them. It imports config, certificates, engine and fault; the program and tests import it.
package partners
