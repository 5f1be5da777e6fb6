package audit

import (
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// crowd is a ledger whose airline keeps customers' data and shares some with the hotel.
type crowd struct {
	*ledgertest.Ledger
	airline *ledgertest.Programme
	people  *ledgertest.People
	account points.AccountID
	policy  wire.Published
	entries []privacy.Put // In the vault.
	signed  privacy.SignedConsent
}

func gather(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{Ledger: ledgertest.New(t, "airline", "hotel", "grocer")}
	c.Found()
	c.airline = c.Create(0)
	open := c.airline.OpenWithKey()
	c.airline.Batch(0, []ledgertest.Item{open})
	c.Cut()
	c.account, c.people = open.Operation.Account, c.People("airline", c.airline.Brand.Gateway)
	var err error
	c.policy, err = c.People("airline", c.airline.Brand.Operator).PublishDataPolicy(t.Context(), c.airline.DataPolicy(1))
	c.entries = []privacy.Put{c.Entry(), c.Entry(), c.Entry()}
	c.must(t, err, c.people.ChangeVault(t.Context(), privacy.Change{V: 1, Put: c.entries}))
	c.signed = c.airline.SignConsent(c.airline.Consent(c.account, "hotel", c.policy, "name", "phone"))
	_, err = c.people.RecordConsent(t.Context(), c.NewConsent(&c.signed.Body))
	c.must(t, err)
	return c
}

func (c *crowd) must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (c *crowd) share(n int) privacy.Share {
	share := privacy.Share{V: 1, Consent: c.signed}
	for i, e := range c.entries[:n] {
		share.Entries = append(share.Entries, privacy.SharedEntry{Attribute: []string{"name", "phone"}[i], Key: e.Key, Value: e.Value})
	}
	return share
}

// purgeAll takes everything back that was shared, and one entry out of the vault.
func (c *crowd) purgeAll(t *testing.T) {
	t.Helper()
	keys := []privacy.EntryKey{c.entries[0].Key, c.entries[1].Key}
	c.must(t, c.people.Unshare(t.Context(), privacy.Unshare{V: 1, Grantee: "hotel", ID: c.signed.Body.ID, Keys: keys}))
	_, err := c.people.EndConsent(t.Context(), c.signed.Body.ID, privacy.EndWithdrawn)
	c.must(t, err, c.people.ChangeVault(t.Context(), privacy.Change{V: 1, Purge: keys[:1]}))
	_, err = c.people.RecordErasures(t.Context(), wire.NewErasures{ID: "0123456789abcdef0123456789abcdef", Root: strings.Repeat("5e", 32), Count: 1, Reason: privacy.ErasedOnRequest})
	c.must(t, err)
}

// seenBy audits the ledger as a member's peer delivers it.
func (c *crowd) seenBy(t *testing.T, member string, forget func(key string) bool) *Statement {
	t.Helper()
	auditor := New(Options{})
	source := c.Peer(member).Blocks(t.Context(), 0, c.Height()-1, blocks.WithPrivate)
	statement, err := auditor.Finish(auditor.Blocks(t.Context(), func(yield func(blocks.Delivered, error) bool) {
		for d, err := range source {
			for i, set := range d.Private {
				d.Private[i] = leaveOut(t, set, forget)
			}
			if !yield(d, err) {
				return
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	return statement
}

// leaveOut leaves out what a peer doesn't deliver any more, once it is purged.
func leaveOut(t *testing.T, set *rwset.TxPvtReadWriteSet, forget func(string) bool) *rwset.TxPvtReadWriteSet {
	t.Helper()
	set = proto.CloneOf(set)
	for _, n := range set.NsPvtRwset {
		for _, c := range n.CollectionPvtRwset {
			var kv kvrwset.KVRWSet
			if err := proto.Unmarshal(c.Rwset, &kv); err != nil {
				t.Fatal(err)
			}
			var kept []*kvrwset.KVWrite
			for _, w := range kv.Writes {
				if !forget(w.Key) {
					kept = append(kept, w)
				}
			}
			kv.Writes = kept
			raw, err := proto.Marshal(&kv)
			if err != nil {
				t.Fatal(err)
			}
			c.Rwset = raw
		}
	}
	return set
}

func nothing(string) bool { return false }

func TestEveryMembersReplayPassesOverPersonalData(t *testing.T) {
	c := gather(t)
	c.must(t, c.people.Share(t.Context(), c.share(2)))
	c.purgeAll(t)
	// In full: the programme's creation, the data policy, the consent, its end, the erasures, and what the member holds.
	for member, full := range map[string]int{"airline": 10, "hotel": 7, "grocer": 5, "regulator": 6} {
		statement := c.seenBy(t, member, nothing)
		if statement.Verdict != VerdictPassed {
			t.Fatalf("%s: %v", member, statement.Finding)
		}
		if p := statement.Programmes[0]; p.FullReplays != full || p.PublicReplays != 10-full {
			t.Errorf("%s replayed %d in full and %d publicly", member, p.FullReplays, p.PublicReplays)
		}
	}
}

func TestTheOwnersReplayPassesAfterPeersHaveForgottenWhatWasPurged(t *testing.T) {
	c := gather(t)
	c.must(t, c.people.Share(t.Context(), c.share(2)))
	c.purgeAll(t)
	purged := func(key string) bool {
		return key == engine.EntryKey(c.entries[0].Key) || strings.HasPrefix(engine.ReadableKey(key), "share/") || strings.HasPrefix(engine.ReadableKey(key), "consentbody/")
	}
	if statement := c.seenBy(t, "airline", purged); statement.Verdict != VerdictPassed {
		t.Fatal(statement.Finding)
	}
}

func TestSubmittedQueriesOfPersonalDataAreHarmlessToTheReplay(t *testing.T) {
	c := gather(t)
	lookup := privacy.Lookup{V: 1, Keys: []privacy.EntryKey{c.entries[0].Key}, Reply: strings.Repeat("0f", 32)}
	p := c.private(wire.FnGetVault, privacy.VaultTransient, lookup)
	p.Endorsers = c.airline.Endorsers()[:1]
	p.Signed = c.airline.Endorsers()
	c.submit(t, p)
	for _, member := range []string{"airline", "regulator"} {
		if statement := c.seenBy(t, member, nothing); statement.Verdict != VerdictPassed {
			t.Errorf("%s: %v", member, statement.Finding)
		}
	}
}

func (c *crowd) private(function, field string, secret any) ledgertest.Proposal {
	c.airline.Now++
	return ledgertest.Proposal{
		Caller: c.airline.Brand.Gateway, Chaincode: home, Function: function, Document: c.Encode(wire.PrivateCall{V: 1}),
		Transient: map[string][]byte{field: c.Encode(secret)}, Time: c.airline.Now, Endorsers: []*ledgertest.Identity{c.airline.Brand.Peer},
	}
}

func (c *crowd) submit(t *testing.T, p ledgertest.Proposal) {
	t.Helper()
	if _, err := c.Submit(p); err != nil {
		t.Fatal(err)
	}
	c.Cut()
}

// The owner's chaincode does what ours doesn't; everything is signed as it should be.
func TestPersonalDataThatDoNotFollowTheRulesAreFound(t *testing.T) {
	vault, shared := engine.CollectionCustomers, engine.SharedCollection("airline", "hotel")
	foreign := engine.PrivateWrite{Collection: vault, Key: engine.EntryKey("00112233445566778899aabbccddeeff"), Value: []byte("name: Ada")}
	for name, it := range map[string]struct {
		call  func(*crowd) ledgertest.Proposal
		alter func(*crowd, ledgertest.Footprint)
		owner Check // What the owner's replay finds, from the values;
		other Check // and the regulator's, from their hashes. Empty: it can't see it.
	}{
		"a name in public": {changing, func(_ *crowd, f ledgertest.Footprint) {
			f.Write(home, engine.Write{Key: engine.Key("note", "1"), Value: []byte("Ada")})
		}, CheckWriteSet, CheckWriteSet},
		"a name in the answer": {changing, func(_ *crowd, f ledgertest.Footprint) { f.Effects().Response = []byte(`{"name":"Ada"}`) }, CheckResponse, CheckResponse},
		"a name in an event": {changing, func(_ *crowd, f ledgertest.Footprint) {
			f.Effects().EventName, f.Effects().EventPayload = "stored", []byte("Ada")
		}, CheckEvent, CheckEvent},
		"an entry more than was read": {changing, func(_ *crowd, f ledgertest.Footprint) { f.WritePrivate(home, foreign) }, CheckExecution, CheckReadSet},
		"no entry at all, in the place of one": {changing, func(_ *crowd, f ledgertest.Footprint) {
			w := f.PrivateWrites(home, vault)[0]
			w.Value = []byte(`{"name":"Ada"}`)
			f.WritePrivate(home, w)
		}, CheckExecution, ""},
		"a deletion that leaves history": {purging, func(c *crowd, f ledgertest.Footprint) {
			f.WritePrivate(home, engine.PrivateWrite{Collection: vault, Key: engine.EntryKey(c.entries[0].Key), Delete: true})
		}, CheckPrivateWriteSet, CheckPrivateWriteSet},
		"a value that the vault hasn't": {sharing, func(c *crowd, f ledgertest.Footprint) {
			f.WritePrivate(home, engine.PrivateWrite{Collection: shared, Key: engine.ShareKey(c.signed.Body.ID, c.entries[0].Key), Value: c.Entry().Value})
		}, CheckExecution, CheckPrivateWriteSet},
		"one value more than the consent covers": {sharing, func(c *crowd, f ledgertest.Footprint) {
			f.WritePrivate(home, engine.PrivateWrite{Collection: shared, Key: engine.ShareKey(c.signed.Body.ID, c.entries[2].Key), Value: c.entries[2].Value})
		}, CheckPrivateWriteSet, CheckPrivateWriteSet},
		"a copy for the grocer too": {sharing, func(c *crowd, f ledgertest.Footprint) {
			f.WritePrivate(home, engine.PrivateWrite{Collection: engine.SharedCollection("airline", "grocer"), Key: engine.ShareKey(c.signed.Body.ID, c.entries[0].Key), Value: c.entries[0].Value})
		}, CheckPrivateWriteSet, CheckPrivateWriteSet},
		"something shared while taking back": {unsharing, func(c *crowd, f ledgertest.Footprint) {
			f.WritePrivate(home, engine.PrivateWrite{Collection: shared, Key: engine.ShareKey(c.signed.Body.ID, c.entries[2].Key), Value: c.entries[2].Value})
		}, CheckPrivateWriteSet, CheckPrivateWriteSet},
		"a consent's grantee": {consenting, func(_ *crowd, f ledgertest.Footprint) {
			w := f.Writes(home)[0]
			w.Value = []byte(strings.Replace(string(w.Value), "hotel", "grocer", 1))
			f.Write(home, w)
		}, CheckWriteSet, CheckWriteSet},
	} {
		t.Run(name, func(t *testing.T) {
			c := gather(t)
			p := it.call(c)
			p.Alter = func(f ledgertest.Footprint) { it.alter(c, f) }
			c.submit(t, p)
			for member, check := range map[string]Check{"airline": it.owner, "regulator": it.other} {
				f := c.seenBy(t, member, nothing).Finding
				if check == "" && f == nil {
					continue
				}
				if f == nil || f.Block != c.Height()-1 || f.Check != check {
					t.Errorf("%s found %v", member, f)
				}
			}
		})
	}
}

func changing(c *crowd) ledgertest.Proposal {
	return c.private(wire.FnChangeVault, privacy.VaultTransient, privacy.Change{V: 1, Put: []privacy.Put{c.Entry()}})
}

func purging(c *crowd) ledgertest.Proposal {
	return c.private(wire.FnChangeVault, privacy.VaultTransient, privacy.Change{V: 1, Purge: []privacy.EntryKey{c.entries[0].Key}})
}

func sharing(c *crowd) ledgertest.Proposal {
	return c.private(wire.FnShareEntries, privacy.ShareTransient, c.share(1))
}

func unsharing(c *crowd) ledgertest.Proposal {
	return c.private(wire.FnUnshare, privacy.ShareTransient, privacy.Unshare{V: 1, Grantee: "hotel", ID: c.signed.Body.ID})
}

func consenting(c *crowd) ledgertest.Proposal {
	body := c.airline.Consent(c.account, "hotel", c.policy, "name")
	p := c.private(wire.FnRecordConsent, privacy.ShareTransient, body)
	p.Transient, p.Document, p.Endorsers = nil, c.Encode(c.NewConsent(&body)), c.airline.Endorsers()
	return p
}

func TestPersonalDataAreEndorsedByTheirOwner(t *testing.T) {
	for name, signed := range map[string]string{"a member of the shared collection": "hotel", "somebody else": "grocer"} {
		for _, call := range []func(*crowd) ledgertest.Proposal{changing, sharing, unsharing} {
			c := gather(t)
			p := call(c)
			p.Signed = []*ledgertest.Identity{c.Member(signed).Peer}
			c.submit(t, p)
			if f := c.seenBy(t, "regulator", nothing).Finding; f == nil || f.Check != CheckEndorsement {
				t.Errorf("%s alone endorsed %s: %v", name, p.Function, f)
			}
		}
	}
}

func TestWhoMayNotChangeAVaultIsFound(t *testing.T) {
	c := gather(t)
	p := changing(c)
	p.As = &ledgertest.Invocation{Function: wire.FnChangeVault, Document: []byte(`{"v":1,"name":"Ada"}`)}
	c.submit(t, p)
	if f := c.seenBy(t, "regulator", nothing).Finding; f == nil || f.Check != CheckExecution {
		t.Errorf("a document with something in it: %v", f)
	}
}

func TestSavedBlocksKeepNoPersonalDataAndPassTheAudit(t *testing.T) {
	c := gather(t)
	c.must(t, c.people.Share(t.Context(), c.share(2)))
	archive := blocks.Archive{Dir: t.TempDir()}
	auditor := New(Options{Save: archive.Save})
	c.must(t, auditor.Blocks(t.Context(), c.Peer("airline").Blocks(t.Context(), 0, c.Height()-1, blocks.WithPrivate)))
	details := 0
	for n := range c.Height() {
		d, err := archive.Load(n)
		c.must(t, err)
		for _, set := range d.Private {
			for _, ns := range set.NsPvtRwset {
				for _, collection := range ns.CollectionPvtRwset {
					details++
					if collection.CollectionName != engine.CollectionDetails {
						t.Errorf("block %d keeps %s", n, collection.CollectionName)
					}
				}
			}
		}
	}
	if statement := audit(t, archive, Options{}); statement.Verdict != VerdictPassed || details == 0 || statement.Programmes[0].PublicReplays != 2 {
		t.Errorf("%d details kept: %v", details, statement.Finding)
	}
}
