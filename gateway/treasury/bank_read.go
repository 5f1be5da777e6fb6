package treasury

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/bankfiles"
	"github.com/tallystick/tallystick/gateway/store"
)

// BankReport is what a bank's file says of a member's legs.
type BankReport struct {
	Message  string // Version of the file.
	ID       string
	Legs     []ReportedLeg       // Those that the file says something of, by their ids.
	Findings []bankfiles.Finding // Entries that are counted for no leg, and why.
}

// ReportedLeg is what a file says of one leg, and what follows for the ledger.
type ReportedLeg struct {
	ID         string
	Leg        clearing.Leg
	Settlement bankfiles.Settlement // Of statements and notifications.
	Status     bankfiles.Status     // Of a pain.002.
	Reasons    []string             // Of a pain.002.
	Steps      []LegStep
	Problems   []string // What needs people.
}

// LegStep is an entry for the ledger that follows from a bank's file.
type LegStep struct {
	Step      clearing.Step // StepPay or StepReceive.
	Reference string
	Amount    quantity.Minor
	Done      bool // On the ledger already.
}

// Document is what enters the step on the ledger.
func (l *ReportedLeg) Document(s *LegStep) wire.LegPayment {
	leg := wire.LegQuery{Currency: l.Leg.Currency, Window: l.Leg.Window, From: l.Leg.From, To: l.Leg.To}
	return wire.LegPayment{Leg: leg, Reference: s.Reference, Amount: s.Amount}
}

// statusMessage stands in the namespace of every payment status report.
const statusMessage = "pain.002"

// namespaceBytes is how far into a file its namespace is looked for.
const namespaceBytes = 4096

// Read reads a bank's file and holds it against the member's legs. MALFORMED, TOO_LARGE, INVALID_VALUE or OUT_OF_RANGE for a file that can't be read, NOT_FOUND when an account
// isn't configured or a status report answers a file that isn't one of the gateway's.
func (b *Bank) Read(ctx context.Context, reads *store.ClearingReads, member string, file []byte) (*BankReport, error) {
	if bytes.Contains(file[:min(len(file), namespaceBytes)], []byte(statusMessage)) {
		return b.readStatus(ctx, reads, member, file)
	}
	return b.readEntries(ctx, reads, member, file)
}

func (b *Bank) readStatus(ctx context.Context, reads *store.ClearingReads, member string, file []byte) (*BankReport, error) {
	report, err := bankfiles.ReadStatus(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	currency, number, ok := windowOf(report.Original)
	if !ok {
		return nil, notOurs(report.Original)
	}
	legs, err := legsOf(ctx, reads, currency, number)
	if err != nil {
		return nil, err
	}
	sent := &bankfiles.Initiation{ID: report.Original}
	byID := map[string]*clearing.Leg{}
	for i := range legs {
		if legs[i].From != member {
			continue
		}
		leg, err := b.bankLeg(&legs[i], legs[i].Amount)
		if err != nil {
			return nil, err
		}
		sent.Legs, byID[leg.ID] = append(sent.Legs, leg), &legs[i]
	}
	said, strays, err := report.Of(sent)
	if err != nil {
		return nil, err
	}
	out := &BankReport{Message: report.Message, ID: report.ID}
	for _, s := range said {
		reported := ReportedLeg{ID: s.Leg, Leg: *byID[s.Leg], Status: s.Status}
		for _, r := range s.Reasons {
			reported.Reasons = append(reported.Reasons, strings.Join(append([]string{r.Code + r.Proprietary}, r.Information...), " "))
		}
		if s.Status.Refused() {
			reported.Problems = append(reported.Problems, "the bank doesn't pay this leg: pay it again")
		}
		out.Legs = append(out.Legs, reported)
	}
	for _, t := range strays {
		out.Findings = append(out.Findings, bankfiles.Finding{Reason: bankfiles.ReasonUnknownLeg, Entry: bankfiles.Entry{EndToEndID: t.EndToEndID, BankReference: t.BankReference}})
	}
	return out, nil
}

func (b *Bank) readEntries(ctx context.Context, reads *store.ClearingReads, member string, file []byte) (*BankReport, error) {
	report, err := bankfiles.ReadEntries(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	legs, err := b.openLegs(ctx, reads, member)
	if err != nil {
		return nil, err
	}
	wanted := make([]bankfiles.Leg, len(legs))
	for i := range legs {
		if wanted[i], err = b.bankLeg(&legs[i], legs[i].Amount); err != nil {
			return nil, err
		}
	}
	result, err := bankfiles.Match(wanted, report.Entries)
	if err != nil {
		return nil, err
	}
	out := &BankReport{Message: report.Message, ID: report.ID, Findings: result.Findings}
	for _, s := range result.Settlements {
		if s.Paid.State == bankfiles.StateNone && s.Received.State == bankfiles.StateNone {
			continue
		}
		i := slices.IndexFunc(legs, func(l clearing.Leg) bool { return LegID(&l) == s.Leg.ID })
		reported := ReportedLeg{ID: s.Leg.ID, Leg: legs[i], Settlement: s}
		reported.follow(member)
		out.Legs = append(out.Legs, reported)
	}
	return out, nil
}

// openLegs are the member's legs of the last windows of every currency, as far as accounts are configured for their currencies.
func (b *Bank) openLegs(ctx context.Context, reads *store.ClearingReads, member string) ([]clearing.Leg, error) {
	var currencies wire.Currencies
	if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectCurrencies}, &currencies); err != nil {
		return nil, err
	}
	var open []clearing.Leg
	for _, currency := range currencies.List {
		if _, settles := b.Accounts.Account(member, currency); !settles {
			continue
		}
		windows, err := reads.Records(ctx, store.ClearingList{Object: engine.ObjectWindow, Prefix: currency + "/", Limit: matchedWindows, Order: store.Descending})
		if err != nil {
			return nil, err
		}
		for i := range windows {
			var w clearing.Window
			if err := windows[i].Into(&w); err != nil {
				return nil, err
			}
			for _, l := range w.Legs {
				if l.From != member && l.To != member {
					continue
				}
				var leg clearing.Leg
				id := strings.Join([]string{store.WindowID(currency, w.Number), l.From, l.To}, "/")
				if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectLeg, ID: id}, &leg); err != nil {
					return nil, err
				}
				open = append(open, leg)
			}
		}
	}
	return open, nil
}

// follow works out what the ledger doesn't have yet of what the bank booked.
func (l *ReportedLeg) follow(member string) {
	if member == l.Leg.From {
		l.paid()
		l.taken(&l.Settlement.Paid)
	} else {
		l.received()
		l.taken(&l.Settlement.Received)
	}
}

func (l *ReportedLeg) taken(side *bankfiles.Side) {
	if len(side.Returns) > 0 {
		l.Problems = append(l.Problems, "the bank took a payment back: reverse it on the ledger")
	}
	if side.State == bankfiles.StateOver {
		l.Problems = append(l.Problems, "more was booked than the leg has")
	}
}

// paid are the payments that the payer's bank booked, under the bank's own references.
func (l *ReportedLeg) paid() {
	tried := l.Leg
	tried.Entries = slices.Clone(l.Leg.Entries)
	for i := range l.Settlement.Paid.Payments {
		e := &l.Settlement.Paid.Payments[i]
		step := LegStep{Step: clearing.StepPay, Reference: e.Reference(), Amount: quantity.Minor(e.Amount.Minor)}
		if !usableReference(step.Reference) {
			step.Reference = l.ID
		}
		if at := slices.IndexFunc(tried.Entries, func(x clearing.Entry) bool { return x.Reference == step.Reference }); at >= 0 {
			if step.Done = tried.Entries[at].Amount == step.Amount; !step.Done {
				l.Problems = append(l.Problems, "the ledger has another amount under the bank's reference "+step.Reference)
				continue
			}
		} else if err := tried.Pay(step.Reference, step.Amount, clearing.Action{}); err != nil {
			l.Problems = append(l.Problems, "a booked payment can't be entered: "+err.Error())
			continue
		}
		l.Steps = append(l.Steps, step)
	}
}

// usableReference says whether the ledger takes a bank's reference.
func usableReference(reference string) bool {
	empty := clearing.Leg{Status: clearing.LegNotified, Amount: 1}
	return empty.Pay(reference, 1, clearing.Action{}) == nil
}

// received are the payments that came in, under the references that the payer entered: each bank's own reference is unknown to the other.
func (l *ReportedLeg) received() {
	claimed := make([]bool, len(l.Leg.Entries))
	for i := range l.Settlement.Received.Payments {
		amount := quantity.Minor(l.Settlement.Received.Payments[i].Amount.Minor)
		at := l.unclaimed(claimed, amount)
		if at < 0 {
			l.Problems = append(l.Problems, "a payment came in that the payer has not entered")
			continue
		}
		claimed[at] = true
		l.Steps = append(l.Steps, LegStep{Step: clearing.StepReceive, Reference: l.Leg.Entries[at].Reference, Amount: amount, Done: l.Leg.Entries[at].ReceiptAt != 0})
	}
}

// unclaimed finds an entry of this amount, one that is noted as received before others; -1 when there is none.
func (l *ReportedLeg) unclaimed(claimed []bool, amount quantity.Minor) int {
	found := -1
	for i := range l.Leg.Entries {
		e := &l.Leg.Entries[i]
		if claimed[i] || e.Reversal != nil || e.Amount != amount {
			continue
		}
		if e.ReceiptAt != 0 {
			return i
		}
		if found < 0 {
			found = i
		}
	}
	return found
}
