package api

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

func TestBadInputGetsItsCodeAndNothingIsRecorded(t *testing.T) {
	change := func(from, to string) string { return strings.Replace(earn, from, to, 1) }
	without := func(field string) string { return change(field, "") }
	original := `,"original":{"receipt":` + `{"v":1,"operation":"` + account + `","kind":"earn","programme":"airline","account":"` + account +
		`","points":1,"outcome":"ACCEPTED","code":"OK","debtRepaid":0,"debtIncurred":0,"posted":1,"businessDate":"2026-11-22","engine":1,"terms":1,"details":"x"}` +
		`,"proof":{"msp":"A","lane":0,"seq":1,"index":0,"size":1,"hashes":[]}}`
	for _, c := range []struct {
		name, body string
		code       fault.Code
		pointer    string
	}{
		{"not JSON", `{`, fault.Malformed, ""},
		{"an array", `[]`, fault.Malformed, ""},
		{"text after the document", earn + `{}`, fault.Malformed, ""},
		{"unknown field", change(`"kind"`, `"tip":1,"kind"`), fault.Malformed, ""},
		{"field in another case", change(`"amountMinor"`, `"AmountMinor"`), fault.Malformed, ""},
		{"field given twice", change(`"currency"`, `"amountMinor":9999,"currency"`), fault.Malformed, ""},
		{"null", change(`:1234`, `:null`), fault.Malformed, ""},
		{"text for a number", change(`:1234`, `:"1234"`), fault.Malformed, ""},
		{"a fraction", change(`:1234`, `:12.34`), fault.Malformed, ""},
		{"beyond 64 bits", change(`:1234`, `:9223372036854775808`), fault.Malformed, ""},
		{"invalid UTF-8", change("main-street", "main\xff"), fault.Malformed, ""},
		{"too large", change("main-street", strings.Repeat("x", 70_000)), fault.TooLarge, ""},
		{"negative amount", change(`:1234`, `:-1`), fault.OutOfRange, "/amountMinor"},
		{"overflowing amount", change(`:1234`, `:9007199254740992`), fault.OutOfRange, "/amountMinor"},
		{"unknown kind", change(`"earn"`, `"grant"`), fault.InvalidValue, "/kind"},
		{"no kind", without(`"kind":"earn",`), fault.InvalidValue, "/kind"},
		{"short account", change(account, "abc"), fault.InvalidValue, "/account"},
		{"capital hex", change(account, strings.ToUpper(account)), fault.InvalidValue, "/account"},
		{"neither account nor reference", without(`"account":"` + account + `",`), fault.InvalidValue, "/account"},
		{"account and reference", change(`"kind"`, `"reference":"card","kind"`), fault.InvalidValue, "/account"},
		{"unknown reference", change(`"account":"`+account+`"`, `"reference":"card"`), fault.AccountUnknown, "/reference"},
		{"no amount", without(`"amountMinor":1234,`), fault.InvalidValue, "/amountMinor"},
		{"no receipt number", without(`,"receiptNumber":"r-1"`), fault.InvalidValue, "/receiptNumber"},
		{"empty store", change("main-street", ""), fault.InvalidValue, "/store"},
		{"control character", change("main-street", `a\nb`), fault.InvalidValue, "/store"},
		{"long terminal", change("till-1", strings.Repeat("t", 65)), fault.InvalidValue, "/terminal"},
		{"small currency", change("GBP", "gbp"), fault.InvalidValue, "/currency"},
		{"time without a zone", change("+01:00", ""), fault.InvalidValue, "/occurredAt"},
		{"a field of another kind", change(`"kind"`, `"points":3,"kind"`), fault.InvalidValue, "/points"},
		{"zero points", strings.Replace(redeem, `"points":5`, `"points":0`, 1), fault.OutOfRange, "/points"},
		{"negative points", strings.Replace(redeem, `"points":5`, `"points":-5`, 1), fault.OutOfRange, "/points"},
		{"too many points", strings.Replace(redeem, `"points":5`, `"points":9007199254740992`, 1), fault.OutOfRange, "/points"},
		{"debit that nobody agreed to", strings.Replace(redeem, `,"authentication":{"method":"otp","challenge":"four digits"}`, "", 1), fault.InvalidValue, "/authorisation"},
		{"strange method", strings.Replace(redeem, `"otp"`, `"O T P"`, 1), fault.InvalidValue, "/authentication/method"},
		{"salt without authorisation", strings.Replace(redeem, `"points"`, `"placeSalt":"`+strings.Repeat("a", 64)+`","points"`, 1), fault.InvalidValue, "/placeSalt"},
		{"transfer with a till", `{"kind":"transfer","account":"` + account + `","to":"` + wallet + `","points":5,"store":"s","authentication":{"method":"otp","challenge":"x"}}`, fault.InvalidValue, "/store"},
		{"return of an unknown operation", strings.TrimSuffix(giveBack, "}") + `,"originalOperation":"` + unknownID + `"}`, fault.NotFound, "/originalOperation"},
		{"return of two receipts", strings.TrimSuffix(giveBack, "}") + `,"originalOperation":"` + unknownID + `"` + original + `}`, fault.InvalidValue, "/original"},
		{"receipt with an unknown field", strings.TrimSuffix(giveBack, "}") + strings.Replace(original, `"v":1`, `"v":1,"w":2`, 1) + `}`, fault.Malformed, ""},
		{"key that is no point", `{"kind":"open","controller":{"kind":"p256","key":"AAAA"}}`, fault.InvalidValue, "/controller/key"},
		{"custodian as controller", `{"kind":"open","controller":{"kind":"custodian","key":"AAAA"}}`, fault.InvalidValue, "/controller/kind"},
		{"opening with a till", `{"kind":"open","store":"s"}`, fault.InvalidValue, "/store"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			p := b.problem(b.submit(c.body), c.code)
			if len(b.intakes) != 0 {
				t.Errorf("%d operations were recorded", len(b.intakes))
			}
			if c.pointer != "" && (p.Errors == nil || (*p.Errors)[0].Pointer != c.pointer) {
				t.Errorf("points at %+v, want %s", p.Errors, c.pointer)
			}
		})
	}
}

func TestAllMistakesOfARequestAreToldAtOnce(t *testing.T) {
	b := newBench(t)
	p := b.problem(b.submit(`{"kind":"earn","amountMinor":-1,"currency":"x"}`), fault.InvalidValue)
	if len(*p.Errors) != 7 {
		t.Errorf("%+v", *p.Errors)
	}
}

func TestHeadersAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		code    fault.Code
	}{
		"no key":             {[]string{"Idempotency-Key", ""}, fault.IdempotencyMissing},
		"long key":           {[]string{"Idempotency-Key", strings.Repeat("k", 65)}, fault.IdempotencyMissing},
		"key with a newline": {[]string{"Idempotency-Key", "a\tb"}, fault.IdempotencyMissing},
		"other media type":   {[]string{"Content-Type", "text/plain"}, fault.Malformed},
		"no media type":      {[]string{"Content-Type", ""}, fault.Malformed},
		"long wait":          {[]string{"Prefer", "wait=31"}, fault.InvalidValue},
		"wait for ever":      {[]string{"Prefer", "wait=-1"}, fault.InvalidValue},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.problem(b.submit(earn, c.headers...), c.code)
			if len(b.intakes) != 0 {
				t.Errorf("%d operations were recorded", len(b.intakes))
			}
		})
	}
}

func TestBadParametersAreRefused(t *testing.T) {
	for path, code := range map[string]fault.Code{
		"/v1/operations/xyz":                             fault.InvalidValue,
		"/v1/operations/" + unknownID:                    fault.NotFound,
		"/v1/receipts/xyz":                               fault.InvalidValue,
		"/v1/receipts/" + unknownID:                      fault.NotFound,
		"/v1/accounts/xyz":                               fault.InvalidValue,
		"/v1/accounts/" + unknownID:                      fault.AccountUnknown,
		"/v1/accounts/" + unknownID + "/history":         fault.AccountUnknown,
		"/v1/accounts/" + account + "/history?limit=0":   fault.InvalidValue,
		"/v1/accounts/" + account + "/history?limit=201": fault.InvalidValue,
		"/v1/accounts/" + account + "/history?limit=two": fault.Malformed,
		"/v1/accounts/" + account + "/history?cursor=?":  fault.InvalidValue,
		"/v1/programmes/nobody":                          fault.NotFound,
		"/v1/nothing":                                    fault.NotFound,
	} {
		t.Run(path, func(t *testing.T) {
			b := newBench(t)
			b.problem(b.get(path), code)
		})
	}
}

func TestAMethodThatARouteDoesNotTakeIs405(t *testing.T) {
	b := newBench(t)
	w := b.do(call{"DELETE", "/v1/operations", ScopeTill, "", nil})
	if w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Errorf("%d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}
