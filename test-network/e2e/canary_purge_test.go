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
	"github.com/tallystick/tallystick/gateway/client"
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

// requireCopies: as many stopped peers as said have each of these copies in their state, where they would read it from. What LevelDB's files keep of what was deleted doesn't
// count.
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

// requireNoCache: the hotel's gateway has read these entries, and keeps none: their keys, which the airline's gateway has on its disk, aren't on the hotel's.
func (p *party) requireNoCache(t *testing.T, copies []copied) {
	t.Helper()
	var keys [][]byte
	for _, one := range copies {
		keys = append(keys, []byte(one.key))
	}
	if n := p.filesWith(t, "airline", keys); n == 0 {
		t.Error("the entries' keys aren't found in the airline's files: the search is broken")
	}
	if n := p.filesWith(t, "hotel", keys); n > 0 {
		t.Errorf("%d files of the hotel's gateway have entries that it has read", n)
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
var sealedColumns = map[string][]string{
	"abuse_objections": {"words", "answer"}, "signin_totp": {"secret"}, "signin_passkeys": {"sealed_label"}, "signin_letters": {"body"}, "signin_events": {"gone"},
	"offer_choices": {"sealed"},
}

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
	for _, table := range []string{"abuse_objections", "signin_totp", "signin_passkeys"} { // Letters are gone once they are sent.
		if found[table] == 0 {
			t.Errorf("nothing is sealed in %s", table)
		}
	}
	if n := p.filesWith(t, "airline", p.sealed); n == 0 {
		t.Error("what is sealed isn't found in the airline's files: the search is broken")
	}
}

// requireUnsealed: not even the sealed texts are left, in use or not.
func (p *party) requireUnsealed(t *testing.T) {
	t.Helper()
	if n := p.filesWith(t, "airline", p.sealed); n > 0 {
		t.Errorf("%d of the airline's files still have what was sealed of customers who are erased", n)
	}
}

// filesWith counts the files of a member's gateway in which any of these pieces stands.
func (p *party) filesWith(t *testing.T, member string, pieces [][]byte) (n int) {
	t.Helper()
	err := filepath.WalkDir(p.dir.Gateway(member), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if slices.ContainsFunc(pieces, func(one []byte) bool { return bytes.Contains(data, one) }) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// erase has a guest erased at the compliance desk.
func (p *party) erase(t *testing.T, v *visitor) {
	t.Helper()
	key, path := p.key(t, "airline", "compliance"), "/v1/customers/"+v.g.id+"/erasure"
	view := ok[client.ErasureView](t, p.call(t, "airline", request{method: "GET", path: path, key: key}))
	p.certified(t, v, view.Plan, p.call(t, "airline", request{method: "POST", path: path, key: key, body: fields{"forfeit": view.Plan.Forfeit}}))
}

// erasesHerself is a guest who has everything erased in the wallet.
func (p *party) erasesHerself(t *testing.T, v *visitor) {
	t.Helper()
	v.proves()
	view := ok[client.ErasureView](t, v.call("GET", "/v1/me/erasure", nil))
	v.refused(fault.ForfeitMismatch, "POST", "/v1/me/erasure", fields{"forfeit": view.Plan.Forfeit + 1})
	p.certified(t, v, view.Plan, v.call("POST", "/v1/me/erasure", fields{"forfeit": view.Plan.Forfeit}))
	if a := v.call("GET", "/v1/me/profile", nil); a.status != http.StatusUnauthorized {
		t.Errorf("after the erasure the session still gives %d %s", a.status, a.body)
	}
}

// certified waits until an erasure is done, and verifies its certificate with the command.
func (p *party) certified(t *testing.T, v *visitor, plan client.ErasurePlan, asked answer) {
	t.Helper()
	if plan.Forfeit == 0 || len(plan.Rules) == 0 {
		t.Fatalf("planned %+v", plan)
	}
	if asked.status != http.StatusAccepted {
		t.Fatalf("%d: %s", asked.status, asked.body)
	}
	id := decode[client.Erasure](t, asked.body).Id
	var done answer
	until(t, "the erasure is done", func() bool {
		done = p.call(t, "airline", request{method: "GET", path: "/v1/erasures/" + id})
		return ok[client.CertifiedErasure](t, done).Proof != nil
	})
	p.shows(done)
	certified := ok[client.CertifiedErasure](t, done)
	p.level(t)
	recorded := must[privacy.Erasures](t)(p.programme(t, "hotel", membership.GatewayRole, "airline").Erasures(t.Context(), certified.Proof.Erasures))
	file := filepath.Join(t.TempDir(), "certificate.json")
	if err := os.WriteFile(file, done.body, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", p.run(t, "tally-audit", "certificate", file, "--root", recorded.Root))
	if outcome := certified.Certificate.Accounts[0]; outcome.Outcome != "closed" || int64(outcome.Forfeited) != plan.Forfeit {
		t.Errorf("the account is %+v", outcome)
	}
	if certified.Certificate.Values != plan.Values || certified.Certificate.Consents != 1 {
		t.Errorf("%d values and %d consents were erased, %d values planned", certified.Certificate.Values, certified.Certificate.Consents, plan.Values)
	}
	for _, one := range []answer{
		p.customers(t, "GET", "/"+v.g.id, nil), p.customers(t, "POST", "/find", fields{"kind": "phone", "value": v.g.phone}),
		p.customers(t, "GET", "/"+v.g.id+"/access-log", nil),
	} {
		if one.status != http.StatusNotFound {
			t.Errorf("after the erasure: %d %s", one.status, one.body)
		}
	}
	if a := p.customers(t, "GET", "/"+p.stays.id, nil); !bytes.Contains(a.body, []byte(p.stays.phone)) {
		t.Errorf("the other customer: %s", a.body)
	}
}
