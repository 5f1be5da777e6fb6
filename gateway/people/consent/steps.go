package consent

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Step says where a consent stands.
type Step string

// The steps. A consent rests in active, ended and refused; in the others it is on its way.
const (
	Recording Step = "recording" // Its hash is put on the channel.
	Sharing   Step = "sharing"   // The grantee gets what there is under it now.
	Active    Step = "active"    // The grantee has what there is.
	Taking    Step = "taking"    // The copies are purged.
	Ending    Step = "ending"    // Its end is put on the channel.
	Clearing  Step = "clearing"  // Copies that a lost call may have left are purged: none can come after the end.
	Ended     Step = "ended"
	Refused   Step = "refused" // The ledger didn't take it; nothing was shared.
)

// rests says whether nothing is left to do.
func (s Step) rests() bool { return s == Ended || s == Refused }

// steps says what is done in each step and which comes next. The one way to leave a step is to have done what it says.
var steps = map[Step]func(*Keeper, context.Context, *row) (Step, error){
	Recording: (*Keeper).record,
	Sharing:   (*Keeper).share,
	Active:    (*Keeper).rest,
	Taking:    (*Keeper).take,
	Ending:    (*Keeper).end,
	Clearing:  (*Keeper).clear,
}

// record puts the consent's hash on the channel. The same again is no error there.
func (k *Keeper) record(ctx context.Context, r *row) (Step, error) {
	b := &r.signed.Body
	digest, err := wire.ConsentDigest(b)
	if err != nil {
		return "", err
	}
	_, err = k.ledger.RecordConsent(ctx, wire.NewConsent{ID: b.ID, Hash: hexOf(digest), Grantee: b.Grantee, From: b.From, Until: b.Until, Policy: b.Policy})
	switch {
	case err == nil:
		return Sharing, nil
	case final(err):
		r.trouble = fault.CodeOf(err)
		return Refused, nil
	default:
		return "", err
	}
}

// share gives the grantee what there is under the consent, and takes away what there is no more. The keys are noted first, so that whatever a lost call has copied is found again.
func (k *Keeper) share(ctx context.Context, r *row) (Step, error) {
	if r.goal != "" {
		return Taking, nil
	}
	if now := k.now(); now.Before(r.starts) {
		return "", notYet(r.starts)
	}
	entries, err := k.vault.Entries(ctx, r.person, r.signed.Body.Attributes)
	if err != nil {
		return "", err
	}
	share, err := k.copies(ctx, r, entries)
	if err != nil {
		return "", err
	}
	all, err := k.beginShare(ctx, r.id, share.Entries)
	if err != nil {
		return "", err
	}
	gone := without(all, share.Entries)
	switch {
	case len(share.Entries) > 0:
		share.Purge = gone[:min(len(gone), privacy.MaxSharedPurges)]
		err = k.ledger.Share(ctx, share)
	case len(gone) > 0:
		err = k.unshare(ctx, r, gone)
	}
	if err != nil {
		return "", err
	}
	return Active, k.endShare(ctx, r.id, share.Entries)
}

// copies reads the records of entries; one that was replaced a moment ago is left out, and its successor comes with the next look.
func (k *Keeper) copies(ctx context.Context, r *row, entries []Entry) (privacy.Share, error) {
	share := privacy.Share{V: 1, Consent: r.signed}
	if len(entries) == 0 {
		return share, nil
	}
	keys := make([]privacy.EntryKey, len(entries))
	for i, e := range entries {
		keys[i] = e.Key
	}
	records, err := k.ledger.VaultEntries(ctx, keys)
	if err != nil {
		return share, err
	}
	for i, raw := range records {
		if raw != nil {
			share.Entries = append(share.Entries, privacy.SharedEntry{Attribute: entries[i].Attribute, Key: keys[i], Value: raw})
		}
	}
	return share, nil
}

// rest looks whether an active consent is to end, or the person's data have changed.
func (k *Keeper) rest(ctx context.Context, r *row) (Step, error) {
	if r.goal != "" {
		return Taking, nil
	}
	entries, err := k.vault.Entries(ctx, r.person, r.signed.Body.Attributes)
	if err != nil {
		return "", err
	}
	shared, err := k.shared(ctx, r.id)
	if err != nil || same(entries, shared) {
		return Active, err
	}
	return Sharing, nil
}

func (k *Keeper) take(ctx context.Context, r *row) (Step, error) {
	all, err := k.everShared(ctx, r.id)
	if err != nil {
		return "", err
	}
	if len(all) == 0 && r.open == 0 {
		return Ending, nil
	}
	return Ending, k.unshare(ctx, r, keysOf(all))
}

// unshare purges copies that the grantee may have, and the consent's body. It needs the owner's own peers alone.
func (k *Keeper) unshare(ctx context.Context, r *row, keys []privacy.EntryKey) error {
	for {
		some := keys[:min(len(keys), privacy.MaxSharedPurges)]
		if err := k.ledger.Unshare(ctx, privacy.Unshare{V: 1, Grantee: r.grantee, ID: r.id, Keys: some}); err != nil {
			return err
		}
		if keys = keys[len(some):]; len(keys) == 0 {
			return nil
		}
	}
}

// end puts the consent's end on the channel. When it has ended there for another reason, this call did it earlier and the person was erased meanwhile.
func (k *Keeper) end(ctx context.Context, r *row) (Step, error) {
	_, err := k.ledger.EndConsent(ctx, r.id, r.goal)
	if err == nil || fault.CodeOf(err) == fault.ConsentNotInForce {
		return Clearing, nil
	}
	return "", err
}

// clear purges again where a share was begun of which no end is known: it may have been committed after the first purge, and can't be any more, since it read the
// consent's record.
func (k *Keeper) clear(ctx context.Context, r *row) (Step, error) {
	all, err := k.everShared(ctx, r.id)
	if err != nil {
		return "", err
	}
	if r.open > 0 {
		if err := k.unshare(ctx, r, keysOf(all)); err != nil {
			return "", err
		}
	}
	return Ended, k.forgetEntries(ctx, r.id)
}

// final says whether the ledger has decided: the same call will never be taken.
func final(err error) bool {
	class := fault.Lookup(fault.CodeOf(err)).Class
	return class == fault.ClassRequest || class == fault.ClassRefusal
}

// waiting is an error that says when to try again.
type waiting struct {
	error
	until time.Time
}

func notYet(until time.Time) error {
	return waiting{fault.New(fault.TooEarly, "the consent's time has not begun"), until}
}

func keysOf(entries []Entry) []privacy.EntryKey {
	keys := make([]privacy.EntryKey, len(entries))
	for i, e := range entries {
		keys[i] = e.Key
	}
	return keys
}

// without lists the keys of entries that aren't among the shared.
func without(entries []Entry, shared []privacy.SharedEntry) []privacy.EntryKey {
	kept := map[privacy.EntryKey]bool{}
	for _, s := range shared {
		kept[s.Key] = true
	}
	var gone []privacy.EntryKey
	for _, e := range entries {
		if !kept[e.Key] {
			gone = append(gone, e.Key)
		}
	}
	return gone
}

// same says whether both lists name the same entries.
func same(a, b []Entry) bool {
	if len(a) != len(b) {
		return false
	}
	keys := map[privacy.EntryKey]bool{}
	for _, e := range a {
		keys[e.Key] = true
	}
	for _, e := range b {
		if !keys[e.Key] {
			return false
		}
	}
	return true
}
