//go:build network

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/network/membership"
)

// TestPersonalDataBelongIntoTransientFields: a document with anything in it, a private part that is missing or in the wrong place, entries without a full salt of their own,
// and functions that would read ranges get no endorsement, and no refusal repeats what was sent.
func TestPersonalDataBelongIntoTransientFields(t *testing.T) {
	gateway := three.user(t, "airline", string(membership.GatewayRole))
	secretName := "Ada Canary-Lovelace"
	good := entry(t)
	with := func(salt string) privacy.Change {
		return privacy.Change{V: 1, Put: []privacy.Put{{Key: good.Key, Value: []byte(`{"box":"` + strings.Repeat("A", 40) + `","salt":"` + salt + `","v":1}`)}}}
	}
	field := func(v any) map[string][]byte {
		return map[string][]byte{privacy.VaultTransient: must[[]byte](t)(wire.Encode(v))}
	}
	for _, attack := range []struct {
		name      string
		args      []string
		transient map[string][]byte
		code      fault.Code
	}{
		{"a name in the document", []string{wire.FnChangeVault, `{"v":1,"name":"` + secretName + `"}`}, nil, fault.Malformed},
		{"the entry in the document", []string{wire.FnChangeVault, `{"v":1,"put":[]}`}, nil, fault.Malformed},
		{"no transient field", []string{wire.FnChangeVault, `{"v":1}`}, nil, fault.TransientMissing},
		{"a second argument", []string{wire.FnChangeVault, `{"v":1}`, secretName}, nil, fault.ArgumentCount},
		{"a name in the place of an entry", []string{wire.FnChangeVault, `{"v":1}`}, map[string][]byte{privacy.VaultTransient: []byte(`{"v":1,"put":[{"key":"` + secretName + `","value":{}}]}`)}, fault.InvalidValue},
		{"no salt", []string{wire.FnChangeVault, `{"v":1}`}, field(with("")), fault.InvalidValue},
		{"a short salt", []string{wire.FnChangeVault, `{"v":1}`}, field(with(strings.Repeat("0a", 16))), fault.InvalidValue},
		{"a range query of private data", []string{"GetPrivateDataByRange", `{"v":1}`}, nil, fault.UnknownFunction},
		{"a range query with a write", []string{"PurgeAll", `{"v":1}`}, nil, fault.UnknownFunction},
	} {
		t.Run(attack.name, func(t *testing.T) {
			p := gateway.propose(t, "points-airline", attack.transient, attack.args...)
			refusedByChaincode(t, gateway, p, attack.code)
			response, err := gateway.endorse(t, p, "peer0.airline")
			if err != nil || strings.Contains(response.GetResponse().GetMessage(), secretName) {
				t.Errorf("the refusal repeats what was sent: %v %s", err, response.GetResponse().GetMessage())
			}
		})
	}
	requireAbsent(t, three.dir.Logs(), nil, secret("a name that was refused", secretName))
}

// TestSaltsAreUsedOnce: an entry's key follows from its salt, so that a salt that is used again hits the key that is there, and of two at the same time one gets in.
func TestSaltsAreUsedOnce(t *testing.T) {
	vault := three.programme(t, "airline", membership.GatewayRole, "airline")
	one := entry(t)
	if err := vault.ChangeVault(t.Context(), privacy.Change{V: 1, Put: []privacy.Put{one}}); err != nil {
		t.Fatal(err)
	}
	again := decode[privacy.Entry](t, one.Value)
	again.Box = boxOf(t, entry(t))
	other := privacy.Put{Key: one.Key, Value: must[[]byte](t)(wire.Encode(again))}
	if err := vault.ChangeVault(t.Context(), privacy.Change{V: 1, Put: []privacy.Put{other}}); fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("another value under the same salt: %v", err)
	}
	if err := vault.ChangeVault(t.Context(), privacy.Change{V: 1, Put: []privacy.Put{one}}); err != nil {
		t.Errorf("the same call again: %v", err)
	}

	gateway, two := three.user(t, "airline", string(membership.GatewayRole)), entry(t)
	first := gateway.secretly(t, wire.FnChangeVault, privacy.VaultTransient, privacy.Change{V: 1, Put: []privacy.Put{two}})
	second := gateway.secretly(t, wire.FnChangeVault, privacy.VaultTransient, privacy.Change{V: 1, Put: []privacy.Put{two}})
	endorsements := gateway.endorsed(t, first, "peer0.airline")
	late := gateway.endorsed(t, second, "peer0.airline")
	if a, b := gateway.commit(t, first, endorsements...), gateway.commit(t, second, late...); a != peer.TxValidationCode_VALID || b != peer.TxValidationCode_MVCC_READ_CONFLICT {
		t.Errorf("two at the same time were validated as %s and %s", a, b)
	}
}

// TestOnlyTheOwnerWritesItsVault: no other brand's client is let, and what another brand's peer endorses alone is invalid.
func TestOnlyTheOwnerWritesItsVault(t *testing.T) {
	change := privacy.Change{V: 1, Put: []privacy.Put{entry(t)}}
	for _, caller := range [][2]string{{"hotel", "gateway"}, {"airline", "operator"}, {"airline", "auditor"}, {"airline", "admin"}} {
		u := three.user(t, caller[0], caller[1])
		refusedByChaincode(t, u, u.secretly(t, wire.FnChangeVault, privacy.VaultTransient, change), fault.Forbidden)
	}
	gateway := three.user(t, "airline", string(membership.GatewayRole))
	p := gateway.secretly(t, wire.FnChangeVault, privacy.VaultTransient, change)
	if code := gateway.commit(t, p, gateway.endorsed(t, p, "peer0.hotel")...); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Errorf("endorsed by the hotel alone it was validated as %s", code)
	}
	values, err := three.programme(t, "airline", membership.GatewayRole, "airline").VaultEntries(t.Context(), []privacy.EntryKey{change.Put[0].Key})
	if err != nil || values[0] != nil {
		t.Errorf("the vault has %s, %v", values, err)
	}
}

// TestAGranteeNeitherSharesNorTakesBackByItself: its peer holds the collection and endorses, and its endorsement counts for nothing.
func TestAGranteeNeitherSharesNorTakesBackByItself(t *testing.T) {
	vault, one := three.programme(t, "airline", membership.GatewayRole, "airline"), entry(t)
	signed := three.sharedWithHotel(t, vault, one)
	gateway := three.user(t, "airline", string(membership.GatewayRole))
	unshare := privacy.Unshare{V: 1, Grantee: "hotel", ID: signed.Body.ID, Keys: []privacy.EntryKey{one.Key}}
	for function, secret := range map[string]any{wire.FnShareEntries: sharing(signed, one), wire.FnUnshare: unshare} {
		p := gateway.secretly(t, function, privacy.ShareTransient, secret)
		gateway.committedAs(t, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, p, gateway.endorsed(t, p, "peer0.hotel")...)
		own := three.user(t, "hotel", string(membership.GatewayRole))
		refusedByChaincode(t, own, own.secretly(t, function, privacy.ShareTransient, secret), fault.Forbidden)
	}
	if got, err := vault.Shared(t.Context(), "hotel", signed.Body.ID); err != nil || got.Values[0].Value != string(one.Value) {
		t.Errorf("what was shared is %+v, %v", got, err)
	}
}

// TestSubmittedQueriesPutNothingReadableOnTheChannel: queries of private values seal their answers under a key that is in the transient field only.
func TestSubmittedQueriesPutNothingReadableOnTheChannel(t *testing.T) {
	vault, one := three.programme(t, "airline", membership.GatewayRole, "airline"), entry(t)
	signed := three.sharedWithHotel(t, vault, one)
	three.copied(t, signed, one) // Its peer endorses an answer below.
	from := three.height(t, "airline")
	reply := randomHex(32)
	gateway := three.user(t, "airline", string(membership.GatewayRole))
	lookup := privacy.Lookup{V: 1, Keys: []privacy.EntryKey{one.Key}, Reply: reply}
	p := gateway.secretly(t, wire.FnGetVault, privacy.VaultTransient, lookup)
	if response, err := gateway.endorse(t, p, "peer0.hotel"); err != nil || response.GetEndorsement() != nil {
		t.Errorf("the hotel's peer answered for the airline's vault: %v %s", err, response.GetResponse().GetMessage())
	}
	// The chaincode's own policy holds for what writes nothing: the airline alone isn't enough, but invalid transactions stand in blocks too.
	if code := gateway.commit(t, p, gateway.endorsed(t, p, "peer0.airline")...); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Errorf("GetVault was validated as %s", code)
	}
	p = gateway.secretly(t, wire.FnGetShared, privacy.ShareTransient, privacy.SharedLookup{V: 1, Grantee: "hotel", ID: signed.Body.ID, Reply: reply})
	if code := gateway.commit(t, p, gateway.endorsed(t, p, "peer0.airline", "peer0.hotel")...); code != peer.TxValidationCode_VALID {
		t.Errorf("GetShared was validated as %s", code)
	}
	answers, raw := three.answers(t, from, reply)
	if len(answers) != 2 || !slices.ContainsFunc(answers, func(a string) bool { return strings.Contains(a, boxOf(t, one)) }) {
		t.Errorf("%d sealed answers are on the channel: %v", len(answers), answers)
	}
	for _, part := range []string{boxOf(t, one), string(one.Key), reply, string(signed.Body.Account), decode[privacy.Entry](t, one.Value).Salt} {
		if bytes.Contains(raw, []byte(part)) {
			t.Errorf("%s is on the channel", part)
		}
	}
}

// answers opens the sealed answers in the blocks after one, with the key that only the test has, and gives all those blocks' bytes.
func (c *consortium) answers(t *testing.T, after uint64, reply string) (answers []string, raw []byte) {
	t.Helper()
	for d, err := range c.chain(t, "airline").Blocks(t.Context(), after+1, c.height(t, "airline"), blocks.Public) {
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, encoded(t, d.Block)...)
		b := must[*blocks.Block](t)(d.Decode())
		for i := range b.Transactions {
			if bytes.HasPrefix(b.Transactions[i].Response, []byte(`{"box":`)) {
				answer, err := privacy.Open(reply, decode[privacy.Sealed](t, b.Transactions[i].Response))
				if err != nil {
					t.Fatal(err)
				}
				answers = append(answers, string(answer))
			}
		}
	}
	return answers, raw
}

// sharedWithHotel puts entries into the airline's vault and shares them with the hotel.
func (c *consortium) sharedWithHotel(t *testing.T, vault *ledger.Points, entries ...privacy.Put) privacy.SignedConsent {
	t.Helper()
	if err := vault.ChangeVault(t.Context(), privacy.Change{V: 1, Put: entries}); err != nil {
		t.Fatal(err)
	}
	signed := c.walletHolder(t).agrees(t, c.dataPolicy(t))
	from := c.height(t, "airline")
	record(t, vault, &signed.Body)
	if err := vault.Share(t.Context(), sharing(signed, entries...)); err != nil {
		t.Fatal(err)
	}
	if _, raw := c.answers(t, from, ""); bytes.Contains(raw, []byte(signed.Body.Account)) {
		t.Error("the channel tells which account the consent is of")
	}
	c.level(t)
	return signed
}

// copied waits until the hotel's peer has the copy of an entry that was shared with it, and gives what it reads.
func (c *consortium) copied(t *testing.T, signed privacy.SignedConsent, one privacy.Put) (got privacy.Shared) {
	t.Helper()
	hotel := c.programme(t, "hotel", membership.GatewayRole, "airline")
	untilDone(t, "the hotel's peer has the copy", func() error {
		var err error
		got, err = hotel.Shared(t.Context(), "hotel", signed.Body.ID)
		if err == nil && (len(got.Values) != 1 || got.Values[0].Value != string(one.Value)) {
			err = fmt.Errorf("it has %+v", got.Values)
		}
		return err
	})
	return got
}

// TestAPurgeReachesAPeerThatWasDown: the owner purges without the grantee, whose peer has nothing left once it has caught up.
func TestAPurgeReachesAPeerThatWasDown(t *testing.T) {
	vault, one := three.programme(t, "airline", membership.GatewayRole, "airline"), entry(t)
	signed := three.sharedWithHotel(t, vault, one)
	hotel := three.programme(t, "hotel", membership.GatewayRole, "airline")
	got := three.copied(t, signed, one)
	if !got.Values[0].Current || got.Consent.Signature != signed.Signature || got.Record.InForce(signed.Body.From) != nil {
		t.Errorf("the hotel reads %+v", got)
	}
	for member, holds := range map[string]bool{"airline": true, "hotel": true, "grocer": false, "regulator": false} {
		if three.delivers(t, member, boxOf(t, one)) != holds {
			t.Errorf("%s's peer delivers the entry: %v, want %v", member, !holds, holds)
		}
	}
	three.kill(t, "peer0.hotel")
	unshare := privacy.Unshare{V: 1, Grantee: "hotel", ID: signed.Body.ID, Keys: []privacy.EntryKey{one.Key}}
	err := vault.Unshare(t.Context(), unshare)
	if err == nil {
		err = vault.ChangeVault(t.Context(), privacy.Change{V: 1, Purge: []privacy.EntryKey{one.Key}})
	}
	three.start(t, "peer0.hotel")
	if err != nil {
		t.Fatalf("the owner can't purge while the grantee's peer is down: %v", err)
	}
	three.level(t)
	three.awaitReady(t, "hotel")
	untilDone(t, "the hotel's peer has forgotten the copy", func() error {
		if got, err := hotel.Shared(t.Context(), "hotel", signed.Body.ID); fault.CodeOf(err) != fault.NotFound {
			return fmt.Errorf("it has %+v: %w", got.Values, err)
		}
		return nil
	})
	three.requireForgotten(t, "hotel", boxOf(t, one))
	three.requireForgotten(t, "airline", boxOf(t, one))
	if _, err := vault.EndConsent(t.Context(), signed.Body.ID, privacy.EndWithdrawn); err != nil {
		t.Error(err)
	}
}

// requireForgotten: a member's peer doesn't deliver a purged value with its block any more.
func (c *consortium) requireForgotten(t *testing.T, member, box string) {
	t.Helper()
	until(t, member+"'s peer delivers the purged value no more", func() bool { return !c.delivers(t, member, box) })
}

// delivers says whether a member's peer delivers a private value with any of its blocks.
func (c *consortium) delivers(t *testing.T, member, box string) bool {
	t.Helper()
	for d, err := range c.chain(t, member).Blocks(t.Context(), 0, c.height(t, member), blocks.WithPrivate) {
		if err != nil {
			t.Fatal(err)
		}
		for _, private := range d.Private {
			if bytes.Contains(encoded(t, private), []byte(box)) {
				return true
			}
		}
	}
	return false
}

// TestWhatWasEndorsedAndNeverSubmittedIsCiphertextInATransientStore: it stays in the endorsing peer's transient store, at no other member, on no channel, until that store
// forgets what is older than the configured number of blocks.
func TestWhatWasEndorsedAndNeverSubmittedIsCiphertextInATransientStore(t *testing.T) {
	one := entry(t)
	gateway := three.user(t, "airline", string(membership.GatewayRole))
	p := gateway.secretly(t, wire.FnChangeVault, privacy.VaultTransient, privacy.Change{V: 1, Put: []privacy.Put{one}})
	gateway.endorsed(t, p, "peer0.airline")
	box := secret("a ciphertext that was never submitted", boxOf(t, one))
	var at []string
	until(t, "the ciphertext is found at the airline's peer", func() bool {
		at = nil
		for _, f := range search(t, three.dir.Data("peer0.airline"), nil, box).Findings {
			at = append(at, f.String())
		}
		return len(at) > 0
	})
	for _, place := range at {
		if !strings.Contains(place, "transientStore") && !strings.Contains(place, "transientstore") {
			t.Errorf("it is at %s", place)
		}
	}
	for _, other := range []string{"peer0.hotel", "peer0.grocer", "peer0.regulator", "orderer0.airline"} {
		requireAbsent(t, three.dir.Data(other), nil, box)
	}
	requireAbsent(t, three.dir.Logs(), nil, box)
	if kept := transientBlocks(t, three); kept != 1000 {
		t.Errorf("transient stores keep %d blocks, docs/privacy.md says 1000", kept)
	}
	values, err := three.programme(t, "airline", membership.GatewayRole, "airline").VaultEntries(t.Context(), []privacy.EntryKey{one.Key})
	if err != nil || values[0] != nil {
		t.Errorf("the vault has %q, %v", values, err)
	}
}

// transientBlocks is how many blocks a peer's transient store keeps what was never submitted.
func transientBlocks(t *testing.T, c *consortium) int {
	t.Helper()
	raw := must[[]byte](t)(os.ReadFile(filepath.Join(c.dir.Config("peer0.airline"), "core.yaml")))
	found := regexp.MustCompile(`transientstoreMaxBlockRetention: (\d+)`).FindSubmatch(raw)
	if found == nil {
		t.Fatal("core.yaml doesn't say")
	}
	return must[int](t)(strconv.Atoi(string(found[1])))
}

// TestAuditsPassOverPersonalData: the regulator's replay and the owner's, which has forgotten what was purged, come to the same books.
func TestAuditsPassOverPersonalData(t *testing.T) {
	vault, one := three.programme(t, "airline", membership.GatewayRole, "airline"), entry(t)
	signed := three.sharedWithHotel(t, vault, one, entry(t))
	if err := vault.Unshare(t.Context(), privacy.Unshare{V: 1, Grantee: "hotel", ID: signed.Body.ID, Keys: []privacy.EntryKey{one.Key}}); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.EndConsent(t.Context(), signed.Body.ID, privacy.EndErased); err != nil {
		t.Fatal(err)
	}
	if err := vault.ChangeVault(t.Context(), privacy.Change{V: 1, Purge: []privacy.EntryKey{one.Key}}); err != nil {
		t.Fatal(err)
	}
	must[privacy.Erasures](t)(vault.RecordErasures(t.Context(), wire.NewErasures{ID: privacy.ErasureID(randomHex(16)), Root: randomHex(32), Count: 1, Reason: privacy.ErasedOnRequest}))
	for _, member := range []string{"airline", "hotel", "regulator"} {
		three.level(t)
		three.run(t, "tally-audit", "--config", three.gatewayConfig(member))
	}
}
