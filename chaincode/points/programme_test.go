package points_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestProgrammeIsCheckedBeforeItIsFounded(t *testing.T) {
	cases := []struct {
		name   string
		change func(*points.Programme)
		code   fault.Code
	}{
		{"as it should be", func(*points.Programme) {}, fault.OK},
		{"other record version", func(p *points.Programme) { p.V = 2 }, fault.InvalidValue},
		{"other engine", func(p *points.Programme) { p.Engine = points.EngineVersion + 1 }, fault.InvalidValue},
		{"no name", func(p *points.Programme) { p.DisplayName = "" }, fault.InvalidValue},
		{"long name", func(p *points.Programme) { p.DisplayName = strings.Repeat("x", points.MaxNameLength+1) }, fault.InvalidValue},
		{"small currency", func(p *points.Programme) { p.Currency = "gbp" }, fault.InvalidValue},
		{"no terms", func(p *points.Programme) { p.Terms = nil }, fault.InvalidValue},
		{"two versions of the terms", func(p *points.Programme) { p.Terms = append(p.Terms, p.Terms[0]) }, fault.InvalidValue},
		{"terms that start at version 2", func(p *points.Programme) { p.Terms[0].Version = 2 }, fault.InvalidValue},
		{"rate over zero", func(p *points.Programme) { p.Terms[0].Rate.Den = 0 }, fault.InvalidValue},
		{"negative rate", func(p *points.Programme) { p.Terms[0].Rate.Num = -1 }, fault.InvalidValue},
		{"negative age", func(p *points.Programme) { p.Terms[0].MaxReceiptAgeDays = -1 }, fault.InvalidValue},
		{"age over the limit", func(p *points.Programme) { p.Terms[0].MaxReceiptAgeDays = points.MaxReceiptAgeDays + 1 }, fault.InvalidValue},
		{"no prose", func(p *points.Programme) { p.Terms[0].Prose = "" }, fault.InvalidValue},
		{"too much prose", func(p *points.Programme) { p.Terms[0].Prose = strings.Repeat("x", points.MaxProseLength+1) }, fault.InvalidValue},
		{"no custodian key", func(p *points.Programme) { p.Custodians = nil }, fault.InvalidValue},
		{"custodian key of version 2", func(p *points.Programme) { p.Custodians[0].Version = 2 }, fault.InvalidValue},
		{"custodian key that is none", func(p *points.Programme) { p.Custodians[0].Key = "key" }, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := programme()
			c.change(p)
			wantCode(t, p.Validate(), c.code)
		})
	}
}

func TestBusinessDateMovesForwardAndStaysNearTheTransaction(t *testing.T) {
	today := quantity.DayOf(start)
	cases := []struct {
		name      string
		simulated bool
		day       quantity.Day
		code      fault.Code
	}{
		{"a simulated programme goes anywhere forward", true, today + 4000, fault.OK},
		{"but not back", true, today - 1, fault.DateNotAllowed},
		{"nor stands still", true, today, fault.DateNotAllowed},
		{"a real programme goes to tomorrow", false, today + 1, fault.OK},
		{"not to the day after", false, today + 2, fault.DateNotAllowed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := programme()
			p.Simulated = c.simulated
			err := p.Advance(c.day, start)
			wantCode(t, err, c.code)
			want := today
			if err == nil {
				want = c.day
			}
			if p.BusinessDate != want {
				t.Errorf("the business date is %s, want %s", p.BusinessDate, want)
			}
		})
	}
}

func TestFirstBusinessDateOfARealProgrammeIsNearTheTransaction(t *testing.T) {
	for offset, code := range map[quantity.Day]fault.Code{0: fault.OK, 1: fault.OK, -1: fault.OK, 2: fault.DateNotAllowed, -2: fault.DateNotAllowed} {
		p := programme()
		p.Simulated = false
		p.BusinessDate += offset
		wantCode(t, p.AdmitFirstDate(start), code)
	}
	p := programme()
	p.BusinessDate = 0
	wantCode(t, p.AdmitFirstDate(start), fault.OK)
}

func TestControllersOfNewAccounts(t *testing.T) {
	own := ownHolder(1).controller
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := other.PublicKey.Bytes()
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
		{"custodian", points.Controller{Kind: points.ControllerCustodian}, fault.OK},
		{"no kind", points.Controller{Version: 1, Key: own.Key}, fault.InvalidValue},
		{"own key without a version", points.Controller{Kind: points.ControllerP256, Key: own.Key}, fault.InvalidValue},
		{"own key of a later version", points.Controller{Kind: points.ControllerP256, Version: 2, Key: own.Key}, fault.InvalidValue},
		{"no key", points.Controller{Kind: points.ControllerP256, Version: 1}, fault.InvalidValue},
		{"custodian with a key", points.Controller{Kind: points.ControllerCustodian, Key: own.Key}, fault.InvalidValue},
		{"custodian with a version", points.Controller{Kind: points.ControllerCustodian, Version: 1}, fault.InvalidValue},
		{"not a point of the curve", points.Controller{Kind: points.ControllerP256, Version: 1, Key: text(offCurve)}, fault.InvalidValue},
		{"no point at all", points.Controller{Kind: points.ControllerP256, Version: 1, Key: text(infinity)}, fault.InvalidValue},
		{"compressed", points.Controller{Kind: points.ControllerP256, Version: 1, Key: text(compressed)}, fault.InvalidValue},
		{"another curve", points.Controller{Kind: points.ControllerP256, Version: 1, Key: text(p384)}, fault.InvalidValue},
		{"with padding", points.Controller{Kind: points.ControllerP256, Version: 1, Key: base64.URLEncoding.EncodeToString(raw)}, fault.InvalidValue},
		{"with a line break", points.Controller{Kind: points.ControllerP256, Version: 1, Key: own.Key[:20] + "\n" + own.Key[20:]}, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantCode(t, c.c.Validate(), c.code) })
	}
	_, err = points.EncodePublicKey(&other.PublicKey)
	wantCode(t, err, fault.InvalidValue)
}
