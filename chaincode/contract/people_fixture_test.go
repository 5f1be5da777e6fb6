package contract_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// crowd is a consortium whose airline has a customer with a key of her own and another under custody, a data policy, and three entries in its vault.
type crowd struct {
	*consortium
	wallet  *ecdsa.PrivateKey
	policy  wire.Published
	entries []privacy.Put
}

const (
	ownAccount     = 1 // Under the customer's own key.
	custodyAccount = 2
)

var reply = strings.Repeat("0f", 32)

func gather(t *testing.T) *crowd {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{consortium: founded(t), wallet: key}
	own := opening(1, ownAccount)
	own.Controller = c.controller(t)
	c.must(t, c.batch(t, 0, 1, own, opening(2, custodyAccount)), airline, hotel)
	policy := dataPolicy(1)
	c.must(t, c.call("points-airline", c.client(airline, "operator"), wire.FnPublishDataPolicy, encode(t, policy)), airline, hotel)
	hash, err := wire.Hash(policy)
	if err != nil {
		t.Fatal(err)
	}
	c.policy = wire.Published{Version: 1, Effective: policy.From, Hash: hash}
	c.entries = []privacy.Put{newEntry(t), newEntry(t), newEntry(t)}
	c.must(t, c.changes(t, privacy.Change{V: 1, Put: c.entries}), airline)
	return c
}

func (c *crowd) controller(t *testing.T) *points.Controller {
	t.Helper()
	encoded, err := points.EncodePublicKey(&c.wallet.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return &points.Controller{Kind: points.ControllerP256, Version: 1, Key: encoded}
}

func dataPolicy(version int) privacy.Policy {
	words := map[string]string{"en": "Words."}
	return privacy.Policy{V: 1, Version: version, From: quantity.DayOf(now.Unix()), Prose: words, Purposes: []privacy.Purpose{{Code: "offers", Words: words}}}
}

func random(t *testing.T, n int) []byte {
	t.Helper()
	raw := make([]byte, n)
	if _, err := rand.Read(raw); err != nil {
		t.Fatal(err)
	}
	return raw
}

func newEntry(t *testing.T) privacy.Put {
	t.Helper()
	key, entry, err := privacy.NewEntry(random(t, privacy.SaltBytes), random(t, 60))
	if err != nil {
		t.Fatal(err)
	}
	return privacy.Put{Key: key, Value: []byte(encode(t, entry))}
}

// secretly is a call of the airline's gateway whose matter is in a transient field.
func (c *crowd) secretly(t *testing.T, function, field string, secret any) stubtest.Proposal {
	t.Helper()
	p := c.call("points-airline", c.client(airline, "gateway"), function, `{"v":1}`)
	p.Transient = map[string][]byte{field: []byte(encode(t, secret))}
	return p
}

func (c *crowd) changes(t *testing.T, change privacy.Change) stubtest.Proposal {
	t.Helper()
	return c.secretly(t, wire.FnChangeVault, privacy.VaultTransient, change)
}

// agrees is a consent of the customer with her own key, for an hour from now on; change alters what she signs.
func (c *crowd) agrees(t *testing.T, change func(*privacy.ConsentBody)) privacy.SignedConsent {
	t.Helper()
	body := privacy.ConsentBody{
		V: 1, Salt: hex.EncodeToString(random(t, privacy.SaltBytes)), ID: privacy.ConsentID(hex.EncodeToString(random(t, 16))), Genesis: genesis,
		Account: accountID(ownAccount), Brand: "airline", Grantee: "hotel", Attributes: []string{"name", "phone"}, Purpose: "offers", LegalBasis: privacy.LegalBasisConsent,
		From: now.Unix(), Until: now.Unix() + 3600, Policy: c.policy.Version, PolicyHash: c.policy.Hash, Notice: strings.Repeat("4e", 32), Language: "en", Given: now.Unix(),
		Method: privacy.MethodWallet,
	}
	if change != nil {
		change(&body)
	}
	return privacy.SignedConsent{Body: body, Controller: *c.controller(t), Signature: sign(t, c.wallet, &body)}
}

// inCustody is a consent of a customer for whom the custodian signs.
func (c *crowd) inCustody(t *testing.T) privacy.SignedConsent {
	t.Helper()
	signed := c.agrees(t, func(b *privacy.ConsentBody) {
		b.Account, b.Method = accountID(custodyAccount), privacy.MethodAuthenticated
	})
	signed.Controller, signed.Custodian = points.Controller{Kind: points.ControllerCustodian}, c.custody
	signed.Authentication = &privacy.Authentication{Method: "email-code", Challenge: strings.Repeat("c4", 32), At: now.Unix()}
	signed.Signature = sign(t, c.custodian, &signed.Body)
	return signed
}

func sign(t *testing.T, key *ecdsa.PrivateKey, body *privacy.ConsentBody) string {
	t.Helper()
	digest, err := wire.ConsentDigest(body)
	if err != nil {
		t.Fatal(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		t.Fatal(err)
	}
	return points.SignatureOver(r, s)
}

// recording makes a consent public.
func (c *crowd) recording(t *testing.T, body *privacy.ConsentBody) stubtest.Proposal {
	t.Helper()
	hash, err := wire.Hash(body)
	if err != nil {
		t.Fatal(err)
	}
	return c.call("points-airline", c.client(airline, "gateway"), wire.FnRecordConsent, encode(t, wire.NewConsent{
		ID: body.ID, Hash: hash, Grantee: body.Grantee, From: body.From, Until: body.Until, Policy: body.Policy,
	}))
}

func (c *crowd) ending(t *testing.T, id privacy.ConsentID, reason privacy.EndReason) stubtest.Proposal {
	t.Helper()
	return c.call("points-airline", c.client(airline, "gateway"), wire.FnEndConsent, encode(t, wire.ConsentEnd{ID: id, Reason: reason}))
}

// share is of the first two entries, a name and a phone.
func (c *crowd) share(signed privacy.SignedConsent) privacy.Share {
	return privacy.Share{V: 1, Consent: signed, Entries: []privacy.SharedEntry{
		{Attribute: "name", Key: c.entries[0].Key, Value: slices.Clone(c.entries[0].Value)}, {Attribute: "phone", Key: c.entries[1].Key, Value: slices.Clone(c.entries[1].Value)},
	}}
}

func (c *crowd) sharing(t *testing.T, share privacy.Share) stubtest.Proposal {
	t.Helper()
	return c.secretly(t, wire.FnShareEntries, privacy.ShareTransient, share)
}

// shared is a crowd that shares two entries with the hotel.
func shared(t *testing.T) (*crowd, privacy.SignedConsent) {
	t.Helper()
	c := gather(t)
	signed := c.agrees(t, nil)
	c.must(t, c.recording(t, &signed.Body), airline, hotel)
	c.must(t, c.sharing(t, c.share(signed)), airline)
	return c, signed
}

// wantCode has one organisation's peer refuse a proposal.
func (c *crowd) wantCode(t *testing.T, p stubtest.Proposal, code fault.Code) {
	t.Helper()
	_, err := c.Endorse(p, airline)
	if code == fault.OK {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	if err == nil {
		t.Errorf("not refused, want %s", code)
		return
	}
	if got := refusalOf(t, err); got.Code != code {
		t.Errorf("got %v, want %s", got, code)
	}
}
