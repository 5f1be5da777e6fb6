package wire_test

import (
	"encoding/base64"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
)

var spendGenesis = strings.Repeat("0a", 32)

const spendProgramme = "airline"

// tillMandate is what a wallet signs at a till.
func tillMandate() *points.Authorisation {
	return &points.Authorisation{
		Mandate: points.Mandate{
			Format: points.MandateFormat, Genesis: spendGenesis, Programme: spendProgramme, Account: points.AccountID(strings.Repeat("1f", 16)), ControllerVersion: 1,
			Operation: points.KindRedeem, Place: strings.Repeat("2e", 32), MaxPoints: 1500, ID: strings.Repeat("3d", 16), NotAfter: 1_800_000_000,
		},
		Signature: base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\x7f", 64))),
	}
}

// largestMandate has every part at its largest, but no assertion.
func largestMandate() *points.Authorisation {
	a := tillMandate()
	for _, kind := range points.Kinds() {
		if len(kind) > len(a.Mandate.Operation) {
			a.Mandate.Operation = kind
		}
	}
	m := &a.Mandate
	m.ControllerVersion, m.MaxPoints, m.NotAfter, m.Bearer = 1<<31-1, quantity.MaxPoints, quantity.MaxPoints, true
	m.Receiver, m.Quote, m.Subject = points.AccountID(strings.Repeat("4c", 16)), strings.Repeat("5b", 32), strings.Repeat("6a", 32)
	return a
}

// assertion is one as Chromium makes it, at a wallet's page.
func assertion() *webauthn.Assertion {
	return webauthn.NewAssertion(make([]byte, webauthn.MinAuthenticatorData), []byte(`{"type":"webauthn.get","challenge":"pf8B2UGRY_LU7sittG74aRmcEyZABuWrJuizTSUBZ_0",`+
		`"origin":"https://wallet.airline.example","crossOrigin":false,"other_keys_can_be_added_here":"do not compare clientDataJSON against a template. See https://goo.gl/yabPex"}`))
}

func spendCode(t interface {
	Helper()
	Fatal(...any)
}, a *points.Authorisation) string {
	t.Helper()
	code, err := wire.EncodeSpendCode(a)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestSpendCodeFitsAQRCode(t *testing.T) {
	signed := func(a *points.Authorisation) *points.Authorisation {
		a.WebAuthn = assertion()
		return a
	}
	most := largestMandate()
	most.WebAuthn = webauthn.NewAssertion(make([]byte, webauthn.MaxAuthenticatorData), make([]byte, webauthn.MaxClientData))
	for _, c := range []struct {
		name       string
		a          *points.Authorisation
		characters int
		version    int // Of the symbol, at most.
	}{
		{"at a till", tillMandate(), wire.MaxRawSpendCode, 9},
		{"with everything", largestMandate(), wire.MaxRawSpendCode, 12},
		{"at a till, with an assertion", signed(tillMandate()), wire.MaxSpendCode, 18},
		{"the largest", most, wire.MaxSpendCode, 34},
	} {
		t.Run(c.name, func(t *testing.T) {
			code := spendCode(t, c.a)
			if len(code) > c.characters {
				t.Errorf("%d characters", len(code))
			}
			symbol, err := qrcode.New(code, qrcode.Medium)
			if err != nil {
				t.Fatal(err)
			}
			if symbol.VersionNumber > c.version {
				t.Errorf("%d characters need version %d", len(code), symbol.VersionNumber)
			}
			back, err := wire.DecodeSpendCode(code, spendGenesis, spendProgramme)
			if err != nil || !reflect.DeepEqual(back, c.a) {
				t.Errorf("%+v came back as %+v, %v", c.a, back, err)
			}
		})
	}
	if symbol, err := qrcode.New(strings.Repeat("A", wire.MaxRawSpendCode), qrcode.Medium); err != nil || symbol.VersionNumber > 15 {
		t.Errorf("a raw code at its limit needs more than version 15: %v", err)
	}
}

func TestSpendCodeIsForOneProgrammeOfOneChannel(t *testing.T) {
	code := spendCode(t, tillMandate())
	for _, c := range []struct{ name, genesis, programme string }{
		{"another programme", spendGenesis, "hotel"}, {"another channel", strings.Repeat("0b", 32), spendProgramme},
	} {
		_, err := wire.DecodeSpendCode(code, c.genesis, c.programme)
		wantSpendCode(t, c.name, err, fault.AuthMismatch)
	}
}

func wantSpendCode(t *testing.T, name string, err error, code fault.Code) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code {
		t.Errorf("%s: got %v, want %s", name, err, code)
	}
}

func TestOnlyWholeAuthorisationsHaveASpendCode(t *testing.T) {
	for name, change := range map[string]func(*points.Authorisation){
		"format":            func(a *points.Authorisation) { a.Mandate.Format++ },
		"unknown operation": func(a *points.Authorisation) { a.Mandate.Operation = "steal" },
		"short account":     func(a *points.Authorisation) { a.Mandate.Account = a.Mandate.Account[2:] },
		"no account":        func(a *points.Authorisation) { a.Mandate.Account = "" },
		"account in capitals": func(a *points.Authorisation) {
			a.Mandate.Account = points.AccountID(strings.ToUpper(string(a.Mandate.Account)))
		},
		"id that is no hex":      func(a *points.Authorisation) { a.Mandate.ID = strings.Repeat("z", 32) },
		"long place":             func(a *points.Authorisation) { a.Mandate.Place += "00" },
		"short receiver":         func(a *points.Authorisation) { a.Mandate.Receiver = "4c" },
		"short quote":            func(a *points.Authorisation) { a.Mandate.Quote = "5b" },
		"short subject":          func(a *points.Authorisation) { a.Mandate.Subject = "6a" },
		"version below 0":        func(a *points.Authorisation) { a.Mandate.ControllerVersion = -1 },
		"version too large":      func(a *points.Authorisation) { a.Mandate.ControllerVersion = 1 << 31 },
		"points below 0":         func(a *points.Authorisation) { a.Mandate.MaxPoints = -1 },
		"points too many":        func(a *points.Authorisation) { a.Mandate.MaxPoints = quantity.MaxPoints + 1 },
		"end before 1970":        func(a *points.Authorisation) { a.Mandate.NotAfter = -1 },
		"end too late":           func(a *points.Authorisation) { a.Mandate.NotAfter = quantity.MaxPoints + 1 },
		"no signature":           func(a *points.Authorisation) { a.Signature = "" },
		"signature with padding": func(a *points.Authorisation) { a.Signature += "==" },
		"signature, line break":  func(a *points.Authorisation) { a.Signature = a.Signature[:5] + "\n" + a.Signature[5:] },
		"signature, loose bits":  func(a *points.Authorisation) { a.Signature = a.Signature[:85] + "x" },
		"empty assertion":        func(a *points.Authorisation) { a.WebAuthn = &webauthn.Assertion{} },
	} {
		a := tillMandate()
		change(a)
		_, err := wire.EncodeSpendCode(a)
		wantSpendCode(t, name, err, fault.InvalidValue)
	}
}

// base45Of writes bytes as RFC 9285 says, by other means than the code under test.
func base45Of(raw []byte) string {
	var text strings.Builder
	for i := 0; i < len(raw); i += 2 {
		pair := raw[i:min(i+2, len(raw))]
		digits := strings.Repeat("0", len(pair)+1) + new(big.Int).SetBytes(pair).Text(45)
		for j := range len(pair) + 1 {
			at := strings.IndexByte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI", digits[len(digits)-1-j])
			text.WriteByte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"[at])
		}
	}
	return text.String()
}

// parts of tillMandate's code: format, flags, check (the beginning of sha256sum's answer to the genesis hash, "|" and "airline"), account, id, operation, version, points, end, place, signature.
func parts() [][]byte {
	repeat := func(b byte, n int) []byte { return []byte(strings.Repeat(string(rune(b)), n)) }
	return [][]byte{
		{points.MandateFormat}, {0x01}, {0x8c, 0x4f, 0x24, 0xa5}, repeat(0x1f, 16), repeat(0x3d, 16), []byte("\x06redeem"), {1}, {0xdc, 0x0b},
		{0x80, 0xa4, 0xa7, 0xda, 0x06}, repeat(0x2e, 32), repeat(0x7f, 64),
	}
}

func TestSpendCodeHasItsLayout(t *testing.T) {
	var raw []byte
	for _, part := range parts() {
		raw = append(raw, part...)
	}
	if got := spendCode(t, tillMandate()); got != wire.SpendCodePrefix+base45Of(raw) {
		t.Errorf("got %s\nwant %s", got, wire.SpendCodePrefix+base45Of(raw))
	}
}

func TestSpendCodeHasOneForm(t *testing.T) {
	whole := spendCode(t, tillMandate())
	join := func(change func(p [][]byte)) string {
		p := parts()
		change(p)
		var raw []byte
		for _, part := range p {
			raw = append(raw, part...)
		}
		return wire.SpendCodePrefix + base45Of(raw)
	}
	for _, c := range []struct {
		name, code string
		want       fault.Code
	}{
		{"nothing", "", fault.Malformed},
		{"the prefix alone", wire.SpendCodePrefix, fault.Malformed},
		{"another prefix", "TALLY2:" + whole[len(wire.SpendCodePrefix):], fault.Malformed},
		{"a prefix in small letters", strings.ToLower(wire.SpendCodePrefix) + whole[len(wire.SpendCodePrefix):], fault.Malformed},
		{"a space before it", " " + whole, fault.Malformed},
		{"a line break after it", whole + "\n", fault.Malformed},
		{"the last group missing", whole[:len(whole)-3], fault.Malformed},
		{"a byte after its end", join(func(p [][]byte) { p[10] = append(p[10], 0) }), fault.Malformed},
		{"too long", wire.SpendCodePrefix + strings.Repeat("0", wire.MaxSpendCode), fault.TooLarge},
		{"another format", join(func(p [][]byte) { p[0][0] = points.MandateFormat + 1 }), fault.Malformed},
		{"an unknown flag", join(func(p [][]byte) { p[1][0] |= 0x40 }), fault.Malformed},
		{"a flag without its part", join(func(p [][]byte) { p[1][0] |= 0x02 }), fault.Malformed},
		{"a part without its flag", join(func(p [][]byte) { p[1][0] = 0 }), fault.Malformed},
		{"another check", join(func(p [][]byte) { p[2][3]++ }), fault.AuthMismatch},
		{"an unknown operation", join(func(p [][]byte) { p[5] = []byte("\x06redeeM") }), fault.Malformed},
		{"an operation that is too long", join(func(p [][]byte) { p[5] = []byte("\x21" + strings.Repeat("r", 33)) }), fault.Malformed},
		{"a number in more bytes than it needs", join(func(p [][]byte) { p[6] = []byte{0x81, 0x00} }), fault.Malformed},
		{"a number beyond 64 bits", join(func(p [][]byte) { p[7] = []byte(strings.Repeat("\xff", 10) + "\x01") }), fault.Malformed},
		{"more points than there can be", join(func(p [][]byte) { p[7] = []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10} }), fault.Malformed},
		{"an assertion that is cut off", join(func(p [][]byte) { p[1][0] |= 0x10 }), fault.Malformed},
		{"an assertion that is too short", join(func(p [][]byte) { p[1][0] |= 0x10; p[10] = append(p[10], 1, 0, 1, 0) }), fault.Malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := wire.DecodeSpendCode(c.code, spendGenesis, spendProgramme)
			wantSpendCode(t, "decoding", err, c.want)
		})
	}
	for n := range len(whole) {
		if _, err := wire.DecodeSpendCode(whole[:n], spendGenesis, spendProgramme); err == nil {
			t.Errorf("its first %d characters are taken", n)
		}
	}
}

func anyHex(t *rapid.T, n int, label string) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune("0123456789abcdef")), n, n, -1).Draw(t, label)
}

func maybeHex(t *rapid.T, n int, label string) string {
	if rapid.Bool().Draw(t, "with "+label) {
		return anyHex(t, n, label)
	}
	return ""
}

func anyAuthorisation(t *rapid.T) *points.Authorisation {
	a := &points.Authorisation{
		Mandate: points.Mandate{
			Format: points.MandateFormat, Genesis: spendGenesis, Programme: spendProgramme, Account: points.AccountID(anyHex(t, 32, "account")),
			ControllerVersion: rapid.IntRange(0, 1<<31-1).Draw(t, "version"), Operation: rapid.SampledFrom(points.Kinds()).Draw(t, "operation"), Place: maybeHex(t, 64, "place"),
			Receiver: points.AccountID(maybeHex(t, 32, "receiver")), MaxPoints: quantity.Points(rapid.Int64Range(0, quantity.MaxPoints).Draw(t, "points")),
			Quote: maybeHex(t, 64, "quote"), Subject: maybeHex(t, 64, "subject"), Bearer: rapid.Bool().Draw(t, "bearer"),
			ID: anyHex(t, 32, "id"), NotAfter: rapid.Int64Range(0, quantity.MaxPoints).Draw(t, "end"),
		},
		Signature: base64.RawURLEncoding.EncodeToString(rapid.SliceOfN(rapid.Byte(), 64, 64).Draw(t, "signature")),
	}
	if rapid.Bool().Draw(t, "with assertion") {
		a.WebAuthn = webauthn.NewAssertion(
			rapid.SliceOfN(rapid.Byte(), webauthn.MinAuthenticatorData, webauthn.MaxAuthenticatorData).Draw(t, "authenticator data"),
			rapid.SliceOfN(rapid.Byte(), 1, webauthn.MaxClientData).Draw(t, "client data"))
	}
	return a
}

func TestSpendCodeGivesBackWhatWasSigned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAuthorisation(t)
		code := spendCode(t, a)
		if len(code) > wire.MaxSpendCode || a.WebAuthn == nil && len(code) > wire.MaxRawSpendCode {
			t.Fatalf("%d characters", len(code))
		}
		if strings.Trim(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:") != "" || strings.TrimSpace(code) != code {
			t.Fatalf("%q is no text for a QR code, or a scanner would trim it", code)
		}
		back, err := wire.DecodeSpendCode(code, spendGenesis, spendProgramme)
		if err != nil || !reflect.DeepEqual(back, a) {
			t.Fatalf("%+v came back as %+v, %v", a, back, err)
		}
	})
}

// FuzzSpendCode checks that whatever is taken is the one code of what it gives, and that every refusal is one that the documentation names.
func FuzzSpendCode(f *testing.F) {
	for _, a := range []*points.Authorisation{tillMandate(), largestMandate()} {
		code := spendCode(f, a)
		f.Add(code)
		f.Add(code[:len(code)-2])
		a.WebAuthn = assertion()
		f.Add(spendCode(f, a))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, code := range []string{text, wire.SpendCodePrefix + base45Of([]byte(text))} {
			a, err := wire.DecodeSpendCode(code, spendGenesis, spendProgramme)
			if err != nil {
				if c := fault.CodeOf(err); c != fault.Malformed && c != fault.TooLarge && c != fault.AuthMismatch {
					t.Fatalf("refused with %v", err)
				}
				continue
			}
			if spendCode(t, a) != code {
				t.Fatalf("%q is taken beside %q", code, spendCode(t, a))
			}
			if _, err := wire.MandateDigest(&a.Mandate); err != nil {
				t.Fatal(err)
			}
		}
	})
}
