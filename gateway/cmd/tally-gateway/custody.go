package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// loadCustodian reads a P-256 key, PKCS#8 in PEM.
func loadCustodian(path string) (*ecdsa.PrivateKey, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "key custodian.key: the file can't be read: %v", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fault.New(fault.InvalidValue, "key custodian.key: %s holds no PEM", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil, fault.New(fault.InvalidValue, "key custodian.key: %s holds no P-256 private key in PKCS#8", path)
	}
	return key, nil
}

// publicCustodian is a custodian's key as the programme's record has it.
func publicCustodian(key *ecdsa.PrivateKey, version int) (points.CustodianKey, error) {
	public, err := points.EncodePublicKey(&key.PublicKey)
	return points.CustodianKey{Version: version, Key: public}, err
}

// custodyTrouble holds the configured key against those of the programme at a time in Unix seconds; empty when it can sign.
func custodyTrouble(known []points.CustodianKey, own points.CustodianKey, now int64) string {
	for _, k := range known {
		switch {
		case k.Version != own.Version:
		case k.Key != own.Key:
			return fmt.Sprintf("custodian.key is not version %d of the programme's custodian key", own.Version)
		case k.Until != 0 && k.Until < now:
			return fmt.Sprintf("version %d of the custodian's key was rotated away: configure version %d", own.Version, known[len(known)-1].Version)
		default:
			return ""
		}
	}
	return fmt.Sprintf("the programme has no version %d of its custodian's key", own.Version)
}
