package erasure

import (
	"context"
	"log/slog"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Desk takes requests for erasure and carries them out. It may be used by several goroutines; one process has a people.db open at a time.
type Desk struct {
	Settings
	woken chan struct{}
}

// New makes a desk. Register its Companion with the vault before anything is asked of either.
func New(s Settings) *Desk {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Pace == (Pace{}) {
		s.Pace = DefaultPace
	}
	return &Desk{Settings: s, woken: make(chan struct{}, 1)}
}

func (d *Desk) now() int64 { return d.Now().UnixMilli() }

// wake has Run look at once.
func (d *Desk) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// ActorRetention is the job that ends what is kept too long; vault.ActorPerson asks for the own erasure.
const ActorRetention = "job/retention"

// Request is somebody's wish that a person be erased.
type Request struct {
	Person vault.PersonID
	Actor  string // vault.ActorPerson, an API key's name, or a job's.
	Reason privacy.ErasureReason
	// Forfeit is the number of points that was confirmed to be forfeited: what Plan says.
	Forfeit quantity.Points
	// Asked is when the customer asked, for the deadline; now when zero. It lies in the past.
	Asked time.Time
}

// Request notes an erasure and returns what it is known by from then on. The same person again gives the erasure that is under way. LEGAL_HOLD when one stops it,
// FORFEIT_MISMATCH when another number of points would be forfeited.
func (d *Desk) Request(ctx context.Context, r Request) (Erasure, error) {
	if under, there, err := d.Of(ctx, r.Person); err != nil || there {
		return under, err
	}
	plan, err := d.Plan(ctx, r.Person)
	if err != nil {
		return Erasure{}, err
	}
	if plan.Forfeit != r.Forfeit {
		return Erasure{}, fault.New(fault.ForfeitMismatch, "%d points would be forfeited: confirm exactly this number", plan.Forfeit)
	}
	e := d.newErasure(r)
	err = d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		now, err := holdingIn(tx, r.Person, d.now())
		if err != nil {
			return err
		}
		if err := now.refusalTo(r.Actor); err != nil {
			return err
		}
		if err := insertErasure(tx, &e, r); err != nil {
			return err
		}
		for _, a := range plan.Accounts {
			if err := insertAccount(tx, e.ID, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return e, err
	}
	d.wake()
	return e, nil
}

func (d *Desk) newErasure(r Request) Erasure {
	now := d.Now()
	asked := r.Asked
	if asked.IsZero() || asked.After(now) {
		asked = now
	}
	return Erasure{
		ID: privacy.ErasureID(random.Hex(idBytes)), Reason: r.Reason, Step: Waiting, RequestedAt: asked.UnixMilli(), DueAt: asked.Add(Deadline).UnixMilli(),
		SettleBy: now.Add(d.Pace.Settle).UnixMilli(),
	}
}

// Sizes of random values, in bytes.
const (
	idBytes   = 16
	saltBytes = 32
)

// Cancel takes a request back. ERASURE_UNDER_WAY when it has begun, NOT_FOUND when there is none.
func (d *Desk) Cancel(ctx context.Context, person vault.PersonID) error {
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		var id, step string
		there, err := tx.QueryRow(`SELECT id, step FROM erasures WHERE person = ?`, []any{string(person)}, &id, &step)
		if err != nil {
			return err
		}
		if !there {
			return fault.New(fault.NotFound, "no erasure was asked for")
		}
		if Step(step) != Waiting {
			return fault.New(fault.ErasureUnderWay, "the erasure has begun: it can't be taken back any more")
		}
		_, err = tx.Exec(`DELETE FROM erasures WHERE id = ?`, id)
		return err
	})
}
