package webauthn_test

import (
	"crypto/ecdsa"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/webauthn"
)

// The reasons of refusal.
const (
	badForm      = "AUTH_INVALID: the assertion is not in its form"
	badClient    = "AUTH_INVALID: the client data is not a JSON object of unique members"
	badType      = "AUTH_INVALID: the client data's type is not webauthn.get"
	badChallenge = "AUTH_INVALID: the challenge is another"
	badOrigin    = "AUTH_INVALID: the origin is none of the programme's"
	badFrame     = "AUTH_INVALID: the assertion was made within a page of another origin"
	badParty     = "AUTH_INVALID: the key was made for another relying party"
	notPresent   = "AUTH_INVALID: the user was not present"
	notVerified  = "AUTH_INVALID: the user was not verified"
	badBackup    = "AUTH_INVALID: the key is said to be backed up and not to be eligible for it"
	badAttested  = "AUTH_INVALID: the authenticator data has a credential: it belongs to a registration"
	badLength    = "AUTH_INVALID: the authenticator data's length contradicts its flags"
)

// credential is attested credential data: a model id, a credential id of one byte, and a key in CBOR (an empty map).
var credential = append(make([]byte, 16), 0, 1, 'x', 0xa0)

// What the library says beside us.
const (
	same  = ""
	laxer = "the library accepts it"
)

// cases change one thing about a good ceremony; library is empty where go-webauthn agrees.
var cases = []struct {
	name    string
	change  func(*ceremony)
	want    string
	library string
}{
	{"as a browser makes it", func(*ceremony) {}, "", same},
	{"at the other origin", func(c *ceremony) { c.client = clientData("https://wallet.example.org:8443", "") }, "", same},
	{"members not known", func(c *ceremony) {
		c.client = clientData(origin, `,"other_keys_can_be_added_here":"do not compare clientDataJSON against a template","n":{"type":1}`)
	}, "", same},
	{"without crossOrigin", func(c *ceremony) { c.client = strings.Replace(c.client, `,"crossOrigin":false`, "", 1) }, "", same},
	{"spaces and another order", func(c *ceremony) {
		c.client = "\n{ \"origin\" : \"" + origin + "\" , \"challenge\" : \"" + encoded + "\", \"type\":\"webauthn.get\"}\t"
	}, "", same},
	{"escapes", func(c *ceremony) { c.client = strings.Replace(c.client, "https://", `h\u0074tps:\/\/`, 1) }, "", same},
	{"a counter", func(c *ceremony) { c.counter = 1<<32 - 1 }, "", same},
	{"reserved flags", func(c *ceremony) { c.flags |= 1<<1 | 1<<5 }, "", same},
	{"eligible for backup", func(c *ceremony) { c.flags |= be }, "", same},
	{"backed up", func(c *ceremony) { c.flags |= be | bs }, "", same},
	{"outputs of extensions", func(c *ceremony) { c.flags |= ed; c.extensions = []byte{0xa0} }, "", same},

	{"another type", func(c *ceremony) { c.client = strings.Replace(c.client, "webauthn.get", "webauthn.create", 1) }, badType, same},
	{"type in capitals", func(c *ceremony) { c.client = strings.Replace(c.client, "webauthn.get", "WEBAUTHN.GET", 1) }, badType, same},
	{"no type", func(c *ceremony) { c.client = strings.Replace(c.client, `"type":"webauthn.get",`, "", 1) }, badType, same},
	{"type is no text", func(c *ceremony) { c.client = strings.Replace(c.client, `"webauthn.get"`, `["webauthn.get"]`, 1) }, badType, same},
	{"type's name in capitals", func(c *ceremony) { c.client = strings.Replace(c.client, `"type"`, `"Type"`, 1) }, badType, laxer},
	{"another challenge", func(c *ceremony) { c.client = strings.Replace(c.client, encoded, "A"+encoded[1:], 1) }, badChallenge, same},
	{"challenge with padding", func(c *ceremony) { c.client = strings.Replace(c.client, encoded, encoded+"=", 1) }, badChallenge, same},
	{"half a challenge", func(c *ceremony) { c.client = strings.Replace(c.client, encoded, encoded[:20], 1) }, badChallenge, same},
	{"no challenge", func(c *ceremony) { c.client = strings.Replace(c.client, `"challenge":"`+encoded+`",`, "", 1) }, badChallenge, same},
	{"another origin", func(c *ceremony) { c.client = clientData("https://example.org.evil.example", "") }, badOrigin, same},
	{"a subdomain", func(c *ceremony) { c.client = clientData("https://shop.example.org", "") }, badOrigin, same},
	{"without TLS", func(c *ceremony) { c.client = clientData("http://example.org", "") }, badOrigin, same},
	{"another port", func(c *ceremony) { c.client = clientData("https://wallet.example.org", "") }, badOrigin, same},
	{"origin in capitals", func(c *ceremony) { c.client = clientData("https://EXAMPLE.org", "") }, badOrigin, laxer},
	{"origin with its default port", func(c *ceremony) { c.client = clientData(origin+":443", "") }, badOrigin, laxer},
	{"origin with a path", func(c *ceremony) { c.client = clientData(origin+"/pay", "") }, badOrigin, laxer},
	{"no origin", func(c *ceremony) { c.client = strings.Replace(c.client, `"origin":"`+origin+`",`, "", 1) }, badOrigin, same},
	{"in a frame", func(c *ceremony) { c.client = strings.Replace(c.client, "false", "true", 1) }, badFrame, same},
	{"crossOrigin is null", func(c *ceremony) { c.client = strings.Replace(c.client, "false", "null", 1) }, badFrame, laxer},
	{"crossOrigin is text", func(c *ceremony) { c.client = strings.Replace(c.client, "false", `"false"`, 1) }, badFrame, same},
	{"with a top origin", func(c *ceremony) { c.client = clientData(origin, `,"topOrigin":"`+origin+`"`) }, badFrame, same},
	{"with an empty top origin", func(c *ceremony) { c.client = clientData(origin, `,"topOrigin":""`) }, badFrame, laxer},
	{"a member twice", func(c *ceremony) { c.client = clientData(origin, `,"origin":"`+origin+`"`) }, badClient, laxer},
	{"a member twice, escaped", func(c *ceremony) { c.client = clientData("https://evil.example", `,"o\u0072igin":"`+origin+`"`) }, badClient, laxer},
	{"a member twice, deeper", func(c *ceremony) { c.client = clientData(origin, `,"n":{"a":1,"a":2}`) }, badClient, laxer},
	{"trailing text", func(c *ceremony) { c.client += "{}" }, badClient, same},
	{"a byte order mark", func(c *ceremony) { c.client = "\ufeff" + c.client }, badClient, same},
	{"bytes that are no text", func(c *ceremony) { c.client = clientData(origin, ",\"n\":\"\xff\"") }, badClient, laxer},
	{"half of a surrogate pair", func(c *ceremony) { c.client = clientData(origin, `,"n":"\ud800"`) }, badClient, laxer},
	{"a list", func(c *ceremony) { c.client = "[" + c.client + "]" }, badClient, same},
	{"null", func(c *ceremony) { c.client = "null" }, badType, same},
	{"no JSON", func(c *ceremony) { c.client = "type=webauthn.get" }, badClient, same},

	{"for another relying party", func(c *ceremony) { c.site = "wallet.example.org" }, badParty, same},
	{"user not present", func(c *ceremony) { c.flags &^= up }, notPresent, same},
	{"user not verified", func(c *ceremony) { c.flags &^= uv }, notVerified, same},
	{"backed up, not eligible", func(c *ceremony) { c.flags |= bs }, badBackup, laxer}, // It leaves that to the server.
	{"with a credential", func(c *ceremony) { c.flags |= at; c.extensions = credential }, badAttested, laxer},
	{"extensions without a flag", func(c *ceremony) { c.extensions = []byte{0xa0} }, badLength, same},
	{"the flag without extensions", func(c *ceremony) { c.flags |= ed }, badLength, same},
	{"longest client data", func(c *ceremony) { c.client += strings.Repeat(" ", webauthn.MaxClientData-len(c.client)) }, "", same},
	{"too long client data", func(c *ceremony) { c.client += strings.Repeat(" ", webauthn.MaxClientData+1-len(c.client)) }, badForm, laxer},
	{"longest extensions", func(c *ceremony) {
		c.flags |= ed
		c.extensions = extension(webauthn.MaxAuthenticatorData - webauthn.MinAuthenticatorData)
	}, "", same},
	{"too long extensions", func(c *ceremony) {
		c.flags |= ed
		c.extensions = extension(webauthn.MaxAuthenticatorData + 1 - webauthn.MinAuthenticatorData)
	}, badForm, laxer},
}

// extension is a CBOR map of n bytes with one unknown output.
func extension(n int) []byte {
	head := []byte{0xa1, 0x61, 'x', 0x58, byte(n - 5)}
	return append(head, make([]byte, n-len(head))...)
}

func TestCheckTakesExactlyWhatWasMadeForTheChallenge(t *testing.T) {
	key := newKey()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			made := good()
			c.change(&made)
			refusedAs(t, webauthn.Check(made.assertion(), party, challenge), c.want)
			err := byLibrary(t, made, &key.PublicKey, made.sign(key))
			if expected := c.want == "" || c.library == laxer; (err == nil) != expected {
				t.Errorf("go-webauthn says %v", err)
			}
		})
	}
}

// TestCheckTakesNothingThatTheLibraryRefuses looks for combinations that the table doesn't have.
func TestCheckTakesNothingThatTheLibraryRefuses(t *testing.T) {
	key := newKey()
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		made := good()
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			rapid.SampledFrom(cases).Draw(t, "change").change(&made)
		}
		if rapid.Bool().Draw(t, "other flags") {
			made.flags = rapid.Byte().Draw(t, "flags")
		}
		if made.flags&(at|ed) == ed && len(made.extensions) > 0 {
			made.extensions = []byte{0xa0} // Check doesn't read the outputs of extensions; the library refuses what is no CBOR map.
		}
		if webauthn.Check(made.assertion(), party, challenge) != nil {
			return
		}
		accepted++
		if err := byLibrary(t, made, &key.PublicKey, made.sign(key)); err != nil {
			t.Fatalf("%+v is taken; go-webauthn says %v", made, err)
		}
	})
	if accepted == 0 {
		t.Error("nothing was accepted: the property says nothing")
	}
}

func TestDigestIsWhatTheAuthenticatorSigned(t *testing.T) {
	key := newKey()
	made := good()
	signature := made.sign(key)
	digest, err := webauthn.Digest(made.assertion())
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.VerifyASN1(&key.PublicKey, digest, signature) {
		t.Error("the signature doesn't cover the digest")
	}
	for name, change := range map[string]func(*ceremony){
		"flags": func(c *ceremony) { c.flags |= be }, "counter": func(c *ceremony) { c.counter++ }, "client data": func(c *ceremony) { c.client += " " },
	} {
		other := good()
		change(&other)
		digest, err := webauthn.Digest(other.assertion())
		if err != nil {
			t.Fatal(err)
		}
		if ecdsa.VerifyASN1(&key.PublicKey, digest, signature) || byLibrary(t, other, &key.PublicKey, signature) == nil {
			t.Errorf("the signature covers other %s", name)
		}
	}
}

func TestAnAssertionHasOneForm(t *testing.T) {
	whole := good().assertion()
	forms := []struct {
		name   string
		change func(*webauthn.Assertion)
		ok     bool
	}{
		{"as given", func(*webauthn.Assertion) {}, true},
		{"nothing", func(a *webauthn.Assertion) { *a = webauthn.Assertion{} }, false},
		{"no client data", func(a *webauthn.Assertion) { a.ClientDataJSON = "" }, false},
		{"36 bytes of authenticator data", func(a *webauthn.Assertion) { a.AuthenticatorData = a.AuthenticatorData[:48] }, false},
		{"a line break", func(a *webauthn.Assertion) { a.ClientDataJSON = a.ClientDataJSON[:4] + "\n" + a.ClientDataJSON[4:] }, false},
		{"padding", func(a *webauthn.Assertion) { a.AuthenticatorData += "==" }, false},
		{"the other alphabet", func(a *webauthn.Assertion) { a.ClientDataJSON = "++++" }, false},
		{"bits that mean nothing", func(a *webauthn.Assertion) { a.AuthenticatorData = a.AuthenticatorData[:49] + "B" }, false},
	}
	for _, c := range forms {
		t.Run(c.name, func(t *testing.T) {
			a := *whole
			c.change(&a)
			if err := a.Validate(); (err == nil) != c.ok || err != nil && fault.CodeOf(err) != fault.InvalidValue {
				t.Errorf("Validate says %v", err)
			}
			if _, err := webauthn.Digest(&a); (err == nil) != c.ok || err != nil && fault.CodeOf(err) != fault.AuthInvalid {
				t.Errorf("Digest says %v", err)
			}
			if err := webauthn.Check(&a, party, challenge); (err == nil) != c.ok || err != nil && fault.CodeOf(err) != fault.AuthInvalid {
				t.Errorf("Check says %v", err)
			}
		})
	}
}

func TestCheckNeedsAPartyAndAWholeChallenge(t *testing.T) {
	refusedAs(t, webauthn.Check(good().assertion(), &webauthn.RelyingParty{}, challenge), "AUTH_INVALID: the programme takes no passkeys")
	refusedAs(t, webauthn.Check(good().assertion(), party, challenge[:31]), "INTERNAL: a challenge has 32 bytes")
}
