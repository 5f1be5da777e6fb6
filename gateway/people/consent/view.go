package consent

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
)

// View is a consent as its customer sees it.
type View struct {
	Signed    privacy.SignedConsent
	Recipient string            // The grantee's name as customers know it.
	InForce   bool              // The grantee can read now.
	Complete  bool              // Nothing is on its way: what is shared, or purged, is.
	Ended     privacy.EndReason // Empty as long as it isn't to end.
	EndedAt   time.Time
	Trouble   fault.Code // Why something is still on its way; empty when nothing failed.
}

// inForce says whether the grantee may read at a time. It rests on what is noted here, which is never later than what the ledger says.
func (r *row) inForce(now time.Time) bool {
	return r.goal == "" && r.step == Active && !now.Before(r.starts) && now.Before(r.ends)
}

func (k *Keeper) view(r *row, names Names) View {
	return View{
		Signed: r.signed, Recipient: names.of(r.grantee), InForce: r.inForce(k.now()), Complete: r.step == Active && r.goal == "" || r.step.rests(),
		Ended: r.goal, EndedAt: r.ended, Trouble: r.trouble,
	}
}

// List gives a person's consents, the latest first.
func (k *Keeper) List(ctx context.Context, person string) ([]View, error) {
	rows, err := k.list(ctx, "person = ? ORDER BY given DESC, id", person)
	if err != nil {
		return nil, err
	}
	names, err := k.Names(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]View, len(rows))
	for i, r := range rows {
		views[i] = k.view(r, names)
	}
	return views, nil
}

// Get gives one of a person's consents; NOT_FOUND when the person has none under this id.
func (k *Keeper) Get(ctx context.Context, person string, id privacy.ConsentID) (View, error) {
	r, err := k.personal(ctx, person, id)
	if err != nil {
		return View{}, err
	}
	names, err := k.Names(ctx)
	return k.view(r, names), err
}
