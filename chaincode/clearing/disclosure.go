package clearing

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// MaxLate is how many windows that a pair missed can be disclosed into one netting.
const MaxLate = 64

// PairBook is what everybody knows of a pair in one currency from window to window.
type PairBook struct {
	V         int            `json:"v"` // Record version, 1.
	A         string         `json:"a"`
	B         string         `json:"b"`
	Currency  string         `json:"currency"`
	Disclosed int64          `json:"disclosed"`       // Last window that the pair disclosed; 0 before the first.
	Residual  quantity.Micro `json:"residual"`        // What rounding left of all of them: A owes B.
	Aside     []Aside        `json:"aside,omitempty"` // Disputed lines, in the order they came.
}

// PairNets is what of a pair goes into the netting of one window: that window's net, and nets of windows that the pair had missed.
type PairNets struct {
	V        int          `json:"v"` // Record version, 1.
	A        string       `json:"a"`
	B        string       `json:"b"`
	Currency string       `json:"currency"`
	Window   int64        `json:"window"` // In whose netting.
	Nets     []Disclosure `json:"nets"`   // Ordered by window.
}

// Disclosure is a pair's net of one window. Sum + Before = Net*10^6 + After.
type Disclosure struct {
	Window int64          `json:"window"`
	Sum    quantity.Micro `json:"sum"`    // Of all lanes: A owes B.
	Before quantity.Micro `json:"before"` // Residual of the windows before,
	Net    quantity.Minor `json:"net"`    // together rounded half-even,
	After  quantity.Micro `json:"after"`  // and what rounding leaves.
	MSP    string         `json:"msp"`    // Who disclosed it.
	At     int64          `json:"at"`     // Transaction time, Unix seconds.
}

// Disclose adds a window's net to what goes into a netting. WINDOW_ORDER unless it is the next window that the pair has to disclose; since is the first one.
func (b *PairBook) Disclose(into *PairNets, since int64, d Disclosure) error {
	next := max(b.Disclosed+1, since)
	if d.Window != next || d.Window > into.Window {
		return fault.New(fault.WindowOrder, "the pair's next window to disclose is %d, not after %d", next, into.Window)
	}
	if len(into.Nets) >= MaxLate {
		return fault.New(fault.TooLarge, "a pair discloses at most %d windows into one netting", MaxLate)
	}
	total, err := d.Sum.Add(b.Residual)
	if err != nil {
		return err
	}
	d.Before = b.Residual
	if d.Net, d.After, err = netting.Round(total); err != nil {
		return err
	}
	into.Nets = append(into.Nets, d)
	b.Disclosed, b.Residual = d.Window, d.After
	return nil
}

// Sum adds the tallies of a pair's lanes.
func Sum(tallies []Tally) (quantity.Micro, error) {
	var total quantity.Micro
	for i := range tallies {
		var err error
		if total, err = total.Add(tallies[i].Net); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// Has says whether a window's net is among those that go into the netting.
func (n *PairNets) Has(window int64) bool {
	for i := range n.Nets {
		if n.Nets[i].Window == window {
			return true
		}
	}
	return false
}
