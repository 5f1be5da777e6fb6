package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// spendCode is what a wallet shows for a mandate.
func spendCode(t *testing.T, m points.Mandate) string {
	t.Helper()
	a := authorised(t, m)
	code, err := wire.EncodeSpendCode(&a)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// bearer is a mandate that a wallet without connection could sign.
func bearer() points.Mandate {
	m := mandate()
	m.Place, m.Bearer = "", true
	return m
}

// signedRedemption is a redemption by a wallet, without its signature.
func signedRedemption() fields {
	return requestsOf()[KindRedeem].with(fields{"authentication": nil, "account": wallet})
}

func TestASpendCodeIsAnAuthorisation(t *testing.T) {
	b := newBench(t)
	code := spendCode(t, mandate())
	into[Operation](t, b.do(b.post("/v1/operations", ScopeTill, signedRedemption().with(fields{"spendCode": code, "placeSalt": hash}))), http.StatusOK)
	in := b.intakes[0]
	if a := in.Operation.Authorisation; a == nil || a.Mandate != mandate() || in.Custody || in.Details.PlaceSalt != hash {
		t.Fatalf("%+v", in)
	}
	b.lawful()
}

func TestABearersCodeNeedsNoAccountAndNoSalt(t *testing.T) {
	b := newBench(t)
	request := signedRedemption().with(fields{"account": nil, "spendCode": spendCode(t, bearer())})
	into[Operation](t, b.do(b.post("/v1/operations", ScopeTill, request)), http.StatusOK)
	if in := b.intakes[0]; in.Operation.Account != wallet || !in.Operation.Authorisation.Mandate.Bearer || in.Details.Store != "main-street" {
		t.Errorf("%+v", in)
	}
	b.lawful()
}

func TestASpendCodeOfAnotherProgrammeIsToldFromABrokenOne(t *testing.T) {
	good := spendCode(t, bearer())
	foreign := bearer()
	foreign.Programme = "hotel"
	elsewhere := bearer()
	elsewhere.Genesis = strings.Repeat("e", 64)
	for name, c := range map[string]struct {
		code string
		want fault.Code
	}{
		"another programme": {spendCode(t, foreign), fault.AuthMismatch},
		"another channel":   {spendCode(t, elsewhere), fault.AuthMismatch},
		"cut off":           {good[:len(good)-3], fault.Malformed},
		"small letters":     {strings.ToLower(good), fault.Malformed},
		"something else":    {"https://example.com", fault.Malformed},
		"too long":          {wire.SpendCodePrefix + strings.Repeat("A", wire.MaxSpendCode), fault.TooLarge},
		"nothing":           {"", fault.Malformed},
	} {
		b := newBench(t)
		p := b.problem(b.do(b.post("/v1/operations", ScopeTill, signedRedemption().with(fields{"spendCode": c.code}))), c.want)
		if (*p.Errors)[0].Pointer != "/spendCode" || len(b.intakes) != 0 {
			t.Errorf("%s: %+v, %d recorded", name, p.Errors, len(b.intakes))
		}
		if c.code != "" && strings.Contains(p.Detail, c.code) {
			t.Errorf("%s: the code is in the answer: %s", name, p.Detail)
		}
	}
}

func TestASaltGoesWithAMandateThatNamesAPlace(t *testing.T) {
	for name, changes := range map[string][]fields{
		"a code for a place without its salt":      {{"spendCode": spendCode(t, mandate())}},
		"a code for any place with a salt":         {{"spendCode": spendCode(t, bearer()), "placeSalt": hash}},
		"a mandate for a place without its salt":   {{"authorisation": authorised(t, mandate())}},
		"a mandate for any place with a salt":      {{"authorisation": authorised(t, bearer()), "placeSalt": hash}},
		"a hold's code for a place without a till": {{"spendCode": spendCode(t, holdMandate()), "kind": "hold", "until": 2_000_000_000}},
	} {
		t.Run(name, func(t *testing.T) { expectPointer(t, KindRedeem, signedRedemption().with(changes...), "/placeSalt") })
	}
	b := newBench(t)
	transfer := mandate()
	transfer.Operation, transfer.Place, transfer.Receiver = points.KindTransfer, "", account
	request := requestsOf()[KindTransfer].with(fields{"account": wallet, "to": account, "authentication": nil, "authorisation": authorised(t, transfer)})
	into[Operation](t, b.do(b.post("/v1/operations", ScopeTill, request)), http.StatusOK)
	b.lawful()
}

func holdMandate() points.Mandate {
	m := mandate()
	m.Operation = points.KindHold
	return m
}

func TestAWalletSignsWhatItsOperationSays(t *testing.T) {
	a := fields{"authentication": nil, "account": wallet, "authorisation": authorised(t, bearer())}
	expectPointer(t, KindHold, requestsOf()[KindHold].with(a), "/until")
	expectPointer(t, KindGift, requestsOf()[KindGift].with(a), "/claimCode")
}

func TestEveryPartOfAnAuthorisationIsChecked(t *testing.T) {
	for pointer, change := range map[string]func(*points.Authorisation){
		"mandate/format":            func(a *points.Authorisation) { a.Mandate.Format = 2 },
		"mandate/genesis":           func(a *points.Authorisation) { a.Mandate.Genesis = "g" },
		"mandate/programme":         func(a *points.Authorisation) { a.Mandate.Programme = "" },
		"mandate/account":           func(a *points.Authorisation) { a.Mandate.Account = "abc" },
		"mandate/controllerVersion": func(a *points.Authorisation) { a.Mandate.ControllerVersion = -1 },
		"mandate/operation":         func(a *points.Authorisation) { a.Mandate.Operation = "grant" },
		"mandate/place":             func(a *points.Authorisation) { a.Mandate.Place = "here" },
		"mandate/receiver":          func(a *points.Authorisation) { a.Mandate.Receiver = "abc" },
		"mandate/maxPoints":         func(a *points.Authorisation) { a.Mandate.MaxPoints = quantity.MaxPoints + 1 },
		"mandate/subject":           func(a *points.Authorisation) { a.Mandate.Subject = "abc" },
		"mandate/bearer":            func(a *points.Authorisation) { a.Mandate.Bearer = true },
		"mandate/quote":             func(a *points.Authorisation) { a.Mandate.Quote = "abc" },
		"mandate/id":                func(a *points.Authorisation) { a.Mandate.ID = "abc" },
		"mandate/notAfter":          func(a *points.Authorisation) { a.Mandate.NotAfter = -1 },
		"signature":                 func(a *points.Authorisation) { a.Signature += "AA" },
		"webauthn":                  func(a *points.Authorisation) { a.WebAuthn = &webauthn.Assertion{AuthenticatorData: "AA"} },
	} {
		a := authorised(t, mandate())
		change(&a)
		expectPointer(t, KindRedeem, signedRedemption().with(fields{"authorisation": a, "placeSalt": hash}), "/authorisation/"+pointer)
	}
}

func TestThePasskeysAssertionReachesTheLedger(t *testing.T) {
	b := newBench(t)
	a := authorised(t, mandate())
	a.WebAuthn = webauthn.NewAssertion(slices.Repeat([]byte{1}, webauthn.MinAuthenticatorData), []byte(`{"type":"webauthn.get"}`))
	into[Operation](t, b.do(b.post("/v1/operations", ScopeTill, signedRedemption().with(fields{"authorisation": a, "placeSalt": hash}))), http.StatusOK)
	if got := b.intakes[0].Operation.Authorisation.WebAuthn; got == nil || *got != *a.WebAuthn {
		t.Errorf("%+v", got)
	}
	b.lawful()
}
