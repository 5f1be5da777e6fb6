package consent

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/turns"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Limits.
const (
	MaxLive  = 100 // Consents of one person that are in force.
	maxDue   = 100 // Consents that one round of the job looks at.
	minPause = time.Second
	maxPause = 5 * time.Minute // Between two tries of what fails.

	// DefaultComparison is how often active consents are held against the vault, besides after each change.
	DefaultComparison = time.Hour
)

// Settings are what a Keeper is made of.
type Settings struct {
	Brand     string                               // The owner of the data.
	Names     func(context.Context) (Names, error) // Asked once for each call of the keeper's.
	DB        *sqlite.DB
	Ledger    Ledger
	Vault     Vault
	Chain     Chain
	Custodian Custodian // Nil when nobody signs for customers.
	Rewarder  Rewarder  // Nil when surveys aren't rewarded.

	Storage, Withdrawal, Jurisdiction string        // What consents say of them; see privacy.ConsentBody.
	Interval                          time.Duration // How often it is looked what is due.
	Comparison                        time.Duration // How often active consents are held against the vault; DefaultComparison when zero.
	Now                               func() time.Time
	Log                               *slog.Logger
}

// Names are all brands' names as customers know them, by member.
type Names map[string]string

// of is a member's name; the member's own where there is none.
func (n Names) of(member string) string {
	if name := n[member]; name != "" {
		return name
	}
	return member
}

// Keeper keeps the consents of one brand's customers. Its methods may be called from several goroutines.
type Keeper struct {
	Settings
	db     *sqlite.DB
	ledger Ledger
	vault  Vault
	now    func() time.Time
	log    *slog.Logger

	turns turns.Turns[privacy.ConsentID] // Of consents that are being brought on.
	gate  sync.RWMutex                   // Held while secrets are handed out, and, for writing, while consents are noted to end.

	mu     sync.Mutex
	policy privacy.Policy // The last one that was read.
}

// New makes a keeper. Run must run for consents to expire, and for what failed to be tried again.
func New(s Settings) *Keeper {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Comparison == 0 {
		s.Comparison = DefaultComparison
	}
	return &Keeper{Settings: s, db: s.DB, ledger: s.Ledger, vault: s.Vault, now: s.Now, log: s.Log}
}

// advance brings a consent on until it rests, or a step fails: then that is noted with the time of the next try, and the error is returned.
func (k *Keeper) advance(ctx context.Context, id privacy.ConsentID) error {
	defer k.turns.Take(id)()
	for {
		r, err := k.load(ctx, id)
		if err != nil {
			return err
		}
		if r.step.rests() {
			return k.bury(ctx, r)
		}
		before := r.step
		next, err := steps[r.step](k, ctx, r)
		if err != nil {
			return errors.Join(err, k.postpone(ctx, r, err))
		}
		if err := k.advanceTo(ctx, r, next); err != nil {
			return err
		}
		if next == Active && before != Active {
			if err := k.supersede(ctx, r); err != nil {
				return err
			}
		}
		if next == before && next == Active {
			return nil
		}
	}
}

// bury deletes what there is of an erased person's consent, once it is ended.
func (k *Keeper) bury(ctx context.Context, r *row) error {
	if r.goal != privacy.EndErased {
		return nil
	}
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("DELETE FROM consents WHERE id = ?", string(r.id))
		return err
	})
}

// supersede ends the person's earlier consents to the same grantee for the same purpose.
func (k *Keeper) supersede(ctx context.Context, r *row) error {
	b := &r.signed.Body
	_, err := k.aim(ctx, privacy.EndSuperseded, "person = ? AND grantee = ? AND purpose = ? AND id <> ? AND given < ?", r.person, r.grantee, b.Purpose, string(r.id), r.given.UnixMilli())
	return err
}

// postpone notes when a step that failed is tried again: the later the more often it has failed.
func (k *Keeper) postpone(ctx context.Context, r *row, cause error) error {
	pause := min(minPause<<min(r.tries, 16), maxPause)
	due := k.now().Add(pause)
	var w waiting
	if errors.As(cause, &w) {
		due = w.until
	}
	if due.After(r.ends) && k.now().Before(r.ends) {
		due = r.ends
	}
	return k.stumble(context.WithoutCancel(ctx), r, fault.CodeOf(cause), due)
}

// Run ends consents whose time is over, tries again what failed, and holds active consents against the vault, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(k.Interval)
	defer tick.Stop()
	var refreshed time.Time
	for {
		k.work(ctx)
		if k.now().Sub(refreshed) >= k.Comparison {
			k.refreshAll(ctx)
			refreshed = k.now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// work does what is due now.
func (k *Keeper) work(ctx context.Context) {
	if err := k.expire(ctx); err != nil {
		k.complain(ctx, "consents that are over could not be noted", err)
		return
	}
	due, err := k.list(ctx, "due <= ? AND (step NOT IN ('ended', 'refused') OR goal = 'erased') ORDER BY due LIMIT ?", k.now().UnixMilli(), maxDue)
	if err != nil {
		k.complain(ctx, "consents that are due could not be read", err)
		return
	}
	for _, r := range due {
		if err := k.advance(ctx, r.id); err != nil {
			k.complain(ctx, "a consent could not be brought on", err)
		}
	}
	k.payRewards(ctx)
}

// expire notes that consents whose time is over are to end.
func (k *Keeper) expire(ctx context.Context) error {
	_, err := k.aim(ctx, privacy.EndExpired, "ends <= ?", k.now().UnixMilli())
	return err
}

func (k *Keeper) complain(ctx context.Context, what string, err error) {
	var w waiting
	if ctx.Err() == nil && !errors.As(err, &w) {
		k.log.Warn(what, "code", fault.CodeOf(err), "err", err)
	}
}

// Refresh brings what is shared under a person's consents to what the vault has now. Call it after the person's data have changed.
func (k *Keeper) Refresh(ctx context.Context, person string) error {
	return k.refresh(ctx, "person = ? AND step = ?", person, string(Active))
}

func (k *Keeper) refreshAll(ctx context.Context) {
	if err := k.refresh(ctx, "step = ?", string(Active)); err != nil {
		k.complain(ctx, "consents could not be held against the vault", err)
	}
}

func (k *Keeper) refresh(ctx context.Context, where string, args ...any) error {
	active, err := k.list(ctx, where, args...)
	if err != nil {
		return err
	}
	var all error
	for _, r := range active {
		all = errors.Join(all, k.advance(ctx, r.id))
	}
	return all
}

// EndAll ends all consents of a person who is erased, forgets who it was, and says how many were in force. From its return on nothing is handed out under them; an error
// says that something is left to be purged, which the job goes on with.
func (k *Keeper) EndAll(ctx context.Context, person vault.PersonID) (int, error) {
	ended, err := k.aim(ctx, privacy.EndErased, "person = ?", string(person))
	if err != nil {
		return 0, err
	}
	if err := k.db.Write(ctx, func(tx *sqlite.Tx) error { return Forget(tx, string(person)) }); err != nil {
		return 0, err
	}
	left, err := k.list(ctx, "person = ?", string(person))
	if err != nil {
		return 0, err
	}
	var all error
	for _, r := range left {
		all = errors.Join(all, k.advance(ctx, r.id))
	}
	return len(ended), all
}

// Forget notes, in a transaction of people.db, that a person is erased: the job ends and purges what is left of the person's consents, and deletes them then.
func Forget(tx *sqlite.Tx, person string) error {
	if _, err := tx.Exec("DELETE FROM survey_answers WHERE person = ?", person); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE consents SET goal = 'erased', due = 0 WHERE person = ?", person)
	return err
}

// Changed notes, in the transaction that changes a person's data, that active consents are to be held against the vault.
func Changed(tx *sqlite.Tx, person string) error {
	_, err := tx.Exec("UPDATE consents SET due = 0 WHERE person = ? AND step = ?", person, string(Active))
	return err
}

// Merge gives what was gone's to keep, in the transaction that merges the two. A survey that both have answered was answered once by keep.
func Merge(tx *sqlite.Tx, keep, gone string) error {
	for _, statement := range []string{
		"UPDATE consents SET person = ?, due = 0 WHERE person = ?", "UPDATE OR IGNORE survey_answers SET person = ? WHERE person = ?",
	} {
		if _, err := tx.Exec(statement, keep, gone); err != nil {
			return err
		}
	}
	_, err := tx.Exec("DELETE FROM survey_answers WHERE person = ?", gone)
	return err
}

// Grantees lists the members to whom a consent can be given, by their names on the ledger.
func (k *Keeper) Grantees(ctx context.Context) ([]Party, error) {
	names, err := k.Names(ctx)
	if err != nil {
		return nil, err
	}
	var all []Party
	for member, name := range names {
		if member != k.Brand {
			all = append(all, Party{member, name})
		}
	}
	slices.SortFunc(all, func(a, b Party) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// isGrantee says whether a consent can be given to a member.
func (k *Keeper) isGrantee(names Names, member string) bool {
	_, known := names[member]
	return known && member != k.Brand
}

func hexOf(raw []byte) string { return hex.EncodeToString(raw) }
