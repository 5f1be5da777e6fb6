package vault_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

func TestIdentifiersAreNormalised(t *testing.T) {
	for _, c := range []struct {
		kind        vault.Kind
		given, want string
	}{
		{vault.Phone, "(0151) 234-56789", "+4915123456789"}, {vault.Phone, "+44 (0)20 7946 0018", "+442079460018"}, {vault.Phone, "00442079460018", "+442079460018"},
		{vault.Email, " Ada.Lovelace+miles@EXAMPLE.com ", "Ada.Lovelace+miles@example.com"}, {vault.Email, "ada@bücher.example", "ada@xn--bcher-kva.example"},
		{vault.Email, "用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"},
		{vault.Card, "4539 1488-0343 6467", "4539148803436467"}, {vault.Card, "79927398713", "79927398713"},
		{vault.External, " CRM:Ä-1 ", "CRM:Ä-1"},
	} {
		got, err := vault.Identifier{Kind: c.kind, Value: c.given}.Normalise("DE")
		if err != nil || got.Value != c.want {
			t.Errorf("%s became %q, want %q: %v", c.given, got.Value, c.want, err)
		}
	}
}

func TestWhatIsNoIdentifierIsRefusedWithoutBeingRepeated(t *testing.T) {
	for _, c := range []struct {
		kind  vault.Kind
		value string
	}{
		{vault.Phone, "QX-no-phone"}, {vault.Phone, "+49 QX1 23"}, {vault.Phone, "12"}, {vault.Phone, "+4915123456789 ext. 77"}, {vault.Phone, strings.Repeat("1", 65)},
		{vault.Email, "QX"}, {vault.Email, "QX@"}, {vault.Email, "@qx.example"}, {vault.Email, "QX <qx@example.com>"}, {vault.Email, "qx@localhost"}, {vault.Email, "qx@exa mple.com"},
		{vault.Email, "qx@-example.com"}, {vault.Email, strings.Repeat("q", 250) + "@x.example"}, {vault.Email, "qx@example.com\nBcc: y@example.com"},
		{vault.Card, "4539148803436468"}, {vault.Card, "QX39148803436467"}, {vault.Card, "0000000"}, {vault.Card, strings.Repeat("0", 20)}, {vault.Card, "４５３９１４８８０３４３６４６７"},
		{vault.External, ""}, {vault.External, "QX\x00"}, {vault.External, strings.Repeat("Q", vault.MaxExternalBytes+1)},
		{"iban", "QX"},
	} {
		_, err := vault.Identifier{Kind: c.kind, Value: c.value}.Normalise("")
		if fault.CodeOf(err) != fault.InvalidValue || len(c.value) > 1 && strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.value)) || strings.Contains(err.Error(), "QX") {
			t.Errorf("%s %q: %v", c.kind, c.value, err)
		}
	}
}

func TestAttributesAreCheckedByWhatTheyAre(t *testing.T) {
	v := vaulttest.New(t)
	v.Schema.Attributes = []privacy.AttributeSchema{
		{Name: "custom.seat", Kind: privacy.KindChoice, MaxBytes: 10, Choices: []string{"aisle", "window"}}, {Name: "custom.diet", Kind: privacy.KindText, MaxBytes: 12},
		{Name: "custom.children", Kind: privacy.KindNumber, MaxBytes: 2}, {Name: "custom.since", Kind: privacy.KindDate, MaxBytes: 10}, {Name: "custom.vip", Kind: privacy.KindFlag, MaxBytes: 5},
		{Name: "marketing.post-card", Kind: privacy.KindFlag, MaxBytes: 5},
	}
	for _, good := range [][2]string{
		{"name", "Ada 李"}, {"birthday", "1900-01-01"}, {"language", "zh-hant-TW"}, {"marketing.post-card", "false"}, {"marketing.sms", "true"}, {"custom.seat", "aisle"}, {"custom.diet", " no nuts "},
		{"custom.children", "-1"}, {"custom.since", "2020-02-29"}, {"custom.vip", "true"}, {"name", strings.Repeat("a", vault.MaxNameBytes)},
	} {
		create(t, v, good[0], good[1])
	}
	for _, bad := range [][2]string{
		{"name", ""}, {"name", "QX\nQX"}, {"name", strings.Repeat("Q", vault.MaxNameBytes+1)}, {"name", "QX\xff"}, {"birthday", "1899-12-31"}, {"birthday", "2999-01-01"}, {"birthday", "QX"},
		{"birthday", "2021-02-29"}, {"language", "QX-"}, {"language", "und"}, {"marketing.email", "yes"}, {"marketing.", "true"}, {"marketing.qx", "true"}, {"custom.qx", "x"}, {"qx", "x"}, {"custom.seat", "QX"}, {"custom.diet", "QX QX QX QX QX"},
		{"custom.children", "1.5"}, {"custom.children", "100"}, {"custom.since", "2021-02-29"}, {"custom.vip", "1"}, {"custom.unknown", "QX"}, {"QX", "x"}, {"nickname", "QX"},
	} {
		_, err := v.Create(context.Background(), attributes("external", "x-"+bad[0]+bad[1][:min(1, len(bad[1]))], bad[0], bad[1]), desk)
		var invalid *vault.Invalid
		if fault.CodeOf(err) != fault.InvalidValue || strings.Contains(strings.ToUpper(err.Error()), "QX") || !errors.As(err, &invalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestAPersonHasNoMoreThanItsLimits(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	var phones []string
	for i := range vault.MaxValuesPerName {
		phones = append(phones, "phone", fmt.Sprintf("+491512345%04d", i))
	}
	id := create(t, v, phones...)
	if err := v.Update(ctx, id, attributes(append(phones, "phone", "+14155550123")...), nil, desk); fault.CodeOf(err) != fault.PersonLimit {
		t.Errorf("one phone too many: %v", err)
	}
	for i := range vault.MaxValues {
		v.Schema.Attributes = append(v.Schema.Attributes, privacy.AttributeSchema{Name: fmt.Sprintf("custom.a%d", i), Kind: privacy.KindFlag, MaxBytes: 5})
	}
	var flags []string
	for i := range vault.MaxValues - vault.MaxValuesPerName {
		flags = append(flags, fmt.Sprintf("custom.a%d", i), "true")
	}
	if err := v.Update(ctx, id, attributes(flags...), nil, desk); err != nil {
		t.Fatal(err)
	}
	if err := v.Update(ctx, id, attributes("name", "Ada"), nil, desk); fault.CodeOf(err) != fault.PersonLimit {
		t.Errorf("one value too many: %v", err)
	}
	other := create(t, v, "name", "Ada")
	if err := v.Merge(ctx, vault.Merger{Keep: id, Gone: other}, desk); fault.CodeOf(err) != fault.PersonLimit {
		t.Errorf("merged into too many: %v", err)
	}
	if _, err := v.Create(ctx, nil, desk); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("nothing at all: %v", err)
	}
	for i := range vault.MaxAccounts + 1 {
		link := fmt.Sprintf("%032x", i)
		if err := v.Link(ctx, id, "airline", accountID(link)); (err != nil) != (i == vault.MaxAccounts) || err != nil && fault.CodeOf(err) != fault.PersonLimit {
			t.Errorf("account %d: %v", i, err)
		}
	}
}
