package netting

// Settle settles as much as the covers allow and carries the rest; no member ends below minus its cover. It begins with what Queue settles and goes on where Queue
// stops: an obligation that its payer's cover can't carry steps aside for those behind it, while it can wait for nothing but a later window.
//
// The algorithm, over bilateral nets:
//
//  1. Whatever isn't settled is taken in the order of Compare: by window, amount, payer, payee.
//  2. As much of it settles as can, first in, first out, all members at once (see Queue).
//  3. Of what did not, the first of every payer steps aside, and step 2 is done with the others, until none are left.
//  4. If steps 2 and 3 settled anything, then all that stepped aside is looked at again from step 1. If not, it is carried.
//
// So the oldest obligations have the first claim on the cover; obligations that pay for each other settle together even where none could alone; and at the end no single
// carried obligation could be added without its payer falling below minus its cover. It is not always the largest value that could be settled: finding that is NP-hard
// (Güntzer, Jungnickel and Leclerc), and it would let an old obligation wait for ever behind larger ones.
//
// Sources: the Deutsche Bundesbank's EAF 2 ("Elektronische Abrechnung Frankfurt", 1996), which offset payments bilaterally all day and took single payments out of the
// multilateral clearing until all debit positions were covered; U. Güntzer, D. Jungnickel, M. Leclerc, "Efficient algorithms for the clearing of interbank payments",
// European Journal of Operational Research 106 (1998) 212-219, for the problem and greedy answers to it; Bech and Soramäki (see Queue) for step 2.
//
// TOO_LARGE over MaxObligations or MaxMembers, INVALID_VALUE when a member has no name, owes itself, has no cover or two, or a pair has two obligations in one window,
// OUT_OF_RANGE when an amount isn't positive, a cover is negative or over MaxMinor, or all obligations together are over MaxMinor.
func Settle(obligations []Obligation, covers []Cover) (Result, error) {
	b, err := newBook(obligations, covers)
	if err != nil {
		return Result{}, err
	}
	for open := b.open(); ; {
		before := len(open)
		for waiting := open; len(waiting) > 0; {
			waiting = b.stepAside(b.settleFirst(waiting))
		}
		if open = b.open(); len(open) == before {
			return b.result(), nil
		}
	}
}

// stepAside leaves out the first of every payer; the list is in order and so is what is left.
func (b *book) stepAside(list []int) []int {
	seen := make([]bool, len(b.room))
	var rest []int
	for _, i := range list {
		if seen[b.payers[i]] {
			rest = append(rest, i)
		}
		seen[b.payers[i]] = true
	}
	return rest
}
