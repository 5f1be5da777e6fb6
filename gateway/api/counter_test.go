package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// counter is the shop's side of a gateway of tests: it quotes what it is told to, discloses details, and has accounts of every sort.
type counter struct {
	quoted      wire.QuoteResult
	quoteErr    error
	query       wire.QuoteQuery // Of the last quote.
	details     wire.BatchDetails
	disclosures map[points.OperationID]*points.Disclosed
	positions   map[points.AccountID]points.Account
	party       webauthn.RelyingParty // Of the programme.
	bearerLimit quantity.Points       // Of its terms.
}

// furnish adds what the counter knows of the programme.
func (c *counter) furnish(p *points.Programme) {
	p.RelyingParty = c.party
	p.Terms[0].Bearer = c.bearerLimit
}

func (c *counter) Quote(_ context.Context, query wire.QuoteQuery, details wire.BatchDetails) (wire.QuoteResult, error) {
	c.query, c.details = query, details
	return c.quoted, c.quoteErr
}

func (c *counter) Disclosed(_ context.Context, id points.OperationID) (*points.Disclosed, error) {
	if d, ok := c.disclosures[id]; ok {
		return d, nil
	}
	return nil, fault.New(fault.NotFound, "this gateway can't disclose the details of operation %s", id)
}

func (c *counter) Claim(merchant, store, terminal, number string) string {
	return hashOf([]string{merchant, store, terminal, number})
}

func (c *counter) Device(parts ...string) (device [16]byte) {
	copy(device[:], hexOf(strings.Join(parts, "/")))
	return device
}

func (c *counter) Terminal(d *points.Details) (device [16]byte) {
	if d.Terminal == "" {
		return device
	}
	return c.Device("terminal", d.Merchant, d.Store, d.Terminal)
}

func (c *counter) NaturalOf(programme string, o *points.Operation, d *points.Details) string {
	return hashOf([]string{programme, o.Partner, string(o.Kind), d.Merchant, d.Store, d.Terminal, d.Reference})
}

func (c *counter) ClaimCode(caller, key string) string { return hexOf(caller + " " + key)[:22] }

// fields is a request that a test builds from another one.
type fields map[string]any

// with gives the fields with others added or, where they are nil, taken away.
func (f fields) with(changes ...fields) fields {
	out := fields{}
	for _, from := range append([]fields{f}, changes...) {
		for name, value := range from {
			if value == nil {
				delete(out, name)
				continue
			}
			out[name] = value
		}
	}
	return out
}

func (f fields) String() string {
	raw, err := json.Marshal(f)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

var (
	till    = fields{"store": "main-street", "terminal": "till-1", "receiptNumber": "r-1"}
	agreed  = fields{"authentication": fields{"method": "otp", "challenge": "four digits"}}
	hash    = strings.Repeat("d", 64)
	heldID  = hexOf("a hold")
	another = wallet
	gbp     = fields{"amountMinor": 1234, "currency": "GBP"}
)

// requestsOf has a request of every kind that is right.
func requestsOf() map[Kind]fields {
	of := func(kind Kind, parts ...fields) fields {
		f := fields{"kind": kind, "account": account}
		for _, p := range parts {
			f = f.with(p)
		}
		return f
	}
	return map[Kind]fields{
		KindOpen:     {"kind": KindOpen, "reference": "card-1", "holder": "merchant"},
		KindEarn:     of(KindEarn, till, gbp, fields{"occurredAt": "2026-11-22T10:00:00+01:00"}),
		KindRefer:    of(KindRefer, fields{"to": another, "occurredAt": "2026-11-22T10:00:00+01:00"}),
		KindRedeem:   of(KindRedeem, till, agreed, fields{"points": 5}),
		KindHold:     of(KindHold, till, agreed, fields{"points": 5, "holdSeconds": 600}),
		KindCapture:  of(KindCapture, till, fields{"points": 5, "hold": heldID}),
		KindVoid:     of(KindVoid, fields{"hold": heldID}),
		KindTransfer: of(KindTransfer, agreed, fields{"points": 5, "to": another}),
		KindGift:     of(KindGift, agreed, fields{"points": 5}),
		KindAccept:   of(KindAccept, agreed, fields{"hold": heldID, "to": another}),
		KindReturn:   of(KindReturn, till, gbp, agreed, fields{"occurredAt": "2026-11-22T10:00:00+01:00"}),
		KindExpire:   of(KindExpire),
		KindAdjust:   of(KindAdjust, fields{"operation": heldID, "points": -5, "reason": "error", "note": "counted twice"}),
		KindRekey:    of(KindRekey, agreed, fields{"controller": fields{"kind": "p256", "key": publicKey}}),
		KindRecover:  of(KindRecover, fields{"operation": heldID, "controller": fields{"kind": "custodian"}}),
		KindVeto:     of(KindVeto, agreed),
		KindComplete: of(KindComplete),
		KindFreeze:   of(KindFreeze, fields{"reason": "fraud"}),
		KindUnfreeze: of(KindUnfreeze, fields{"reason": "resolution"}),
		KindClose:    of(KindClose, agreed, fields{"points": 12}),
		KindAward:    of(KindAward, till, gbp, fields{"points": 5, "programme": "hotel"}),
		KindSwap:     of(KindSwap, agreed, fields{"points": 5, "to": another, "partner": "hotel"}),
		KindOptout:   of(KindOptout, agreed, fields{"partner": "*"}),
		KindOptin:    of(KindOptin, agreed, fields{"partner": "hotel"}),
	}
}

// walletKey is the key of a customer of tests.
var walletKey = func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}()

var publicKey = func() string {
	text, err := points.EncodePublicKey(&walletKey.PublicKey)
	if err != nil {
		panic(err)
	}
	return text
}()

// authorised signs a mandate as a wallet does.
func authorised(t *testing.T, m points.Mandate) points.Authorisation {
	t.Helper()
	digest, err := wire.MandateDigest(&m)
	if err != nil {
		t.Fatal(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, walletKey, digest)
	if err != nil {
		t.Fatal(err)
	}
	return points.Authorisation{Mandate: m, Signature: points.SignatureOver(r, s)}
}

// post sends a request under an idempotency key of its own.
func (b *bench) post(path, key string, f fields) call {
	return call{"POST", path, key, f.String(), []string{"Idempotency-Key", "key-1"}}
}

// lawful wants the one operation that was recorded in a form that the chaincode takes into a batch, once the sequencer has given it its ids.
func (b *bench) lawful() {
	b.t.Helper()
	if len(b.intakes) != 1 {
		b.t.Fatalf("%d operations were recorded", len(b.intakes))
	}
	b.lawfulLast()
}

// lawfulLast is lawful for the last of several.
func (b *bench) lawfulLast() {
	b.t.Helper()
	last := b.intakes[len(b.intakes)-1]
	o, d := last.Operation, last.Details
	o.ID = points.OperationID(unknownID)
	if o.Kind == points.KindOpen {
		o.Account = account
	}
	if err := o.Validate(); err != nil {
		b.t.Errorf("the ledger would say %v to %+v", err, o)
	}
	if err := d.Validate(o.Kind); err != nil {
		b.t.Errorf("the ledger would say %v to %+v", err, d)
	}
}

// mandate is one that a wallet could sign for a redemption at the till of the tests.
func mandate() points.Mandate {
	return points.Mandate{
		Format: points.MandateFormat, Genesis: programme().Genesis, Programme: "airline", Account: wallet, ControllerVersion: 1, Operation: points.KindRedeem,
		Place: points.PlaceHash(hash, "airline", "main-street", "till-1"), MaxPoints: 5, ID: heldID, NotAfter: 2_000_000_000,
	}
}

func bigInt(raw []byte) *big.Int { return new(big.Int).SetBytes(raw) }

func encoded(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
