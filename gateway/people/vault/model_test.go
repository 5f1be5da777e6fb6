package vault_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

// Values that the model's persons have; no two contain each other, and none can be part of hex or base64 by chance.
var pool = map[string][]string{
	"name":     {"Ada Canary-Lovelace", "Grace Canary-Hopper", "Mary Canary-Somerville"},
	"phone":    {"+4915123456781", "+4915123456782", "+4915123456783", "+4915123456784"},
	"email":    {"ada.canary@example.com", "grace.canary@example.com", "mary.canary@example.com"},
	"external": {"crm:canary-1", "crm:canary-2", "crm:canary-3"},
	"language": {"en", "de"},
}

// canaries are what must stand nowhere in the clear.
func canaries() []string {
	var all []string
	for name, values := range pool {
		if name != "language" {
			all = append(all, values...)
		}
	}
	return all
}

// model is what the vault should have.
type model struct {
	t       *rapid.T
	v       *vaulttest.Vault
	persons map[vault.PersonID][]vault.Attribute
	aliases map[vault.PersonID]vault.PersonID
	gone    []vault.PersonID
	count   int // Of creations, for their keys.
}

func (m *model) ids() []vault.PersonID {
	var ids []vault.PersonID
	for id := range m.persons {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (m *model) draw(label string) vault.PersonID {
	ids := m.ids()
	if len(ids) == 0 {
		m.t.Skip("nobody is there")
	}
	return rapid.SampledFrom(ids).Draw(m.t, label)
}

// attributes draws up to n values, each name's values without repetition.
func (m *model) attributes(label string, least, n int) []vault.Attribute {
	names := []string{"name", "phone", "email", "external", "language"}
	var all []vault.Attribute
	for i := range rapid.IntRange(least, n).Draw(m.t, label) {
		name := rapid.SampledFrom(names).Draw(m.t, fmt.Sprint(label, " name ", i))
		a := vault.Attribute{Name: name, Value: rapid.SampledFrom(pool[name]).Draw(m.t, fmt.Sprint(label, " value ", i))}
		single := !vault.Multiple(name) && slices.ContainsFunc(all, func(b vault.Attribute) bool { return b.Name == name })
		if !single && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// taken says whether somebody other than these has one of the identifiers.
func (m *model) taken(all []vault.Attribute, but ...vault.PersonID) bool {
	for id, has := range m.persons {
		if slices.Contains(but, id) {
			continue
		}
		for _, a := range all {
			if vault.Multiple(a.Name) && slices.Contains(has, a) {
				return true
			}
		}
	}
	return false
}

// crash perhaps loses the ledger's next answers; what is lost is ended by the next process.
func (m *model) crash() {
	switch rapid.IntRange(0, 5).Draw(m.t, "crash") {
	case 0:
		m.v.Ledger.Before = vaulttest.Unavailable
	case 1:
		m.v.Ledger.After = vaulttest.Unavailable
	}
}

// recover starts the next process when the last call got no answer, and says so.
func (m *model) recover(err error) bool {
	heal(m.v.Ledger)
	if fault.CodeOf(err) != fault.LedgerUnavailable || err == nil {
		return false
	}
	m.v.Restart()
	if err := m.v.Recover(context.Background()); err != nil {
		m.t.Fatal(err)
	}
	return true
}

func (m *model) create(*rapid.T) {
	all := m.attributes("of a new person", 1, 4)
	m.count++
	once := vault.Once{Caller: "crm", Key: fmt.Sprint(m.count)}
	m.crash()
	id, err := m.v.CreateOnce(context.Background(), once, all, desk)
	if m.recover(err) {
		id, err = m.v.CreateOnce(context.Background(), once, all, desk)
	}
	if m.taken(all) {
		if fault.CodeOf(err) != fault.PersonExists {
			m.t.Fatalf("an identifier was given twice: %v", err)
		}
		return
	}
	if err != nil {
		m.t.Fatal(err)
	}
	m.persons[id] = all
}

func (m *model) update(*rapid.T) {
	id, set := m.draw("person"), m.attributes("set", 0, 3)
	remove := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"name", "phone", "email", "language"}), 0, 2, rapid.ID).Draw(m.t, "remove")
	remove = slices.DeleteFunc(remove, func(name string) bool {
		return slices.ContainsFunc(set, func(a vault.Attribute) bool { return a.Name == name })
	})
	m.crash()
	err := m.v.Update(context.Background(), id, set, remove, desk)
	if m.recover(err) {
		err = nil
	}
	if m.taken(set, id) {
		if fault.CodeOf(err) != fault.PersonExists {
			m.t.Fatalf("an identifier was given twice: %v", err)
		}
		return
	}
	if err != nil {
		m.t.Fatal(err)
	}
	m.persons[id] = append(slices.DeleteFunc(m.persons[id], func(a vault.Attribute) bool {
		return slices.Contains(remove, a.Name) || slices.ContainsFunc(set, func(b vault.Attribute) bool { return a.Name == b.Name })
	}), set...)
}

func (m *model) merge(*rapid.T) {
	keep, gone := m.draw("keep"), m.draw("gone")
	if keep == gone {
		m.t.Skip("one person")
	}
	m.crash()
	err := m.v.Merge(context.Background(), vault.Merger{Keep: keep, Gone: gone, Overruled: []string{"name", "language"}}, desk)
	if !m.recover(err) && err != nil {
		m.t.Fatal(err)
	}
	for _, a := range m.persons[gone] {
		there := slices.ContainsFunc(m.persons[keep], func(b vault.Attribute) bool { return a == b || a.Name == b.Name && !vault.Multiple(a.Name) })
		if !there {
			m.persons[keep] = append(m.persons[keep], a)
		}
	}
	delete(m.persons, gone)
	for alias, to := range m.aliases {
		if to == gone {
			m.aliases[alias] = keep
		}
	}
	m.aliases[gone] = keep
}

func (m *model) destroy(*rapid.T) {
	id := m.draw("person")
	keys, err := m.v.Destroy(context.Background(), id)
	if err != nil || len(keys) != len(m.persons[id]) {
		m.t.Fatalf("%d entries were destroyed, the person had %d: %v", len(keys), len(m.persons[id]), err)
	}
	if err := m.v.Recover(context.Background()); err != nil {
		m.t.Fatal(err)
	}
	delete(m.persons, id)
	m.gone = append(m.gone, id)
	for alias, to := range m.aliases {
		if to == id {
			m.gone = append(m.gone, alias)
			delete(m.aliases, alias)
		}
	}
}

func (m *model) rotate(*rapid.T) {
	switch rapid.IntRange(0, 3).Draw(m.t, "what is rotated") {
	case 0:
		m.v.DrawMaster()
	case 1:
		m.v.DrawIndex()
	case 2:
		if err := m.v.RebuildIndex(context.Background()); err != nil {
			m.t.Fatal(err)
		}
	}
	if err := m.v.Maintain(context.Background()); err != nil {
		m.t.Fatal(err)
	}
	p, err := m.v.Progress(context.Background())
	if err != nil || len(p.Master) > 1 || len(p.Index) > 1 || p.Changes != 0 {
		m.t.Fatalf("after upkeep: %+v, %v", p, err)
	}
}

// check holds the vault against the model.
func (m *model) check(*rapid.T) {
	ctx, values := context.Background(), 0
	for _, id := range m.ids() {
		has := m.persons[id]
		values += len(has)
		got, err := m.v.Read(ctx, id, nil, desk)
		if err != nil || !sameValues(got, has) {
			m.t.Fatalf("person %s has %v, want %v: %v", id, got, has, err)
		}
	}
	for alias, id := range m.aliases {
		if got, err := m.v.Read(ctx, alias, nil, desk); err != nil || !sameValues(got, m.persons[id]) {
			m.t.Fatalf("an id that was merged leads to %v: %v", got, err)
		}
	}
	for _, id := range m.gone {
		if _, err := m.v.Read(ctx, id, nil, desk); fault.CodeOf(err) != fault.PersonUnknown {
			m.t.Fatalf("a destroyed person is read: %v", err)
		}
	}
	for _, name := range []string{"phone", "email", "external"} {
		for _, value := range pool[name] {
			m.checkFind(vault.Attribute{Name: name, Value: value})
		}
	}
	if n := len(m.v.Ledger.Entries()); n != values+len(m.gone) { // Everybody who was destroyed has a mark.
		m.t.Fatalf("the ledger has %d entries, the persons %d values, and %d were destroyed", n, values, len(m.gone))
	}
}

func (m *model) checkFind(a vault.Attribute) {
	id, err := m.v.Find(context.Background(), vault.Identifier{Kind: vault.Kind(a.Name), Value: strings.ToUpper(a.Value[:1]) + a.Value[1:]})
	if a.Name == "external" { // Compared as it is.
		id, err = m.v.Find(context.Background(), vault.Identifier{Kind: vault.External, Value: a.Value})
	}
	owner := vault.PersonID("")
	for person, has := range m.persons {
		if slices.Contains(has, a) {
			owner = person
		}
	}
	if id != owner || (owner == "") != (fault.CodeOf(err) == fault.PersonUnknown) {
		m.t.Fatalf("the %s finds %q, want %q: %v", a.Name, id, owner, err)
	}
}

func sameValues(got, want []vault.Attribute) bool {
	order := func(a, b vault.Attribute) int { return strings.Compare(a.Name+a.Value, b.Name+b.Value) }
	return slices.Equal(slices.SortedFunc(slices.Values(got), order), slices.SortedFunc(slices.Values(want), order))
}

// checkLeaks looks for values in everything that left the vault or lies on the disk.
func (m *model) checkLeaks(t *testing.T) {
	for _, change := range m.v.Ledger.Sent {
		checkCiphertext(t, change)
	}
	m.v.Close()
	var everything []byte
	files, err := filepath.Glob(m.v.Database() + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		everything = append(everything, raw...)
	}
	sent, err := json.Marshal(m.v.Ledger.Sent)
	if err != nil {
		t.Fatal(err)
	}
	everything = append(everything, sent...)
	for _, c := range canaries() {
		if bytes.Contains(bytes.ToLower(everything), bytes.ToLower([]byte(c))) || bytes.Contains(everything, []byte(base64.RawURLEncoding.EncodeToString([]byte(c)))) {
			t.Fatal("a value stands in the clear")
		}
	}
}

// checkCiphertext wants nothing in a change but what the ledger's own rules allow: keys of salts, and boxes, of lengths that say little.
func checkCiphertext(t *testing.T, change privacy.Change) {
	if err := change.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, put := range change.Put {
		var e privacy.Entry
		if err := json.Unmarshal(put.Value, &e); err != nil || e.Validate() != nil || e.Key() != put.Key {
			t.Fatalf("an entry is none: %v", err)
		}
		box, err := base64.RawURLEncoding.DecodeString(e.Box)
		if err != nil || (len(box)-privacy.MinBoxBytes)%64 != 0 {
			t.Fatalf("a box has %d bytes: %v", len(box), err)
		}
	}
}

func TestTheVaultHasWhatItWasGivenWhateverCrashesAndNothingLeavesItInTheClear(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := &model{t: r, v: vaulttest.New(t), persons: map[vault.PersonID][]vault.Attribute{}, aliases: map[vault.PersonID]vault.PersonID{}}
		defer m.v.Close()
		r.Repeat(map[string]func(*rapid.T){
			"create": m.create, "create another": m.create, "update": m.update, "merge": m.merge, "destroy": m.destroy, "rotate": m.rotate, "": m.check,
		})
		m.checkLeaks(t)
	})
}
