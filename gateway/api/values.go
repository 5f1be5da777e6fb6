package api

import (
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// checkedEvents are the events that an accrual can be for. A referral has a kind of its own, which pays both sides, and once.
var checkedEvents = func() []string {
	var list []string
	for _, t := range rules.EventTypes() {
		if t != rules.Referral && t != rules.Referrer {
			list = append(list, string(t))
		}
	}
	return list
}()

// checkValues looks at every field for itself.
func (c *checker) checkValues(r *OperationRequest) {
	for _, f := range []struct {
		field string
		value *string
	}{{"operation", r.Operation}, {"account", r.Account}, {"to", r.To}, {"hold", r.Hold}, {"originalOperation", r.OriginalOperation}} {
		c.id(f.field, f.value)
	}
	for _, f := range []struct {
		field string
		value *string
		limit int
	}{
		{"reference", r.Reference, MaxReference}, {"toReference", r.ToReference, MaxReference}, {"store", r.Store, MaxText}, {"terminal", r.Terminal, MaxText},
		{"receiptNumber", r.ReceiptNumber, MaxText}, {"channel", r.Channel, MaxText}, {"note", r.Note, points.MaxTextLength},
	} {
		c.text(f.field, f.value, f.limit)
	}
	c.oneOf("event", r.Event, checkedEvents)
	c.oneOf("holder", r.Holder, []string{string(points.HolderMerchant)})
	c.oneOf("purpose", r.Purpose, []string{string(points.PurposeAllowance)})
	c.oneOf("reason", r.Reason, names(points.Reasons()))
	c.matches("item", r.Item, itemForm, "must be 1 to 32 lower-case letters, digits and hyphens")
	c.matches("claimCode", r.ClaimCode, claimForm, "must be 22 to 128 letters, digits, - and _")
	c.hash("placeSalt", r.PlaceSalt)
	if r.Shop != nil {
		c.must(claim{points.ValidShopID(*r.Shop), fault.InvalidValue, "shop", fmt.Sprintf("must be %d to %d lower-case letters, digits and hyphens", points.MinShopID, points.MaxShopID)})
	}
	c.checkBrands(r)
	c.checkNumbers(r)
	c.checkLists(r)
	c.checkParts(r)
}

// checkBrands looks at the names of a programme and a partner.
func (c *checker) checkBrands(r *OperationRequest) {
	if r.Programme != nil {
		c.must(claim{clearing.ValidName(*r.Programme), fault.InvalidValue, "programme", "must be a member's name"})
	}
	if r.Partner != nil {
		every := *r.Partner == clearing.EveryPartner && (r.Kind == KindOptout || r.Kind == KindOptin)
		c.must(claim{every || clearing.ValidName(*r.Partner), fault.InvalidValue, "partner", "must be a member's name; of optout and optin, or * for every one"})
	}
	within(c, "agreement", r.Agreement, span{1, clearing.MaxVersion})
}

func (c *checker) checkNumbers(r *OperationRequest) {
	within(c, "amountMinor", r.AmountMinor, span{0, quantity.MaxMinor})
	if r.Kind == KindAdjust {
		within(c, "points", r.Points, span{-quantity.MaxPoints, quantity.MaxPoints})
		c.must(claim{r.Points == nil || *r.Points != 0, fault.OutOfRange, "points", "an adjustment can't be 0"})
	} else {
		within(c, "points", r.Points, span{1, quantity.MaxPoints})
	}
	within(c, "pieces", r.Pieces, span{1, terms.MaxItemQuantity})
	within(c, "holdSeconds", r.HoldSeconds, span{1, terms.MaxHoldSeconds})
	c.id("freezeRequest", r.FreezeRequest)
	within(c, "until", r.Until, span{1, quantity.MaxPoints})
	if r.Currency != nil {
		c.must(claim{quantity.ValidCurrency(*r.Currency) == nil, fault.InvalidValue, "currency", "must be a three-letter ISO 4217 code"})
	}
	if r.OccurredAt != nil {
		event := rules.Event{Type: rules.Purchase, OccurredAt: *r.OccurredAt}
		c.must(claim{event.Valid() == nil, fault.InvalidValue, "occurredAt", "must be an RFC 3339 time with its zone, from 1970 on"})
	}
}

// checkLists looks at tags, and at lines of a purchase or of a return.
func (c *checker) checkLists(r *OperationRequest) {
	tags := valueOr(r.Tags, nil)
	c.must(claim{len(tags) <= rules.MaxTags, fault.TooLarge, "tags", fmt.Sprintf("must be at most %d", rules.MaxTags)})
	seen := map[string]bool{}
	for i := range tags[:min(len(tags), rules.MaxTags)] {
		at := fmt.Sprintf("tags/%d", i)
		c.text(at, &tags[i], rules.MaxWordLength)
		c.must(claim{!seen[tags[i]], fault.InvalidValue, at, "must be there once"})
		seen[tags[i]] = true
	}
	lines := valueOr(r.Lines, nil)
	c.countLines("lines", r.Lines != nil, len(lines))
	categories := map[string]bool{}
	for i := range lines[:min(len(lines), points.MaxLines)] {
		at := fmt.Sprintf("lines/%d/", i)
		c.text(at+"category", lines[i].Category, rules.MaxWordLength)
		within(c, at+"amountMinor", &lines[i].AmountMinor, span{0, quantity.MaxMinor})
		categories[valueOr(lines[i].Category, "")] = true
	}
	delete(categories, "")
	c.must(claim{len(categories) <= rules.MaxCategories, fault.TooLarge, "lines", fmt.Sprintf("must have at most %d categories", rules.MaxCategories)})
	returned := valueOr(r.ReturnLines, nil)
	c.countLines("returnLines", r.ReturnLines != nil, len(returned))
	for i, n := range returned[:min(len(returned), points.MaxLines)] {
		ok := n >= 0 && n < points.MaxLines && (i == 0 || n > returned[i-1])
		c.must(claim{ok, fault.InvalidValue, fmt.Sprintf("returnLines/%d", i), fmt.Sprintf("must be counted from 0, below %d, ascending", points.MaxLines)})
	}
}

func (c *checker) countLines(field string, given bool, n int) {
	c.must(claim{!given || n > 0, fault.InvalidValue, field, "must not be empty: leave it out"})
	c.must(claim{n <= points.MaxLines, fault.TooLarge, field, fmt.Sprintf("must be at most %d", points.MaxLines)})
}

func (c *checker) checkParts(r *OperationRequest) {
	if a := r.Authentication; a != nil {
		c.must(claim{methodForm.MatchString(a.Method), fault.InvalidValue, "authentication/method", "must be 1 to 32 lower-case letters, digits and dashes"})
		c.text("authentication/challenge", &a.Challenge, MaxReference)
	}
	if r.Authorisation != nil {
		c.checkAuthorisation(r.Authorisation)
	}
	if k := r.Controller; k != nil {
		c.checkController(r.Kind, k)
	}
}

func (c *checker) checkController(kind Kind, k *ControllerRequest) {
	kinds := []points.ControllerKind{points.ControllerP256, points.ControllerWebAuthn}
	if kind != KindOpen {
		kinds = append(kinds, points.ControllerCustodian)
	}
	c.oneOf("controller/kind", &k.Kind, names(kinds))
	if k.Kind == string(points.ControllerCustodian) {
		c.must(claim{k.Key == nil, fault.InvalidValue, "controller/key", "a custodian's key stands in the programme: leave it out"})
		return
	}
	key := points.Controller{Kind: points.ControllerP256, Version: 1, Key: valueOr(k.Key, "")}
	c.must(claim{key.Validate() == nil, fault.InvalidValue, "controller/key", "must be an uncompressed P-256 point in base64url without padding"})
}

// checkAuthorisation looks at the form of a signed mandate. Whether it was given for this operation is the ledger's to say: a mandate for another is refused with a receipt.
func (c *checker) checkAuthorisation(a *points.Authorisation) {
	m := &a.Mandate
	const at = "authorisation/mandate/"
	c.must(claim{m.Format == points.MandateFormat, fault.InvalidValue, at + "format", fmt.Sprintf("must be %d", points.MandateFormat)})
	_, known := forms[Kind(m.Operation)]
	c.must(claim{known, fault.InvalidValue, at + "operation", "must be a kind of operation"})
	c.text(at+"programme", &m.Programme, MaxText)
	account, receiver := string(m.Account), string(m.Receiver)
	c.id(at+"account", &account)
	c.id(at+"id", &m.ID)
	c.hash(at+"genesis", &m.Genesis)
	if receiver != "" {
		c.id(at+"receiver", &receiver)
	}
	for _, f := range []struct{ field, value string }{{"place", m.Place}, {"subject", m.Subject}, {"quote", m.Quote}} {
		if f.value != "" {
			c.hash(at+f.field, &f.value)
		}
	}
	within(c, at+"controllerVersion", &m.ControllerVersion, span{0, points.MaxControllerVersion})
	within(c, at+"maxPoints", &m.MaxPoints, span{0, quantity.MaxPoints})
	within(c, at+"notAfter", &m.NotAfter, span{0, quantity.MaxPoints})
	c.must(claim{!m.Bearer || m.Operation == points.KindRedeem && m.Place == "", fault.InvalidValue, at + "bearer", "a bearer mandate is for a redemption at no place in particular"})
	c.matches("authorisation/signature", &a.Signature, signatureForm, "must be 64 bytes in base64url without padding")
	if a.WebAuthn != nil {
		err := a.WebAuthn.Validate()
		c.must(claim{err == nil, fault.InvalidValue, "authorisation/webauthn", detailOf(err)})
	}
}

// detailOf is what a coded error says.
func detailOf(err error) string {
	var coded *fault.Error
	if errors.As(err, &coded) {
		return coded.Detail
	}
	return ""
}
