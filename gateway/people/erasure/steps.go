package erasure

import (
	"context"
	"strconv"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Step says where an erasure stands.
type Step string

// The steps, in their order.
const (
	Waiting     Step = "waiting"     // For open holds; it can be taken back.
	Withdrawing Step = "withdrawing" // Consents end, and what was shared under them is purged.
	Closing     Step = "closing"     // Accounts in custody are closed.
	Destroying  Step = "destroying"  // The person's key goes, and all rows about the person with it.
	Purging     Step = "purging"     // Entries are purged from the ledger's collection.
	Scrubbing   Step = "scrubbing"   // The database is rewritten, so that nothing of deleted rows is left in its file.
	Certifying  Step = "certifying"  // The certificate is made.
	Recording   Step = "recording"   // Its hash waits to come under a root on the ledger.
	Done        Step = "done"
)

// steps says what is done in each step and which comes next. The one way to leave a step is to have done what it says; a step that isn't here rests.
var steps = map[Step]func(*Desk, context.Context, *Erasure) (Step, error){
	Waiting:     (*Desk).wait,
	Withdrawing: (*Desk).withdraw,
	Closing:     (*Desk).closeAccounts,
	Destroying:  (*Desk).destroy,
	Purging:     (*Desk).purge,
	Certifying:  (*Desk).certify,
}

// wait lets open holds end, for as long as there is time for it.
func (d *Desk) wait(ctx context.Context, e *Erasure) (Step, error) {
	if err := d.free(ctx, e); err != nil {
		return "", err
	}
	if d.now() >= e.SettleBy {
		return Withdrawing, nil
	}
	accounts, err := d.accountsOf(ctx, e.ID)
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if a.Outcome != ToClose {
			continue
		}
		now, err := d.planAccount(ctx, vault.Link{Programme: a.Programme, Account: a.Account})
		if err != nil {
			return "", err
		}
		if now.Held > 0 {
			return "", fault.New(fault.TooEarly, "an account has open holds")
		}
	}
	return Withdrawing, nil
}

// free is LEGAL_HOLD when one is in force.
func (d *Desk) free(ctx context.Context, e *Erasure) error {
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		now, err := holdingIn(tx, e.person, d.now())
		if err != nil {
			return err
		}
		return now.refusal()
	})
}

func (d *Desk) withdraw(ctx context.Context, e *Erasure) (Step, error) {
	if err := d.free(ctx, e); err != nil {
		return "", err
	}
	if err := d.endConsents(ctx, e); err != nil {
		return "", err
	}
	return Closing, nil
}

func (d *Desk) endConsents(ctx context.Context, e *Erasure) error {
	if d.Consents == nil {
		return nil
	}
	ended, err := d.Consents.EndAll(ctx, e.person)
	if err != nil {
		return err
	}
	e.Consents = max(e.Consents, ended)
	return nil
}

// closeAccounts tries once to close what is to be closed. What can't be closed now is tried again later, when nobody knows any more whose it was.
func (d *Desk) closeAccounts(ctx context.Context, e *Erasure) (Step, error) {
	if err := d.free(ctx, e); err != nil {
		return "", err
	}
	accounts, err := d.accountsOf(ctx, e.ID)
	if err != nil {
		return "", err
	}
	for i := range accounts {
		if accounts[i].Outcome != ToClose {
			continue
		}
		if err := d.closeAccount(ctx, e.ID, &accounts[i]); err != nil {
			return "", err
		}
	}
	return Destroying, nil
}

func (d *Desk) closeAccount(ctx context.Context, id privacy.ErasureID, a *accountRow) error {
	now, err := d.planAccount(ctx, vault.Link{Programme: a.Programme, Account: a.Account})
	if err != nil {
		return err
	}
	outcome := now.Outcome
	switch {
	case outcome == AsItWas && a.tried > 0:
		outcome = Closed // By an attempt whose answer was lost.
	case outcome != ToClose:
	case now.open():
		outcome = Unsettled
	default:
		if outcome, err = d.close(ctx, id, a, now.Forfeit); err != nil {
			return err
		}
	}
	return d.noteAccount(ctx, id, a, outcome)
}

// close brings the closing to the ledger. Each attempt is an operation of its own: where an earlier one, whose answer was lost, has closed the account, the ledger refuses the next.
func (d *Desk) close(ctx context.Context, id privacy.ErasureID, a *accountRow, forfeit quantity.Points) (Outcome, error) {
	if err := d.noteTry(ctx, id, a, forfeit); err != nil {
		return "", err
	}
	code, err := d.Close(ctx, a.Account, forfeit, "erasure/"+string(a.Account)+"/"+strconv.Itoa(a.tried))
	if err != nil {
		return "", err
	}
	if code == fault.OK {
		return Closed, nil
	}
	d.Log.Info("an account of an erased customer can't be closed yet", "account", a.Account, "code", code)
	return Unsettled, nil
}

// destroy is the point of no return. Consents that were given meanwhile end first; the vault then asks every package to forget the person in the transaction that destroys the
// key, and Forget notes there what is left to purge. So this step is never done twice: it either happened, and the row stands at the next step, or it didn't.
func (d *Desk) destroy(ctx context.Context, e *Erasure) (Step, error) {
	if err := d.endConsents(ctx, e); err != nil {
		return "", err
	}
	if err := d.noteConsents(ctx, e); err != nil {
		return "", err
	}
	if _, err := d.Vault.Erase(ctx, e.person); err != nil {
		return "", err
	}
	e.person = ""
	return "", nil
}

// purgesAtOnce bounds the keys of one transaction.
const purgesAtOnce = 50

// purge takes the ciphertexts from the ledger. Keys that a lost call has purged before are purged again, which changes nothing.
func (d *Desk) purge(ctx context.Context, e *Erasure) (Step, error) {
	for {
		keys, err := d.entriesOf(ctx, e.ID, purgesAtOnce)
		if err != nil {
			return "", err
		}
		if len(keys) == 0 {
			return Scrubbing, nil
		}
		if err := d.purgeThere(ctx, keys); err != nil {
			return "", err
		}
		if err := d.forgetEntries(ctx, e.ID, keys); err != nil {
			return "", err
		}
	}
}

func (d *Desk) purgeThere(ctx context.Context, keys []privacy.EntryKey) error {
	values, err := d.Ledger.VaultEntries(ctx, keys)
	if err != nil {
		return err
	}
	change := privacy.Change{V: 1}
	for i, value := range values {
		if value != nil {
			change.Purge = append(change.Purge, keys[i])
		}
	}
	if len(change.Purge) == 0 {
		return nil
	}
	return d.Ledger.ChangeVault(ctx, change)
}

// scrub rewrites the database once for all erasures that wait for it: writes wait meanwhile. Then it takes them on.
func (d *Desk) scrub(ctx context.Context) error {
	waiting, err := d.list(ctx, `SELECT `+erasureColumns+` FROM erasures WHERE step = 'scrubbing' ORDER BY due_at, id`)
	if err != nil || len(waiting) == 0 {
		return err
	}
	if err := d.DB.Scrub(ctx); err != nil {
		return err
	}
	for i := range waiting {
		if err := d.move(ctx, &waiting[i], Certifying); err != nil {
			return err
		}
		if err := d.advance(ctx, &waiting[i]); err != nil {
			return err
		}
	}
	return nil
}
