package clearing

import (
	"cmp"
	"slices"

	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Netting is the result of netting a window: public, and recomputed by every member before it signs. Its hash is the root.
type Netting struct {
	V         int                  `json:"v"` // Record version, 1.
	Currency  string               `json:"currency"`
	Window    int64                `json:"window"`
	Covers    []netting.Cover      `json:"covers"`    // Of every member with an obligation, by name.
	Settled   []netting.Obligation `json:"settled"`   // In netting's order.
	Carried   []netting.Obligation `json:"carried"`   // Into the next window's netting.
	Positions []netting.Position   `json:"positions"` // By member.
	Payments  []netting.Payment    `json:"payments"`  // By payer and payee.
}

// Intake gathers what goes into the netting of one window.
type Intake struct {
	window int64
	owed   map[obligor]quantity.Minor // What A owes B.
	oldest map[Pair]int64             // Window of the oldest of what a pair owes from before.
}

// obligor is a pair, and whether it is about the window that is netted or those before.
type obligor struct {
	pair   Pair
	before bool
}

// NewIntake is empty.
func NewIntake(window int64) *Intake {
	return &Intake{window: window, owed: map[obligor]quantity.Minor{}, oldest: map[Pair]int64{}}
}

// add adds what a owes b out of a window. What is older than the window that is netted is kept as one obligation, of the oldest of its windows: otherwise carried
// obligations could grow without a bound, and no netting would take them any more.
func (in *Intake) add(p Pair, window int64, amount quantity.Minor) (err error) {
	key := obligor{p, window < in.window}
	if key.before && (in.oldest[p] == 0 || window < in.oldest[p]) {
		in.oldest[p] = window
	}
	in.owed[key], err = in.owed[key].Add(amount)
	return err
}

// Pair adds the nets of a pair and what its disputes change in them.
func (in *Intake) Pair(p Pair, nets *PairNets, more map[int64]quantity.Minor) error {
	for i := range nets.Nets {
		if err := in.add(p, nets.Nets[i].Window, nets.Nets[i].Net); err != nil {
			return err
		}
	}
	for window, amount := range more { // A sum in each: the order makes no difference.
		if err := in.add(p, window, amount); err != nil {
			return err
		}
	}
	return nil
}

// Again adds what an earlier netting carried, or a vote deferred.
func (in *Intake) Again(list []netting.Obligation) error {
	for _, o := range list {
		p, amount := Pair{o.From, o.To}, o.Amount
		if o.From > o.To {
			p, amount = Pair{o.To, o.From}, -amount
		}
		if err := in.add(p, o.Window, amount); err != nil {
			return err
		}
	}
	return nil
}

// Obligations are what is to be netted, in netting's order.
func (in *Intake) Obligations() []netting.Obligation {
	list := []netting.Obligation{}
	for key, amount := range in.owed { // Sorted below.
		o := netting.Obligation{Window: in.window, From: key.pair.A, To: key.pair.B, Amount: amount}
		if key.before {
			o.Window = in.oldest[key.pair]
		}
		switch {
		case amount == 0:
			continue
		case amount < 0:
			o.From, o.To, o.Amount = o.To, o.From, -amount
		}
		list = append(list, o)
	}
	slices.SortFunc(list, netting.Compare)
	return list
}

// Parties are the members with an obligation either way, by name.
func Parties(obligations []netting.Obligation) []string {
	var names []string
	for _, o := range obligations {
		names = append(names, o.From, o.To)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Settle nets a window: it settles what the covers allow and carries the rest. Errors as netting.Settle and netting.Payments.
func Settle(currency string, window int64, obligations []netting.Obligation, covers []netting.Cover) (*Netting, error) {
	result, err := netting.Settle(obligations, covers)
	if err != nil {
		return nil, err
	}
	payments, err := netting.Payments(result.Positions)
	if err != nil {
		return nil, err
	}
	covers = slices.SortedFunc(slices.Values(covers), func(x, y netting.Cover) int { return cmp.Compare(x.Member, y.Member) })
	n := &Netting{
		V: 1, Currency: currency, Window: window, Covers: covers,
		Settled: result.Settled, Carried: result.Carried, Positions: result.Positions, Payments: payments,
	}
	if n.Covers == nil {
		n.Covers = []netting.Cover{}
	}
	return n, n.Check()
}

// Carries says whether a member is in an obligation that is carried.
func (n *Netting) Carries(member string) bool {
	return slices.ContainsFunc(n.Carried, func(o netting.Obligation) bool { return o.From == member || o.To == member })
}
