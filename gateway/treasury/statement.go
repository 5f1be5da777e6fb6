package treasury

import (
	"context"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// Statement is what one window comes to for one member. Amounts are the member's: positive when it is owed, negative when it owes.
type Statement struct {
	V        int                  `json:"v"` // Document version, 1.
	Member   string               `json:"member"`
	Currency string               `json:"currency"`
	Window   clearing.Window      `json:"window"`
	Pairs    []PairStatement      `json:"pairs"`
	Position *clearing.Position   `json:"position,omitempty"` // Once the window is netted; absent when the member has none.
	Carried  []netting.Obligation `json:"carried"`            // The member's obligations that went into the next window's netting.
	Legs     []clearing.Leg       `json:"legs"`               // The member's.
	Checks   []Check              `json:"checks"`             // What has to add up; of a window that isn't netted, what there is so far.
}

// PairStatement is what a window comes to between the member and one partner.
type PairStatement struct {
	Partner  string               `json:"partner"`
	Services []ServiceLine        `json:"services"` // What was done, by debtor, service and version of the agreement; where the own peer holds the pair's data.
	Booked   quantity.Micro       `json:"booked"`   // What that adds up to.
	Count    int64                `json:"count"`    // Obligations.
	Nets     []NetLine            `json:"nets"`     // Disclosed into this window's netting: the window's own, and those of windows that the pair had missed.
	Before   []netting.Obligation `json:"before"`   // Carried by the netting before.
	Deferred []netting.Obligation `json:"deferred"` // Rests of late legs that a vote deferred.
	Aside    []AsideLine          `json:"aside"`    // Disputed lines that were taken out, or fell due.
	Settled  quantity.Minor       `json:"settled"`  // What of all this the netting settled,
	Carried  quantity.Minor       `json:"carried"`  // and what it carried into the next.
}

// ServiceLine is what was done of one service at the rates of one version of the agreement.
type ServiceLine struct {
	Debtor    string           `json:"debtor"`
	Creditor  string           `json:"creditor"`
	Service   clearing.Service `json:"service"`
	Agreement int              `json:"agreement"`
	Count     int64            `json:"count"`
	Micro     quantity.Micro   `json:"micro"`
	FeeDebtor string           `json:"feeDebtor,omitempty"`
	Fee       quantity.Micro   `json:"fee"`
}

// NetLine is a pair's disclosed net of one window: booked + before = net * 10^6 + after.
type NetLine struct {
	Window int64          `json:"window"`
	Booked quantity.Micro `json:"booked"`
	Before quantity.Micro `json:"before"` // What rounding had left of the windows before.
	Net    quantity.Minor `json:"net"`
	After  quantity.Micro `json:"after"`
}

// AsideLine is a disputed line that the netting took out, or in which it fell due.
type AsideLine struct {
	Programme string         `json:"programme"`
	Operation string         `json:"operation"`
	Window    int64          `json:"window"` // Of the obligation.
	Amount    quantity.Minor `json:"amount"` // What it adds to what is netted.
}

// Check is a sum that has to hold.
type Check struct {
	Name  string         `json:"name"`
	Pair  string         `json:"pair,omitempty"` // The partner, of a check of one pair.
	Left  quantity.Micro `json:"left"`
	Right quantity.Micro `json:"right"`
	Holds bool           `json:"holds"`
}

// The names of checks.
const (
	CheckDisclosed = "obligations-equal-disclosed-net"
	CheckRounding  = "net-and-residuals-equal-obligations"
	CheckNetted    = "nets-carried-and-disputes-equal-settled-and-carried"
	CheckPosition  = "settled-obligations-equal-position"
	CheckLegs      = "legs-equal-position"
)

// StatementOf makes a member's statement of a window. NOT_FOUND when there is no such window.
func StatementOf(ctx context.Context, reads *store.ClearingReads, member, currency string, number int64) (*Statement, error) {
	m := &maker{ctx: ctx, reads: reads, out: &Statement{
		V: 1, Member: member, Currency: currency, Pairs: []PairStatement{}, Carried: []netting.Obligation{}, Legs: []clearing.Leg{}, Checks: []Check{},
	}}
	if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectWindow, ID: store.WindowID(currency, number)}, &m.out.Window); err != nil {
		return nil, err
	}
	for _, step := range []func() error{m.loadNetting, m.pairs, m.position, m.legs} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return m.out, nil
}

// maker makes one statement.
type maker struct {
	ctx     context.Context
	reads   *store.ClearingReads
	out     *Statement
	netting *clearing.Netting // Nil before the window is netted.
	past    *past             // What the netting found.
	held    []clearing.Pair   // Pairs whose data the own peer holds.
}

func (m *maker) loadNetting() error {
	ref := store.ClearingRef{Object: engine.ObjectNetting, ID: store.WindowID(m.out.Currency, m.out.Window.Number)}
	block, tx, err := m.reads.Written(m.ctx, ref)
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	m.past, m.netting = &past{ctx: m.ctx, reads: m.reads, block: block, tx: tx}, new(clearing.Netting)
	return m.reads.Record(m.ctx, ref, m.netting)
}

// own turns what A owes B into what the member is owed by its partner.
func own[T quantity.Micro | quantity.Minor](member, a string, aOwesB T) T {
	if member == a {
		return -aOwesB
	}
	return aOwesB
}

// ownOf is what an obligation is to the member, and to whom it is; false when it isn't the member's.
func ownOf(member string, o *netting.Obligation) (partner string, amount quantity.Minor, ok bool) {
	switch member {
	case o.From:
		return o.To, -o.Amount, true
	case o.To:
		return o.From, o.Amount, true
	}
	return "", 0, false
}

// pairs makes the part of every partner that there is anything of.
func (m *maker) pairs() error {
	var members clearing.Consortium
	err := m.reads.Record(m.ctx, store.ClearingRef{Object: engine.ObjectConsortium}, &members)
	if err != nil {
		return err
	}
	if m.held, err = PairsOf(m.ctx, m.reads, m.out.Member); err != nil {
		return err
	}
	for i := range members.Members {
		partner := &members.Members[i]
		if partner.Name == m.out.Member || partner.Kind != clearing.KindBrand {
			continue
		}
		p := PairStatement{
			Partner: partner.Name, Services: []ServiceLine{}, Nets: []NetLine{}, Before: []netting.Obligation{}, Deferred: []netting.Obligation{}, Aside: []AsideLine{},
		}
		if err := m.pair(&p); err != nil {
			return err
		}
		if p.touched() {
			m.out.Pairs = append(m.out.Pairs, p)
		}
	}
	return nil
}

// touched says whether there is anything to say of the partner.
func (p *PairStatement) touched() bool {
	return p.Count > 0 || len(p.Nets)+len(p.Before)+len(p.Deferred)+len(p.Aside) > 0 || p.Settled != 0 || p.Carried != 0
}

func (m *maker) pair(p *PairStatement) error {
	a, b := clearing.PairOf(m.out.Member, p.Partner)
	if err := m.services(p, a, b); err != nil {
		return err
	}
	var nets clearing.PairNets
	id := store.WindowID(m.out.Currency, m.out.Window.Number) + "/" + a + "/" + b
	if err := m.reads.Record(m.ctx, store.ClearingRef{Object: engine.ObjectPairNets, ID: id}, &nets); err != nil && fault.CodeOf(err) != fault.NotFound {
		return err
	}
	for _, d := range nets.Nets {
		m.disclosed(p, a, &d)
	}
	if m.netting == nil {
		return nil
	}
	if err := m.carriedIn(p); err != nil {
		return err
	}
	if err := m.aside(p, a, b, &nets); err != nil {
		return err
	}
	m.carriedOut(p)
	return nil
}

// services adds up what was done, where the own peer holds the pair's data.
func (m *maker) services(p *PairStatement, a, b string) error {
	f := store.ObligationFilter{A: a, B: b, Currency: m.out.Currency, Window: m.out.Window.Number}
	sums, err := m.reads.ServiceSums(m.ctx, f)
	if err != nil {
		return err
	}
	for _, s := range sums {
		p.Services = append(p.Services, ServiceLine{s.Debtor, s.Creditor, s.Service, s.Agreement, s.Count, s.Micro, s.FeeDebtor, s.Fee})
		p.Count += s.Count
	}
	net, err := booked(m.ctx, m.reads, a, b, m.out.Currency, m.out.Window.Number)
	p.Booked = own(m.out.Member, a, net)
	return err
}

func (m *maker) disclosed(p *PairStatement, a string, d *clearing.Disclosure) {
	line := NetLine{
		Window: d.Window, Booked: own(m.out.Member, a, d.Sum), Before: own(m.out.Member, a, d.Before), Net: own(m.out.Member, a, d.Net), After: own(m.out.Member, a, d.After),
	}
	p.Nets = append(p.Nets, line)
	if d.Window == m.out.Window.Number && slices.ContainsFunc(m.held, func(h clearing.Pair) bool { return h.A == p.Partner || h.B == p.Partner }) {
		m.check(Check{Name: CheckDisclosed, Pair: p.Partner, Left: p.Booked, Right: line.Booked})
	}
	m.check(Check{Name: CheckRounding, Pair: p.Partner, Left: line.Booked + line.Before, Right: quantity.Micro(line.Net)*quantity.MicroPerMinor + line.After})
}

func (m *maker) check(c Check) {
	c.Holds = c.Left == c.Right
	m.out.Checks = append(m.out.Checks, c)
}

// carriedIn is what the netting before carried, and what votes deferred since.
func (m *maker) carriedIn(p *PairStatement) error {
	var last clearing.Netting
	if number := m.out.Window.Number; number > 1 {
		if err := m.reads.Record(m.ctx, store.ClearingRef{Object: engine.ObjectNetting, ID: store.WindowID(m.out.Currency, number-1)}, &last); err != nil {
			return err
		}
	}
	p.Before = append(p.Before, m.with(p.Partner, last.Carried)...)
	var deferred wire.Deferred
	if _, err := m.found(engine.DeferredKey(m.out.Currency), &deferred); err != nil {
		return err
	}
	for _, l := range deferred.Legs {
		p.Deferred = append(p.Deferred, m.with(p.Partner, []netting.Obligation{{Window: l.Window, From: l.From, To: l.To, Amount: l.Deferred}})...)
	}
	return nil
}

// with are the obligations between the member and a partner.
func (m *maker) with(partner string, list []netting.Obligation) []netting.Obligation {
	return slices.DeleteFunc(slices.Clone(list), func(o netting.Obligation) bool {
		other, _, ok := ownOf(m.out.Member, &o)
		return !ok || other != partner
	})
}

// found reads a record as the netting found it.
func (m *maker) found(key string, v any) (bool, error) {
	values, err := m.past.Get([]string{key})
	if err != nil || values[0] == nil {
		return false, err
	}
	return true, wire.DecodeRecord(values[0], v)
}

// aside lists what disputes took out of the netting, and what of them fell due in it.
func (m *maker) aside(p *PairStatement, a, b string, nets *clearing.PairNets) error {
	var book clearing.PairBook
	if there, err := m.found(engine.PairBookKey(a, b, m.out.Currency), &book); err != nil || !there {
		return err
	}
	for _, line := range book.Aside {
		out := line.Out == 0 && nets.Has(line.Window)
		if out {
			p.Aside = append(p.Aside, m.asideLine(a, &line, -line.Amount))
		}
		if (out || line.Out != 0) && line.Due != 0 && line.Due <= m.out.Window.Number {
			p.Aside = append(p.Aside, m.asideLine(a, &line, line.Amount))
		}
	}
	return nil
}

func (m *maker) asideLine(a string, l *clearing.Aside, amount quantity.Minor) AsideLine {
	return AsideLine{Programme: l.Line.Programme, Operation: l.Line.Operation, Window: l.Window, Amount: own(m.out.Member, a, amount)}
}

// carriedOut is what the netting made of what went into it.
func (m *maker) carriedOut(p *PairStatement) {
	sum := func(list []netting.Obligation) (total quantity.Minor) {
		for i := range list {
			_, amount, _ := ownOf(m.out.Member, &list[i])
			total += amount
		}
		return total
	}
	p.Settled, p.Carried = sum(m.with(p.Partner, m.netting.Settled)), sum(m.with(p.Partner, m.netting.Carried))
	m.out.Carried = append(m.out.Carried, m.with(p.Partner, m.netting.Carried)...)
	in := sum(p.Before) + sum(p.Deferred)
	for _, n := range p.Nets {
		in += n.Net
	}
	for _, l := range p.Aside {
		in += l.Amount
	}
	if !p.touched() {
		return
	}
	m.check(Check{Name: CheckNetted, Pair: p.Partner, Left: micro(in), Right: micro(p.Settled + p.Carried)})
}

// micro is an amount in millionths; beyond what can be counted it is the most: the check then doesn't hold by accident only.
func micro(m quantity.Minor) quantity.Micro {
	if m < 0 {
		return -clearing.MicroOf(-m)
	}
	return clearing.MicroOf(m)
}

// position is what the member signs.
func (m *maker) position() error {
	if m.netting == nil {
		return nil
	}
	id := strings.Join([]string{store.WindowID(m.out.Currency, m.out.Window.Number), m.out.Member}, "/")
	position := new(clearing.Position)
	err := m.reads.Record(m.ctx, store.ClearingRef{Object: engine.ObjectPosition, ID: id}, position)
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		return err
	}
	if err == nil {
		m.out.Position = position
	}
	var settled quantity.Minor
	for i := range m.out.Pairs {
		settled += m.out.Pairs[i].Settled
	}
	m.check(Check{Name: CheckPosition, Left: micro(settled), Right: micro(position.Net)})
	return nil
}

// legs are the payments that settle the position. What a vote deferred is owed again later: it stays part of the leg here.
func (m *maker) legs() error {
	all, err := store.All[clearing.Leg](m.ctx, m.reads, store.ClearingList{Object: engine.ObjectLeg, Prefix: store.WindowID(m.out.Currency, m.out.Window.Number)})
	if err != nil {
		return err
	}
	var sum quantity.Minor
	for _, l := range all {
		switch m.out.Member {
		case l.From:
			sum -= l.Amount
		case l.To:
			sum += l.Amount
		default:
			continue
		}
		m.out.Legs = append(m.out.Legs, l)
	}
	if m.out.Window.SettlingAt == 0 {
		return nil
	}
	var net quantity.Minor
	if m.out.Position != nil {
		net = m.out.Position.Net
	}
	m.check(Check{Name: CheckLegs, Left: micro(sum), Right: micro(net)})
	return nil
}
