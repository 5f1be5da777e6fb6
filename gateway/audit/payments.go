package audit

import (
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// paymentBook are the payments of all programmes, by operation: what was spent and isn't given back yet.
type paymentBook map[paymentRef]*payment

// paymentRef names a payment. Both halves of a swap have the operation's id, each in its programme; only the one that spends is a payment.
type paymentRef struct {
	programme string
	operation points.OperationID
}

// payment is what a redemption, a capture or a swap took and what is left of it: a pile from which returns take the top.
type payment struct {
	day     quantity.Day
	cause   lots.Cause
	partner string
	pile    []spent
}

// spent is points that were earned under one version of the terms.
type spent struct {
	terms  int
	points quantity.Points // Above 0.
}

// note keeps an accepted operation that is a payment; of two under one id the first.
func (b paymentBook) note(r *points.Receipt) {
	var cause lots.Cause
	switch r.Kind {
	case points.KindRedeem:
		cause = lots.Redeemed
	case points.KindCapture:
		cause = lots.Captured
	case points.KindSwap:
		cause = lots.Swapped
	default:
		return
	}
	ref := paymentRef{r.Programme, r.Operation}
	if b[ref] != nil {
		return
	}
	p := &payment{day: r.BusinessDate, cause: cause, partner: r.Partner}
	for i := range r.Moves {
		if m := &r.Moves[i]; m.Cause == cause {
			p.pile = append(p.pile, spent{m.Terms, -m.Points})
		}
	}
	b[ref] = p
}

// of is the payment that a receipt names as its original; nil for none, and for an original that was no payment.
func (b paymentBook) of(r *points.Receipt) *payment {
	if r.Original == "" {
		return nil
	}
	return b[paymentRef{r.Programme, r.Original}]
}

// giveBack takes what a return gives back off the payment's pile. That it isn't more than was spent follows from the rules, which the replay checks.
func (s *reportSums) giveBack(r *points.Receipt, p *payment) error {
	for left := r.Points; left > 0 && len(p.pile) > 0; {
		top := &p.pile[len(p.pile)-1]
		part := min(left, top.points)
		if err := s.returns.add(returnKey{r.Programme, p.day, p.cause, p.partner, top.terms, r.BusinessDate}, int64(part)); err != nil {
			return err
		}
		left -= part
		if top.points -= part; top.points == 0 {
			p.pile = p.pile[:len(p.pile)-1]
		}
	}
	return nil
}
