package consent

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

const (
	alice   = "a11ce000000000000000000000000000"
	bob     = "b0b00000000000000000000000000000"
	account = points.AccountID("0123456789abcdef0123456789abcdef")
	custody = points.AccountID("00000000000000000000000000000c57")
)

var (
	errKilled = errors.New("the process was killed")
	begin     = time.Unix(1_800_000_000, 0)
)

// channel is what the ledger keeps, by the rules of the domain. It outlives the gateway's process.
type channel struct {
	mu        sync.Mutex
	now       time.Time
	programme points.Programme
	accounts  map[points.AccountID]points.Account
	customers map[privacy.EntryKey][]byte
	copies    map[privacy.ConsentID]map[privacy.EntryKey]privacy.SharedEntry // At the grantee.
	bodies    map[privacy.ConsentID]privacy.SignedConsent
	records   map[privacy.ConsentID]privacy.Consent
	policy    privacy.Policy
	late      []func() // Transactions that are on their way,
	delay     int      // and how many more calls are made before they arrive.
	refuse    map[string]error
	calls     []string
}

// process is what one process of the gateway sees of the ledger: it can die at a call.
type process struct {
	*channel
	dieAt int // The call, from 1; 0: never.
	how   death
	made  int
	dead  bool
}

type death int

const (
	beforeEffect death = iota
	afterEffect
	effectOnItsWay // The transaction is committed after the next process has made its first call.
)

// do makes a call: check is its endorsement, effect what it commits.
func (p *process) do(name string, check func() error, effect func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return errKilled
	}
	p.made++
	p.calls = append(p.calls, name)
	dies := p.made == p.dieAt
	if dies && p.how == beforeEffect {
		p.dead = true
		return errKilled
	}
	err := check()
	if p.refuse[name] != nil {
		err = p.refuse[name]
	}
	if dies {
		p.dead = true
		switch {
		case err != nil:
		case p.how == afterEffect:
			effect()
		default:
			p.late = append(p.late, effect)
		}
		return errKilled
	}
	if err == nil {
		effect()
	}
	if p.delay--; p.delay < 0 {
		p.arrive()
	}
	return err
}

// arrive commits what is on its way.
func (c *channel) arrive() {
	for _, f := range c.late {
		f()
	}
	c.late = nil
}

func (p *process) RecordConsent(_ context.Context, doc wire.NewConsent) (privacy.Consent, error) {
	c := privacy.Consent{V: 1, ID: doc.ID, Hash: doc.Hash, Grantee: doc.Grantee, From: doc.From, Until: doc.Until, Policy: doc.Policy, Status: privacy.StatusGranted, At: p.now.Unix()}
	return c, p.do("record", func() error {
		if there, taken := p.records[doc.ID]; taken && there.Hash != doc.Hash {
			return fault.New(fault.AlreadyExists, "taken")
		}
		if doc.Policy != p.policy.Version {
			return fault.New(fault.NotFound, "no such policy")
		}
		return c.Validate()
	}, func() {
		if _, there := p.records[doc.ID]; !there {
			p.records[doc.ID] = c
		}
	})
}

func (p *process) EndConsent(_ context.Context, id privacy.ConsentID, reason privacy.EndReason) (privacy.Consent, error) {
	var c privacy.Consent
	return c, p.do("end", func() error {
		c = p.records[id]
		if c.Status == privacy.StatusOf(reason) {
			return nil
		}
		return c.End(reason, p.now.Unix())
	}, func() {
		if p.records[id].Status == privacy.StatusGranted {
			p.records[id] = c
		}
	})
}

func (p *process) Share(_ context.Context, s privacy.Share) error {
	var read privacy.Consent
	return p.do("share", func() error {
		if err := s.Validate(); err != nil {
			return err
		}
		b := &s.Consent.Body
		read = p.records[b.ID]
		if err := read.InForce(p.now.Unix()); err != nil {
			return err
		}
		digest, err := wire.ConsentDigest(b)
		if err != nil {
			return err
		}
		if err := read.Covers(b, hexOf(digest)); err != nil {
			return err
		}
		for _, e := range s.Entries {
			if string(p.customers[e.Key]) != string(e.Value) {
				return fault.New(fault.EntryMismatch, "another value")
			}
		}
		holder := p.accounts[b.Account]
		return s.Consent.Verify(&p.programme, &holder, digest)
	}, func() {
		id := s.Consent.Body.ID
		if p.records[id] != read { // The record that was read has changed: the transaction is invalid.
			return
		}
		if p.copies[id] == nil {
			p.copies[id] = map[privacy.EntryKey]privacy.SharedEntry{}
		}
		p.bodies[id] = s.Consent
		for _, e := range s.Entries {
			p.copies[id][e.Key] = e
		}
		for _, key := range s.Purge {
			delete(p.copies[id], key)
		}
	})
}

func (p *process) Unshare(_ context.Context, u privacy.Unshare) error {
	return p.do("unshare", u.Validate, func() {
		for _, key := range u.Keys {
			delete(p.copies[u.ID], key)
		}
		delete(p.bodies, u.ID)
	})
}

func (p *process) VaultEntries(_ context.Context, keys []privacy.EntryKey) ([][]byte, error) {
	out := make([][]byte, len(keys))
	return out, p.do("read", func() error {
		for i, key := range keys {
			out[i] = p.customers[key]
		}
		return nil
	}, func() {})
}

func (p *process) DataPolicies(context.Context) (privacy.Policies, error) {
	hash, err := wire.Hash(p.policy)
	return privacy.Policies{V: 1, Versions: []points.Publication{{Version: p.policy.Version, Hash: hash, Effective: p.policy.From}}}, err
}

func (p *process) DataPolicy(_ context.Context, version int) (privacy.Policy, error) {
	if version != p.policy.Version {
		return privacy.Policy{}, fault.New(fault.NotFound, "no such policy")
	}
	return p.policy, nil
}

func (p *process) Programme(context.Context) (points.Programme, error) { return p.programme, nil }

func (p *process) Account(_ context.Context, id points.AccountID) (points.Account, error) {
	return p.accounts[id], nil
}

// book is a vault: what it has of persons. It outlives the gateway's process.
type book struct {
	mu      sync.Mutex
	channel *channel
	entries map[string][]Entry
	keys    map[privacy.EntryKey][]byte
	log     map[string][]Reading
	hold    chan struct{} // Logging waits for it.
}

func (v *book) Accounts(_ context.Context, person string) ([]points.AccountID, error) {
	switch person {
	case alice:
		return []points.AccountID{account}, nil
	case bob:
		return []points.AccountID{custody}, nil
	default:
		return nil, nil
	}
}

func (v *book) Entries(_ context.Context, person string, names []string) ([]Entry, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var some []Entry
	for _, e := range v.entries[person] {
		if slices.Contains(names, e.Attribute) {
			some = append(some, e)
		}
	}
	return some, nil
}

func (v *book) EntrySecret(_ context.Context, _ string, key privacy.EntryKey) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys[key] == nil {
		return nil, fault.New(fault.NotFound, "no such entry")
	}
	return v.keys[key], nil
}

func (v *book) Log(_ context.Context, person string, r Reading) error {
	if v.hold != nil {
		<-v.hold
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.log[person] = append(v.log[person], r)
	return nil
}

func (v *book) Set(_ context.Context, person string, values map[string]string, _ string) error {
	for name, value := range values {
		if value == "bad" {
			return fault.New(fault.InvalidValue, "%s doesn't fit", name)
		}
		v.put(person, name, value)
	}
	return nil
}

// put writes an attribute as the vault does: a new entry under a key of its own, the old one purged.
func (v *book) put(person, name, value string) {
	salt, secret := make([]byte, privacy.SaltBytes), make([]byte, 32)
	_, _ = rand.Read(salt)
	_, _ = rand.Read(secret)
	block, _ := aes.NewCipher(secret)
	aead, _ := cipher.NewGCMWithRandomNonce(block)
	key, entry, err := privacy.NewEntry(salt, aead.Seal(nil, nil, []byte(name+"\x00"+value), nil))
	if err != nil {
		panic(err)
	}
	raw, _ := wire.Encode(entry)
	v.remove(person, name)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.channel.mu.Lock()
	defer v.channel.mu.Unlock()
	v.channel.customers[key] = raw
	v.keys[key] = secret
	v.entries[person] = append(v.entries[person], Entry{name, key})
}

func (v *book) remove(person, name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.channel.mu.Lock()
	defer v.channel.mu.Unlock()
	v.entries[person] = slices.DeleteFunc(v.entries[person], func(e Entry) bool {
		if e.Attribute == name {
			delete(v.channel.customers, e.Key)
			delete(v.keys, e.Key)
		}
		return e.Attribute == name
	})
}

// openEntry decrypts what put wrote.
func openEntry(_ string, _ privacy.EntryKey, record, secret []byte) (Value, error) {
	var e privacy.Entry
	if err := wire.DecodeRecord(record, &e); err != nil {
		return Value{}, err
	}
	box, _ := base64.RawURLEncoding.DecodeString(e.Box)
	block, err := aes.NewCipher(secret)
	if err != nil {
		return Value{}, fault.New(fault.InvalidValue, "no secret")
	}
	aead, _ := cipher.NewGCMWithRandomNonce(block)
	plain, err := aead.Open(nil, nil, box, nil)
	name, value, _ := strings.Cut(string(plain), "\x00")
	return Value{name, value}, err
}

// signer is the brand's custodian.
type signer struct{ key *ecdsa.PrivateKey }

func (s signer) Sign(_ context.Context, digest []byte) (int, string, error) {
	return 1, signWith(s.key, digest), nil
}

func signWith(key *ecdsa.PrivateKey, digest []byte) string {
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		panic(err)
	}
	return p256.EncodeSignature(r, s)
}

// world is a brand with two customers, alice with a key of her own and bob in custody, and a keeper of their consents.
type world struct {
	t       *testing.T
	path    string
	db      *sqlite.DB
	channel *channel
	book    *book
	wallet  *ecdsa.PrivateKey
	custody *ecdsa.PrivateKey
	rewards []string
	owing   error // What the rewarder says.
	named   int   // How often the brands' names were asked for.
	*Keeper
	process *process
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "people.db"), wallet: newKey(t), custody: newKey(t)}
	w.channel = &channel{
		now: begin, customers: map[privacy.EntryKey][]byte{}, copies: map[privacy.ConsentID]map[privacy.EntryKey]privacy.SharedEntry{},
		bodies: map[privacy.ConsentID]privacy.SignedConsent{}, records: map[privacy.ConsentID]privacy.Consent{}, policy: testPolicy(),
		programme: points.Programme{Brand: "airline", Genesis: strings.Repeat("c", 64), BusinessDate: 20_833, Custodians: []points.CustodianKey{{Version: 1, Key: public(t, w.custody)}}},
	}
	w.channel.accounts = map[points.AccountID]points.Account{
		account: {ID: account, Controller: points.Controller{Kind: points.ControllerP256, Version: 1, Key: public(t, w.wallet)}},
		custody: {ID: custody, Controller: points.Controller{Kind: points.ControllerCustodian}},
	}
	w.book = &book{channel: w.channel, entries: map[string][]Entry{}, keys: map[privacy.EntryKey][]byte{}, log: map[string][]Reading{}}
	for _, person := range []string{alice, bob} {
		w.book.put(person, "name", "Alice Canary")
		w.book.put(person, "email", "alice@canary.example")
	}
	w.start(&process{channel: w.channel})
	t.Cleanup(func() { _ = w.db.Close() })
	return w
}

// start begins a process of the gateway on the same database and ledger.
func (w *world) start(p *process) {
	w.t.Helper()
	if w.db != nil {
		_ = w.db.Close()
	}
	db, err := sqlite.Open(w.t.Context(), w.path, sqlite.Settings{Migrations: os.DirFS("../store/migrations"), WriterCache: 1024, ReaderCache: 1024})
	if err != nil {
		w.t.Fatal(err)
	}
	w.db, w.process = db, p
	w.Keeper = New(Settings{
		Brand: "airline", Names: func(context.Context) (Names, error) {
			w.named++
			return Names{"airline": "Airline Miles", "hotel": "Hotel Stars", "grocer": "Grocer Stamps"}, nil
		}, DB: db, Ledger: p, Vault: w.book, Chain: p,
		Custodian: signer{w.custody}, Rewarder: w, Storage: "hotel's peers", Withdrawal: "https://airline.example/wallet/consents", Interval: time.Hour,
		Now: func() time.Time { return w.channel.now }, Log: slog.New(slog.DiscardHandler),
	})
}

func (w *world) RewardSurvey(_ context.Context, key string, _ points.AccountID, survey string) error {
	if w.owing == nil {
		w.rewards = append(w.rewards, survey+" "+key)
	}
	return w.owing
}

func testPolicy() privacy.Policy {
	words := func(s string) map[string]string { return map[string]string{"en": s, "de": s + " (de)"} }
	schema := func(name string, kind privacy.AttributeKind) privacy.AttributeSchema {
		return privacy.AttributeSchema{Name: name, Kind: kind, MaxBytes: 200, Words: words("your " + name), RetentionDays: 30}
	}
	return privacy.Policy{
		V: 1, Version: 1, From: quantity.Day(20_000), Prose: words("We keep what you tell us."),
		Purposes:   []privacy.Purpose{{Code: "stay", Words: words("to make your stay nicer")}, {Code: "research", Words: words("to learn what people like")}},
		Attributes: []privacy.AttributeSchema{schema("name", privacy.KindText), schema("email", privacy.KindText), schema("custom.diet", privacy.KindText)},
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func public(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	text, err := p256.EncodeKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func wish() Wish {
	return Wish{Grantee: "hotel", Attributes: []string{"name", "email"}, Purpose: "stay", Until: begin.Add(24 * time.Hour), Language: "en"}
}

// agree has alice sign a wish.
func (w *world) agree(wish Wish) Agreement {
	w.t.Helper()
	p, err := w.Prepare(w.t.Context(), alice, wish)
	if err != nil {
		w.t.Fatal(err)
	}
	sum := sha256.Sum256(p.Canonical)
	return Agreement{Body: p.Body, Signature: signWith(w.wallet, sum[:])}
}

// grant has alice give a consent.
func (w *world) grant() privacy.ConsentID {
	w.t.Helper()
	v, err := w.Grant(w.t.Context(), alice, w.agree(wish()))
	if err != nil || !v.InForce || !v.Complete {
		w.t.Fatalf("%+v (%v)", v, err)
	}
	return v.Signed.Body.ID
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	w.channel.mu.Lock()
	defer w.channel.mu.Unlock()
	w.channel.now = w.channel.now.Add(d)
}

// held lists the values of which the grantee holds a copy.
func (w *world) held(id privacy.ConsentID) (attributes []string) {
	w.channel.mu.Lock()
	defer w.channel.mu.Unlock()
	for _, e := range w.channel.copies[id] {
		attributes = append(attributes, e.Attribute)
	}
	slices.Sort(attributes)
	return attributes
}

func (w *world) status(id privacy.ConsentID) privacy.Status {
	w.channel.mu.Lock()
	defer w.channel.mu.Unlock()
	return w.channel.records[id].Status
}
