//go:build network

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// The page and relying party of the airline's passkeys, see rewards.yaml.
const (
	walletPage  = "http://localhost:8080"
	walletParty = "localhost"
)

// holder is a customer of the airline of the rewards consortium with a key of their own; passkey says how it signs.
type holder struct {
	c       *consortium
	key     *ecdsa.PrivateKey
	account string
	passkey bool
}

// asked is what the gateway wants a wallet to sign, and what to send then.
type asked struct {
	Mandate   points.Mandate `json:"mandate"`
	Digest    string         `json:"digest"`
	Operation fields         `json:"operation"`
	Challenge string         `json:"challenge"`
}

func newHolder(t *testing.T, c *consortium, kind string, spent int64) holder {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	public := must[string](t)(points.EncodePublicKey(&key.PublicKey))
	h := holder{c: c, key: key, passkey: kind == "webauthn", account: c.open(t, "airline", fields{"controller": fields{"kind": kind, "key": public}})}
	ok[operation](t, c.submit(t, "airline", c.purchase(t, "airline", h.account, spent)))
	return h
}

// ask has the gateway prepare a mandate; more are other fields of the request.
func (h holder) ask(t *testing.T, o fields, more fields) asked {
	t.Helper()
	body := fields{"operation": o.with(fields{"account": h.account})}.with(more)
	return ok[asked](t, h.c.call(t, "airline", request{method: "POST", path: "/v1/mandates", key: h.c.key(t, "airline", "till"), body: body}))
}

// authorise signs what was asked for as the holder's controller does.
func (h holder) authorise(t *testing.T, a asked) points.Authorisation {
	t.Helper()
	if !h.passkey {
		return signed(t, h.key, a.Mandate)
	}
	id := sha256.Sum256([]byte(walletParty))
	data := binary.BigEndian.AppendUint32(append(id[:], 1<<0|1<<2), 1) // User present and verified, the first signature.
	client := must[[]byte](t)(json.Marshal(map[string]any{"type": "webauthn.get", "challenge": a.Challenge, "origin": walletPage, "crossOrigin": false}))
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	r, s, err := ecdsa.Sign(rand.Reader, h.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return points.Authorisation{Mandate: a.Mandate, Signature: points.SignatureOver(r, s), WebAuthn: webauthn.NewAssertion(data, client)}
}

// do asks, signs and sends.
func (h holder) do(t *testing.T, o fields, more fields) answer {
	t.Helper()
	a := h.ask(t, o, more)
	return h.c.submit(t, "airline", a.Operation.with(fields{"authorisation": h.authorise(t, a)}))
}

// till is where and under which number a till does something.
func till(terminal string) fields {
	return fields{"store": "main-street", "terminal": terminal, "receiptNumber": unique("r")}
}

// testTillFlow goes through a purchase with lines, a quote, a hold for two mugs, the capture of one, the void of the other, and the return of one line.
func testTillFlow(t *testing.T, c *consortium) {
	h := newHolder(t, c, "p256", 100)
	purchase := c.purchase(t, "airline", h.account, 600_000).with(fields{"lines": []fields{
		{"category": "flights", "amountMinor": 400_000}, {"category": "meals", "amountMinor": 150_000}, {"category": "meals", "amountMinor": 50_000},
	}})
	bought := ok[operation](t, c.submit(t, "airline", purchase))
	mugs := fields{"kind": "hold", "item": "mug", "pieces": 2, "holdSeconds": 3600}.with(till("till-1"))
	type quoted struct {
		Hash      string `json:"hash"`
		PlaceSalt string `json:"placeSalt"`
		Points    int64  `json:"points"`
		Code      string `json:"code"`
	}
	q := ok[quoted](t, c.call(t, "airline", request{
		method: "POST", path: "/v1/quotes", key: c.key(t, "airline", "till"), body: mugs.with(fields{"account": h.account}),
	}))
	if q.Points != 1000 || q.Code != "OK" {
		t.Fatalf("two mugs are quoted at %d, %s", q.Points, q.Code)
	}
	hold := ok[operation](t, h.do(t, mugs.with(fields{"points": q.Points, "placeSalt": q.PlaceSalt}), fields{"quote": q.Hash}))
	p := c.account(t, "airline", h.account)
	if p.Posted != 6001 || p.Held != 1000 {
		t.Fatalf("with the hold: %d posted, %d held", p.Posted, p.Held)
	}
	one := fields{"kind": "capture", "account": h.account, "hold": hold.ID, "points": 500, "item": "mug", "pieces": 1}
	refused(t, c.submit(t, "airline", one.with(till("till-1")).with(fields{"points": 499})), fault.PriceMismatch)
	ok[operation](t, c.submit(t, "airline", one.with(till("till-1"))))
	refused(t, c.submit(t, "airline", one.with(till("till-2"))), fault.AuthMismatch)
	ok[operation](t, c.submit(t, "airline", fields{"kind": "void", "account": h.account, "hold": hold.ID}))
	refused(t, c.submit(t, "airline", one.with(till("till-1"))), fault.HoldUnknown)

	back := fields{
		"kind": "return", "account": h.account, "originalOperation": bought.ID, "returnLines": []int{1}, "amountMinor": 150_000, "currency": "GBP",
		"occurredAt": c.businessDate(t, "airline") + "T12:00:00Z",
	}
	returned := ok[operation](t, c.submit(t, "airline", back.with(till("till-1"))))
	if returned.Receipt.Points != 1500 {
		t.Errorf("the line took %d points back, want 1500", returned.Receipt.Points)
	}
	refused(t, c.submit(t, "airline", back.with(till("till-1"))), fault.ReturnExceeds)
	if p = c.account(t, "airline", h.account); p.Posted != 6001-500-1500 || p.Held != 0 || len(p.Holds) != 0 {
		t.Errorf("in the end: %d posted, %d held in %d holds", p.Posted, p.Held, len(p.Holds))
	}
}

// testWalletAndPasskey redeems under the customer's own key, by QR code and by passkey, at two tills at once; forgeries are refused and change nothing.
func testWalletAndPasskey(t *testing.T, c *consortium) {
	wallet, passkey := newHolder(t, c, "p256", 500_000), newHolder(t, c, "webauthn", 500_000)
	mug := func(terminal string) fields {
		return fields{"kind": "redeem", "points": 500, "item": "mug", "pieces": 1}.with(till(terminal))
	}
	ok[operation](t, passkey.do(t, mug("till-1"), nil))

	a := wallet.ask(t, mug("till-1"), nil)
	authorisation := wallet.authorise(t, a)
	code := must[string](t)(wire.EncodeSpendCode(&authorisation))
	ok[operation](t, c.submit(t, "airline", a.Operation.with(fields{"spendCode": code, "account": nil})))
	refused(t, c.submit(t, "airline", a.Operation.with(fields{"spendCode": code, "account": nil, "receiptNumber": unique("r")})), fault.AuthReplayed)

	bearer := wallet.ask(t, fields{"kind": "redeem", "points": 40, "amountMinor": 40, "currency": "GBP"}, fields{"bearer": true})
	ok[operation](t, c.submit(t, "airline", bearer.Operation.with(till("till-7")).with(fields{"authorisation": wallet.authorise(t, bearer)})))

	var both errgroup.Group
	key := c.key(t, "airline", "till")
	for _, terminal := range []string{"till-1", "till-2"} {
		asked := wallet.ask(t, mug(terminal), nil)
		body := asked.Operation.with(fields{"authorisation": wallet.authorise(t, asked)})
		both.Go(func() error {
			got, err := c.decided("airline", request{method: "POST", path: "/v1/operations", key: key, idempotency: unique("op"), body: body})
			if err != nil || got.status != 200 {
				return errors.Join(err, fmt.Errorf("at %s: %d %.300s", terminal, got.status, got.body))
			}
			return nil
		})
	}
	if err := both.Wait(); err != nil {
		t.Error(err)
	}
	before := c.books(t, "airline")
	for name, forge := range map[string]func(asked) points.Authorisation{
		"another's passkey": func(a asked) points.Authorisation { return holder{key: wallet.key, passkey: true}.authorise(t, a) },
		"a raw signature by the passkey": func(a asked) points.Authorisation {
			return signed(t, passkey.key, a.Mandate)
		},
		"for another challenge": func(a asked) points.Authorisation {
			a.Challenge = base64.RawURLEncoding.EncodeToString(must[[]byte](t)(hex.DecodeString(randomHex(32))))
			return passkey.authorise(t, a)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := passkey.ask(t, mug("till-1"), nil)
			refused(t, c.submit(t, "airline", a.Operation.with(fields{"authorisation": forge(a)})), fault.AuthInvalid)
		})
	}
	c.unmoved(t, "airline", before)
	if w, p := c.account(t, "airline", wallet.account), c.account(t, "airline", passkey.account); w.Posted != 5000-1500-40 || p.Posted != 5000-500 {
		t.Errorf("the wallet has %d, the passkey %d", w.Posted, p.Posted)
	}
}
