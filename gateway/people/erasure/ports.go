package erasure

import (
	"context"
	"log/slog"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Vault has the persons: vault.Vault.
type Vault interface {
	Accounts(ctx context.Context, id vault.PersonID) ([]vault.Link, error)
	// Entries lists a person's values; all of them when no name is given.
	Entries(ctx context.Context, id vault.PersonID, names []string) ([]vault.StoredEntry, error)
	// Survivor is the person that an id leads to; PERSON_UNKNOWN when the person is erased.
	Survivor(ctx context.Context, id vault.PersonID) (vault.PersonID, error)
	// SealNote, OpenNote and MoveNote keep what staff write about a person under the person's key.
	SealNote(tx *sqlite.Tx, id vault.PersonID, place, text string) ([]byte, error)
	OpenNote(ctx context.Context, id vault.PersonID, place string, box []byte) (string, error)
	MoveNote(tx *sqlite.Tx, keep, gone vault.PersonID, place string, box []byte) ([]byte, error)
	// ScrubDue clears what is left of rows that vault.HaveScrubbed was told of.
	ScrubDue(ctx context.Context) error
	// Erase destroys the person's key and all rows about it, those of the companions in the same transaction, and gives the entries that are left to purge. Copies that deleted
	// rows may have left in the database's file are cleared by the desk.
	Erase(ctx context.Context, id vault.PersonID) ([]privacy.EntryKey, error)
	// Stale, RemoveStale and Dormant are for what is kept too long.
	Stale(ctx context.Context, name string, before int64, page vault.Page) ([]vault.PersonID, error)
	RemoveStale(ctx context.Context, id vault.PersonID, name string, before int64, access vault.Access) (int, error)
	Dormant(ctx context.Context, before int64, page vault.Page) ([]vault.PersonID, error)
	// PersonOf finds whose account it is; PERSON_UNKNOWN when it is nobody's.
	PersonOf(ctx context.Context, programme string, account points.AccountID) (vault.PersonID, error)
}

// Ledger is the brand's points contract: ledger.Points. Every call returns once it is committed, and may be repeated.
type Ledger interface {
	ChangeVault(ctx context.Context, change privacy.Change) error
	// VaultEntries gives the records under keys, in their order; nil for what isn't there.
	VaultEntries(ctx context.Context, keys []privacy.EntryKey) ([][]byte, error)
	// RecordErasures gives the record also when an earlier attempt that was thought lost has brought it.
	RecordErasures(ctx context.Context, doc wire.NewErasures) (privacy.Erasures, error)
}

// Policies gives the data policy in force; NOT_FOUND when none was published.
type Policies interface {
	DataPolicyInForce(ctx context.Context) (privacy.Policy, wire.Published, error)
}

// Consents ends what the person has agreed to.
type Consents interface {
	// EndAll ends every consent of a person and purges what was shared under it; an error says that something is left to be done. It gives how many were there to be ended.
	EndAll(ctx context.Context, person vault.PersonID) (int, error)
}

// Positions tells what accounts hold: the read model.
type Positions interface {
	Account(ctx context.Context, id points.AccountID) (Position, error)
}

// Position is what an erasure has to know of an account.
type Position struct {
	Account points.Account
	Waiting quantity.Points // Credits from outside that no batch has folded in yet.
}

// Operations brings operations to the ledger: the sequencer.
type Operations interface {
	// Close closes an account in the brand's custody and forfeits exactly so many points; key makes it happen once. The code is what the ledger says to it; the error says that it
	// wasn't asked, or hasn't answered.
	Close(ctx context.Context, account points.AccountID, forfeit quantity.Points, key string) (fault.Code, error)
}

// Activity tells when a person was last active, in Unix milliseconds; 0 when the source doesn't know of anything.
type Activity interface {
	LastActive(ctx context.Context, person vault.PersonID) (int64, error)
}

// Retainer removes what another part of people.db keeps for too long: abuse.Service, consent.Readings.
type Retainer interface {
	// Retain leaves alone the accounts of which held says that a legal hold keeps everything, and gives the number of rows that went.
	Retain(ctx context.Context, held func(context.Context, points.AccountID) (bool, error)) (removed int, err error)
}

// Settings are what the desk is made of.
type Settings struct {
	Brand     string // The member, and its programme.
	DB        *sqlite.DB
	Vault     Vault
	Ledger    Ledger
	Policies  Policies
	Consents  Consents // Nil: there are none.
	Positions Positions
	Operations
	Activity  []Activity    // Besides the vault's own rows.
	Retainers []Retainer    // Parts with a retention of their own.
	Inactive  time.Duration // After which a person without points is erased; 0 for never.
	Now       func() time.Time
	Log       *slog.Logger // Gets ids of erasures and codes, never persons.
	Pace      Pace         // DefaultPace when zero.
}

// Pace says how long the desk waits.
type Pace struct {
	Round   time.Duration // Between looks at what is to be done, when nobody wakes the desk.
	Pause   time.Duration // After a failure; doubles to Round.
	Settle  time.Duration // For open holds, before the erasure goes on without closing the account.
	Closing time.Duration // Between attempts to close an account that couldn't be closed.
	// Retention is the time from one scheduled purge to the next.
	Retention time.Duration
}

// DefaultPace gives holds two weeks, which leaves another two of the month that Art. 12(3) GDPR gives.
var DefaultPace = Pace{Round: time.Minute, Pause: time.Second, Settle: 14 * 24 * time.Hour, Closing: 6 * time.Hour, Retention: 24 * time.Hour}
