package engine_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// vaultModel is what an airline's vault and its shares with the hotel have to be after any calls, good and bad.
type vaultModel struct {
	*ledger
	now      int64
	policy   wire.Published
	drawn    int
	known    []privacy.Put // Entries ever made.
	vault    map[privacy.EntryKey][]byte
	consents []*modelConsent
}

type modelConsent struct {
	signed privacy.SignedConsent
	ended  bool
	shared map[privacy.EntryKey][]byte // Nil while nothing is.
	names  []privacy.SharedName        // Of what is shared, in the order of the last share.
}

func newVaultModel(t *rapid.T) *vaultModel {
	m := &vaultModel{ledger: founded(t), now: now, vault: map[privacy.EntryKey][]byte{}}
	words := map[string]string{"en": "Words."}
	doc := privacy.Policy{V: 1, Version: 1, From: quantity.DayOf(now), Prose: words, Purposes: []privacy.Purpose{{Code: "offers", Words: words}}}
	e, err := engine.Points(engine.Call{Chaincode: "points-airline", Function: wire.FnPublishDataPolicy, Document: encode(t, doc), Caller: operator, Time: now}, m.state())
	if err != nil {
		t.Fatal(err)
	}
	m.points.commit(e)
	if err := wire.DecodeRecord(e.Response, &m.policy); err != nil {
		t.Fatal(err)
	}
	return m
}

// secretly makes a private call; once it is admitted, nothing of it may be public.
func (m *vaultModel) secretly(t *rapid.T, function, field string, secret any) error {
	call := engine.Call{Chaincode: "points-airline", Function: function, Document: []byte(`{"v":1}`), Caller: gateway, Time: m.now, Transient: map[string][]byte{field: encode(t, secret)}}
	e, err := engine.Points(call, m.state())
	if err != nil {
		return err
	}
	if string(e.Response) != "{}" || len(e.Writes) > 0 || e.EventName != "" || e.EventPayload != nil {
		t.Fatalf("%s says %s, %v and %s in public", function, e.Response, e.Writes, e.EventName)
	}
	for _, w := range e.Private {
		if w.Delete || w.Purge == (w.Value != nil) {
			t.Fatalf("%s writes %+v", function, w)
		}
		if w.Purge {
			delete(m.points, privateValueKey(w.Collection, w.Key))
			delete(m.points, privateKey(w.Collection, w.Key))
			continue
		}
		sum := sha256.Sum256(w.Value)
		m.points[privateValueKey(w.Collection, w.Key)], m.points[privateKey(w.Collection, w.Key)] = w.Value, sum[:]
	}
	return nil
}

// entry is a new one; its salt counts.
func (m *vaultModel) entry(t *rapid.T) privacy.Put {
	m.drawn++
	salt := binary.BigEndian.AppendUint64(make([]byte, privacy.SaltBytes-8), uint64(m.drawn))
	key, e, err := privacy.NewEntry(salt, bytes.Repeat([]byte{byte(m.drawn)}, 40))
	if err != nil {
		t.Fatal(err)
	}
	put := privacy.Put{Key: key, Value: encode(t, e)}
	m.known = append(m.known, put)
	return put
}

// Put writes a new entry, or one again whose salt was used.
func (m *vaultModel) Put(t *rapid.T) {
	put := m.entry(t)
	if len(m.known) > 1 && rapid.Bool().Draw(t, "again") {
		put = rapid.SampledFrom(m.known).Draw(t, "known")
	}
	err := m.secretly(t, wire.FnChangeVault, privacy.VaultTransient, privacy.Change{V: 1, Put: []privacy.Put{put}})
	if _, there := m.vault[put.Key]; there {
		wantCode(t, err, fault.AlreadyExists)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.vault[put.Key] = put.Value
}

// Purge takes out an entry, there or not.
func (m *vaultModel) Purge(t *rapid.T) {
	m.entry(t)
	gone := rapid.SampledFrom(m.known).Draw(t, "known").Key
	if err := m.secretly(t, wire.FnChangeVault, privacy.VaultTransient, privacy.Change{V: 1, Purge: []privacy.EntryKey{gone}}); err != nil {
		t.Fatal(err)
	}
	delete(m.vault, gone)
}

// Grant records a consent of a customer in custody.
func (m *vaultModel) Grant(t *rapid.T) {
	m.drawn++
	id := privacy.ConsentID(operationID(m.drawn))
	body := privacy.ConsentBody{
		V: 1, Salt: strings.Repeat("5a", 32), ID: id, Genesis: genesis, Account: accountID(m.drawn), Brand: "airline", Grantee: "hotel", Attributes: []string{"name"},
		Purpose: "offers", LegalBasis: privacy.LegalBasisConsent, From: m.now, Until: m.now + rapid.Int64Range(1, 300).Draw(t, "seconds"), Policy: 1, PolicyHash: m.policy.Hash,
		Notice: genesis, Language: "en", Given: m.now, Method: privacy.MethodAuthenticated,
	}
	digest, err := wire.ConsentDigest(&body)
	if err != nil {
		t.Fatal(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, custodian, digest)
	if err != nil {
		t.Fatal(err)
	}
	c := &modelConsent{signed: privacy.SignedConsent{
		Body: body, Controller: points.Controller{Kind: points.ControllerCustodian}, Custodian: 1, Signature: points.SignatureOver(r, s),
		Authentication: &privacy.Authentication{Method: "sms-code", Challenge: genesis, At: m.now},
	}}
	hash, err := wire.Hash(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.publicly(t, wire.FnRecordConsent, wire.NewConsent{ID: id, Hash: hash, Grantee: "hotel", From: body.From, Until: body.Until, Policy: 1}); err != nil {
		t.Fatal(err)
	}
	m.consents = append(m.consents, c)
}

func (m *vaultModel) publicly(t *rapid.T, function string, document any) error {
	e, err := engine.Points(engine.Call{Chaincode: "points-airline", Function: function, Document: encode(t, document), Caller: gateway, Time: m.now}, m.state())
	if err == nil {
		m.points.commit(e)
	}
	return err
}

func (m *vaultModel) consent(t *rapid.T) *modelConsent {
	if len(m.consents) == 0 {
		m.Grant(t)
	}
	return rapid.SampledFrom(m.consents).Draw(t, "consent")
}

// End withdraws a consent; a second time is refused.
func (m *vaultModel) End(t *rapid.T) {
	c := m.consent(t)
	err := m.publicly(t, wire.FnEndConsent, wire.ConsentEnd{ID: c.signed.Body.ID, Reason: privacy.EndWithdrawn})
	if c.ended {
		wantCode(t, err, fault.ConsentNotInForce)
	} else if err != nil {
		t.Fatal(err)
	}
	c.ended = true
}

// Share shares one or two entries, in the vault or not, and drops what was shared before and isn't among them.
func (m *vaultModel) Share(t *rapid.T) {
	c := m.consent(t)
	candidates := []privacy.Put{m.entry(t)}
	for _, p := range m.known {
		if m.vault[p.Key] != nil {
			candidates = append(candidates, p)
		}
	}
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(candidates), 1, min(2, len(candidates)), func(p privacy.Put) privacy.EntryKey { return p.Key }).Draw(t, "entries")
	share, whole := privacy.Share{V: 1, Consent: c.signed}, true
	next, names := map[privacy.EntryKey][]byte{}, []privacy.SharedName{}
	for _, p := range chosen {
		share.Entries = append(share.Entries, privacy.SharedEntry{Attribute: "name", Key: p.Key, Value: slices.Clone(p.Value)})
		whole = whole && m.vault[p.Key] != nil
		next[p.Key], names = p.Value, append(names, privacy.SharedName{Attribute: "name", Key: p.Key})
	}
	for key := range c.shared {
		if next[key] == nil {
			share.Purge = append(share.Purge, key)
		}
	}
	slices.Sort(share.Purge)
	err := m.secretly(t, wire.FnShareEntries, privacy.ShareTransient, share)
	switch {
	case c.ended || m.now >= c.signed.Body.Until:
		wantCode(t, err, fault.ConsentNotInForce)
	case !whole:
		wantCode(t, err, fault.EntryMismatch)
	case err != nil:
		t.Fatal(err)
	default:
		c.shared, c.names = next, names
	}
}

// Unshare takes everything back, whatever the consent's status.
func (m *vaultModel) Unshare(t *rapid.T) {
	c := m.consent(t)
	doc := privacy.Unshare{V: 1, Grantee: "hotel", ID: c.signed.Body.ID}
	for key := range c.shared {
		doc.Keys = append(doc.Keys, key)
	}
	if err := m.secretly(t, wire.FnUnshare, privacy.ShareTransient, doc); err != nil {
		t.Fatal(err)
	}
	c.shared = nil
}

// Wait lets time pass.
func (m *vaultModel) Wait(t *rapid.T) { m.now += rapid.Int64Range(1, 20).Draw(t, "seconds") }

// Check holds the ledger against the model: nothing is lost, and nothing is left.
func (m *vaultModel) Check(t *rapid.T) {
	want := map[string][]byte{}
	for key, value := range m.vault {
		want[privateValueKey(engine.CollectionCustomers, engine.EntryKey(key))] = value
	}
	for _, c := range m.consents {
		for key, value := range c.shared {
			want[privateValueKey("shared-airline-hotel", engine.ShareKey(c.signed.Body.ID, key))] = value
		}
		if c.shared != nil {
			want[privateValueKey("shared-airline-hotel", engine.ConsentBodyKey(c.signed.Body.ID))] = encode(t, privacy.SharedBody{V: 1, Consent: c.signed, Entries: c.names})
		}
	}
	for key, value := range m.points {
		if strings.HasPrefix(key, "private:") && !bytes.Equal(want[key], value) {
			t.Fatalf("%s is %s, want %s", key, value, want[key])
		}
	}
	for key := range want {
		if m.points[key] == nil {
			t.Fatalf("%s is lost", key)
		}
	}
}

func TestVaultAndSharesFollowTheirModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newVaultModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"put": m.Put, "purge": m.Purge, "grant": m.Grant, "end": m.End, "share": m.Share, "unshare": m.Unshare, "wait": m.Wait, "": m.Check,
		})
	})
}
