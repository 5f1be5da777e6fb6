package vault

import (
	"context"
	"log/slog"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/keyring"
	"github.com/tallystick/tallystick/gateway/people/turns"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// PersonID is a person's random 128-bit id, 32 hex digits. It never stands on the ledger.
type PersonID string

// Ledger is the brand's collection "customers".
type Ledger interface {
	// ChangeVault returns once the change is committed. ALREADY_EXISTS when an entry's key is taken; an error of class retry leaves open whether it was committed.
	ChangeVault(ctx context.Context, change privacy.Change) error
	// VaultEntries gives committed entries, in the order of the keys; nil for those that aren't there.
	VaultEntries(ctx context.Context, keys []privacy.EntryKey) ([][]byte, error)
}

// Schema gives the attributes that the data policy in force declares; none when there is no policy.
type Schema interface {
	Declared(ctx context.Context) ([]privacy.AttributeSchema, error)
}

// Companion is a package that keeps things of its own about persons in people.db. Its methods that take a Tx work in the transaction that does the vault's part.
type Companion interface {
	Exporter
	// Merge gives what was gone's to keep. It is asked before the ledger hears of the merger, and undone: an error then refuses it. When the ledger has the merger, it is called
	// again and must not refuse any more: what would make it refuse can't be begun while MergerUnderWay.
	Merge(tx *sqlite.Tx, keep, gone PersonID) error
	// Forget removes everything about a person whose key is destroyed; entries are those that are purged from the ledger.
	Forget(tx *sqlite.Tx, person PersonID, entries []privacy.EntryKey) error
}

// Watcher is a Companion that wants to know, in the transaction that brings them into use, which attributes of a person have changed.
type Watcher interface {
	Changed(tx *sqlite.Tx, person PersonID, names []string) error
}

// Forerunner is a Companion that has to know which identifiers a change takes from a person before nobody knows them any more. Changing works in the transaction that writes the
// change down; InUse follows in the one that brings it into use, or TakenBack when the ledger refuses it. Both are called for changes of which Changing wasn't told, too.
type Forerunner interface {
	Companion
	Changing(ctx context.Context, tx *sqlite.Tx, person PersonID, c IdentifierChange) error
	InUse(tx *sqlite.Tx, change ChangeID) error
	TakenBack(tx *sqlite.Tx, change ChangeID) error
}

// ChangeID names one change of a vault; no two changes have the same one.
type ChangeID int64

// IdentifierChange is what a change does to a person's identifiers.
type IdentifierChange struct {
	ID          ChangeID
	Gone, Added []Identifier
}

// Settings are what a vault is made of.
type Settings struct {
	Brand  string     // The member's name; part of what every box is bound to.
	DB     *sqlite.DB // people.db.
	Ledger Ledger
	Schema Schema // Nil: there are no custom attributes.
	Master *keyring.Ring
	Index  *keyring.Ring
	Region string           // See config.People.
	Now    func() time.Time // time.Now when nil.
	Log    *slog.Logger     // Gets ids and codes, never values.
}

// Vault keeps a brand's customers. It may be used by several goroutines; one process has a people.db open at a time.
type Vault struct {
	Settings
	companions []Companion
	exporters  []Exporter
	persons    turns.Turns[PersonID]
}

// New makes a vault. Register companions before Run and before it serves anybody.
func New(s Settings) *Vault {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	return &Vault{Settings: s}
}

// Register adds a companion.
func (v *Vault) Register(c Companion) {
	v.companions = append(v.companions, c)
	v.RegisterExporter(c)
}

// RegisterExporter adds a section to exports.
func (v *Vault) RegisterExporter(x Exporter) { v.exporters = append(v.exporters, x) }

func (v *Vault) now() int64 { return v.Now().UnixMilli() }

// rules gives what attributes are checked by now; the ledger is asked only when a custom attribute is among the names.
func (v *Vault) rules(ctx context.Context, all []Attribute) (*rules, error) {
	r := &rules{region: v.Region, today: v.Now(), custom: map[string]privacy.AttributeSchema{}}
	if v.Schema == nil || !anyDeclared(all) {
		return r, nil
	}
	declared, err := v.Schema.Declared(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range declared {
		r.custom[d.Name] = d
	}
	return r, nil
}

// ActorPerson is how the access log names the customer.
const ActorPerson = "person"

// Access says who reads values, and why. It stands in the access log.
type Access struct {
	Actor   string // An API key's name, "person", partner/<brand>, or a job's name.
	Purpose string // A code: lower-case letters, digits and hyphens.
}

// Limits of the access log's words.
const (
	MaxActorBytes   = 100
	MaxPurposeBytes = 64
)

func unknown() error { return fault.New(fault.PersonUnknown, "the vault has no such person") }
