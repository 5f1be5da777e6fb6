package contract_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestAVaultsEntryIsItsOwnersAloneAndSaysNothingInPublic(t *testing.T) {
	c := gather(t)
	entry := newEntry(t)
	tx := c.must(t, c.changes(t, privacy.Change{V: 1, Put: []privacy.Put{entry}}), airline)
	if tx.Event != nil || string(tx.Response.Payload) != "{}" || tx.Writes("points-airline") {
		t.Errorf("it says %v and %s in public", tx.Event, tx.Response.Payload)
	}
	key := engine.EntryKey(entry.Key)
	for msp, holds := range map[string]bool{airline: true, hotel: false, grocer: false, regulator: false} {
		got := c.PrivateValue(msp, "points-airline", engine.CollectionCustomers, key)
		if holds != bytes.Equal(got, entry.Value) || !holds && got != nil {
			t.Errorf("%s holds %s", msp, got)
		}
		if c.PrivateHash(msp, "points-airline", engine.CollectionCustomers, key) == nil {
			t.Errorf("%s has no hash", msp)
		}
	}
	for _, part := range [][]byte{[]byte(entry.Key), entry.Value} {
		if bytes.Contains(tx.Results, part) {
			t.Errorf("the block has %s in clear", part)
		}
	}
}

func TestPurgingLeavesNothingAndMayBeRepeated(t *testing.T) {
	c := gather(t)
	purge := privacy.Change{V: 1, Purge: []privacy.EntryKey{c.entries[0].Key}}
	for range 2 {
		tx := c.must(t, c.changes(t, purge), airline)
		if got := purged(t, tx, engine.CollectionCustomers); got != 1 {
			t.Errorf("%d keys are purged in the block", got)
		}
	}
	if c.PrivateHash(airline, "points-airline", engine.CollectionCustomers, engine.EntryKey(c.entries[0].Key)) != nil {
		t.Error("the hash is left")
	}
}

func purged(t *testing.T, tx *stubtest.Transaction, collection string) (n int) {
	t.Helper()
	var set rwset.TxReadWriteSet
	if err := proto.Unmarshal(tx.Results, &set); err != nil {
		t.Fatal(err)
	}
	for _, ns := range set.NsRwset {
		for _, c := range ns.CollectionHashedRwset {
			var hashed kvrwset.HashedRWSet
			if err := proto.Unmarshal(c.HashedRwset, &hashed); err != nil {
				t.Fatal(err)
			}
			for _, w := range hashed.HashedWrites {
				if c.CollectionName == collection && w.IsPurge {
					n++
				}
			}
		}
	}
	return n
}

func TestWhatAVaultRefuses(t *testing.T) {
	c := gather(t)
	fresh := newEntry(t)
	ok := privacy.Change{V: 1, Put: []privacy.Put{fresh}}
	put := func(key privacy.EntryKey, value string) privacy.Change {
		return privacy.Change{V: 1, Put: []privacy.Put{{Key: key, Value: []byte(value)}}}
	}
	box, salt := strings.Repeat("A", 40), strings.Repeat("5a", 32)
	of := func(salt string) privacy.EntryKey { e := privacy.Entry{Salt: salt}; return e.Key() }
	cases := []struct {
		name string
		call func() stubtest.Proposal
		code fault.Code
	}{
		{"a new entry", func() stubtest.Proposal { return c.changes(t, ok) }, fault.OK},
		{"its operator", func() stubtest.Proposal { return c.by(c.changes(t, ok), airline, "operator") }, fault.Forbidden},
		{"no role", func() stubtest.Proposal { return c.by(c.changes(t, ok), airline, "") }, fault.Forbidden},
		{"another brand's gateway", func() stubtest.Proposal { return c.by(c.changes(t, ok), hotel, "gateway") }, fault.Forbidden},
		{"personal data in the document", func() stubtest.Proposal {
			p := c.changes(t, ok)
			p.Args[1] = []byte(`{"v":1,"name":"Ada Lovelace"}`)
			return p
		}, fault.Malformed},
		{"another document version", func() stubtest.Proposal {
			p := c.changes(t, ok)
			p.Args[1] = []byte(`{"v":2}`)
			return p
		}, fault.InvalidValue},
		{"no transient field", func() stubtest.Proposal {
			return c.call("points-airline", c.client(airline, "gateway"), wire.FnChangeVault, `{"v":1}`)
		}, fault.TransientMissing},
		{"another transient field", func() stubtest.Proposal { return c.secretly(t, wire.FnChangeVault, "details", ok) }, fault.TransientMissing},
		{"nothing to do", func() stubtest.Proposal { return c.changes(t, privacy.Change{V: 1}) }, fault.InvalidValue},
		{"no salt", func() stubtest.Proposal { return c.changes(t, put(of(salt), `{"box":"`+box+`","v":1}`)) }, fault.InvalidValue},
		{"a short salt", func() stubtest.Proposal {
			return c.changes(t, put(of(salt[:62]), `{"box":"`+box+`","salt":"`+salt[:62]+`","v":1}`))
		}, fault.InvalidValue},
		{"a value in clear", func() stubtest.Proposal { return c.changes(t, put(of(salt), `{"name":"Ada","salt":"`+salt+`","v":1}`)) }, fault.Malformed},
		{"a box too small to be encrypted", func() stubtest.Proposal { return c.changes(t, put(of(salt), `{"box":"QWRh","salt":"`+salt+`","v":1}`)) }, fault.InvalidValue},
		{"not canonical", func() stubtest.Proposal {
			p := c.changes(t, ok)
			p.Transient[privacy.VaultTransient] = []byte(`{"v":1,"put":[{"key":"` + string(of(salt)) + `","value":{"v":1,"salt":"` + salt + `","box":"` + box + `"}}]}`)
			return p
		}, fault.Malformed},
		{"a key that is not the salt's", func() stubtest.Proposal { return c.changes(t, put(newEntry(t).Key, string(fresh.Value))) }, fault.EntryMismatch},
		{"a salt that is in use", func() stubtest.Proposal { return c.changes(t, privacy.Change{V: 1, Put: c.entries[:1]}) }, fault.AlreadyExists},
		{"an entry twice", func() stubtest.Proposal { return c.changes(t, privacy.Change{V: 1, Put: []privacy.Put{fresh, fresh}}) }, fault.InvalidValue},
		{"put and purged at once", func() stubtest.Proposal {
			return c.changes(t, privacy.Change{V: 1, Put: []privacy.Put{fresh}, Purge: []privacy.EntryKey{fresh.Key}})
		}, fault.InvalidValue},
		{"too many entries", func() stubtest.Proposal {
			return c.changes(t, privacy.Change{V: 1, Put: slicesOf(privacy.MaxPuts+1, fresh)})
		}, fault.TooLarge},
		{"too many purges", func() stubtest.Proposal {
			return c.changes(t, privacy.Change{V: 1, Purge: slicesOf(privacy.MaxPurges+1, fresh.Key)})
		}, fault.TooLarge},
		{"through clearing", func() stubtest.Proposal {
			p := c.changes(t, ok)
			p.Chaincode = "clearing"
			return p
		}, fault.UnknownFunction},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) { c.wantCode(t, tc.call(), tc.code) })
	}
	if strings.Contains(c.log.String(), "Ada") || strings.Contains(c.log.String(), string(fresh.Key)) {
		t.Error("the log repeats what was sent")
	}
}

// by gives a proposal another creator.
func (c *crowd) by(p stubtest.Proposal, msp, role string) stubtest.Proposal {
	p.Creator = c.client(msp, role)
	return p
}

func slicesOf[T any](n int, one T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = one
	}
	return all
}

func TestAnErrorNeverRepeatsWhatItRefuses(t *testing.T) {
	c := gather(t)
	for _, secret := range []string{
		`{"v":1,"put":[{"key":"ada@example.org","value":{}}]}`, `{"v":1,"put":[{"key":1,"value":"ada@example.org"}]}`, `{"v":1,"purge":["ada@example.org"]}`, `"ada@example.org`,
	} {
		p := c.changes(t, privacy.Change{V: 1})
		p.Transient[privacy.VaultTransient] = []byte(secret)
		if _, err := c.Endorse(p, airline); err == nil || strings.Contains(err.Error(), "ada@") {
			t.Errorf("%s: %v", secret, err)
		}
	}
}

func TestOnlyTheOwnersPeersCanEndorseItsVault(t *testing.T) {
	c := gather(t)
	entry := newEntry(t)
	_, code, err := c.Submit(c.changes(t, privacy.Change{V: 1, Put: []privacy.Put{entry}}), hotel)
	if err != nil || code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Errorf("endorsed by another brand alone: %v, %v", code, err)
	}
}

func TestTwoEntriesUnderOneSaltDontBothGetIn(t *testing.T) {
	c := gather(t)
	entry := newEntry(t)
	a, err := c.Endorse(c.changes(t, privacy.Change{V: 1, Put: []privacy.Put{entry}}), airline)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Endorse(c.changes(t, privacy.Change{V: 1, Put: []privacy.Put{entry}}), airline)
	if err != nil {
		t.Fatal(err)
	}
	if codes := c.Commit(a, b).Codes; codes[0] != peer.TxValidationCode_VALID || codes[1] != peer.TxValidationCode_MVCC_READ_CONFLICT {
		t.Errorf("%v", codes)
	}
}

func TestAnswersComeSealedUnderTheirQuerysOwnKey(t *testing.T) {
	c := gather(t)
	lookup := privacy.Lookup{V: 1, Keys: []privacy.EntryKey{c.entries[0].Key, newEntry(t).Key}, Reply: reply}
	raw, err := c.Evaluate(c.secretly(t, wire.FnGetVault, privacy.VaultTransient, lookup), airline)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte("salt")) || bytes.Contains(raw, c.entries[0].Value[:20]) {
		t.Errorf("the answer is in clear: %s", raw)
	}
	var found privacy.Found
	open(t, raw, &found)
	if len(found.Values) != 2 || found.Values[0] != string(c.entries[0].Value) || found.Values[1] != "" {
		t.Errorf("found %q", found.Values)
	}
	for name, p := range map[string]stubtest.Proposal{
		"the operator":    c.by(c.secretly(t, wire.FnGetVault, privacy.VaultTransient, lookup), airline, "operator"),
		"another brand":   c.by(c.secretly(t, wire.FnGetVault, privacy.VaultTransient, lookup), hotel, "gateway"),
		"without a reply": c.secretly(t, wire.FnGetVault, privacy.VaultTransient, privacy.Lookup{V: 1, Keys: lookup.Keys}),
	} {
		if _, err := c.Evaluate(p, airline); err == nil {
			t.Errorf("%s reads the vault", name)
		}
	}
	if _, err := c.Evaluate(c.secretly(t, wire.FnGetVault, privacy.VaultTransient, lookup), hotel); err == nil {
		t.Error("another brand's peer has the vault")
	}
}

func open(t *testing.T, raw []byte, v any) {
	t.Helper()
	var sealed privacy.Sealed
	decode(t, raw, &sealed)
	answer, err := privacy.Open(reply, sealed)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, answer, v)
}

func TestSharedEntriesAreTheOwnersAndTheGranteesAlone(t *testing.T) {
	c, signed := shared(t)
	collection, id := engine.SharedCollection("airline", "hotel"), signed.Body.ID
	for msp, holds := range map[string]bool{airline: true, hotel: true, grocer: false, regulator: false} {
		for _, key := range []string{engine.ConsentBodyKey(id), engine.ShareKey(id, c.entries[0].Key), engine.ShareKey(id, c.entries[1].Key)} {
			if got := c.PrivateValue(msp, "points-airline", collection, key); holds != (got != nil) {
				t.Errorf("%s holds %s of %s", msp, got, engine.ReadableKey(key))
			}
		}
	}
	p := c.by(c.secretly(t, wire.FnGetShared, privacy.ShareTransient, privacy.SharedLookup{V: 1, Grantee: "hotel", ID: id, Reply: reply}), hotel, "gateway")
	raw, err := c.Evaluate(p, hotel)
	if err != nil {
		t.Fatal(err)
	}
	var got privacy.Shared
	open(t, raw, &got)
	if len(got.Values) != 2 || got.Values[1].Value != string(c.entries[1].Value) || got.Values[1].Attribute != "phone" || !got.Values[0].Current || got.Record.ID != id || got.Consent.Signature != signed.Signature {
		t.Errorf("the hotel reads %+v", got)
	}
	for name, by := range map[string][2]string{"the grocer": {grocer, "gateway"}, "the hotel's operator": {hotel, "operator"}, "the regulator": {regulator, "gateway"}} {
		if _, err := c.Evaluate(c.by(p, by[0], by[1]), hotel); err == nil {
			t.Errorf("%s reads what is shared with the hotel", name)
		} else if by[0] != regulator && refusalOf(t, err).Code != fault.Forbidden { // The regulator can't even propose.
			t.Errorf("%s is refused with %v", name, err)
		}
	}
}

func TestACopyWhoseOriginalIsGoneIsNotCurrentAnyMore(t *testing.T) {
	c, signed := shared(t)
	c.must(t, c.changes(t, privacy.Change{V: 1, Purge: []privacy.EntryKey{c.entries[0].Key}}), airline)
	p := c.by(c.secretly(t, wire.FnGetShared, privacy.ShareTransient, privacy.SharedLookup{V: 1, Grantee: "hotel", ID: signed.Body.ID, Reply: reply}), hotel, "gateway")
	raw, err := c.Evaluate(p, hotel)
	if err != nil {
		t.Fatal(err)
	}
	var got privacy.Shared
	open(t, raw, &got)
	if got.Values[0].Current || !got.Values[1].Current {
		t.Errorf("%+v", got.Values)
	}
}

func TestTheOwnerPurgesWhatItSharedWithoutTheGranteeWhateverTheStatus(t *testing.T) {
	for _, ended := range []bool{false, true} {
		c, signed := shared(t)
		if ended {
			c.must(t, c.ending(t, signed.Body.ID, privacy.EndWithdrawn), airline, hotel)
		}
		c.Hold(hotel)
		keys := []privacy.EntryKey{c.entries[0].Key, c.entries[1].Key}
		tx := c.must(t, c.secretly(t, wire.FnUnshare, privacy.ShareTransient, privacy.Unshare{V: 1, Grantee: "hotel", ID: signed.Body.ID, Keys: keys}), airline)
		c.Release(hotel)
		collection := engine.SharedCollection("airline", "hotel")
		if got := purged(t, tx, collection); got != 3 {
			t.Errorf("%d keys are purged", got)
		}
		for _, key := range []string{engine.ConsentBodyKey(signed.Body.ID), engine.ShareKey(signed.Body.ID, keys[0]), engine.ShareKey(signed.Body.ID, keys[1])} {
			if c.PrivateValue(hotel, "points-airline", collection, key) != nil {
				t.Errorf("%s is left with the hotel", engine.ReadableKey(key))
			}
		}
	}
}

func TestWhatAShareRefuses(t *testing.T) {
	c := gather(t)
	signed := c.agrees(t, nil)
	c.must(t, c.recording(t, &signed.Body), airline, hotel)
	kept := c.inCustody(t)
	c.must(t, c.recording(t, &kept.Body), airline, hotel)
	unknown := c.agrees(t, nil)
	ended := c.agrees(t, nil)
	c.must(t, c.recording(t, &ended.Body), airline, hotel)
	c.must(t, c.ending(t, ended.Body.ID, privacy.EndWithdrawn), airline, hotel)
	later := c.agrees(t, func(b *privacy.ConsentBody) { b.From += 60 })
	c.must(t, c.recording(t, &later.Body), airline, hotel)
	strange := c.agrees(t, func(b *privacy.ConsentBody) { b.Purpose = "resale" })
	c.must(t, c.recording(t, &strange.Body), airline, hotel)
	other := c.agrees(t, func(b *privacy.ConsentBody) { b.PolicyHash = strings.Repeat("ee", 32) })
	c.must(t, c.recording(t, &other.Body), airline, hotel)
	nobody := c.agrees(t, func(b *privacy.ConsentBody) { b.Account = accountID(99) })
	c.must(t, c.recording(t, &nobody.Body), airline, hotel)
	foreign := c.agrees(t, func(b *privacy.ConsentBody) { b.Genesis = strings.Repeat("00", 32) })
	c.must(t, c.recording(t, &foreign.Body), airline, hotel)
	of := func(s privacy.SignedConsent, change func(*privacy.Share)) func() stubtest.Proposal {
		return func() stubtest.Proposal {
			share := c.share(s)
			if change != nil {
				change(&share)
			}
			return c.sharing(t, share)
		}
	}
	cases := []struct {
		name string
		call func() stubtest.Proposal
		code fault.Code
	}{
		{"what the consent covers", of(signed, nil), fault.OK},
		{"of a customer in custody", of(kept, nil), fault.OK},
		{"the grantee's gateway", func() stubtest.Proposal { return c.by(c.sharing(t, c.share(signed)), hotel, "gateway") }, fault.Forbidden},
		{"its treasurer", func() stubtest.Proposal { return c.by(c.sharing(t, c.share(signed)), airline, "treasurer") }, fault.Forbidden},
		{"a consent that nobody recorded", of(unknown, nil), fault.NotFound},
		{"a consent that was withdrawn", of(ended, nil), fault.ConsentNotInForce},
		{"a consent that hasn't begun", of(later, nil), fault.ConsentNotInForce},
		{"a purpose that the policy doesn't have", of(strange, nil), fault.ConsentMismatch},
		{"another policy", of(other, nil), fault.ConsentMismatch},
		{"of no account, which the reader sees", of(nobody, nil), fault.OK},
		{"for another channel", of(foreign, nil), fault.ConsentMismatch},
		{"another grantee than was agreed to", of(signed, func(s *privacy.Share) { s.Consent.Body.Grantee = "grocer" }), fault.ConsentMismatch},
		{"for longer than was agreed to", of(signed, func(s *privacy.Share) { s.Consent.Body.Until++ }), fault.ConsentMismatch},
		{"an attribute more in the body", of(signed, func(s *privacy.Share) { s.Consent.Body.Attributes = []string{"email", "name", "phone"} }), fault.ConsentMismatch},
		{"an attribute that the body doesn't name", of(signed, func(s *privacy.Share) { s.Entries[0].Attribute = "birthday" }), fault.ConsentMismatch},
		{"another signature", of(signed, func(s *privacy.Share) { s.Consent.Signature = unknown.Signature }), fault.SignatureRefused},
		{"another controller than the account's", of(signed, func(s *privacy.Share) {
			s.Consent.Controller = points.Controller{Kind: points.ControllerCustodian}
			s.Consent.Custodian, s.Consent.Authentication = 1, kept.Authentication
			s.Consent.Body.Method = privacy.MethodAuthenticated
		}), fault.ConsentMismatch},
		{"a custodian's key that there isn't", of(kept, func(s *privacy.Share) { s.Consent.Custodian = 7 }), fault.SignatureRefused},
		{"custody without an authentication", of(kept, func(s *privacy.Share) { s.Consent.Authentication = nil }), fault.InvalidValue},
		{"nothing", of(signed, func(s *privacy.Share) { s.Entries = nil }), fault.InvalidValue},
		{"an entry that isn't in the vault", of(signed, func(s *privacy.Share) {
			one := newEntry(t)
			s.Entries[0].Key, s.Entries[0].Value = one.Key, one.Value
		}), fault.EntryMismatch},
		{"a tampered value", of(signed, func(s *privacy.Share) {
			s.Entries[0].Value = bytes.Replace(s.Entries[0].Value, []byte(`{"box":"`), []byte(`{"box":"AAAA`), 1)
		}), fault.EntryMismatch},
		{"a value under another key", of(signed, func(s *privacy.Share) { s.Entries[0].Key = c.entries[2].Key }), fault.EntryMismatch},
		{"an entry twice", of(signed, func(s *privacy.Share) { s.Entries[1] = s.Entries[0] }), fault.InvalidValue},
		{"shared and purged at once", of(signed, func(s *privacy.Share) { s.Purge = []privacy.EntryKey{s.Entries[0].Key} }), fault.InvalidValue},
		{"too many entries", of(signed, func(s *privacy.Share) { s.Entries = slicesOf(privacy.MaxShared+1, s.Entries[0]) }), fault.TooLarge},
		{"the body in the document", func() stubtest.Proposal {
			p := c.sharing(t, c.share(signed))
			p.Args[1] = []byte(encode(t, signed.Body))
			return p
		}, fault.Malformed},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) { c.wantCode(t, tc.call(), tc.code) })
	}
}

func TestASharesBlockNamesNoAccount(t *testing.T) {
	c := gather(t)
	signed := c.agrees(t, nil)
	recorded := c.must(t, c.recording(t, &signed.Body), airline, hotel)
	tx := c.must(t, c.sharing(t, c.share(signed)), airline)
	for _, one := range []*stubtest.Transaction{recorded, tx} {
		if bytes.Contains(one.Results, []byte(signed.Body.Account)) {
			t.Error("the block tells which account the consent is of")
		}
	}
}

func TestAShareEndsWithTheConsentsTime(t *testing.T) {
	c := gather(t)
	signed := c.agrees(t, func(b *privacy.ConsentBody) { b.Until = b.From + 60 })
	c.must(t, c.recording(t, &signed.Body), airline, hotel)
	p := c.sharing(t, c.share(signed))
	p.Time = now.Add(time.Minute)
	c.wantCode(t, p, fault.ConsentNotInForce)
}

func TestConsentsHaveOneStatusAfterTheOther(t *testing.T) {
	for reason, status := range map[privacy.EndReason]privacy.Status{
		privacy.EndWithdrawn: privacy.StatusWithdrawn, privacy.EndErased: privacy.StatusErased, privacy.EndSuperseded: privacy.StatusSuperseded,
	} {
		c := gather(t)
		signed := c.agrees(t, nil)
		tx := c.must(t, c.recording(t, &signed.Body), airline, hotel)
		var granted privacy.Consent
		decode(t, tx.Event.Payload, &granted)
		if tx.Event.EventName != privacy.EventConsent || granted.Status != privacy.StatusGranted || granted.At != now.Unix() || bytes.Contains(tx.Event.Payload, []byte(signed.Body.Account)) {
			t.Errorf("granted as %s %s", tx.Event.EventName, tx.Event.Payload)
		}
		c.wantCode(t, c.recording(t, &signed.Body), fault.AlreadyExists)
		c.wantCode(t, c.ending(t, signed.Body.ID, privacy.EndExpired), fault.TooEarly)
		c.wantCode(t, c.ending(t, signed.Body.ID, "forgotten"), fault.InvalidValue)
		c.must(t, c.ending(t, signed.Body.ID, reason), airline, hotel)
		var record privacy.Consent
		decode(t, c.State("points-airline")[engine.ConsentKey(signed.Body.ID)], &record)
		if record.Status != status || record.Ended != now.Unix() {
			t.Errorf("%s gives %+v", reason, record)
		}
		c.wantCode(t, c.ending(t, signed.Body.ID, privacy.EndWithdrawn), fault.ConsentNotInForce)
	}
}

func TestAConsentExpiresOnceItsTimeIsOver(t *testing.T) {
	c := gather(t)
	signed := c.agrees(t, func(b *privacy.ConsentBody) { b.Until = b.From + 60 })
	c.must(t, c.recording(t, &signed.Body), airline, hotel)
	p := c.ending(t, signed.Body.ID, privacy.EndExpired)
	p.Time = now.Add(59 * time.Second)
	c.wantCode(t, p, fault.TooEarly)
	p.Time = now.Add(time.Minute)
	c.wantCode(t, p, fault.OK)
}

func TestWhatRecordsRefuse(t *testing.T) {
	c := gather(t)
	with := func(change func(*privacy.ConsentBody)) func() stubtest.Proposal {
		return func() stubtest.Proposal { b := c.agrees(t, change).Body; return c.recording(t, &b) }
	}
	erasures := wire.NewErasures{ID: "0123456789abcdef0123456789abcdef", Root: strings.Repeat("5e", 32), Count: 3, Reason: privacy.ErasedOnRequest}
	record := func(by, role string, change func(*wire.NewErasures)) func() stubtest.Proposal {
		return func() stubtest.Proposal {
			doc := erasures
			if change != nil {
				change(&doc)
			}
			return c.call("points-airline", c.client(by, role), wire.FnRecordErasures, encode(t, doc))
		}
	}
	policy := func(change func(*privacy.Policy)) func() stubtest.Proposal {
		return func() stubtest.Proposal {
			doc := dataPolicy(2)
			change(&doc)
			return c.call("points-airline", c.client(airline, "operator"), wire.FnPublishDataPolicy, encode(t, doc))
		}
	}
	cases := []struct {
		name string
		call func() stubtest.Proposal
		code fault.Code
	}{
		{"a consent", with(nil), fault.OK},
		{"a consent that is over", with(func(b *privacy.ConsentBody) { b.From, b.Until = 10, 20 }), fault.InvalidValue},
		{"a consent for ever", with(func(b *privacy.ConsentBody) { b.Until = b.From + privacy.MaxConsentSeconds + 1 }), fault.InvalidValue},
		{"to oneself", with(func(b *privacy.ConsentBody) { b.Grantee = "airline" }), fault.InvalidValue},
		{"to the regulator", with(func(b *privacy.ConsentBody) { b.Grantee = "regulator" }), fault.InvalidValue},
		{"to a stranger", with(func(b *privacy.ConsentBody) { b.Grantee = "cinema" }), fault.NotFound},
		{"under no policy", with(func(b *privacy.ConsentBody) { b.Policy = 2 }), fault.NotFound},
		{"by the operator", func() stubtest.Proposal { return c.by(with(nil)(), airline, "operator") }, fault.Forbidden},
		{"by the grantee", func() stubtest.Proposal { return c.by(with(nil)(), hotel, "gateway") }, fault.Forbidden},
		{"erasures", record(airline, "gateway", nil), fault.OK},
		{"erasures by compliance", record(airline, "compliance", nil), fault.OK},
		{"erasures by the auditor", record(airline, "auditor", nil), fault.Forbidden},
		{"erasures by another brand", record(hotel, "compliance", nil), fault.Forbidden},
		{"no erasures", record(airline, "gateway", func(e *wire.NewErasures) { e.Count = 0 }), fault.InvalidValue},
		{"too many", record(airline, "gateway", func(e *wire.NewErasures) { e.Count = privacy.MaxErasures + 1 }), fault.InvalidValue},
		{"without a reason", record(airline, "gateway", func(e *wire.NewErasures) { e.Reason = "whim" }), fault.InvalidValue},
		{"without a root", record(airline, "gateway", func(e *wire.NewErasures) { e.Root = "" }), fault.InvalidValue},
		{"the next policy", policy(func(*privacy.Policy) {}), fault.OK},
		{"a policy left out", policy(func(p *privacy.Policy) { p.Version = 3 }), fault.InvalidValue},
		{"a policy from yesterday", policy(func(p *privacy.Policy) { p.From-- }), fault.InvalidValue},
		{"a policy without words", policy(func(p *privacy.Policy) { p.Prose = nil }), fault.InvalidValue},
		{"a policy by the gateway", func() stubtest.Proposal { return c.by(policy(func(*privacy.Policy) {})(), airline, "gateway") }, fault.Forbidden},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) { c.wantCode(t, tc.call(), tc.code) })
	}
	c.must(t, record(airline, "gateway", nil)(), airline, hotel)
	c.wantCode(t, record(airline, "gateway", nil)(), fault.AlreadyExists)
}

func TestAPolicyThatIsNotInForceYetCarriesNoConsent(t *testing.T) {
	c := gather(t)
	next := dataPolicy(2)
	next.From++
	c.must(t, c.call("points-airline", c.client(airline, "operator"), wire.FnPublishDataPolicy, encode(t, next)), airline, hotel)
	body := c.agrees(t, func(b *privacy.ConsentBody) { b.Policy = 2 }).Body
	c.wantCode(t, c.recording(t, &body), fault.InvalidValue)
}
