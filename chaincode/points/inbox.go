package points

import (
	"strconv"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
)

// swapFunding is the prefix of the funding reference of points that a swap brought; partner and agreement follow.
const swapFunding = "swap/"

// AwardFunding is the funding reference of points that a partner awards: who pays for them, and under which version of the agreement.
func AwardFunding(partner string, agreement int) string {
	return partner + "/" + strconv.Itoa(agreement)
}

// SwapFunding is the funding reference of points that a swap at the partner brought, or the return of one gave back.
func SwapFunding(partner string, agreement int) string {
	return swapFunding + AwardFunding(partner, agreement)
}

func (p InboxPlace) valid() bool { return ValidMSP(p.MSP) && p.Lane >= 0 && p.Seq >= 1 && p.N >= 0 }

// awardByPartner credits the account's inbox with points that the partner pays for, under the terms in force. LIMIT beyond what one award may give.
func (t *trial) awardByPartner() fault.Code {
	switch {
	case t.offer.AwardMax == 0:
		return fault.OfferUnknown
	case t.op.Points > t.offer.AwardMax:
		return fault.Limit
	}
	if code := t.dropIn(AwardFunding(t.op.Partner, t.receipt.Agreement)); code != fault.OK {
		return code
	}
	return t.oblige(clearing.ServiceAward)
}

// Deposit credits an account's inbox with what an operation of the partner's programme made for it. Only clearing calls it, with what the partner's programme answered:
// ACCOUNT_UNKNOWN is the one refusal that isn't a fault of the caller's, and the caller has looked before.
func (b *Book) Deposit(d *Deposit) Receipt {
	o := &Operation{ID: d.Operation, Kind: KindDeposit, Account: d.Account, To: d.Source, Points: d.Points, Agreement: d.Agreement}
	if b.Partner != nil {
		o.Partner = b.Partner.Brand
	}
	t := b.try(o, Facts{})
	t.incoming = d
	return b.apply(t)
}

// take is a deposit's verb.
func (t *trial) take() fault.Code {
	d := t.incoming
	t.receipt.Agreement, t.receipt.PartnerPoints, t.receipt.Original = d.Agreement, d.SourcePoints, d.Restores
	return t.dropIn(SwapFunding(t.op.Partner, d.Agreement))
}

// dropIn makes an inbox entry of the operation's points: what they are and when they age is decided now, not when they are folded.
func (t *trial) dropIn(funding string) fault.Code {
	key := t.newKey()
	key.Funding = funding
	lot := lots.Lot{Key: key, Points: t.op.Points}
	b := t.book
	t.drop = &Drop{
		Place: InboxPlace{MSP: b.MSP, Lane: b.Lane, Seq: b.Seq, N: len(b.Obligations)},
		Entry: InboxEntry{V: 1, Account: t.op.Account, Operation: t.op.ID, Partner: t.op.Partner, Lots: []lots.Lot{lot}},
	}
	t.receipt.Moves = []lots.Move{{Lot: lot, Cause: lots.Deposited}}
	return t.tally(&t.totals.Deposited, t.op.Points)
}

// fold moves credits that wait into the account: what has expired meanwhile expires, of the rest a debt is paid first.
func (t *trial) fold() fault.Code {
	var list []lots.Lot
	for _, place := range t.op.Entries {
		entry := t.book.Inbox[place]
		if entry == nil || entry.Account != t.op.Account {
			return fault.InboxUnknown
		}
		list = append(list, entry.Lots...)
	}
	t.folded = t.op.Entries
	sum, err := lots.Sum(list)
	if err != nil {
		return fault.Limit
	}
	t.receipt.Points = sum
	if code := t.from.unfold(list); code != fault.OK {
		return code
	}
	return t.tally(&t.totals.Folded, sum)
}

// unfold adds lots that were the programme's already, though not in the account.
func (s *side) unfold(list []lots.Lot) fault.Code {
	a := s.account
	a.Active = s.trial.activity()
	sum, err := lots.Sum(list)
	if err != nil {
		return fault.Limit
	}
	if a.Posted, err = a.Posted.Add(sum); err != nil {
		return fault.Limit
	}
	s.record(list, lots.Folded, 1)
	return s.settle(list)
}
