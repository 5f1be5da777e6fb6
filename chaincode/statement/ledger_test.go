package statement_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
)

// ledger is a small programme that plays itself: a few accounts whose points move at random, and every move is written down.
type ledger struct {
	today, from quantity.Day
	accounts    []*account
	moves       []statement.Move
	debts       []statement.Debt
	totals      statement.Totals
	opening     statement.Opening
	before      statement.Totals // When the period began.
}

// account has its points by place.
type account struct {
	lots map[statement.Place][]lots.Lot
	debt quantity.Points
	idle quantity.Day // When undated lots of terms 3 are gone; 0 for never.
}

var places = []statement.Place{statement.Account, statement.Hold, statement.Suspense, statement.Inbox}

// drawLedger plays a programme: some days before the period, and some in it.
func drawLedger(t *rapid.T) *ledger {
	g := &ledger{today: 19000}
	for range 3 {
		g.accounts = append(g.accounts, &account{lots: map[statement.Place][]lots.Lot{}})
	}
	steps := rapid.SampledFrom([]int{0, 10, 40})
	if n := steps.Draw(t, "before"); n > 0 {
		g.play(t, n)
		g.today++
		g.from = g.today
	}
	g.opening, g.before = statement.Opening{Outstanding: g.outstanding(), Debt: g.owed()}, g.totals
	g.play(t, steps.Draw(t, "during"))
	for _, a := range g.accounts {
		a.idle = rapid.SampledFrom([]quantity.Day{0, g.today, g.today + 40}).Draw(t, "idle")
	}
	return g
}

func (g *ledger) play(t *rapid.T, steps int) {
	deeds := []func(*rapid.T, *account){
		g.accrue, g.accrue, g.suspend, g.deposit, g.deposit, g.fold, g.redeem, g.swap, g.restore, g.recover, g.adjust, g.transfer, g.pin, g.pin, g.capture, g.deliver, g.release, g.expire, g.forfeit,
	}
	for range steps {
		g.today += quantity.Day(rapid.IntRange(0, 9).Draw(t, "days"))
		deed := rapid.IntRange(0, len(deeds)-1).Draw(t, "deed")
		deeds[deed](t, g.accounts[rapid.IntRange(0, len(g.accounts)-1).Draw(t, "account")])
	}
}

func (g *ledger) draw(t *rapid.T) lots.Lot {
	l := lots.Lot{Points: quantity.Points(rapid.IntRange(1, 500).Draw(t, "points"))}
	l.Terms = rapid.IntRange(1, 3).Draw(t, "terms")
	l.Funding = rapid.SampledFrom([]string{"", spring}).Draw(t, "funding")
	if rapid.Bool().Draw(t, "waits") {
		l.From = g.today + quantity.Day(rapid.IntRange(1, 30).Draw(t, "from"))
	}
	if l.Terms < 3 {
		l.Expiry = g.today + quantity.Day(rapid.IntRange(31, 120).Draw(t, "expiry"))
	}
	return l
}

// note writes down moves of lots; sign is 1 when they come in and -1 when they leave.
func (g *ledger) note(cause lots.Cause, sign quantity.Points, list ...lots.Lot) quantity.Points {
	var sum quantity.Points
	for _, l := range list {
		sum += l.Points
		l.Points *= sign
		g.moves = append(g.moves, statement.Move{Day: g.today, Move: lots.Move{Lot: l, Cause: cause}})
	}
	return sum
}

// credit pays debt first, and puts the rest into a place.
func (g *ledger) credit(a *account, place statement.Place, cause lots.Cause, l lots.Lot) {
	paid := min(a.debt, l.Points)
	if paid > 0 {
		a.debt -= paid
		l.Points -= paid
		g.totals.DebtRepaid += paid
		g.debts = append(g.debts, statement.Debt{Day: g.today, Cause: cause, Points: -paid})
	}
	if l.Points > 0 {
		g.note(cause, 1, l)
		a.put(place, l)
	}
}

func (a *account) put(place statement.Place, list ...lots.Lot) {
	for _, l := range list {
		grown, err := lots.Add(a.lots[place], l)
		if err != nil {
			panic(err)
		}
		a.lots[place] = grown
	}
}

// take takes up to the drawn points out of a place.
func (g *ledger) take(t *rapid.T, a *account, place statement.Place) (taken []lots.Lot, short quantity.Points) {
	taken, a.lots[place], short = lots.Take(a.lots[place], quantity.Points(rapid.IntRange(1, 700).Draw(t, "want")), nil, nil)
	return taken, short
}

func (g *ledger) owe(a *account, cause lots.Cause, points quantity.Points) {
	if points > 0 {
		a.debt += points
		g.totals.DebtIncurred += points
		g.debts = append(g.debts, statement.Debt{Day: g.today, Cause: cause, Points: points})
	}
}

func (g *ledger) accrue(t *rapid.T, a *account) {
	l := g.draw(t)
	g.totals.Issued += l.Points
	g.credit(a, statement.Account, lots.Accrued, l)
}

func (g *ledger) suspend(t *rapid.T, a *account) {
	l := g.draw(t)
	g.totals.Issued += l.Points
	g.credit(a, statement.Suspense, lots.Accrued, l)
}

func (g *ledger) deposit(t *rapid.T, a *account) {
	l := g.draw(t)
	g.totals.Deposited += g.note(lots.Deposited, 1, l)
	a.put(statement.Inbox, l)
}

// fold moves what waits, of which a debt is paid.
func (g *ledger) fold(_ *rapid.T, a *account) {
	waiting := a.lots[statement.Inbox]
	a.lots[statement.Inbox] = nil
	g.totals.Folded += g.note(lots.Folded, 1, waiting...)
	paid, rest, left := lots.Take(waiting, a.debt, nil, nil)
	repaid := g.note(lots.Repaid, -1, paid...)
	a.debt, g.totals.DebtRepaid = left, g.totals.DebtRepaid+repaid
	if repaid > 0 {
		g.debts = append(g.debts, statement.Debt{Day: g.today, Cause: lots.Repaid, Points: -repaid})
	}
	a.put(statement.Account, rest...)
}

func (g *ledger) swap(t *rapid.T, a *account) {
	taken, _ := g.take(t, a, statement.Account)
	g.totals.SwappedOut += g.note(lots.Swapped, -1, taken...)
}

func (g *ledger) redeem(t *rapid.T, a *account) {
	taken, _ := g.take(t, a, statement.Account)
	g.totals.Redeemed += g.note(lots.Redeemed, -1, taken...)
}

func (g *ledger) restore(t *rapid.T, a *account) {
	l := g.draw(t)
	g.totals.Restored += l.Points
	g.credit(a, statement.Account, lots.Restored, l)
}

func (g *ledger) recover(t *rapid.T, a *account) {
	taken, short := g.take(t, a, statement.Account)
	g.totals.Recovered += g.note(lots.Recovered, -1, taken...)
	g.owe(a, lots.Recovered, short)
}

func (g *ledger) adjust(t *rapid.T, a *account) {
	if rapid.Bool().Draw(t, "up") {
		l := g.draw(t)
		g.totals.AdjustedUp += l.Points
		g.credit(a, statement.Account, lots.Adjusted, l)
		return
	}
	taken, short := g.take(t, a, statement.Account)
	g.totals.AdjustedDown += g.note(lots.Adjusted, -1, taken...)
	g.owe(a, lots.Adjusted, short)
}

func (g *ledger) transfer(t *rapid.T, a *account) {
	taken, _ := g.take(t, a, statement.Account)
	g.send(t, lots.Sent, taken)
}

func (g *ledger) send(t *rapid.T, cause lots.Cause, taken []lots.Lot) {
	g.totals.Transferred += g.note(cause, -1, taken...)
	to := g.accounts[rapid.IntRange(0, len(g.accounts)-1).Draw(t, "to")]
	for _, l := range taken {
		g.credit(to, statement.Account, lots.Received, l)
	}
}

func (g *ledger) pin(t *rapid.T, a *account) {
	taken, _ := g.take(t, a, statement.Account)
	g.note(lots.Pinned, -1, taken...)
	a.put(statement.Hold, taken...)
}

func (g *ledger) capture(t *rapid.T, a *account) {
	taken, _ := g.take(t, a, statement.Hold)
	g.totals.Redeemed += g.note(lots.Captured, -1, taken...)
}

func (g *ledger) deliver(t *rapid.T, a *account) {
	taken, _ := g.take(t, a, statement.Hold)
	g.send(t, lots.Delivered, taken)
}

func (g *ledger) release(t *rapid.T, a *account) {
	taken, _ := g.take(t, a, statement.Hold)
	g.note(lots.Released, 1, taken...)
	a.put(statement.Account, taken...)
}

func (g *ledger) expire(_ *rapid.T, a *account) {
	due := func(l lots.Lot) bool { return l.Expiry != 0 && l.Expiry <= g.today }
	for _, place := range []statement.Place{statement.Account, statement.Suspense} {
		gone, kept := lots.Split(a.lots[place], due)
		a.lots[place] = kept
		g.totals.Expired += g.note(lots.Expired, -1, gone...)
	}
}

func (g *ledger) forfeit(t *rapid.T, a *account) {
	if rapid.IntRange(0, 3).Draw(t, "rarely") == 0 {
		g.totals.Forfeited += g.note(lots.Forfeited, -1, a.lots[statement.Account]...)
		a.lots[statement.Account] = nil
	}
}

func (g *ledger) outstanding() (sum quantity.Points) {
	for _, h := range g.holdings() {
		sum += h.Points
	}
	return sum
}

func (g *ledger) owed() (sum quantity.Points) {
	for _, a := range g.accounts {
		sum += a.debt
	}
	return sum
}

func (g *ledger) holdings() (list []statement.Holding) {
	for _, a := range g.accounts {
		for _, place := range places {
			for _, l := range a.lots[place] {
				h := statement.Holding{Lot: l, Place: place, Gone: l.Expiry}
				if l.Expiry == 0 {
					h.Gone = a.idle
				}
				list = append(list, h)
			}
		}
	}
	return list
}

func (g *ledger) book() *statement.Book {
	totals := g.totals
	return &statement.Book{
		Programme: "grocer", Currency: "CNY", From: g.from, Day: g.today,
		Holdings: g.holdings(), Moves: slices.Clone(g.moves), Debts: slices.Clone(g.debts), Totals: &totals,
	}
}
