package api

import (
	"fmt"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// checkRelations looks at what one field asks of another.
func (c *checker) checkRelations(r *OperationRequest, u *usage) {
	if isPurchase(r) {
		c.checkPurchase(r, u)
	} else {
		c.must(claim{!valueOr(r.LateClaim, false), fault.InvalidValue, "lateClaim", "only a purchase can be claimed late"})
		c.goTogether("amountMinor", r.AmountMinor != nil, "currency", r.Currency != nil)
	}
	c.checkPlace(r, u)
	c.checkBenefit(r)
	c.checkCrossing(r)
	c.checkConsent(r)
	c.checkSum(r)
	switch r.Kind {
	case KindHold:
		c.checkHold(r)
	case KindGift:
		c.must(claim{!signed(r) || r.ClaimCode != nil, fault.InvalidValue, "claimCode", "is required with a mandate, which was given for it"})
	case KindReturn:
		c.checkReturn(r, u)
	}
}

// isPurchase says whether an accrual is for a purchase.
func isPurchase(r *OperationRequest) bool {
	return r.Kind == KindEarn && valueOr(r.Event, string(rules.Purchase)) == string(rules.Purchase)
}

// goTogether wants both of two fields or neither.
func (c *checker) goTogether(a string, hasA bool, b string, hasB bool) {
	c.must(claim{hasA || !hasB, fault.InvalidValue, a, "is required with " + b})
	c.must(claim{hasB || !hasA, fault.InvalidValue, b, "is required with " + a})
}

func (c *checker) checkPurchase(r *OperationRequest, u *usage) {
	for _, f := range []struct {
		field string
		there bool
	}{
		{"amountMinor", r.AmountMinor != nil}, {"currency", r.Currency != nil}, {"store", r.Store != nil}, {"terminal", r.Terminal != nil}, {"receiptNumber", r.ReceiptNumber != nil},
	} {
		spared := u.sparesField(r.Kind, f.field) && !valueOr(r.LateClaim, false)
		c.must(claim{f.there || spared, fault.InvalidValue, f.field, "is required for a purchase"})
	}
}

// checkPlace wants store and terminal together, and both for what is bound to a till.
func (c *checker) checkPlace(r *OperationRequest, u *usage) {
	if forms[r.Kind].till != may || isPurchase(r) {
		return // They are required as it is.
	}
	c.goTogether("store", r.Store != nil, "terminal", r.Terminal != nil)
	for _, name := range []struct {
		field string
		given bool
	}{{"receiptNumber", r.ReceiptNumber != nil}, {"shop", r.Shop != nil}, {"placeSalt", r.PlaceSalt != nil && u.unsigned}} {
		c.must(claim{!name.given || r.Store != nil, fault.InvalidValue, "store", "is required with " + name.field})
	}
}

// checkBenefit looks at what a redemption buys: pieces of an item, or a discount.
func (c *checker) checkBenefit(r *OperationRequest) {
	c.must(claim{r.Pieces == nil || r.Item != nil, fault.InvalidValue, "item", "is required with pieces"})
	c.must(claim{r.Item == nil || r.AmountMinor == nil, fault.InvalidValue, "item", "give either item or amountMinor, which is a discount"})
}

// checkCrossing looks at what an operation between two brands leaves out.
func (c *checker) checkCrossing(r *OperationRequest) {
	if r.Programme == nil && r.Partner == nil {
		c.must(claim{r.Agreement == nil, fault.InvalidValue, "agreement", "is a partner's: give partner or programme"})
		return
	}
	c.must(claim{r.Item == nil, fault.InvalidValue, "item", "is of the programme's own price list: at a partner points are a discount"})
	c.must(claim{r.Shop == nil, fault.InvalidValue, "shop", "takes part in no operation with a partner"})
}

// checkConsent wants one consent at most, and a placeSalt with a mandate that names a place. What a spend code says is known later: see builder.consent.
func (c *checker) checkConsent(r *OperationRequest) {
	given := 0
	for _, there := range []bool{r.Authentication != nil, r.Authorisation != nil, r.SpendCode != nil} {
		if there {
			given++
		}
	}
	c.must(claim{given <= 1, fault.InvalidValue, "authorisation", "give one of authentication, authorisation and spendCode"})
	if r.Authorisation != nil && forms[r.Kind].till != never {
		c.must(claim{(r.Authorisation.Mandate.Place != "") == (r.PlaceSalt != nil), fault.InvalidValue, "placeSalt", "goes with a mandate that names a place, as it was prepared"})
	}
	if r.Authentication != nil {
		c.must(claim{r.PlaceSalt == nil, fault.InvalidValue, "placeSalt", "goes with a mandate that names a place; custody makes its own"})
	}
}

// checkSum holds the lines of a purchase against its amount.
func (c *checker) checkSum(r *OperationRequest) {
	if r.Lines == nil {
		return
	}
	left := valueOr(r.AmountMinor, 0)
	for _, l := range *r.Lines {
		left -= l.AmountMinor // Lines and amounts within their limits stay within 64 bits; the others have been told.
	}
	c.must(claim{left == 0, fault.InvalidValue, "lines", "must add up to amountMinor"})
}

func (c *checker) checkHold(r *OperationRequest) {
	c.must(claim{(r.HoldSeconds != nil) != (r.Until != nil), fault.InvalidValue, "holdSeconds", "give either holdSeconds or until"})
	c.must(claim{!signed(r) || r.Until != nil, fault.InvalidValue, "until", "is required with a mandate, which was given for it"})
	c.must(claim{r.Purpose == nil || r.Store == nil, fault.InvalidValue, "store", "an allowance is for any till: leave store and terminal out"})
}

// checkReturn wants one source of a return, and one way to say how much. Without a receipt it is a debit, which the controller agrees to.
func (c *checker) checkReturn(r *OperationRequest, u *usage) {
	sources := 0
	for _, given := range []bool{r.Original != nil, r.OriginalOperation != nil, signed(r) || r.Authentication != nil} {
		if given {
			sources++
		}
	}
	c.must(claim{sources <= 1, fault.InvalidValue, "original", "give one of originalOperation, original and the controller's consent"})
	c.must(claim{sources > 0 || u.unsigned, fault.InvalidValue, "authorisation", "give originalOperation or original, or else the controller's consent"})
	referenced := r.Original != nil || r.OriginalOperation != nil
	ways := 0
	for _, w := range []struct {
		field string
		given bool
	}{{"whole", valueOr(r.Whole, false)}, {"returnLines", r.ReturnLines != nil}, {"points", r.Points != nil}} {
		if w.given {
			ways++
			c.must(claim{referenced, fault.InvalidValue, w.field, "needs originalOperation or original"})
			c.must(claim{ways == 1, fault.InvalidValue, w.field, "give one of whole, returnLines and points, or none of them and amountMinor"})
		}
	}
	c.must(claim{ways > 0 || r.AmountMinor != nil, fault.InvalidValue, "amountMinor", fmt.Sprintf("is required for a %s that is neither whole, nor by returnLines, nor by points", r.Kind)})
	if r.Partner != nil {
		c.must(claim{referenced, fault.InvalidValue, "original", "is what a partner returns: give originalOperation or original"})
	}
	if r.Original != nil {
		c.checkOriginal(r, r.Original.Receipt.Kind)
	}
}

// checkOriginal holds the way of a return against what was done: points are given for what moved points alone, and lines or an amount for a purchase.
func (c *checker) checkOriginal(r *OperationRequest, kind points.Kind) {
	if kind.Redeems() || kind.Blind() {
		c.must(claim{valueOr(r.Whole, false) || r.Points != nil, fault.InvalidValue, "points", "the return of a redemption, an award or a deposit is whole or names points"})
		return
	}
	c.must(claim{r.Points == nil, fault.InvalidValue, "points", "are not given for the return of a purchase, which is whole, by returnLines or by amountMinor"})
}
