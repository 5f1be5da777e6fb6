package points

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Guard limits what leaves an account for a while, since its controller was changed or somebody asked for that: whoever took the account over gets little of it before its
// holder has been told. Debits count together, so that a large one can't be made of small ones.
type Guard struct {
	Until int64           `json:"until"`          // Unix seconds.
	Spent quantity.Points `json:"spent,omitzero"` // Of debits since the guard began; what comes back isn't taken off.
}

// guard begins a guard as the terms in force say. One that is under way goes on, and what was spent under it stays counted: a second change doesn't open the account again.
func (t *trial) guard() {
	seconds := t.terms.Guard.Seconds
	if seconds == 0 || !t.book.Programme.has(engineGuards) {
		return
	}
	next := Guard{Until: t.book.Now + seconds}
	if g := t.account.Guard; g != nil && t.book.Now < g.Until {
		next = Guard{Until: max(g.Until, next.Until), Spent: g.Spent}
	}
	t.account.Guard = &next
}

// guarded counts a debit under a guard: COOLING_OFF when more would have left the account than the terms in force let. A guard that is over is forgotten.
func (t *trial) guarded() fault.Code {
	g := t.account.Guard
	if g == nil {
		return fault.OK
	}
	if t.book.Now >= g.Until {
		t.account.Guard = nil
		return fault.OK
	}
	spent, err := g.Spent.Add(t.op.Points)
	if err != nil || spent > t.terms.Guard.Points {
		return fault.CoolingOff
	}
	t.account.Guard = &Guard{Until: g.Until, Spent: spent}
	return fault.OK
}
