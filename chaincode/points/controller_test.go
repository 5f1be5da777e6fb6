package points_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

func TestControllersOfNewAccounts(t *testing.T) {
	own := ownHolder(1).controller
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	otherCurve, err := p384.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(own.Key)
	if err != nil {
		t.Fatal(err)
	}
	offCurve := append([]byte{}, raw...)
	offCurve[64] ^= 1
	infinity := make([]byte, 65)
	infinity[0] = 4
	compressed := append([]byte{2 + raw[64]&1}, raw[1:33]...)
	text := base64.RawURLEncoding.EncodeToString
	cases := []struct {
		name string
		c    points.Controller
		code fault.Code
	}{
		{"own key", own, fault.OK},
		{"passkey", points.Controller{Kind: points.ControllerWebAuthn, Version: 1, Key: own.Key}, fault.OK},
		{"custodian", points.Controller{Kind: points.ControllerCustodian}, fault.OK},
		{"no kind", points.Controller{Version: 1, Key: own.Key}, fault.InvalidValue},
		{"own key without a version", points.Controller{Kind: points.ControllerP256, Key: own.Key}, fault.InvalidValue},
		{"own key of a later version", points.Controller{Kind: points.ControllerP256, Version: 2, Key: own.Key}, fault.InvalidValue},
		{"own key of a version below zero", points.Controller{Kind: points.ControllerP256, Version: -1, Key: own.Key}, fault.InvalidValue},
		{"no key", points.Controller{Kind: points.ControllerP256, Version: 1}, fault.InvalidValue},
		{"passkey without a key", points.Controller{Kind: points.ControllerWebAuthn, Version: 1}, fault.InvalidValue},
		{"custodian with a key", points.Controller{Kind: points.ControllerCustodian, Key: own.Key}, fault.InvalidValue},
		{"custodian with a version", points.Controller{Kind: points.ControllerCustodian, Version: 1}, fault.InvalidValue},
		{"not a point of the curve", points.Controller{Kind: points.ControllerP256, Version: 1, Key: text(offCurve)}, fault.InvalidValue},
		{"no point at all", points.Controller{Kind: points.ControllerP256, Version: 1, Key: text(infinity)}, fault.InvalidValue},
		{"compressed", points.Controller{Kind: points.ControllerP256, Version: 1, Key: text(compressed)}, fault.InvalidValue},
		{"another curve", points.Controller{Kind: points.ControllerP256, Version: 1, Key: text(otherCurve)}, fault.InvalidValue},
		{"with padding", points.Controller{Kind: points.ControllerP256, Version: 1, Key: base64.URLEncoding.EncodeToString(raw)}, fault.InvalidValue},
		{"with a line break", points.Controller{Kind: points.ControllerP256, Version: 1, Key: own.Key[:20] + "\n" + own.Key[20:]}, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := &points.Operation{ID: operationID(1), Kind: points.KindOpen, Account: accountID(1), Controller: &c.c}
			wantCode(t, o.Validate(), c.code)
		})
	}
	_, err = points.EncodePublicKey(&p384.PublicKey)
	wantCode(t, err, fault.InvalidValue)
}
