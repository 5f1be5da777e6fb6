package vault_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

func TestAccessesAreCountedByWhoWhatForAndAttribute(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	ada, bob := create(t, v, "name", "Ada", "email", "ada@example.com"), create(t, v, "name", "Bob")
	hotel := vault.Access{Actor: "partner/hotel", Purpose: "check-in"}
	for _, id := range []vault.PersonID{ada, ada, bob} {
		if _, err := v.Read(ctx, id, []string{"name"}, hotel); err != nil {
			t.Fatal(err)
		}
	}
	counts, err := v.Accesses(ctx, 0, math.MaxInt32, 100)
	want := vault.AccessCount{Actor: "partner/hotel", Purpose: "check-in", Action: string(vault.Reading), Attribute: "name", Accesses: 3, Persons: 2}
	if err != nil || !slices.Contains(counts, want) {
		t.Errorf("%+v, %v", counts, err)
	}
	if none, err := v.Accesses(ctx, 0, 1, 100); err != nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}

// TestWhatOtherBrandsReadIsSummedByMonthAndAddsUpToTheCounts: lines of one brand in two months, about one and two attributes; what isn't another brand's isn't in it, nor what it did
// without reading.
func TestWhatOtherBrandsReadIsSummedByMonthAndAddsUpToTheCounts(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	ada, bob := create(t, v, "name", "Ada", "email", "ada@example.com"), create(t, v, "name", "Bob")
	hotel := vault.Access{Actor: "partner/hotel", Purpose: "check-in"}
	for _, id := range []vault.PersonID{ada, bob} {
		if _, err := v.Read(ctx, id, []string{"name"}, hotel); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec(`UPDATE access_log SET at = 1767225599999 WHERE actor = 'partner/hotel'`); err != nil { // 2025-12-31, 23:59:59.999.
			return err
		}
		_, err := tx.Exec(`INSERT INTO access_log (person, at, action, actor, purpose, attributes) VALUES (?1, 1767225600000, 'read', 'partner/hotel', 'check-in', '["email","name"]'),
			(?1, 1767225600000, 'identify', 'partner/hotel', 'identification', '["account"]'), (?1, 1767225600000, 'identify', 'partner/hotel', 'check-in', '["account"]')`, string(ada))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	sums, err := v.Grantees(ctx, 0, math.MaxInt32, 100)
	want := []vault.GranteeSum{{"hotel", "check-in", "2025-12", 2, 2}, {"hotel", "check-in", "2026-01", 2, 1}}
	if err != nil || !slices.Equal(sums, want) {
		t.Fatalf("%+v, %v", sums, err)
	}
	counts, err := v.Accesses(ctx, 0, math.MaxInt32, 100)
	total := int64(0)
	for _, c := range counts {
		if c.Actor == "partner/hotel" && c.Action == string(vault.Reading) {
			total += c.Accesses
		}
	}
	if err != nil || total != 4 {
		t.Errorf("the counts are %d (%v), the sums 4", total, err)
	}
	if none, err := v.Grantees(ctx, 0, 1, 100); err != nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}
