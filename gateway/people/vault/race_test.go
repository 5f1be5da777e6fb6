package vault_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

// TestCallersThatComeTogetherLeaveOnePersonPerIdentifierAndNoEntryBehind has many callers change, merge, read and erase the same few persons at once, with upkeep beside.
func TestCallersThatComeTogetherLeaveOnePersonPerIdentifierAndNoEntryBehind(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	const callers, rounds, phones = 8, 12, 6
	ids := make([]vault.PersonID, phones)
	for i := range ids {
		ids[i] = create(t, v, "phone", phoneNumber(i), "name", "Ada")
	}
	expected := func(err error) bool {
		switch fault.CodeOf(err) {
		case fault.PersonExists, fault.PersonUnknown, fault.InvalidValue:
			return true
		}
		return err == nil
	}
	var running sync.WaitGroup
	for c := range callers {
		running.Go(func() {
			for i := range rounds {
				a, b := ids[(c+i)%phones], ids[(c*3+i*5+1)%phones]
				var err error
				switch (c + i) % 5 {
				case 0:
					err = v.Update(ctx, a, attributes("name", fmt.Sprint("Ada ", c, i), "phone", phoneNumber((c+i)%phones)), nil, desk)
				case 1:
					_, err = v.Create(ctx, attributes("phone", phoneNumber(i%phones)), desk)
				case 2:
					err = v.Merge(ctx, vault.Merger{Keep: a, Gone: b, Overruled: []string{"name"}}, desk)
				case 3:
					_, err = v.Read(ctx, a, nil, desk)
				case 4:
					if i == rounds-1 {
						_, err = v.Erase(ctx, a)
					} else {
						err = v.Recover(ctx)
					}
				}
				if !expected(err) {
					t.Errorf("caller %d, round %d: %v", c, i, err)
				}
			}
		})
	}
	running.Wait()
	if err := v.Recover(ctx); err != nil {
		t.Fatal(err)
	}
	var live, twice, marks int
	if err := v.DB.Reader().QueryRow(`SELECT COUNT(*) FROM entries WHERE state = 'LIVE'`).Scan(&live); err != nil {
		t.Fatal(err)
	}
	if err := v.DB.Reader().QueryRow(`SELECT COUNT(*) FROM (SELECT hash FROM identifiers GROUP BY hash HAVING COUNT(*) > 1)`).Scan(&twice); err != nil {
		t.Fatal(err)
	}
	if err := v.DB.Reader().QueryRow(`SELECT COUNT(*) FROM persons AS p LEFT JOIN persons AS s ON s.id = p.merged_into WHERE p.wrapped IS NULL AND s.wrapped IS NULL`).Scan(&marks); err != nil {
		t.Fatal(err)
	}
	if n := len(v.Ledger.Entries()); n != live+marks || twice != 0 {
		t.Errorf("the ledger has %d entries, people.db %d, and %d were destroyed; %d identifiers are there twice", n, live, marks, twice)
	}
}

func phoneNumber(i int) string { return fmt.Sprintf("+49151234567%02d", i) }
