package vault_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
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
