package bankfiles

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/quantity"
)

// place is where an entry stood.
type place struct {
	message, account, file, page, report string
	position, detail                     int
}

func (e *Entry) place() place {
	return place{e.Message, e.Account, e.File, e.Page, e.Report, e.Position, e.Detail}
}

// byPlace orders entries as they stood in their files.
func byPlace(a, b *Entry) int {
	return cmp.Or(
		cmp.Compare(a.Account, b.Account), cmp.Compare(a.Message, b.Message), cmp.Compare(a.File, b.File), cmp.Compare(a.Page, b.Page), cmp.Compare(a.Report, b.Report),
		cmp.Compare(a.Position, b.Position), cmp.Compare(a.Detail, b.Detail),
	)
}

// byContent orders entries that claim the same place, so that nothing depends on the order in which they came.
func byContent(a, b *Entry) int {
	return cmp.Or(
		cmp.Compare(a.Amount.Minor, b.Amount.Minor), cmp.Compare(a.Amount.Currency, b.Amount.Currency), cmp.Compare(a.Charges.Minor, b.Charges.Minor),
		cmp.Compare(a.Direction, b.Direction), cmp.Compare(rankReversal(a), rankReversal(b)), cmp.Compare(a.Return, b.Return), cmp.Compare(a.Booking, b.Booking),
		cmp.Compare(a.Booked, b.Booked), cmp.Compare(a.Value, b.Value), cmp.Compare(a.BankReference, b.BankReference), cmp.Compare(a.EntryReference, b.EntryReference),
		cmp.Compare(a.EndToEndID, b.EndToEndID), cmp.Compare(a.UETR, b.UETR), cmp.Compare(a.Trouble, b.Trouble), slices.Compare(a.Names, b.Names),
	)
}

func rankReversal(e *Entry) int {
	if e.Reversal {
		return 1
	}
	return 0
}

// byAuthority orders entries so that the one to keep of several comes first: booked before announced, with a bank reference before without, statements before notifications.
func byAuthority(a, b *Entry) int {
	rank := func(e *Entry) (n int) {
		if e.Booking != Booked {
			n += 4
		}
		if e.Reference() == "" {
			n += 2
		}
		if !strings.HasPrefix(e.Message, "camt.053") {
			n++
		}
		return n
	}
	return cmp.Compare(rank(a), rank(b))
}

// mark is what makes two entries the same booking. With a reference, ordinal counts the transactions of one entry that share everything else; without one it counts them in a file.
type mark struct {
	account   string
	reference string         // Empty in a mark that does without.
	amount    quantity.Money // Only in a mark without a reference.
	direction Direction
	back      bool
	payment   string // The leg's id, else the end-to-end id, else the UETR.
	ordinal   int
}

// marked is an entry and its marks: one for each of its references, and one without.
type marked struct {
	entry   Entry
	strong  []mark
	without mark
}

// sift separates entries that were reported before from the others, whatever the order in which they came: a file that was read twice, a booking in a notification and in a statement,
// an announcement that has been booked. leg gives the id of the leg that an entry names, empty when there is none.
func sift(entries []Entry, leg func(*Entry) string) (distinct []Entry, repeated []Finding) {
	ordered := slices.Clone(entries)
	slices.SortFunc(ordered, func(a, b Entry) int { return cmp.Or(byPlace(&a, &b), byContent(&a, &b)) })
	var all []marked
	for i := range ordered {
		if i > 0 && ordered[i].place() == ordered[i-1].place() {
			repeated = append(repeated, Finding{Entry: ordered[i], Reason: again(&ordered[i-1], &ordered[i])})
			continue
		}
		all = append(all, marked{entry: ordered[i]})
	}
	setMarks(all, leg)
	slices.SortStableFunc(all, func(a, b marked) int { return byAuthority(&a.entry, &b.entry) })
	kept := map[mark]*Entry{}
	for i := range all {
		if why := all[i].seen(kept); why != "" {
			repeated = append(repeated, Finding{Entry: all[i].entry, Reason: why})
			continue
		}
		distinct = append(distinct, all[i].entry)
		for _, k := range append(all[i].strong, all[i].without) {
			if kept[k] == nil {
				kept[k] = &all[i].entry
			}
		}
	}
	return distinct, repeated
}

// again says what a second entry of one place or reference is.
func again(first, second *Entry) Reason {
	switch {
	case first.Booking == Booked && second.Booking != Booked:
		return ReasonSuperseded
	case first.Amount != second.Amount:
		return ReasonConflict
	}
	return ReasonDuplicate
}

// setMarks gives every entry its marks; the entries are ordered by place.
func setMarks(all []marked, leg func(*Entry) string) {
	inEntry, inFile := map[mark]int{}, map[mark]int{}
	for i := range all {
		e := &all[i].entry
		if i > 0 {
			last, here := all[i-1].entry.place(), e.place()
			last.detail, here.detail = 0, 0
			if last != here {
				clear(inEntry)
			}
			last.report, here.report, last.position, here.position = "", "", 0, 0
			if last != here {
				clear(inFile)
			}
		}
		base := mark{account: e.Account, direction: e.Direction, back: e.back(), payment: cmp.Or(leg(e), e.EndToEndID, e.UETR)}
		for _, reference := range slices.Compact([]string{e.BankReference, e.EntryReference}) {
			if reference != "" {
				k := base
				k.reference = reference
				all[i].strong = append(all[i].strong, numbered(inEntry, k))
			}
		}
		base.amount = e.Amount
		all[i].without = numbered(inFile, base)
	}
}

// numbered gives the mark its number among its likes.
func numbered(likes map[mark]int, k mark) mark {
	likes[k]++
	k.ordinal = likes[k]
	return k
}

// seen says why the entry repeats one that is kept; empty when it doesn't.
func (m *marked) seen(kept map[mark]*Entry) Reason {
	for _, k := range m.strong {
		if first := kept[k]; first != nil {
			return again(first, &m.entry)
		}
	}
	first := kept[m.without]
	switch {
	case first == nil || len(m.strong) > 0:
		return ""
	case first.Booking == Booked && m.entry.Booking != Booked:
		return ReasonSuperseded
	}
	return ReasonPossibleDuplicate
}
