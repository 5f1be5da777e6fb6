package clearing

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// FinalStatement is what is left to say of a member that has gone.
type FinalStatement struct {
	V       int      `json:"v"` // Record version, 1.
	Member  string   `json:"member"`
	Hash    string   `json:"hash"` // SHA-256 of the statement in full, which is kept off the ledger, hex.
	MSP     string   `json:"msp"`  // Who brought it.
	At      int64    `json:"at"`   // Transaction time, Unix seconds.
	Figures []Figure `json:"figures"`
}

// Figure is a member's last word in one currency.
type Figure struct {
	Currency string         `json:"currency"`
	Window   int64          `json:"window"`   // The last window that can have anything of the member's; SETTLED.
	Standing Standing       `json:"standing"` // Nothing payable, nothing receivable.
	Residual quantity.Micro `json:"residual"` // What rounding left of all its pairs, owed to it or, negative, by it; written off.
}

// Finished is what is looked at before a member goes, in one currency.
type Finished struct {
	Window   *Window  // The member's last.
	Netting  *Netting // Its result.
	Standing *Standing
	Books    []PairBook // Of the member's pairs that had an allocation.
	Since    []int64    // The first window of each.
}

// Cleared says whether the member ever could owe or be owed anything in the currency.
func (f *Finished) Cleared() bool { return len(f.Since) > 0 }

// Figure gives the member's last word. NOT_SETTLED unless the window began to close after the last day on which the member's points were honoured, is SETTLED, carries
// nothing of the member's, every pair of its has disclosed that far with no line aside, and no leg of any window is open.
func (f *Finished) Figure(m *Member) (Figure, error) {
	w := f.Window
	refuse := func(why string) (Figure, error) {
		return Figure{}, fault.New(fault.NotSettled, "window %d of %s %s", w.Number, w.Currency, why)
	}
	if w.Status != WindowSettled || w.Roll == nil || quantity.DayOf(w.Roll.At) <= m.HonourUntil {
		return refuse("isn't settled, or was open while the member's points were honoured")
	}
	if f.Netting.Carries(m.Name) {
		return refuse("carries obligations of the member's")
	}
	if f.Standing.Payable != 0 || f.Standing.Receivable != 0 {
		return refuse("or one before has legs of the member's that aren't final")
	}
	out := Figure{Currency: w.Currency, Window: w.Number, Standing: *f.Standing}
	for i := range f.Books {
		b := &f.Books[i]
		if f.Since[i] <= w.Number && b.Disclosed < w.Number {
			return refuse("isn't disclosed by every pair of the member's")
		}
		if len(b.Aside) > 0 {
			return refuse("has lines of the member's set aside")
		}
		rest := b.Residual
		if b.A == m.Name {
			rest = -rest
		}
		var err error
		if out.Residual, err = out.Residual.Add(rest); err != nil {
			return Figure{}, err
		}
	}
	return out, nil
}
