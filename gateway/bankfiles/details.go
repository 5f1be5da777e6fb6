package bankfiles

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

var bookingForm = regexp.MustCompile(`^[A-Z]{4}$`)

// read adds an account's entries to the report; page is the file's, position that of the last entry before them.
func (r *Report) read(x *xmlAccountReport, page string, position *int) error {
	base := Entry{Message: r.Message, File: r.ID, Page: strings.TrimSpace(page + x.StatementPage + x.NotificationPage)}
	var err error
	if base.Report, err = readID("Id", x.ID); err != nil {
		return err
	}
	if base.Account, err = readID("the account's Id", x.IBAN+x.Other); err != nil {
		return err
	}
	if base.Account == "" {
		return fault.New(fault.Malformed, "a statement or notification names no account")
	}
	for i := range x.Entries {
		*position++
		e := base
		e.Position = *position
		if err := x.Entries[i].head(&e, strings.TrimSpace(x.Currency)); err != nil {
			return err
		}
		split, err := x.Entries[i].split(&e)
		if err != nil {
			return err
		}
		r.Entries = append(r.Entries, split...)
	}
	return nil
}

// head reads what an entry says of itself.
func (x *xmlEntry) head(e *Entry, currency string) error {
	if x.Amount == nil {
		return e.wrong(fault.Malformed, "it has no Amt")
	}
	if currency != "" && x.Amount.Currency != currency {
		return e.wrong(fault.InvalidValue, "its amount isn't in the account's currency %s", currency)
	}
	var err error
	if e.Amount, err = ParseAmount(x.Amount.Value, x.Amount.Currency); err != nil {
		return e.wrong(fault.CodeOf(err), "%v", err)
	}
	e.Charges.Currency = e.Amount.Currency
	if e.Direction, err = readDirection(x.Direction); err != nil {
		return e.wrong(fault.CodeOf(err), "%v", err)
	}
	switch strings.TrimSpace(x.Reversal) {
	case "true", "1":
		e.Reversal = true
	case "", "false", "0":
	default:
		return e.wrong(fault.Malformed, "its RvslInd is neither true nor false")
	}
	if e.Booking, err = x.Status.read(e.Message); err != nil {
		return e.wrong(fault.CodeOf(err), "%v", err)
	}
	if e.Booked, err = x.Booked.day(); err != nil {
		return e.wrong(fault.CodeOf(err), "%v", err)
	}
	if e.Value, err = x.Value.day(); err != nil {
		return e.wrong(fault.CodeOf(err), "%v", err)
	}
	e.EntryReference, err = readID("AcctSvcrRef", x.Reference)
	return err
}

// wrong is an error that says which entry it is about.
func (e *Entry) wrong(code fault.Code, format string, args ...any) error {
	inner := fault.New(code, format, args...)
	return fault.New(code, "entry %d of the file: %s", e.Position, strings.TrimPrefix(inner.Detail, string(code)+": "))
}

// read takes the form that the version has: a word up to .02, a choice of elements in .08.
func (x *xmlBooking) read(message string) (Booking, error) {
	text, code := strings.TrimSpace(x.Text), strings.TrimSpace(x.Code)
	word := text
	if strings.HasSuffix(message, ".08") {
		if code == "" && strings.TrimSpace(x.Proprietary) != "" {
			return "", nil
		}
		word = code
	}
	if !bookingForm.MatchString(word) {
		return "", fault.New(fault.Malformed, "its Sts isn't what %s has", message)
	}
	return Booking(word), nil
}

func readDirection(s string) (Direction, error) {
	d := Direction(strings.TrimSpace(s))
	if d != Credit && d != Debit {
		return "", fault.New(fault.Malformed, "its CdtDbtInd is neither CRDT nor DBIT")
	}
	return d, nil
}

// split makes of an entry its transactions.
func (x *xmlEntry) split(whole *Entry) ([]Entry, error) {
	var all []Entry
	var amounts []quantity.Money
	promised, batched := 0, false
	for _, d := range x.Details {
		if d.Batch != nil && strings.TrimSpace(d.Batch.Count) != "" {
			count, err := strconv.Atoi(strings.TrimSpace(d.Batch.Count))
			if err != nil || count < 0 {
				return nil, whole.wrong(fault.Malformed, "its NbOfTxs is no number")
			}
			promised, batched = promised+count, true
		} else {
			promised += len(d.Transactions)
		}
		for i := range d.Transactions {
			e, amount, err := d.Transactions[i].read(whole)
			if err != nil {
				return nil, err
			}
			e.Detail = len(all) + 1
			all, amounts = append(all, *e), append(amounts, amount)
		}
	}
	switch {
	case len(all) == 0 && batched:
		return []Entry{whole.unsplit(ReasonNoDetails, nil)}, nil
	case len(all) == 0:
		return []Entry{*whole}, nil
	case promised != len(all):
		return []Entry{whole.unsplit(ReasonUnsplit, all)}, nil
	case len(all) == 1 && all[0].Direction == whole.Direction:
		all[0].alone(amounts[0])
		return all, nil
	case !addUp(whole, all, amounts):
		return []Entry{whole.unsplit(ReasonUnsplit, all)}, nil
	}
	for i := range all {
		all[i].Amount = amounts[i]
	}
	return all, nil
}

// unsplit is the entry as a whole, with the end-to-end ids of its transactions.
func (e *Entry) unsplit(why Reason, transactions []Entry) Entry {
	whole := *e
	whole.Trouble = why
	for _, t := range transactions {
		if t.EndToEndID != "" {
			whole.Names = append(whole.Names, t.EndToEndID)
		}
	}
	return whole
}

// alone sets the amount of an entry's only transaction, which has the entry's so far; amount is the transaction's own, without currency when it has none in the entry's.
func (e *Entry) alone(amount quantity.Money) {
	if e.Direction == Debit && amount.Currency != "" && amount.Minor < e.Amount.Minor {
		e.Charges.Minor = e.Amount.Minor - amount.Minor
		e.Amount = amount
	}
}

// addUp says whether every transaction has an amount and all together make the entry's.
func addUp(whole *Entry, all []Entry, amounts []quantity.Money) bool {
	with, against := quantity.Money{Currency: whole.Amount.Currency}, quantity.Money{Currency: whole.Amount.Currency}
	for i := range all {
		side := &with
		if all[i].Direction != whole.Direction {
			side = &against
		}
		sum, err := add(*side, amounts[i])
		if err != nil || amounts[i].Currency == "" {
			return false
		}
		*side = sum
	}
	return with.Minor-against.Minor == whole.Amount.Minor
}

// read makes an entry of a transaction, with the whole entry's amount, and returns its own amount beside: without currency when it has none in the entry's.
func (x *xmlTransaction) read(whole *Entry) (*Entry, quantity.Money, error) {
	e, amount := *whole, quantity.Money{}
	e.UETR = strings.ToLower(strings.TrimSpace(x.UETR))
	var err error
	if e.BankReference, err = readID("AcctSvcrRef", x.Reference); err != nil {
		return nil, amount, err
	}
	if e.EndToEndID, err = readID("EndToEndId", x.EndToEndID); err != nil {
		return nil, amount, err
	}
	if x.Direction != "" {
		if e.Direction, err = readDirection(x.Direction); err != nil {
			return nil, amount, whole.wrong(fault.CodeOf(err), "%v", err)
		}
	}
	if x.Return != nil {
		if e.Return, err = readID("RtrInf", cmp.Or(strings.TrimSpace(x.Return.Code), strings.TrimSpace(x.Return.Proprietary))); err != nil {
			return nil, amount, err
		}
		e.Return = cmp.Or(e.Return, notProvided)
	}
	for _, own := range []*xmlAmount{x.Amount, x.Transferred} {
		if own == nil || own.Currency != whole.Amount.Currency {
			continue
		}
		if amount, err = ParseAmount(own.Value, own.Currency); err != nil {
			return nil, amount, whole.wrong(fault.CodeOf(err), "%v", err)
		}
		break
	}
	return &e, amount, nil
}
