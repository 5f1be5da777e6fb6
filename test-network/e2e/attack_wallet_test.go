//go:build network

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"math/big"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// wallet is a customer with a key of their own.
type wallet struct {
	key     *ecdsa.PrivateKey
	account string
}

// prepared is a mandate to sign, as POST /v1/mandates gives it.
type prepared struct {
	Mandate   points.Mandate `json:"mandate"`
	Canonical string         `json:"canonical"`
	Operation struct {
		PlaceSalt string `json:"placeSalt"`
	} `json:"operation"`
}

const walletPoints = 100

func newWallet(t *testing.T) wallet {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	public := must[string](t)(points.EncodePublicKey(&key.PublicKey))
	w := wallet{key: key, account: three.open(t, "airline", fields{"controller": fields{"kind": "p256", "key": public}})}
	ok[operation](t, three.submit(t, "airline", three.purchase(t, "airline", w.account, walletPoints*100)))
	return w
}

// prepare asks the gateway what to sign for a redemption at the tests' till.
func (w wallet) prepare(t *testing.T, most int64) prepared {
	t.Helper()
	return ok[prepared](t, three.call(t, "airline", request{
		method: "POST", path: "/v1/mandates", key: three.key(t, "airline", "till"),
		body: fields{"operation": fields{"account": w.account, "kind": "redeem", "points": most, "store": "main-street", "terminal": "till-1", "receiptNumber": "0"}},
	}))
}

// signed signs a mandate with a key: the wallet's own, unless it is a forgery.
func signed(t *testing.T, key *ecdsa.PrivateKey, m points.Mandate) points.Authorisation {
	t.Helper()
	digest := must[[]byte](t)(wire.MandateDigest(&m))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		t.Fatal(err)
	}
	return points.Authorisation{Mandate: m, Signature: points.SignatureOver(r, s)}
}

// spend is a redemption under an authorisation.
func (w wallet) spend(amount int64, a points.Authorisation, placeSalt string) fields {
	return redemption(w.account, amount).with(fields{"authentication": nil, "authorisation": a, "placeSalt": placeSalt})
}

func TestWalletsAuthorisationServesOnceAndForNothingElse(t *testing.T) {
	w, thief := newWallet(t), newWallet(t)
	before := three.books(t, "airline")
	for _, attack := range []struct {
		name string
		code fault.Code
		make func(t *testing.T, p *prepared) points.Authorisation
	}{
		{"signed by somebody else", fault.AuthInvalid, func(t *testing.T, p *prepared) points.Authorisation { return signed(t, thief.key, p.Mandate) }},
		{"altered after signing", fault.AuthInvalid, func(t *testing.T, p *prepared) points.Authorisation {
			a := signed(t, w.key, p.Mandate)
			a.Mandate.MaxPoints = walletPoints
			return a
		}},
		{"a signature that is none", fault.AuthInvalid, func(t *testing.T, p *prepared) points.Authorisation {
			return points.Authorisation{Mandate: p.Mandate, Signature: base64.RawURLEncoding.EncodeToString(make([]byte, 64))}
		}},
		{"the high-S twin of a good signature", fault.AuthInvalid, func(t *testing.T, p *prepared) points.Authorisation {
			return highS(t, signed(t, w.key, p.Mandate))
		}},
		{"for another channel", fault.AuthMismatch, altered(w, func(m *points.Mandate) { m.Genesis = randomHex(32) })},
		{"for another programme", fault.AuthMismatch, altered(w, func(m *points.Mandate) { m.Programme = "hotel" })},
		{"for another account", fault.AuthMismatch, altered(w, func(m *points.Mandate) { m.Account = points.AccountID(thief.account) })},
		{"for a key that was replaced", fault.AuthMismatch, altered(w, func(m *points.Mandate) { m.ControllerVersion = 2 })},
		{"for another operation", fault.AuthMismatch, altered(w, func(m *points.Mandate) { m.Operation = points.KindTransfer })},
		{"for another till", fault.AuthMismatch, altered(w, func(m *points.Mandate) { m.Place = points.PlaceHash(randomHex(32), "airline", "other", "till-1") })},
		{"for a receiver", fault.AuthMismatch, altered(w, func(m *points.Mandate) { m.Receiver = points.AccountID(thief.account) })},
		{"for fewer points", fault.AuthMismatch, altered(w, func(m *points.Mandate) { m.MaxPoints = 9 })},
		{"lapsed", fault.AuthExpired, altered(w, func(m *points.Mandate) { m.NotAfter = time.Now().Add(-time.Minute).Unix() })},
		{"valid for longer than allowed", fault.AuthExpired, altered(w, func(m *points.Mandate) { m.NotAfter = time.Now().Add(time.Hour).Unix() })},
	} {
		t.Run(attack.name, func(t *testing.T) {
			p := w.prepare(t, 10)
			a := attack.make(t, &p)
			refused(t, three.submit(t, "airline", w.spend(10, a, p.Operation.PlaceSalt)), attack.code)
		})
	}
	t.Run("the brand's custody signs instead", func(t *testing.T) {
		refused(t, three.submit(t, "airline", redemption(w.account, 10)), fault.AuthInvalid)
	})
	three.unmoved(t, "airline", before)

	p := w.prepare(t, 10)
	a := signed(t, w.key, p.Mandate)
	ok[operation](t, three.submit(t, "airline", w.spend(10, a, p.Operation.PlaceSalt)))
	refused(t, three.submit(t, "airline", w.spend(10, a, p.Operation.PlaceSalt)), fault.AuthReplayed)
	refused(t, three.submit(t, "airline", w.spend(10, signed(t, w.key, p.Mandate), p.Operation.PlaceSalt)), fault.AuthReplayed)
	if got := three.account(t, "airline", w.account); got.Posted != walletPoints-10 {
		t.Fatalf("the wallet holds %d points, want %d", got.Posted, walletPoints-10)
	}
}

// altered changes the mandate before the wallet itself signs it.
func altered(w wallet, change func(*points.Mandate)) func(*testing.T, *prepared) points.Authorisation {
	return func(t *testing.T, p *prepared) points.Authorisation {
		change(&p.Mandate)
		return signed(t, w.key, p.Mandate)
	}
}

// highS gives the other signature that ECDSA accepts for the same message and key: (r, n-s).
func highS(t *testing.T, a points.Authorisation) points.Authorisation {
	t.Helper()
	raw := must[[]byte](t)(base64.RawURLEncoding.DecodeString(a.Signature))
	s := new(big.Int).SetBytes(raw[32:])
	new(big.Int).Sub(elliptic.P256().Params().N, s).FillBytes(raw[32:])
	a.Signature = base64.RawURLEncoding.EncodeToString(raw)
	return a
}

// TestPreparedMandateIsWhatTheLedgerChecks: the canonical text that the gateway shows is what the signature must cover.
func TestPreparedMandateIsWhatTheLedgerChecks(t *testing.T) {
	w := newWallet(t)
	p := w.prepare(t, 1)
	if canonical := must[[]byte](t)(wire.Encode(p.Mandate)); string(canonical) != p.Canonical {
		t.Fatalf("shown %s, checked %s", p.Canonical, canonical)
	}
	custody := three.funded(t, "airline", 1)
	refused(t, three.call(t, "airline", request{
		method: "POST", path: "/v1/mandates", key: three.key(t, "airline", "till"),
		body: fields{"operation": fields{"account": custody, "kind": "redeem", "points": 1, "store": "main-street", "terminal": "till-1", "receiptNumber": "0"}},
	}), fault.InvalidValue)
}
