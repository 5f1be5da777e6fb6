package api

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// unsigned is the operation of a kind by a wallet that hasn't signed yet.
func unsigned(kind Kind, changes ...fields) fields {
	return requestsOf()[kind].with(append([]fields{{"authentication": nil, "account": wallet}}, changes...)...)
}

func (b *bench) prepare(f fields) PreparedMandate {
	b.t.Helper()
	return into[PreparedMandate](b.t, b.do(call{"POST", "/v1/mandates", ScopeTill, f.String(), nil}), http.StatusOK)
}

// passkey makes the wallet one with a passkey, of a programme that takes them.
func (b *bench) passkey() {
	b.positions = map[points.AccountID]points.Account{wallet: {V: 1, ID: wallet, Status: points.StatusActive, Controller: points.Controller{Kind: points.ControllerWebAuthn, Version: 4}}}
	b.party = webauthn.RelyingParty{ID: "airline.example", Origins: []string{"https://wallet.airline.example"}}
}

func TestAPreparedMandateIsWhatTheChaincodeWillCheck(t *testing.T) {
	b := newBench(t)
	p := b.prepare(fields{"operation": unsigned(KindRedeem), "validSeconds": 60})
	m, salt := p.Mandate, *p.Operation.PlaceSalt
	if m.Place != points.PlaceHash(salt, "airline", "main-street", "till-1") || len(salt) != 64 {
		t.Errorf("place %s, salt %s", m.Place, salt)
	}
	left := m.NotAfter - time.Now().Unix()
	if left < 50 || left > 60 || m.Genesis != programme().Genesis || m.MaxPoints != 5 || m.ControllerVersion != 1 || m.Operation != points.KindRedeem || m.Bearer || m.Subject != "" {
		t.Errorf("%+v", m)
	}
	digest, err := wire.MandateDigest(&m)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(p.Canonical))
	if p.Digest != hex.EncodeToString(digest) || p.Digest != hex.EncodeToString(sum[:]) {
		t.Error("the digest is not that of the canonical mandate")
	}
	if p.Challenge != nil || p.RelyingParty != nil {
		t.Errorf("a key has no challenge: %+v", p)
	}
}

// TestEveryKindThatIsSignedHasAMandate prepares one, signs it, sends what it was told to send, and looks at what the chaincode looks at.
func TestEveryKindThatIsSignedHasAMandate(t *testing.T) {
	for kind, f := range forms {
		if f.consent == never {
			continue
		}
		t.Run(string(kind), func(t *testing.T) {
			b := newBench(t)
			request := unsigned(kind)
			if kind == KindReturn {
				request["occurredAt"] = "2024-10-04T10:00:00+01:00"
			}
			p := b.prepare(fields{"operation": request})
			p.Operation.Authorisation = &points.Authorisation{Mandate: p.Mandate, Signature: authorised(t, p.Mandate).Signature}
			w := b.do(call{"POST", "/v1/operations", ScopeTill, encoded(t, p.Operation), []string{"Idempotency-Key", "key-1"}})
			into[Operation](t, w, http.StatusOK)
			b.lawful()
			o, d, m := b.intakes[0].Operation, b.intakes[0].Details, p.Mandate
			if m.Operation != o.Kind || m.Account != o.Account || m.Receiver != o.To || m.Subject != points.SubjectHash(&o) || m.MaxPoints < o.Points ||
				m.Place != points.PlaceHash(d.PlaceSalt, d.Merchant, d.Store, d.Terminal) || b.intakes[0].Custody {
				t.Errorf("the ledger would refuse the mandate\n%+v\nfor %+v\nwith %+v", m, o, d)
			}
			digest, err := wire.MandateDigest(&m)
			if err != nil {
				t.Fatal(err)
			}
			if raw, _ := base64.RawURLEncoding.DecodeString(o.Authorisation.Signature); len(raw) != 64 || !ecdsa.Verify(&walletKey.PublicKey, digest, bigInt(raw[:32]), bigInt(raw[32:])) {
				t.Error("the signature doesn't cover what was sent")
			}
		})
	}
}

func TestAMandateForAnAmountTakesWhatTheReturnWillTake(t *testing.T) {
	b := newBench(t)
	occurred := fields{"occurredAt": "2024-10-04T10:00:00+01:00"}
	if p := b.prepare(fields{"operation": unsigned(KindReturn, occurred)}); p.Mandate.MaxPoints != 12 {
		t.Errorf("%+v", p.Mandate)
	}
	if p := b.prepare(fields{"operation": unsigned(KindReturn, occurred), "maxPoints": 30}); p.Mandate.MaxPoints != 30 {
		t.Errorf("%+v", p.Mandate)
	}
}

func TestAPasskeyIsGivenItsChallenge(t *testing.T) {
	b := newBench(t)
	b.passkey()
	p := b.prepare(fields{"operation": unsigned(KindRedeem)})
	digest, err := hex.DecodeString(p.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if p.Challenge == nil || *p.Challenge != base64.RawURLEncoding.EncodeToString(digest) || p.RelyingParty == nil || *p.RelyingParty != "airline.example" || p.Mandate.ControllerVersion != 4 {
		t.Errorf("%+v", p)
	}
}

func TestABearerMandateIsShortSmallAndForNoPlace(t *testing.T) {
	b := newBench(t)
	b.bearerLimit = 20
	request := unsigned(KindRedeem, fields{"store": nil, "terminal": nil, "receiptNumber": nil})
	p := b.prepare(fields{"operation": request, "bearer": true})
	if left := p.Mandate.NotAfter - time.Now().Unix(); !p.Mandate.Bearer || p.Mandate.Place != "" || left < 50 || left > 60 || p.Operation.PlaceSalt != nil {
		t.Errorf("%+v", p)
	}
	for name, c := range map[string]struct {
		body    fields
		code    fault.Code
		pointer string
	}{
		"longer than a minute":          {fields{"operation": request, "bearer": true, "validSeconds": 61}, fault.OutOfRange, "/validSeconds"},
		"more than the terms allow":     {fields{"operation": request, "bearer": true, "maxPoints": 21}, fault.Limit, "/maxPoints"},
		"more points than they allow":   {fields{"operation": request.with(fields{"points": 21}), "bearer": true}, fault.Limit, "/operation/points"},
		"for one till":                  {fields{"operation": unsigned(KindRedeem), "bearer": true}, fault.InvalidValue, "/operation/store"},
		"of something else than redeem": {fields{"operation": unsigned(KindTransfer), "bearer": true}, fault.InvalidValue, "/operation/kind"},
	} {
		problem := b.problem(b.do(call{"POST", "/v1/mandates", ScopeTill, c.body.String(), nil}), c.code)
		if (*problem.Errors)[0].Pointer != c.pointer {
			t.Errorf("%s: %+v", name, problem.Errors)
		}
	}
}

func TestAMandateNamesAQuoteWithItsSalt(t *testing.T) {
	b := newBench(t)
	p := b.prepare(fields{"operation": unsigned(KindRedeem, fields{"placeSalt": hash}), "quote": hash})
	if p.Mandate.Quote != hash || p.Mandate.Place != points.PlaceHash(hash, "airline", "main-street", "till-1") || *p.Operation.PlaceSalt != hash {
		t.Errorf("%+v", p)
	}
}

func TestWhatIsToBeSignedSaysNothingPersonal(t *testing.T) {
	b := newBench(t)
	b.record(KindOpen, fields{"reference": "phone-secret"})
	opened := points.AccountID(hexOf("account of " + b.Lookup("phone-secret")))
	b.positions = map[points.AccountID]points.Account{opened: {V: 1, ID: opened, Status: points.StatusActive, Controller: points.Controller{Kind: points.ControllerP256, Version: 1}}}
	w := b.do(call{"POST", "/v1/mandates", ScopeTill, fields{"operation": unsigned(KindTransfer, fields{"account": nil, "reference": "phone-secret", "to": nil, "toReference": "phone-secret"})}.String(), nil})
	p := into[PreparedMandate](t, w, http.StatusOK)
	if contains(w.Body.String(), "phone-secret") || *p.Operation.Account != string(opened) || *p.Operation.To != string(opened) {
		t.Errorf("%s", w.Body)
	}
}

func TestBadRequestsForMandatesAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		body    fields
		code    fault.Code
		pointer string
	}{
		"a return that is too old":  {fields{"operation": unsigned(KindReturn, fields{"occurredAt": "2024-01-04T10:00:00Z"})}, fault.OutOfPeriod, "/operation/amountMinor"},
		"an account in custody":     {fields{"operation": unsigned(KindRedeem, fields{"account": account})}, fault.InvalidValue, "/operation/account"},
		"of another programme":      {fields{"operation": unsigned(KindRedeem, fields{"account": stranger})}, fault.AccountUnknown, "/operation/account"},
		"an unknown account":        {fields{"operation": unsigned(KindRedeem, fields{"account": unknownID})}, fault.AccountUnknown, "/operation/account"},
		"no points":                 {fields{"operation": unsigned(KindRedeem, fields{"points": 0})}, fault.OutOfRange, "/operation/points"},
		"no till":                   {fields{"operation": unsigned(KindRedeem, fields{"store": nil})}, fault.InvalidValue, "/operation/store"},
		"no receiver":               {fields{"operation": unsigned(KindTransfer, fields{"to": nil})}, fault.InvalidValue, "/operation/to"},
		"nobody signs an accrual":   {fields{"operation": unsigned(KindEarn)}, fault.InvalidValue, "/operation/kind"},
		"nobody signs a freeze":     {fields{"operation": unsigned(KindFreeze)}, fault.InvalidValue, "/operation/kind"},
		"no kind":                   {fields{"operation": fields{}}, fault.InvalidValue, "/operation/kind"},
		"too long":                  {fields{"operation": unsigned(KindRedeem), "validSeconds": 601}, fault.OutOfRange, "/validSeconds"},
		"no time":                   {fields{"operation": unsigned(KindRedeem), "validSeconds": 0}, fault.OutOfRange, "/validSeconds"},
		"nothing to take":           {fields{"operation": unsigned(KindRedeem), "maxPoints": 0}, fault.OutOfRange, "/maxPoints"},
		"something like a quote":    {fields{"operation": unsigned(KindRedeem, fields{"placeSalt": hash}), "quote": "abc"}, fault.InvalidValue, "/quote"},
		"a quote without its salt":  {fields{"operation": unsigned(KindRedeem), "quote": hash}, fault.InvalidValue, "/operation/placeSalt"},
		"signed already":            {fields{"operation": signedRedemption().with(fields{"authorisation": authorised(t, bearer())})}, fault.InvalidValue, "/operation/authorisation"},
		"agreed already":            {fields{"operation": requestsOf()[KindRedeem]}, fault.InvalidValue, "/operation/authentication"},
		"a code already":            {fields{"operation": signedRedemption().with(fields{"spendCode": "TALLY1:"})}, fault.InvalidValue, "/operation/spendCode"},
		"somebody unknown":          {fields{"operation": unsigned(KindRedeem, fields{"account": nil, "reference": "nobody"})}, fault.AccountUnknown, "/operation/reference"},
		"a field that is not known": {fields{"operation": unsigned(KindRedeem), "tip": 1}, fault.Malformed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := b.problem(b.do(call{"POST", "/v1/mandates", ScopeTill, c.body.String(), nil}), c.code)
			if c.pointer != "" && (p.Errors == nil || !slices.ContainsFunc(*p.Errors, func(e FieldError) bool { return e.Pointer == c.pointer })) {
				t.Errorf("points at %+v, want %s", p.Errors, c.pointer)
			}
		})
	}
}
