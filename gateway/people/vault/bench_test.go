package vault_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

// Each benchmark measures the vault and, in the same run on the same files, the naive way; "times" is what the vault gains. The ledger is in memory: what a transaction of
// the network costs comes on top, for both. make bench-people runs them all.

// peopleVariable says how many persons a vault has in benchmarks that depend on it.
const peopleVariable = "PEOPLE"

const (
	defaultPeople = 2_000
	atOnce        = 64 // Creations that run side by side.
	manyValues    = 10 // Values of a person whom one call reads or writes.
	manyErased    = 10 // Persons whose erasures one scrub serves.
)

// people is how many persons there are; phones and e-mail addresses are twice as many identifiers.
func people(b *testing.B) int {
	b.Helper()
	text := os.Getenv(peopleVariable)
	if text == "" {
		return defaultPeople
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("%s is %q, not a number of persons", peopleVariable, text)
	}
	return n
}

func try(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// numbered are the values of the nth person: a name and two identifiers.
func numbered(n int) []vault.Attribute {
	return attributes("name", fmt.Sprintf("Person %d", n), "phone", phoneOf(n), "email", fmt.Sprintf("person-%d@example.com", n))
}

func phoneOf(n int) string { return fmt.Sprintf("+49151%08d", n) }

// createTogether makes persons from the given number on, some at the same time, and gives their ids.
func createTogether(b *testing.B, v *vaulttest.Vault, from, count, together int) []vault.PersonID {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(together)
	ids := make([]vault.PersonID, count)
	for i := range ids {
		group.Go(func() (err error) {
			ids[i], err = v.Create(b.Context(), numbered(from+i), desk)
			return err
		})
	}
	try(b, group.Wait())
	return ids
}

// populated is a vault with people.
func populated(b *testing.B) (*vaulttest.Vault, []vault.PersonID) {
	b.Helper()
	v := vaulttest.New(b)
	return v, createTogether(b, v, 0, people(b), atOnce)
}

// way is one way to do something: run does it a number of times. Prepare, unless nil, comes before and isn't measured.
type way struct {
	times   int
	prepare func()
	run     func()
}

func (w way) measure() time.Duration {
	if w.prepare != nil {
		w.prepare()
	}
	began := time.Now()
	w.run()
	return time.Since(began)
}

// against runs the naive way and the vault's by turns, so that whatever else the machine does slows both, and says how long each takes once and how many times as fast the
// vault's is.
func against(b *testing.B, naive, ours way) {
	b.Helper()
	var slow, fast time.Duration
	for b.Loop() {
		slow += naive.measure()
		fast += ours.measure()
	}
	slow, fast = slow/time.Duration(naive.times*b.N), fast/time.Duration(ours.times*b.N)
	b.ReportMetric(0, "ns/op") // Of both ways together: it says nothing.
	b.ReportMetric(float64(slow)/float64(time.Microsecond), "naive-µs")
	b.ReportMetric(float64(fast)/float64(time.Microsecond), "vault-µs")
	b.ReportMetric(float64(slow)/float64(fast), "times")
}

// BenchmarkFind finds a person by phone: by the keyed index, and by decrypting phones until it is there.
func BenchmarkFind(b *testing.B) {
	const finds = 100
	v, _ := populated(b)
	n, next := people(b), 0
	find := func(how func(context.Context, vault.Identifier) (vault.PersonID, error)) {
		next += 7919 // A prime: in no order.
		if id, err := how(b.Context(), vault.Identifier{Kind: vault.Phone, Value: phoneOf(next % n)}); err != nil || id == "" {
			b.Fatalf("person %d: %q, %v", next%n, id, err)
		}
	}
	against(b, way{times: 1, run: func() { find(v.FindByDecrypting) }}, way{times: finds, run: func() {
		for range finds {
			find(v.Find)
		}
	}})
}

// many are the values of a person whom one call reads or writes.
func many(value string) []vault.Attribute {
	all := make([]vault.Attribute, manyValues)
	for i := range all {
		all[i] = vault.Attribute{Name: fmt.Sprintf("custom.flag%d", i), Value: value}
	}
	return all
}

// withMany is a vault with a person who has many values, which the data policy declares.
func withMany(b *testing.B) (*vaulttest.Vault, vault.PersonID) {
	b.Helper()
	v := vaulttest.New(b)
	for _, a := range many("true") {
		v.Schema.Attributes = append(v.Schema.Attributes, privacy.AttributeSchema{Name: a.Name, Kind: privacy.KindFlag, MaxBytes: len("false")})
	}
	id, err := v.Create(b.Context(), many("true"), desk)
	try(b, err)
	return v, id
}

// BenchmarkRead reads a person's ten values: in one call, which unwraps the key, asks the ledger and logs the reading once, and in a call for each.
func BenchmarkRead(b *testing.B) {
	v, id := withMany(b)
	read := func(names ...string) {
		all, err := v.Read(b.Context(), id, names, desk)
		try(b, err)
		if len(all) == 0 {
			b.Fatal("nothing was read")
		}
	}
	against(b, way{times: 1, run: func() {
		for _, a := range many("") {
			read(a.Name)
		}
	}}, way{times: 1, run: func() { read() }})
}

// BenchmarkWrite replaces a person's ten values: in one change, and in a change for each.
func BenchmarkWrite(b *testing.B) {
	v, id := withMany(b)
	write := func(set ...vault.Attribute) { try(b, v.Update(b.Context(), id, set, nil, desk)) }
	against(b, way{times: 1, run: func() {
		for _, a := range many("false") {
			write(a)
		}
	}}, way{times: 1, run: func() { write(many("true")...) }})
}

// BenchmarkCreate makes persons: many at a time, whose writes share commits, and one after the other.
func BenchmarkCreate(b *testing.B) {
	v := vaulttest.New(b)
	made := 0
	create := func(together int) {
		createTogether(b, v, made, atOnce, together)
		made += atOnce
	}
	against(b, way{times: atOnce, run: func() { create(1) }}, way{times: atOnce, run: func() { create(atOnce) }})
}

// BenchmarkRotateMaster wraps a person's key by a new master key: in commits of a page of persons, and in a commit for each.
func BenchmarkRotateMaster(b *testing.B) {
	v, ids := populated(b)
	draw := func() {
		v.DrawMaster()
		try(b, v.Master.Reload())
	}
	against(b, way{len(ids), draw, func() { try(b, v.RotateMasterOneByOne(b.Context())) }}, way{len(ids), draw, func() { try(b, v.RotateMaster(b.Context())) }})
}

// BenchmarkRotateIndex hashes an identifier under a new index key: a page of them with one question to the ledger and one commit, and each by itself.
func BenchmarkRotateIndex(b *testing.B) {
	v, ids := populated(b)
	draw := func() {
		try(b, v.RotateIndex(b.Context())) // Deletes what the naive way leaves under the older key.
		v.DrawIndex()
		try(b, v.Index.Reload())
	}
	against(b, way{2 * len(ids), draw, func() { try(b, v.IndexOneByOne(b.Context())) }}, way{2 * len(ids), draw, func() { try(b, v.RotateIndex(b.Context())) }})
}

// BenchmarkErase destroys ten persons' keys: with one scrub of people.db for all, and with a scrub for each. It also says how large people.db is.
func BenchmarkErase(b *testing.B) {
	v, all := populated(b)
	next := len(all)
	var ids []vault.PersonID
	more := func() {
		ids = createTogether(b, v, next, manyErased, atOnce)
		next += manyErased
	}
	against(b, way{1, more, func() {
		for _, id := range ids {
			_, err := v.Destroy(b.Context(), id)
			try(b, err)
		}
	}}, way{1, more, func() {
		for _, id := range ids {
			_, err := v.Erase(b.Context(), id)
			try(b, err)
		}
		try(b, v.Scrub(b.Context()))
	}})
	info, err := os.Stat(v.Database())
	try(b, err)
	b.ReportMetric(float64(info.Size())/float64(len(all)), "B/person")
}
