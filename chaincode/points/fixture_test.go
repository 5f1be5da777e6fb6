package points_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const (
	brand  = "airline"
	issuer = "AirlineMSP"
	other  = "HotelMSP"             // Approves.
	start  = int64(1_300_000_000)   // Transaction time at which tests begin: 2011-03-13, 07:06:40 UTC.
	site   = "wallet.example.org"   // For which passkeys are made.
	origin = "https://" + site      // Where they are used.
	dated  = "2011-03-13T09:30:00Z" // When purchases take place, where nothing else is said.
)

var (
	today     = quantity.DayOf(start)
	genesis   = strings.Repeat("0a", 32)
	salt      = make([]byte, 32)
	custodian = newKey()
)

// failer is what *testing.T, *testing.F and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(string, ...any)
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func encodedKey(key *ecdsa.PrivateKey) string {
	text, err := points.EncodePublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return text
}

func accountID(n int) points.AccountID     { return points.AccountID(fmt.Sprintf("%032x", n)) }
func operationID(n int) points.OperationID { return points.OperationID(fmt.Sprintf("%032x", n)) }

func day(text string) quantity.Day {
	d, err := quantity.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

// plainTerms give a point for a pound that can be spent and sent at once and never expires.
func plainTerms() terms.Terms {
	return terms.Terms{
		Version: 1, Prose: map[string]string{"en": "A point for a pound."}, Rate: quantity.Ratio{Num: 1, Den: 100}, MaxReceiptAgeDays: 30,
		UnreferencedReturns: true, Expiry: lots.Expiry{Kind: lots.Never}, Value: quantity.Ratio{Num: 1, Den: 1},
		Transfers: terms.Transfers{Customer: true, Merchant: true, Trade: true}, Bearer: 50,
		HoldMaxSeconds: 3600, RecoveryWaitSeconds: 1000, CoolingOffSeconds: 500,
	}
}

func programme() *points.Programme {
	return &points.Programme{
		V: 1, Brand: brand, MSP: issuer, Genesis: genesis, DisplayName: "Miles", Currency: "GBP", Simulated: true, BusinessDate: today,
		Engine: points.EngineVersion, Terms: []terms.Terms{plainTerms()},
		Custodians:   []points.CustodianKey{{Version: 1, Key: encodedKey(custodian)}},
		RelyingParty: webauthn.RelyingParty{ID: site, Origins: []string{origin}},
	}
}

// holder is an account and the key that controls it.
type holder struct {
	id         points.AccountID
	key        *ecdsa.PrivateKey
	controller points.Controller
}

func ownHolder(n int) holder {
	key := newKey()
	return holder{id: accountID(n), key: key, controller: points.Controller{Kind: points.ControllerP256, Version: 1, Key: encodedKey(key)}}
}

func passkeyHolder(n int) holder {
	h := ownHolder(n)
	h.controller.Kind = points.ControllerWebAuthn
	return h
}

func custodyHolder(n int) holder {
	return holder{id: accountID(n), key: custodian, controller: points.Controller{Kind: points.ControllerCustodian}}
}

// mandate is one that fits the operation at a time.
func (h holder) mandate(o *points.Operation, d *points.Details, now int64) points.Mandate {
	m := points.Mandate{
		Format: points.MandateFormat, Genesis: genesis, Programme: brand, Account: h.id, ControllerVersion: h.controller.Version, Operation: o.Kind,
		Place: points.PlaceHash(d.PlaceSalt, d.Merchant, d.Store, d.Terminal), Receiver: o.To, MaxPoints: o.Points, Subject: points.SubjectHash(o),
		ID: string(o.ID), NotAfter: now + 60,
	}
	if h.controller.Kind == points.ControllerCustodian {
		m.ControllerVersion = 1
	}
	if o.Kind == points.KindReturn {
		m.MaxPoints = 1_000_000
	}
	return m
}

func (h holder) sign(m points.Mandate) *points.Authorisation {
	if h.controller.Kind == points.ControllerWebAuthn {
		return signPasskey(h.key, m, origin)
	}
	return signRaw(h.key, m)
}

func digestOf(m points.Mandate) []byte {
	digest, err := wire.MandateDigest(&m)
	if err != nil {
		panic(err)
	}
	return digest
}

func signRaw(key *ecdsa.PrivateKey, m points.Mandate) *points.Authorisation {
	return &points.Authorisation{Mandate: m, Signature: signature(key, digestOf(m))}
}

// signPasskey is what an authenticator makes of a mandate's digest as the challenge, by the specification's words.
func signPasskey(key *ecdsa.PrivateKey, m points.Mandate, from string) *points.Authorisation {
	id := sha256.Sum256([]byte(site))
	const presentAndVerified = 1<<0 | 1<<2
	data := binary.BigEndian.AppendUint32(append(id[:], presentAndVerified), 7)
	client := fmt.Sprintf(`{"type":"webauthn.get","challenge":%q,"origin":%q,"crossOrigin":false}`, base64.RawURLEncoding.EncodeToString(digestOf(m)), from)
	hash := sha256.Sum256([]byte(client))
	signed := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	return &points.Authorisation{Mandate: m, Signature: signature(key, signed[:]), WebAuthn: webauthn.NewAssertion(data, []byte(client))}
}

func signature(key *ecdsa.PrivateKey, digest []byte) string {
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		panic(err)
	}
	return points.SignatureOver(r, s)
}

// purchase is the private part of an operation at the programme's first date, in its currency.
func purchase(pence int64) points.Details {
	return points.Details{AmountMinor: pence, Currency: "GBP", OccurredAt: dated}
}

func encode(t failer, v any) string {
	t.Helper()
	raw, err := wire.Encode(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(raw)
}

// written is encode without the order of names that RFC 8785 wants, for comparisons within a test: it takes a fraction of the time.
func written(t failer, v any) string {
	t.Helper()
	raw, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(raw)
}

// copyOf goes through the form that is stored, so that what is not stored is lost.
func copyOf[V any](t failer, v *V) *V {
	t.Helper()
	c := new(V)
	if err := wire.DecodeRecord([]byte(written(t, v)), c); err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if code == fault.OK {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	if err == nil {
		t.Fatalf("accepted, want %s", code)
	}
	if got := fault.CodeOf(err); got != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func want(t failer, r points.Receipt, code fault.Code) points.Receipt {
	t.Helper()
	if r.Code != code {
		t.Fatalf("%s was answered %s, want %s", r.Kind, r.Code, code)
	}
	return r
}
