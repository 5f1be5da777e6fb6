package bookkeeping

import (
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Spent is what a payment took of an account's lots, one part after the other in its order: what a return gives back of it is taken from the end, as the ledger does.
type Spent struct {
	Cause lots.Cause // Redeemed, Captured or Swapped.
	Parts []SpentPart
}

// SpentPart is points that were earned under one version of the terms.
type SpentPart struct {
	Terms  int
	Points quantity.Points // Above 0.
}

// payments are the kinds of operations that spend points on goods, services or a partner's points, and the cause under which each takes them.
var payments = map[points.Kind]lots.Cause{points.KindRedeem: lots.Redeemed, points.KindCapture: lots.Captured, points.KindSwap: lots.Swapped}

// SpentBy is what an operation spent; without parts where it is no payment, or was refused.
func SpentBy(r *points.Receipt) Spent {
	s := Spent{Cause: payments[r.Kind]}
	if s.Cause == "" || r.Outcome != points.Accepted {
		return Spent{}
	}
	for i := range r.Moves {
		if m := &r.Moves[i]; m.Cause == s.Cause {
			s.Parts = append(s.Parts, SpentPart{m.Terms, -m.Points})
		}
	}
	return s
}

// GivesBack says whether an operation gives back points of a payment, the one that its Original names: the return of a redemption does, and the deposit that the return of a swap
// makes in the programme that the swap was made from. A return of something else has an original as well; that one spent nothing.
func GivesBack(r *points.Receipt) bool {
	return r.Outcome == points.Accepted && r.Original != "" && (r.Kind == points.KindReturn || r.Kind == points.KindDeposit)
}

// Back is what points give back after some were given back before: parts from the end. Points beyond what was spent give nothing back.
func (s *Spent) Back(before, points quantity.Points) (parts []SpentPart) {
	for i := len(s.Parts) - 1; i >= 0 && points > 0; i-- {
		there := s.Parts[i].Points
		skipped := min(before, there)
		before -= skipped
		part := min(there-skipped, points)
		points -= part
		if part > 0 {
			parts = append(parts, SpentPart{s.Parts[i].Terms, part})
		}
	}
	return parts
}

// String gives the form in which Spent is kept: its cause, and terms and points of each part ("redeemed 1:500 2:20"); empty without parts.
func (s *Spent) String() string {
	if len(s.Parts) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString(string(s.Cause))
	for _, p := range s.Parts {
		out.WriteString(" " + strconv.Itoa(p.Terms) + ":" + strconv.FormatInt(int64(p.Points), 10))
	}
	return out.String()
}

// ParseSpent reads what String gives; INTERNAL for anything else.
func ParseSpent(text string) (Spent, error) {
	cause, rest, _ := strings.Cut(text, " ")
	s := Spent{Cause: lots.Cause(cause)}
	for field := range strings.FieldsSeq(rest) {
		terms, points, _ := strings.Cut(field, ":")
		version, err := strconv.Atoi(terms)
		n, errPoints := strconv.ParseInt(points, 10, 64)
		if err != nil || errPoints != nil || n <= 0 {
			return Spent{}, fault.New(fault.Internal, "what a payment took can't be read")
		}
		s.Parts = append(s.Parts, SpentPart{version, quantity.Points(n)})
	}
	return s, nil
}
