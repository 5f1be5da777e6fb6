package points

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// belongs refuses an operation with a partner in a batch that isn't about this partner, and one without in a batch that is: OFFER_UNKNOWN.
// MEMBER_STATUS for a kind that one of the two members isn't admitted to, SUBMITTER_REFUSED
// for what the other one alone submits.
func (t *trial) belongs() fault.Code {
	b := t.book
	with := t.op.Partner != "" && !t.op.Kind.ChoosesPartners()
	if with && (b.Partner == nil || b.Partner.Brand != t.op.Partner) {
		return fault.OfferUnknown
	}
	if slices.Contains(b.Closed, t.op.Kind) {
		return fault.MemberStatus
	}
	if b.FromIssuer && t.costsPartner() || b.FromPartner && t.costsIssuer() {
		return fault.SubmitterRefused
	}
	if with != (b.Window > 0) && !t.preview || t.op.Kind == KindDeposit && t.incoming == nil {
		return fault.OfferUnknown
	}
	return fault.OK
}

// costsPartner says whether the operation takes something from the partner that no customer has signed for: an award, which it pays for, and the return of a redemption at its
// till, which takes back what it is owed. The partner alone submits these: its peer endorses by itself what is let pass here.
func (t *trial) costsPartner() bool {
	undone := t.op.Kind == KindReturn && t.op.Original != nil && t.op.Original.Receipt.Kind.Redeems()
	return t.op.Kind == KindAward || undone
}

// costsIssuer says whether the operation takes from the issuer what no customer has signed for: the return of what a partner awarded, which is refunded, or of what a swap
// brought, which takes back what the issuer is owed. The issuer alone submits these.
func (t *trial) costsIssuer() bool {
	return t.op.Kind == KindReturn && t.op.Original != nil && t.op.Original.Receipt.Kind.Blind()
}

// agree finds the offer that the operation uses, unless the account's customer wants nothing to do with the partner. An operation that continues or undoes an earlier one is
// bound by that one's.
func (t *trial) agree() fault.Code {
	if t.op.Partner == "" || !t.op.Kind.offered() {
		return fault.OK
	}
	if t.book.OptOuts[t.op.Account].Covers(t.op.Partner) {
		return fault.OptedOut
	}
	offer, code := clearing.OfferAt(t.book.Partner.Offers, t.op.Agreement, t.book.Now)
	if code != fault.OK {
		return code
	}
	t.offer, t.receipt.Agreement = offer, offer.Version
	return fault.OK
}

// atPartner holds a redemption at a partner against its offer: what it asks for at least, and lets an account do on a day. What is held counts on the day of the hold,
// whatever is captured. LIMIT beyond it.
func (t *trial) atPartner() fault.Code {
	if t.offer == nil {
		return fault.OK
	}
	if t.offer.Acceptance.Num == 0 {
		return fault.OfferUnknown
	}
	if t.op.Points < t.offer.RedeemMin {
		return fault.Limit
	}
	use := t.use()
	if code := t.count(&use.Redeemed, t.offer.RedeemPerDay); code != fault.OK {
		return code
	}
	t.account.setUse(use)
	return fault.OK
}

// use is what the account did at the partner today.
func (t *trial) use() PartnerUse {
	today := t.book.Programme.BusinessDate
	for _, u := range t.account.Uses {
		if u.Partner == t.op.Partner && u.Day == today {
			return u
		}
	}
	return PartnerUse{Partner: t.op.Partner, Day: today}
}

func (t *trial) count(count *quantity.Points, limit quantity.Points) fault.Code {
	sum, err := count.Add(t.op.Points)
	if err != nil || limit > 0 && sum > limit {
		return fault.Limit
	}
	*count = sum
	return fault.OK
}

// setUse keeps what was done at a partner; what was done on other days is forgotten.
func (a *Account) setUse(use PartnerUse) {
	a.Uses = slices.DeleteFunc(a.Uses, func(u PartnerUse) bool { return u.Partner == use.Partner || u.Day != use.Day })
	a.Uses = append(a.Uses, use)
	slices.SortFunc(a.Uses, func(a, b PartnerUse) int {
		if a.Partner < b.Partner {
			return -1
		}
		return 1
	})
}

// pricedAtPartner holds the points of a redemption against the offer: without a discount in its details they are worth what they are worth; a discount is what they are
// worth, or the points are the fewest that it takes. The programme's items aren't sold there.
func (t *trial) pricedAtPartner() fault.Code {
	worth, err := t.offer.Discount(t.op.Points)
	if err != nil || worth == 0 {
		return fault.PriceMismatch
	}
	if t.facts.Assessment.Trusted {
		return fault.OK
	}
	benefit := t.facts.Assessment.Benefit
	switch {
	case benefit.Item != "":
		return fault.PriceUnknown
	case benefit.DiscountMinor == 0 || benefit.DiscountMinor == worth:
		return fault.OK
	}
	if fewest, err := t.offer.PointsFor(benefit.DiscountMinor); err != nil || fewest != t.op.Points {
		return fault.PriceMismatch
	}
	return fault.OK
}

// heldAtPartner says whether the hold was made for where it is captured or voided; it is done at the version that it was made at.
func (t *trial) heldAtPartner(h *Hold) fault.Code {
	if h.Partner != t.op.Partner {
		return fault.HoldPurpose
	}
	if h.Partner == "" {
		return fault.OK
	}
	t.receipt.Agreement = h.Agreement
	if t.offer = clearing.FindOffer(t.book.Partner.Offers, h.Agreement); t.offer == nil {
		return fault.OfferLapsed
	}
	return fault.OK
}

// reserve keeps room at the desk for a hold at a partner.
func (t *trial) reserve(h *Hold) fault.Code {
	if h.Partner == "" || t.desk == nil {
		return fault.OK
	}
	return limited(t.desk.Reserve(string(t.op.ID), h.Agreement, t.op.Points, h.Until))
}

// convert makes an obligation of what the desk kept for a part of a hold.
func (t *trial) convert(h *Hold) fault.Code {
	if h.Partner == "" {
		return fault.OK
	}
	return t.obliged(func() (clearing.Obligation, fault.Code) { return t.desk.Convert(string(h.ID), t.op.Points) })
}

// unreserve gives back what the desk still keeps for a hold.
func (t *trial) unreserve(h *Hold) fault.Code {
	if h.Partner == "" || t.desk == nil {
		return fault.OK
	}
	return limited(t.desk.Release(string(h.ID)))
}

// oblige books a service of the operation's points at the version of the offer that it uses.
func (t *trial) oblige(service clearing.Service) fault.Code {
	if t.op.Partner == "" {
		return fault.OK
	}
	return t.obliged(func() (clearing.Obligation, fault.Code) {
		return t.desk.Oblige(service, t.receipt.Agreement, t.op.Points)
	})
}

// undone books the return of a service's points from before to after.
func (t *trial) undone(s clearing.Done, before, after quantity.Points) fault.Code {
	return t.obliged(func() (clearing.Obligation, fault.Code) { return t.desk.TakeBack(s, before, after) })
}

func (t *trial) obliged(book func() (clearing.Obligation, fault.Code)) fault.Code {
	t.obliges = true
	if t.desk == nil {
		return fault.OK
	}
	o, code := book()
	t.obligation = &o
	return limited(code)
}

// limited is how the desk's refusals look in public: nobody learns which limit was reached, nor what the desk knew.
func limited(code fault.Code) fault.Code {
	if code != fault.OK {
		return fault.Limit
	}
	return fault.OK
}

// seal gives the receipt the hash of what the operation makes the brands owe each other. Who doesn't know that takes it from the receipt as committed.
func (t *trial) seal() fault.Code {
	if !t.obliges {
		return fault.OK
	}
	t.receipt.Obligation = t.facts.Obligation
	if t.obligation == nil || t.facts.Seal == nil {
		return fault.OK
	}
	var err error
	if t.receipt.Obligation, err = t.facts.Seal(t.obligation); err != nil {
		return fault.Internal
	}
	return fault.OK
}

// letLapse gives back what the desk keeps for a partner's hold that turns out to be gone, since its time is over.
func (t *trial) letLapse(code fault.Code) {
	ends := t.op.Kind == KindVoid || t.op.Kind == KindCapture
	if !ends || code != fault.HoldUnknown && code != fault.HoldLapsed || t.book.Desk == nil {
		return
	}
	desk := t.book.Desk.Clone()
	if desk.Lapse(string(t.op.Hold), t.book.Now) == fault.OK {
		t.book.Desk = desk
	}
}

// commitCrossing keeps what the operation changes besides accounts of this programme.
func (t *trial) commitCrossing() {
	b := t.book
	if t.op.Partner != "" && !t.op.Kind.ChoosesPartners() {
		t.receipt.Window = b.Window
	}
	if t.desk != nil {
		b.Desk = t.desk
	}
	var obligation clearing.Obligation
	if t.obligation != nil {
		obligation = *t.obligation
	}
	b.Obligations = append(b.Obligations, obligation)
	if t.optOut != nil {
		if b.OptOuts == nil {
			b.OptOuts = map[AccountID]*clearing.OptOut{}
		}
		b.OptOuts[t.op.Account] = t.optOut
	}
	if t.drop != nil {
		b.Dropped = append(b.Dropped, *t.drop)
	}
	if t.deposit != nil {
		b.Deposits = append(b.Deposits, *t.deposit)
	}
	for _, place := range t.folded {
		delete(b.Inbox, place)
		b.Folded = append(b.Folded, place)
	}
}
