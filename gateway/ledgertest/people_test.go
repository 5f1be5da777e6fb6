package ledgertest_test

import (
	"bytes"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

func TestSharedEntriesReachTheGranteeAloneUntilTheyAreUnshared(t *testing.T) {
	ctx := t.Context()
	l := ledgertest.New(t, "airline", "hotel", "grocer")
	l.Found()
	p := l.Create(0)
	open := p.OpenWithKey()
	p.Batch(0, []ledgertest.Item{open})
	l.Cut()
	people := l.People("airline", p.Brand.Gateway)
	policy, err := l.People("airline", p.Brand.Operator).PublishDataPolicy(ctx, p.DataPolicy(1))
	if err != nil {
		t.Fatal(err)
	}
	phone := l.Entry()
	if err := people.ChangeVault(ctx, privacy.Change{V: 1, Put: []privacy.Put{phone, l.Entry()}}); err != nil {
		t.Fatal(err)
	}
	body := p.Consent(open.Operation.Account, "hotel", policy, "phone")
	signed := p.SignConsent(body)
	if _, err := people.RecordConsent(ctx, l.NewConsent(&signed.Body)); err != nil {
		t.Fatal(err)
	}
	share := privacy.Share{V: 1, Consent: signed, Entries: []privacy.SharedEntry{{Attribute: "phone", Key: phone.Key, Value: phone.Value}}}
	if err := people.Share(ctx, share); err != nil {
		t.Fatal(err)
	}
	got, err := l.People("airline", l.Member("hotel").Gateway).Shared(ctx, "hotel", body.ID)
	if err != nil || len(got.Values) != 1 || got.Values[0].Value != string(phone.Value) || !got.Values[0].Current || got.Record.Status != privacy.StatusGranted {
		t.Fatalf("the hotel reads %+v, %v", got, err)
	}
	if _, err := l.People("airline", l.Member("grocer").Gateway).Shared(ctx, "hotel", body.ID); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("the grocer reads it: %v", err)
	}
	if err := people.Unshare(ctx, privacy.Unshare{V: 1, Grantee: "hotel", ID: body.ID, Keys: []privacy.EntryKey{phone.Key}}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.People("airline", l.Member("hotel").Gateway).Shared(ctx, "hotel", body.ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("the hotel still reads it: %v", err)
	}
	values, err := people.VaultEntries(ctx, []privacy.EntryKey{phone.Key, l.Entry().Key})
	if err != nil || !bytes.Equal(values[0], phone.Value) || values[1] != nil {
		t.Errorf("the vault has %q, %v", values, err)
	}
	if got := l.Private("points-airline", engine.SharedCollection("airline", "hotel"), engine.ShareKey(body.ID, phone.Key)); got != nil {
		t.Errorf("%s is left", got)
	}
}
