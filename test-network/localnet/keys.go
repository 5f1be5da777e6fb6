package localnet

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"os"

	"github.com/tallystick/tallystick/chaincode/p256"

	"github.com/tallystick/tallystick/network/failure"
)

// publicKeyIn gives the public half of the P-256 key in a PEM file, in the ledger's form.
func publicKeyIn(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", failure.Wrap(failure.RunDirectory, err, "can't read a key")
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return "", failure.New(failure.RunDirectory, "%s is no PEM file", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", failure.Wrap(failure.RunDirectory, err, "%s holds no PKCS#8 key", file)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return "", failure.New(failure.RunDirectory, "%s holds no P-256 key", file)
	}
	return p256.EncodeKey(&key.PublicKey)
}
