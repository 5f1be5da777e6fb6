package points_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const (
	brand = "airline"
	start = int64(1_300_000_000) // Transaction time of the tests: 2011-03-13.
)

var (
	genesis   = strings.Repeat("0a", 32)
	salt      = make([]byte, 32)
	custodian = newKey()
)

// failer is what *testing.T and *rapid.T have in common.
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

func programme() *points.Programme {
	return &points.Programme{
		V: 1, Brand: brand, MSP: "AirlineMSP", Genesis: genesis, DisplayName: "Miles", Currency: "GBP",
		Simulated: true, BusinessDate: quantity.DayOf(start), Engine: points.EngineVersion,
		Terms: []points.Terms{{
			Version: 1, Rate: quantity.Ratio{Num: 1, Den: 100}, MaxReceiptAgeDays: 30, UnreferencedReturns: true, Prose: "A point for a pound.",
		}},
		Custodians: []points.CustodianKey{{Version: 1, Key: encodedKey(custodian)}},
	}
}

func newBook() *points.Book {
	return &points.Book{
		Programme: programme(), Taken: map[points.AccountID]bool{}, Accounts: map[points.AccountID]*points.Account{},
		Reversals: map[points.OperationID]*points.Reversal{}, Now: start,
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

func custodyHolder(n int) holder {
	return holder{id: accountID(n), key: custodian, controller: points.Controller{Kind: points.ControllerCustodian}}
}

func accountID(n int) points.AccountID     { return points.AccountID(fmt.Sprintf("%032x", n)) }
func operationID(n int) points.OperationID { return points.OperationID(fmt.Sprintf("%032x", n)) }

// mandate is one that fits an operation of this kind and size right now.
func (h holder) mandate(kind points.Kind, n int, most quantity.Points, now int64) points.Mandate {
	return points.Mandate{
		Format: points.MandateFormat, Genesis: genesis, Programme: brand, Account: h.id, ControllerVersion: 1,
		Operation: kind, MaxPoints: most, ID: fmt.Sprintf("%032x", n), NotAfter: now + 60,
	}
}

func (h holder) sign(m points.Mandate) *points.Authorisation { return signWith(h.key, m) }

func signWith(key *ecdsa.PrivateKey, m points.Mandate) *points.Authorisation {
	digest, err := wire.MandateDigest(&m)
	if err != nil {
		panic(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		panic(err)
	}
	return &points.Authorisation{Mandate: m, Signature: points.SignatureOver(r, s)}
}

// purchase is the private part of an operation at the programme's date, in its currency.
func purchase(id points.OperationID, pence int64) points.Details {
	return points.Details{Operation: id, AmountMinor: pence, Currency: "GBP", OccurredAt: "2011-03-13T09:30:00Z"}
}

func facts(p *points.Programme, o *points.Operation, d points.Details) points.Facts {
	f := points.Facts{Assessment: points.Assess(p, o.Kind, &d)}
	var err error
	if f.DetailsHash, err = wire.DetailsHash(salt, &d); err != nil {
		panic(err)
	}
	if o.Authorisation != nil {
		if f.MandateDigest, err = wire.MandateDigest(&o.Authorisation.Mandate); err != nil {
			panic(err)
		}
	}
	return f
}

func encode(t failer, v any) string {
	t.Helper()
	raw, err := wire.Encode(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(raw)
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
