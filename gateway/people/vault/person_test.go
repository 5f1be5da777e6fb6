package vault_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var desk = vault.Access{Actor: "desk", Purpose: "service"}

func attributes(pairs ...string) []vault.Attribute {
	var all []vault.Attribute
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, vault.Attribute{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}

func create(t *testing.T, v *vaulttest.Vault, pairs ...string) vault.PersonID {
	t.Helper()
	id, err := v.Create(context.Background(), attributes(pairs...), desk)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func read(t *testing.T, v *vaulttest.Vault, id vault.PersonID, names ...string) []vault.Attribute {
	t.Helper()
	all, err := v.Read(context.Background(), id, names, desk)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func find(t *testing.T, v *vaulttest.Vault, kind vault.Kind, value string) vault.PersonID {
	t.Helper()
	id, err := v.Find(context.Background(), vault.Identifier{Kind: kind, Value: value})
	if err != nil && fault.CodeOf(err) != fault.PersonUnknown {
		t.Fatal(err)
	}
	return id
}

func want(t *testing.T, got []vault.Attribute, pairs ...string) {
	t.Helper()
	if expected := attributes(pairs...); !slices.Equal(got, expected) {
		t.Errorf("got %v, want %v", got, expected)
	}
}

func TestAPersonIsReadAsItWasCreated(t *testing.T) {
	v := vaulttest.New(t)
	id := create(t, v, "name", " Ada Lovelace ", "phone", "0151 23456789", "phone", "+44 20 7946 0018", "email", "Ada@Exämple.DE", "birthday", "1985-12-10",
		"language", "en-gb", "card", "4539 1488 0343 6467", "external", "crm:77", "marketing.email", "true")
	want(t, read(t, v, id), "birthday", "1985-12-10", "card", "4539148803436467", "email", "Ada@xn--exmple-cua.de", "external", "crm:77", "language", "en-GB",
		"marketing.email", "true", "name", "Ada Lovelace", "phone", "+4915123456789", "phone", "+442079460018")
	want(t, read(t, v, id, "phone", "birthday", "custom.none"), "birthday", "1985-12-10", "phone", "+4915123456789", "phone", "+442079460018")
}

func TestAPersonIsFoundByEveryIdentifierHoweverItIsWritten(t *testing.T) {
	v := vaulttest.New(t)
	id := create(t, v, "phone", "+49 151 23456789", "email", "Ada@example.com", "card", "4539148803436467", "external", "crm:77")
	for value, kind := range map[string]vault.Kind{
		"0151/234 567 89": vault.Phone, "+4915123456789": vault.Phone, "ADA@EXAMPLE.COM": vault.Email, "4539-1488-0343-6467": vault.Card, " crm:77 ": vault.External,
	} {
		if found := find(t, v, kind, value); found != id {
			t.Errorf("%s found %q", value, found)
		}
	}
	if found := find(t, v, vault.External, "4539148803436467"); found != "" {
		t.Errorf("a card was found as an external id: %q", found)
	}
}

func TestAnIdentifierIsOnePersons(t *testing.T) {
	v := vaulttest.New(t)
	create(t, v, "email", "ada@example.com")
	_, err := v.Create(context.Background(), attributes("name", "Eve", "email", "Ada@example.com"), desk)
	if fault.CodeOf(err) != fault.PersonExists || strings.Contains(err.Error(), "ada") {
		t.Errorf("got %v", err)
	}
	other := create(t, v, "name", "Eve")
	if err := v.Update(context.Background(), other, attributes("email", "ada@EXAMPLE.com"), nil, desk); fault.CodeOf(err) != fault.PersonExists {
		t.Errorf("got %v", err)
	}
	want(t, read(t, v, other), "name", "Eve")
}

func TestAnUpdateReplacesWhatItNamesAndKeepsEntriesOfValuesThatStay(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	id := create(t, v, "name", "Ada", "phone", "+4915123456789", "phone", "+442079460018", "language", "en", "email", "ada@example.com")
	before, err := v.Entries(ctx, id, []string{"phone"})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Update(ctx, id, attributes("phone", "+442079460018", "phone", "+14155550123", "name", "Ada King"), []string{"language"}, desk); err != nil {
		t.Fatal(err)
	}
	want(t, read(t, v, id), "email", "ada@example.com", "name", "Ada King", "phone", "+442079460018", "phone", "+14155550123")
	after, err := v.Entries(ctx, id, []string{"phone"})
	if err != nil || len(after) != 2 || after[0] != before[1] {
		t.Errorf("entries were %v and are %v, %v", before, after, err)
	}
	if find(t, v, vault.Phone, "+4915123456789") != "" || find(t, v, vault.Phone, "+14155550123") != id {
		t.Error("the index doesn't follow")
	}
	if n := len(v.Ledger.Entries()); n != 4 {
		t.Errorf("the ledger has %d entries, want 4", n)
	}
	if err := v.Update(ctx, id, attributes("email", "ADA@example.com"), nil, desk); err != nil {
		t.Fatal(err)
	}
	if find(t, v, vault.Email, "ada@example.com") != id {
		t.Error("an address written otherwise isn't found")
	}
}

func TestEveryReadIsLoggedWithNamesAndWithoutValues(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	id := create(t, v, "name", "Ada", "email", "ada@example.com")
	read(t, v, id, "name")
	if _, err := v.Read(ctx, id, nil, vault.Access{Actor: "partner/hotel", Purpose: "check-in"}); err != nil {
		t.Fatal(err)
	}
	log, err := v.AccessLog(ctx, id, 0, 10)
	if err != nil || len(log) != 3 {
		t.Fatalf("%v, %v", log, err)
	}
	if l := log[0]; l.Actor != "partner/hotel" || l.Purpose != "check-in" || l.Action != vault.Reading || !slices.Equal(l.Attributes, []string{"email", "name"}) {
		t.Errorf("%+v", l)
	}
	if log[2].Action != vault.Creating || !slices.Equal(log[1].Attributes, []string{"name"}) {
		t.Errorf("%+v", log)
	}
	for _, bad := range []vault.Access{{}, {Actor: "desk"}, {Purpose: "service"}, {Actor: "desk", Purpose: "Ada asked"}, {Actor: "desk", Purpose: "447700900123"}, {Actor: strings.Repeat("a", vault.MaxActorBytes+1), Purpose: "p"}} {
		if _, err := v.Read(ctx, id, nil, bad); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestACreationHappensOnceForAKey(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	once := vault.Once{Caller: "crm", Key: "k1"}
	id, err := v.CreateOnce(ctx, once, attributes("email", "ada@example.com"), desk)
	if err != nil {
		t.Fatal(err)
	}
	v.DrawIndex()
	if err := v.Maintain(ctx); err != nil {
		t.Fatal(err)
	}
	again, err := v.CreateOnce(ctx, once, attributes("email", "ada@example.com"), desk)
	if err != nil || again != id {
		t.Errorf("got %s, %v, want %s", again, err, id)
	}
	if _, err := v.CreateOnce(ctx, once, attributes("email", "eve@example.com"), desk); fault.CodeOf(err) != fault.IdempotencyConflict {
		t.Errorf("got %v", err)
	}
	if _, err := v.CreateOnce(ctx, vault.Once{Caller: "desk", Key: "k1"}, attributes("email", "eve@example.com"), desk); err != nil {
		t.Errorf("another caller's key: %v", err)
	}
}

func TestAnEntrysSecretOpensThatEntryAlone(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	id := create(t, v, "name", "Ada", "email", "ada@example.com")
	entries, err := v.Entries(ctx, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := v.EntrySecret(ctx, id, entries[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		a, err := vault.OpenEntry(vaulttest.Brand, e.Key, v.Ledger.Entries()[e.Key], secret)
		if i == 0 && (err != nil || a != (vault.Attribute{Name: "email", Value: "ada@example.com"})) {
			t.Errorf("got %v, %v", a, err)
		}
		if i > 0 && fault.CodeOf(err) != fault.StateCorrupt {
			t.Errorf("another entry was opened: %v", err)
		}
	}
	if _, err := vault.OpenEntry("hotel", entries[0].Key, v.Ledger.Entries()[entries[0].Key], secret); err == nil {
		t.Error("it was opened as another brand's")
	}
	if _, err := v.EntrySecret(ctx, create(t, v, "name", "Eve"), entries[0].Key); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("another person's entry: %v", err)
	}
}
