package netting

// Queue settles first in, first out: of each member's obligations a first part, in the order of Compare, and the rest is carried; nothing is settled before what the
// same member owes and comes first. Among all choices of such parts in which no member ends below minus its cover there is one that holds all the others, and that
// is the result: more can't be settled under this rule.
//
// The algorithm: everything is in at first. While a member would end below minus its cover, the last of its obligations that is still in comes out. In which turn the
// members are looked at makes no difference, since what comes out of one could never have stayed. It takes time in proportion to the obligations.
//
// Source: M. L. Bech and K. Soramäki, "Gridlock Resolution in Interbank Payment Systems", Bank of Finland Discussion Papers 9/2001, which shows that this is the
// largest solution when each bank's queue is kept in sequence. Project Ubin's phase 2 (Monetary Authority of Singapore and Association of Banks in Singapore, 2017) ran
// it on Quorum under the name of EAF2, and its published tests are ours.
//
// Errors as in Settle.
func Queue(obligations []Obligation, covers []Cover) (Result, error) {
	b, err := newBook(obligations, covers)
	if err != nil {
		return Result{}, err
	}
	b.settleFirst(b.open())
	return b.result(), nil
}

// open returns what isn't settled, in the order of Compare.
func (b *book) open() []int {
	list := make([]int, 0, len(b.obligations))
	for i, done := range b.settled {
		if !done {
			list = append(list, i)
		}
	}
	return list
}

// settleFirst settles as many of the given obligations, which must be open, as it can when nothing may settle before what the same payer owes and is given earlier.
func (b *book) settleFirst(given []int) {
	queues := b.settleAll(given)
	var short []int
	for m, room := range b.room {
		if room < 0 {
			short = append(short, m)
		}
	}
	for len(short) > 0 {
		m := short[len(short)-1]
		if b.room[m] >= 0 {
			short = short[:len(short)-1]
			continue
		}
		last := len(queues[m]) - 1 // There is one: a member that pays nothing isn't short.
		i := queues[m][last]
		queues[m] = queues[m][:last]
		b.unsettle(i)
		short = append(short, b.payees[i])
	}
}

// settleAll settles all given obligations, whatever the covers, and returns them by payer, in the order in which they were given.
func (b *book) settleAll(given []int) (queues [][]int) {
	queues = make([][]int, len(b.room))
	for _, i := range given {
		b.settle(i)
		queues[b.payers[i]] = append(queues[b.payers[i]], i)
	}
	return queues
}

func (b *book) settle(i int) {
	b.settled[i] = true
	b.pay(b.payers[i], b.payees[i], i)
}

func (b *book) unsettle(i int) {
	b.settled[i] = false
	b.pay(b.payees[i], b.payers[i], i)
}

func (b *book) pay(from, to, i int) {
	amount := b.obligations[i].Amount
	b.tally.move(from, to, amount)
	b.room[from] -= amount
	b.room[to] += amount
}
