package reports

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
	"github.com/tallystick/tallystick/gateway/store"
)

// MaxAdjustmentsPage is how many adjustments one page of the report lists at most, of all programmes together.
const MaxAdjustmentsPage = 10_000

// Adjustments is every credit and debit that a brand made for a reason of its own, with who approved it. It comes in pages: the totals are of the whole period on each of them, the
// entries go on from page to page. The pages after the first are about the same blocks as that one, whatever has come since.
type Adjustments struct {
	Header
	Period     Period                 `json:"period"`
	UpTo       uint64                 `json:"upTo"`            // Last block whose adjustments count.
	After      string                 `json:"after,omitempty"` // Next of the page before; absent on the first.
	Next       string                 `json:"next,omitempty"`  // Where the next page begins; absent on the last.
	Programmes []ProgrammeAdjustments `json:"programmes"`      // By name.
}

// ProgrammeAdjustments is one programme's.
type ProgrammeAdjustments struct {
	Programme string          `json:"programme"`
	Accepted  int64           `json:"accepted"` // Of the whole period, as the next four.
	Rejected  int64           `json:"rejected"` // Those that were refused.
	Up        quantity.Points `json:"up"`       // Credited by accepted ones, what paid debt included.
	Down      quantity.Points `json:"down"`     // Taken from lots by accepted ones,
	Debt      quantity.Points `json:"debt"`     // and the part that the accounts could not cover.
	Entries   []Adjustment    `json:"entries"`  // Of this page, in the ledger's order.
}

// Adjustment is one of them.
type Adjustment struct {
	Operation    points.OperationID `json:"operation"`
	Account      points.AccountID   `json:"account"`
	BusinessDate quantity.Day       `json:"businessDate"`
	Block        int64              `json:"block"`
	Transaction  string             `json:"transaction"`
	Time         string             `json:"time"`   // Of the transaction, RFC 3339.
	Points       quantity.Points    `json:"points"` // Asked for; negative to take.
	Taken        quantity.Points    `json:"taken"`  // From lots.
	DebtIncurred quantity.Points    `json:"debtIncurred"`
	DebtRepaid   quantity.Points    `json:"debtRepaid"`
	Outcome      points.Outcome     `json:"outcome"`
	Code         fault.Code         `json:"code"`
	Reason       points.Reason      `json:"reason"`
	Approver     string             `json:"approver,omitempty"`   // MSP id, of an accepted one.
	ApprovedAt   string             `json:"approvedAt,omitempty"` // RFC 3339.
}

// Page says which part of a report that comes in pages is meant. The zero value is the first page, as long as it may be.
type Page struct {
	After string // Next of the page before.
	Limit int    // Entries, 1 to MaxAdjustmentsPage; 0: so many.
}

// MakeAdjustments makes a page of the report. INVALID_VALUE for a period or a limit that can't be, or an After that no page gave.
func MakeAdjustments(ctx context.Context, r Reader, period Period, page Page) (*Adjustments, error) {
	if err := period.Valid(); err != nil {
		return nil, err
	}
	if page.Limit == 0 {
		page.Limit = MaxAdjustmentsPage
	}
	if page.Limit < 1 || page.Limit > MaxAdjustmentsPage {
		return nil, fault.New(fault.InvalidValue, "a page has 1 to %d entries", MaxAdjustmentsPage)
	}
	a := &Adjustments{Period: period, After: page.After, Programmes: []ProgrammeAdjustments{}}
	return a, a.make(ctx, r, NameAdjustments, func(p *store.Picture, programmes []points.Programme) error {
		from := adjustmentCursor{upTo: p.At.Block}
		if page.After != "" {
			var err error
			if from, err = parseAdjustmentCursor(page.After); err != nil {
				return err
			}
		}
		if from.upTo > p.At.Block {
			return fault.New(fault.InvalidValue, "the page before is of block %d, which this read model doesn't have", from.upTo)
		}
		a.UpTo = from.upTo
		left := page.Limit
		for i := range programmes {
			n, err := a.add(ctx, p, programmes[i].Brand, from, left)
			if err != nil {
				return err
			}
			left -= n
		}
		return nil
	})
}

// add adds a programme's totals, and its entries from the cursor on as far as the page has room. It returns how many those are; when there are more, the page ends there.
func (a *Adjustments) add(ctx context.Context, p *store.Picture, programme string, from adjustmentCursor, room int) (int, error) {
	sum, err := p.Adjusted(ctx, programme, a.Period.From, a.Period.To, int64(from.upTo))
	if err != nil {
		return 0, err
	}
	out := ProgrammeAdjustments{Programme: programme, Accepted: sum.Accepted, Rejected: sum.Rejected, Up: sum.Up, Down: sum.Down, Debt: sum.Debt, Entries: []Adjustment{}}
	place := store.AdjustmentPlace{}
	if programme == from.programme {
		place = from.place
	}
	if programme >= from.programme && a.Next == "" {
		list, err := p.Adjustments(ctx, programme, a.Period.From, a.Period.To, int64(from.upTo), place, room+1)
		if err != nil {
			return 0, err
		}
		if len(list) > room {
			if list = list[:room]; room > 0 {
				place = list[room-1].Place()
			}
			a.Next = adjustmentCursor{from.upTo, programme, place}.String()
		}
		for i := range list {
			out.Entries = append(out.Entries, entryOf(&list[i]))
		}
	}
	a.Programmes = append(a.Programmes, out)
	return len(out.Entries), nil
}

// adjustmentCursor is the place of a page's last entry, and the block of the first page.
type adjustmentCursor struct {
	upTo      uint64
	programme string
	place     store.AdjustmentPlace
}

// String writes block-programme-day-block-index-operation.
func (c adjustmentCursor) String() string {
	return fmt.Sprintf("%d-%s-%d-%d-%d-%s", c.upTo, c.programme, int64(c.place.Day), c.place.Block, c.place.Index, c.place.Operation)
}

// parseAdjustmentCursor reads what String writes; INVALID_VALUE for anything else.
func parseAdjustmentCursor(text string) (c adjustmentCursor, err error) {
	parts := strings.SplitN(text, "-", 6)
	if len(parts) != 6 {
		return c, fault.New(fault.InvalidValue, "the cursor is not one that a page gave")
	}
	var numbers [4]uint64
	for i, at := range []int{0, 2, 3, 4} {
		if numbers[i], err = strconv.ParseUint(parts[at], 10, 31); err != nil {
			return c, fault.New(fault.InvalidValue, "the cursor is not one that a page gave")
		}
	}
	c = adjustmentCursor{numbers[0], parts[1], store.AdjustmentPlace{
		Day: quantity.Day(numbers[1]), Block: int64(numbers[2]), Index: int(numbers[3]), Operation: points.OperationID(parts[5]),
	}}
	if c.String() != text {
		return c, fault.New(fault.InvalidValue, "the cursor is not one that a page gave")
	}
	return c, nil
}

func entryOf(a *store.Adjustment) Adjustment {
	r := &a.Receipt
	one := Adjustment{
		Operation: r.Operation, Account: r.Account, BusinessDate: r.BusinessDate, Block: a.Block, Transaction: a.Tx, Time: a.Time.Format(time.RFC3339), Points: r.Points,
		Taken: bookkeeping.Taken(r), DebtIncurred: r.DebtIncurred, DebtRepaid: r.DebtRepaid, Outcome: r.Outcome, Code: r.Code, Reason: r.Reason, Approver: r.Approver,
	}
	if a.Approval != nil {
		one.ApprovedAt = timeOf(a.Approval.At)
	}
	return one
}

func (a *Adjustments) columns() []string {
	return []string{
		"record", "upTo", "programme", "operation", "account", "businessDate", "block", "transaction", "time", "points", "taken", "debtIncurred", "debtRepaid", "outcome", "code", "reason",
		"approver", "approvedAt", "accepted", "rejected", "up", "down", "debt", "next",
	}
}

// lines are a programme's totals, then its entries of this page, and where the next page begins on a line of its own.
func (a *Adjustments) lines() [][]string {
	var all [][]string
	for i := range a.Programmes {
		p := &a.Programmes[i]
		total := a.line("total", p.Programme)
		copy(total[18:], []string{number(p.Accepted), number(p.Rejected), number(p.Up), number(p.Down), number(p.Debt)})
		all = append(all, total)
		for _, e := range p.Entries {
			line := a.line("entry", p.Programme)
			copy(line[3:], []string{
				string(e.Operation), string(e.Account), e.BusinessDate.String(), number(e.Block), e.Transaction, e.Time, number(e.Points), number(e.Taken),
				number(e.DebtIncurred), number(e.DebtRepaid), string(e.Outcome), string(e.Code), string(e.Reason), e.Approver, e.ApprovedAt,
			})
			all = append(all, line)
		}
	}
	if a.Next != "" {
		next := a.line("next", "")
		next[len(next)-1] = a.Next
		all = append(all, next)
	}
	return all
}

func (a *Adjustments) line(record, programme string) []string {
	line := make([]string, len(a.columns()))
	line[0], line[1], line[2] = record, strconv.FormatUint(a.UpTo, 10), programme
	return line
}
