package clearing

import (
	"regexp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// MaxWindow bounds the windows of a currency: one a minute for 1,900 years.
const MaxWindow = 999_999_999

// WindowPointer names the window that is open. Every cross-brand operation reads it, and only OpenClearing and RollWindow write it: nothing else may stop traffic.
type WindowPointer struct {
	V        int    `json:"v"` // Record version, 1.
	Currency string `json:"currency"`
	Number   int64  `json:"number"` // 1 or more.
}

// Window is one clearing window of a currency: what came into it is netted and settled together.
type Window struct {
	V           int          `json:"v"` // Record version, 1.
	Currency    string       `json:"currency"`
	Number      int64        `json:"number"` // 1 or more.
	Status      WindowStatus `json:"status"`
	OpenedAt    int64        `json:"openedAt"` // This and the other times are transaction times, Unix seconds, absent until it has come so far.
	ClosesAt    int64        `json:"closesAt"` // Its regular close: from then on anybody may roll.
	Roll        *Roll        `json:"roll,omitempty"`
	DiscloseBy  int64        `json:"discloseBy,omitzero"` // End of the disclosure term.
	ClosedAt    int64        `json:"closedAt,omitzero"`
	Undisclosed []Pair       `json:"undisclosed,omitempty"` // Pairs that had not disclosed when it was closed: carried into the next netting.
	NettedAt    int64        `json:"nettedAt,omitzero"`
	Root        string       `json:"root,omitempty"`  // Hash of the result of netting.
	SignBy      int64        `json:"signBy,omitzero"` // End of the signing term.
	SettlingAt  int64        `json:"settlingAt,omitzero"`
	PayBy       int64        `json:"payBy,omitzero"` // When its legs are due.
	Legs        []LegPlace   `json:"legs,omitempty"` // Ordered by payer and payee.
	SettledAt   int64        `json:"settledAt,omitzero"`
}

// LegPlace names a leg of a window.
type LegPlace struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Roll says who rolled a window.
type Roll struct {
	At     int64  `json:"at"`
	MSP    string `json:"msp"`
	Reason string `json:"reason,omitempty"` // Given when the regular close had not come.
}

// MaxReason bounds a reason in bytes.
const MaxReason = 64

// reasonForm leaves no room for personal data in prose: a reason is a few words in lower case.
var reasonForm = regexp.MustCompile(`^[a-z][a-z0-9 -]{1,63}$`)

// ValidReason returns INVALID_VALUE unless this can be a reason.
func ValidReason(reason string) error {
	if !reasonForm.MatchString(reason) {
		return fault.New(fault.InvalidValue, "a reason is 2 to %d lower-case letters, digits, spaces and hyphens", MaxReason)
	}
	return nil
}

// OpenFirst is the first window of a currency.
func OpenFirst(c *Calendar, now int64) (*Window, error) {
	if err := quantity.ValidCurrency(c.Currency); err != nil {
		return nil, err
	}
	w := &Window{V: 1, Currency: c.Currency, Number: 1, OpenedAt: now, ClosesAt: now + c.LengthSeconds}
	return w, w.Take(StepOpen, WindowOpen)
}

// RollOver closes a window for traffic and gives the next one, which is open from the same moment on: no operation is between two windows.
//
// TOO_EARLY before the shortest time is over, or before the regular close without a reason.
func (w *Window) RollOver(r Roll, c *Calendar) (*Window, error) {
	if r.Reason != "" {
		if err := ValidReason(r.Reason); err != nil {
			return nil, err
		}
	}
	if r.At < w.OpenedAt+c.ShortestSeconds || r.At < w.ClosesAt && r.Reason == "" {
		return nil, fault.New(fault.TooEarly, "window %d closes at %d, or with a reason at %d", w.Number, w.ClosesAt, w.OpenedAt+c.ShortestSeconds)
	}
	if w.Number >= MaxWindow {
		return nil, fault.New(fault.TooLarge, "a currency has at most %d windows", MaxWindow)
	}
	if err := w.Take(StepRoll, WindowClosing); err != nil {
		return nil, err
	}
	w.Roll, w.DiscloseBy = &r, r.At+c.DisclosureSeconds
	return &Window{V: 1, Currency: w.Currency, Number: w.Number + 1, Status: WindowOpen, OpenedAt: r.At, ClosesAt: c.next(w.ClosesAt, r.At)}, nil
}

// Shut ends the disclosures. Pairs that have not disclosed are carried. TOO_EARLY when there are some and the disclosure term is not over.
func (w *Window) Shut(undisclosed []Pair, now int64) error {
	if len(undisclosed) > 0 && now < w.DiscloseBy {
		return fault.New(fault.TooEarly, "%d pairs may disclose until %d", len(undisclosed), w.DiscloseBy)
	}
	if err := w.Take(StepClose, WindowClosed); err != nil {
		return err
	}
	w.ClosedAt, w.Undisclosed = now, undisclosed
	return nil
}

// Net brings the window to the result of netting, whose root is noted apart. WINDOW_ORDER unless the window before is netted; before is nil for the first.
func (w *Window) Net(before *Window, c *Calendar, now int64) error {
	if w.Number > 1 && (before == nil || before.NettedAt == 0) {
		return fault.New(fault.WindowOrder, "window %d of %s is netted before window %d", w.Number-1, w.Currency, w.Number)
	}
	if err := w.Take(StepNet, WindowNetted); err != nil {
		return err
	}
	w.NettedAt, w.SignBy = now, now+c.SigningSeconds
	return nil
}

// Settle begins settlement and gives its legs; a window without payments is settled at once. TOO_EARLY when positions are unsigned and the signing term is not over.
func (w *Window) Settle(n *Netting, positions []Position, c *Calendar, now int64) ([]Leg, error) {
	unsigned := 0
	for i := range positions {
		if positions[i].Signed == nil {
			unsigned++
		}
	}
	if unsigned > 0 && now < w.SignBy {
		return nil, fault.New(fault.TooEarly, "%d positions may be signed until %d", unsigned, w.SignBy)
	}
	if len(n.Payments) == 0 {
		if err := w.Take(StepSettle, WindowSettled); err != nil {
			return nil, err
		}
		w.SettlingAt, w.SettledAt = now, now
		return nil, nil
	}
	if err := w.Take(StepSettle, WindowSettling); err != nil {
		return nil, err
	}
	w.SettlingAt, w.PayBy = now, now+c.PaymentSeconds
	legs := make([]Leg, len(n.Payments))
	for i, p := range n.Payments {
		legs[i] = Leg{V: 1, Currency: w.Currency, Window: w.Number, From: p.From, To: p.To, Amount: p.Amount, Due: w.PayBy, Status: LegNotified}
		w.Legs = append(w.Legs, LegPlace{p.From, p.To})
	}
	return legs, nil
}

// Finish notes that a step closed a leg; with the last one the window is settled. legs are all legs of the window.
func (w *Window) Finish(step Step, legs []*Leg, now int64) error {
	for _, l := range legs {
		if !l.Closed() {
			return w.Admit(step)
		}
	}
	if err := w.Take(step, WindowSettled); err != nil {
		return err
	}
	w.SettledAt = now
	return nil
}
