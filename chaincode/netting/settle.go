package netting

import (
	"cmp"
	"slices"
	"sort"

	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Settle settles as much as the covers allow and carries the rest; no member ends below minus its cover. It begins with what Queue settles and goes on where Queue
// stops: there an obligation that its payer can't pay holds up everything behind it; here what is behind it may settle without it.
//
// The algorithm, over bilateral nets:
//
//  1. First in, first out, in the order of Compare (see Queue), so that the oldest obligations have the first claim on the cover.
//  2. All that is left comes in at once. While a member would end below minus its cover, the one that would end furthest below (of equals the first by name) takes one
//     obligation out: the smallest that makes up for what it lacks, or its largest if none does; of equals the last. What stays in settles. It finds obligations that pay
//     for each other, wherever they stand in their queues.
//  3. As step 1, but with every member's obligations from the smallest to the largest, which finds whatever else fits.
//
// At the end no single carried obligation could be added without its payer falling below minus its cover: not even the smallest of a payer fits, or step 3 had settled it.
// It is not always the largest value that could be settled: finding that is NP-hard (Güntzer, Jungnickel and Leclerc). Nor is an old obligation certain to settle before a
// newer one that can be paid while it can't: it is certain to be looked at first, in every window anew.
//
// Sources: the Deutsche Bundesbank's EAF 2 ("Elektronische Abrechnung Frankfurt", 1996), which offset payments bilaterally during the day and cleared the rest
// multilaterally, leaving out single payments until all debit positions were covered; M. M. Güntzer, D. Jungnickel, M. Leclerc, "Efficient algorithms for the clearing of
// interbank payments", European Journal of Operational Research 106 (1998) 212-219, on the problem and on greedy answers to it; Bech and Soramäki (see Queue).
//
// TOO_LARGE over MaxObligations or MaxMembers, INVALID_VALUE when a member has no name, owes itself, has no cover or two, or a pair has two obligations in one window,
// OUT_OF_RANGE when an amount isn't positive, a cover is negative or over MaxMinor, or all obligations together are over MaxMinor.
func Settle(obligations []Obligation, covers []Cover) (Result, error) {
	b, err := newBook(obligations, covers)
	if err != nil {
		return Result{}, err
	}
	b.settleFirst(b.open())
	b.settleFitting(b.smallestFirst())
	b.settleFirst(b.smallestFirst())
	return b.result(), nil
}

// smallestFirst returns what isn't settled by amount, equals in the order of Compare.
func (b *book) smallestFirst() []int {
	list := b.open()
	slices.SortStableFunc(list, func(i, j int) int { return cmp.Compare(b.obligations[i].Amount, b.obligations[j].Amount) })
	return list
}

// settleFitting is step 2 of Settle for obligations that are open and given as by smallestFirst.
func (b *book) settleFitting(given []int) {
	queues := b.settleAll(given)
	for {
		m := b.furthestBelow()
		if m < 0 {
			return
		}
		i := b.fitting(queues[m], -b.room[m])
		b.unsettle(queues[m][i])
		queues[m] = slices.Delete(queues[m], i, i+1)
	}
}

// furthestBelow returns the member that is furthest below minus its cover, of equals the first, or -1 when none is.
func (b *book) furthestBelow() int {
	furthest, least := -1, quantity.Minor(0)
	for m, room := range b.room {
		if room < least {
			furthest, least = m, room
		}
	}
	return furthest
}

// fitting returns the place of the smallest obligation of at least the amount that is lacking, or else of the largest; of equals the last. The queue is as by
// smallestFirst and not empty.
func (b *book) fitting(queue []int, lacking quantity.Minor) int {
	place := min(b.firstOf(queue, lacking), len(queue)-1)
	return b.firstOf(queue, b.obligations[queue[place]].Amount+1) - 1
}

// firstOf returns the place of the first obligation of at least the amount, or the length of the queue.
func (b *book) firstOf(queue []int, amount quantity.Minor) int {
	return sort.Search(len(queue), func(i int) bool { return b.obligations[queue[i]].Amount >= amount })
}
