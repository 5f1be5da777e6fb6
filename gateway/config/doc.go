// Package config reads a gateway's configuration: a YAML file, over it the environment (TALLY_GATEWAY_*), over that the command line.
//
// Every error names the key that is wrong and says what it must be. It imports the chaincode's pure packages and bankfiles; everything in the gateway may import it.
package config
