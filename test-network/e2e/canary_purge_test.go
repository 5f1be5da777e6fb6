//go:build network

package e2e

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/test-network/canary"
)

// copied is an entry that the hotel has under a consent.
type copied struct{ consent, key string }

// copies are the entries that the hotel has under consents which were given in the wallet.
func (p *party) copies(t *testing.T) (all []copied) {
	t.Helper()
	var consent string
	p.peopleRows(t, func(table, column string, value []byte) {
		switch {
		case table != "consent_entries":
		case column == "consent":
			consent = string(value)
		case column == "key":
			all = append(all, copied{consent, string(value)})
		}
	})
	if len(all) < 8 {
		t.Fatalf("under the customers' consents only %d entries are shared", len(all))
	}
	return all
}

// requireCopies: as many stopped peers as said have each of these copies in their state, where they would read it from; what LevelDB keeps in its files of what was deleted doesn't count.
func (p *party) requireCopies(t *testing.T, copies []copied, want int) {
	t.Helper()
	holders, states := map[copied]int{}, 0
	err := filepath.WalkDir(p.dir.Root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() != "stateLeveldb" {
			return err
		}
		states++
		return canary.Entries(path, filepath.Join(t.TempDir(), "state"), func(key, _ []byte) error {
			if !bytes.Contains(key, []byte("$$pshared-airline-hotel")) {
				return nil
			}
			for _, one := range copies {
				if bytes.Contains(key, []byte(one.consent)) && bytes.Contains(key, []byte(one.key)) {
					holders[one]++
				}
			}
			return nil
		})
	})
	if err != nil || states < len(p.members.Members) {
		t.Fatalf("%d peers' states were opened: %v", states, err)
	}
	for _, one := range copies {
		if holders[one] != want {
			t.Errorf("%d peers have a copy, want %d", holders[one], want)
		}
	}
}

// requireWithdrawn: erasures have ended the consents on the ledger, and the hotel can't read anything: its gateway refuses, and its peer has nothing.
func (p *party) requireWithdrawn(t *testing.T, consents []myConsent) {
	t.Helper()
	hotel := p.programme(t, "hotel", membership.GatewayRole, "airline")
	for _, one := range consents {
		id := privacy.ConsentID(one.Consent)
		if record := must[privacy.Consent](t)(hotel.Consent(t.Context(), id)); record.Status != privacy.StatusErased {
			t.Errorf("the consent is %s", record.Status)
		}
		if _, err := hotel.Shared(t.Context(), "hotel", id); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("the hotel's peer has copies: %v", err)
		}
		if a := p.keep(p.hotelReads(t, one.Consent)); a.status != http.StatusNotFound && a.status != http.StatusForbidden && a.status != http.StatusConflict {
			t.Errorf("the hotel reads %d %s", a.status, a.body)
		}
	}
}

// sealedColumns of people.db have texts and secrets of customers' under the gateway's own keys, which an erasure doesn't destroy: so what is sealed has to go.
var sealedColumns = map[string][]string{"abuse_objections": {"words", "answer"}, "signin_totp": {"secret"}, "signin_passkeys": {"label"}}

// keepsSealed notes what is sealed of those who will be erased: nobody else has any.
func (p *party) keepsSealed(t *testing.T) {
	t.Helper()
	found := map[string]int{}
	p.peopleRows(t, func(table, column string, value []byte) {
		if slices.Contains(sealedColumns[table], column) && len(value) > 0 {
			found[table]++
			p.sealed = append(p.sealed, bytes.Clone(value))
		}
	})
	for table := range sealedColumns {
		if found[table] == 0 {
			t.Errorf("nothing is sealed in %s", table)
		}
	}
	if n := p.filesWithSealed(t); n == 0 {
		t.Error("what is sealed isn't found in the airline's files: the search is broken")
	}
}

// requireUnsealed: not even the sealed texts are left, in use or not.
func (p *party) requireUnsealed(t *testing.T) {
	t.Helper()
	if n := p.filesWithSealed(t); n > 0 {
		t.Errorf("%d of the airline's files still have what was sealed of customers who are erased", n)
	}
}

func (p *party) filesWithSealed(t *testing.T) (n int) {
	t.Helper()
	err := filepath.WalkDir(p.dir.Gateway("airline"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if slices.ContainsFunc(p.sealed, func(one []byte) bool { return bytes.Contains(data, one) }) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
