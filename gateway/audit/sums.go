package audit

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// reportSums are the sums that a gateway's reports are made of, by the tables of its database. The audit adds them up by itself from what stands in blocks, receipt by receipt and
// line by line, with none of the code that the projection does it with: what both had wrong in the same way would be found by nobody.
type reportSums struct {
	movements   summed[movementKey]
	debts       summed[debtKey]
	turnovers   summed[turnoverKey]
	returns     summed[returnKey]
	adjustments summed[adjustedKey]
	obligations summed[obligationKey]
}

func newReportSums() *reportSums {
	return &reportSums{summed[movementKey]{}, summed[debtKey]{}, summed[turnoverKey]{}, summed[returnKey]{}, summed[adjustedKey]{}, summed[obligationKey]{}}
}

// rows is how many sums there are.
func (s *reportSums) rows() int {
	return len(s.movements) + len(s.debts) + len(s.turnovers) + len(s.returns) + len(s.adjustments) + len(s.obligations)
}

// summed is a table of sums. A row that isn't there is nothing.
type summed[K sumKey] map[K]amounts

// amounts are the summed columns of a row, in the table's order; what a table hasn't is 0.
type amounts [5]int64

// sumKey names a row of a table of sums.
type sumKey interface {
	comparable
	fmt.Stringer
}

// add adds to a row. OUT_OF_RANGE when it can't be counted.
func (s summed[K]) add(at K, by ...int64) error {
	row := s[at]
	for i, n := range by {
		sum := row[i] + n
		if n > 0 && sum < row[i] || n < 0 && sum > row[i] {
			return fault.New(fault.OutOfRange, "a sum can't be counted")
		}
		row[i] = sum
	}
	s[at] = row
	return nil
}

// movementKey names a row of movements: points of one kind of lot that came or left for one cause on one business date.
type movementKey struct {
	programme string
	day       quantity.Day
	lot       lots.Key
	cause     lots.Cause
	incoming  bool
}

func (k movementKey) String() string {
	direction := "out"
	if k.incoming {
		direction = "in"
	}
	return path(k.programme, k.day, k.lot.From, k.lot.Expiry, k.lot.Terms, k.lot.Funding, k.cause, direction)
}

// debtKey names a row of debts.
type debtKey struct {
	programme string
	day       quantity.Day
	cause     lots.Cause
	incurred  bool
}

func (k debtKey) String() string {
	direction := "repaid"
	if k.incurred {
		direction = "incurred"
	}
	return path(k.programme, k.day, k.cause, direction)
}

// turnoverKey names a row of turnovers.
type turnoverKey struct {
	programme               string
	day                     quantity.Day
	activity, partner, shop string
}

func (k turnoverKey) String() string {
	return path(k.programme, k.day, k.activity, k.partner, k.shop)
}

// returnKey names a row of what was given back, by the business date of the payment and that of the return.
type returnKey struct {
	programme string
	day       quantity.Day
	cause     lots.Cause
	partner   string
	terms     int
	returned  quantity.Day
}

func (k returnKey) String() string {
	return path(k.programme, k.day, k.cause, k.partner, k.terms, k.returned)
}

// adjustedKey names a row of what adjustments come to.
type adjustedKey struct {
	programme string
	day       quantity.Day
}

func (k adjustedKey) String() string { return path(k.programme, k.day) }

// obligationKey names a row of what a pair's obligations come to.
type obligationKey struct {
	currency                              string
	window                                int64
	a, b, home, service, debtor, creditor string
}

func (k obligationKey) String() string {
	return path(k.currency, k.window, k.a, k.b, k.home, k.service, k.debtor, k.creditor)
}

// path writes a key's parts as the readable form of a ledger's key does; a part that is empty as a dash.
func path(parts ...any) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		if texts[i] = fmt.Sprint(p); texts[i] == "" {
			texts[i] = "-"
		}
	}
	return strings.Join(texts, "/")
}

// book adds a receipt. OUT_OF_RANGE when a sum can't be counted, BLOCK_INVALID for a debt that its kind can't have.
func (s *reportSums) book(r *points.Receipt, payments paymentBook) error {
	for _, list := range [][]lots.Move{r.Moves, r.ToMoves} {
		for i := range list {
			if err := s.move(r, &list[i]); err != nil {
				return err
			}
		}
	}
	if err := s.owe(r); err != nil {
		return err
	}
	if r.Kind == points.KindAdjust {
		if err := s.adjust(r); err != nil {
			return err
		}
	}
	if r.Outcome != points.Accepted {
		return nil
	}
	origin := payments.of(r)
	if err := s.turnovers.add(turnoverKey{r.Programme, r.BusinessDate, activity(r, origin), r.Partner, r.Shop}, 1, int64(r.Points), int64(r.PartnerPoints)); err != nil {
		return err
	}
	if origin != nil && (r.Kind == points.KindReturn || r.Kind == points.KindDeposit) {
		return s.giveBack(r, origin)
	}
	payments.note(r)
	return nil
}

// move adds a change of a lot; one that paid debt is a change of that too.
func (s *reportSums) move(r *points.Receipt, m *lots.Move) error {
	if m.Cause == lots.Repaid {
		if err := s.debts.add(debtKey{r.Programme, r.BusinessDate, lots.Repaid, m.Points > 0}, int64(m.Points)); err != nil {
			return err
		}
	}
	return s.movements.add(movementKey{r.Programme, r.BusinessDate, m.Key, m.Cause, m.Points > 0}, int64(m.Points))
}

// owe adds what an operation made its accounts owe, and what it paid of that.
func (s *reportSums) owe(r *points.Receipt) error {
	if r.DebtIncurred != 0 {
		cause := lots.Adjusted
		if r.Kind == points.KindReturn {
			cause = lots.Recovered
		}
		if err := s.debts.add(debtKey{r.Programme, r.BusinessDate, cause, true}, int64(r.DebtIncurred)); err != nil {
			return err
		}
	}
	for _, paid := range []quantity.Points{r.DebtRepaid, r.ToDebtRepaid} {
		if paid == 0 {
			continue
		}
		cause, known := payingCauses[r.Kind]
		if !known {
			return fault.New(fault.BlockInvalid, "a receipt of %s pays a debt", r.Kind)
		}
		if err := s.debts.add(debtKey{r.Programme, r.BusinessDate, cause, false}, -int64(paid)); err != nil {
			return err
		}
	}
	return nil
}

// payingCauses are the causes for which what an operation brings can pay a debt at once.
var payingCauses = map[points.Kind]lots.Cause{
	points.KindEarn: lots.Accrued, points.KindRefer: lots.Accrued, points.KindTransfer: lots.Received, points.KindAccept: lots.Received,
	points.KindReturn: lots.Restored, points.KindAdjust: lots.Adjusted,
}

// adjust adds an adjustment: how many were accepted and refused, and points credited, taken from lots, and owed.
func (s *reportSums) adjust(r *points.Receipt) error {
	at := adjustedKey{r.Programme, r.BusinessDate}
	switch {
	case r.Outcome != points.Accepted:
		return s.adjustments.add(at, 0, 1)
	case r.Points > 0:
		return s.adjustments.add(at, 1, 0, int64(r.Points), 0, int64(r.DebtIncurred))
	}
	return s.adjustments.add(at, 1, 0, 0, -int64(r.Points)-int64(r.DebtIncurred), int64(r.DebtIncurred))
}

// activity is what an accepted operation did: a return of a payment restored it, every other return recovered something.
func activity(r *points.Receipt, origin *payment) string {
	switch {
	case r.Kind != points.KindReturn:
		return string(r.Kind)
	case origin != nil:
		return "restored"
	default:
		return "recovered"
	}
}
