package api

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// checkRequest says everything that can be said about a request without looking anything up: OUT_OF_RANGE and INVALID_VALUE with pointers to the fields.
func checkRequest(r *OperationRequest, at string, u *usage) error {
	c := &checker{at: at}
	f, known := forms[r.Kind]
	if !known {
		c.add(fault.InvalidValue, "kind", "must be one of "+kindNames)
		return c.failure()
	}
	if u.serves != nil && !u.serves(r.Kind) {
		c.add(fault.InvalidValue, "kind", string(r.Kind)+" "+u.refusal)
		return c.failure()
	}
	c.checkShape(r, &f, u)
	c.checkValues(r)
	c.checkRelations(r, u)
	return c.failure()
}

// present lists the fields that a request has, in the document's order.
func present(r *OperationRequest) []string {
	var names []string
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"operation", r.Operation != nil}, {"account", r.Account != nil}, {"reference", r.Reference != nil}, {"to", r.To != nil}, {"toReference", r.ToReference != nil},
		{"controller", r.Controller != nil}, {"holder", r.Holder != nil}, {"points", r.Points != nil}, {"amountMinor", r.AmountMinor != nil},
		{"currency", r.Currency != nil}, {"occurredAt", r.OccurredAt != nil}, {"store", r.Store != nil}, {"terminal", r.Terminal != nil},
		{"receiptNumber", r.ReceiptNumber != nil}, {"shop", r.Shop != nil}, {"event", r.Event != nil}, {"channel", r.Channel != nil}, {"tags", r.Tags != nil},
		{"lines", r.Lines != nil}, {"lateClaim", r.LateClaim != nil}, {"item", r.Item != nil}, {"pieces", r.Pieces != nil}, {"purpose", r.Purpose != nil},
		{"holdSeconds", r.HoldSeconds != nil}, {"until", r.Until != nil}, {"hold", r.Hold != nil}, {"claimCode", r.ClaimCode != nil},
		{"originalOperation", r.OriginalOperation != nil}, {"original", r.Original != nil}, {"whole", r.Whole != nil}, {"returnLines", r.ReturnLines != nil},
		{"reason", r.Reason != nil}, {"note", r.Note != nil}, {"authentication", r.Authentication != nil}, {"authorisation", r.Authorisation != nil},
		{"spendCode", r.SpendCode != nil}, {"placeSalt", r.PlaceSalt != nil}, {"programme", r.Programme != nil}, {"partner", r.Partner != nil},
		{"agreement", r.Agreement != nil}, {"freezeRequest", r.FreezeRequest != nil},
	} {
		if f.given {
			names = append(names, f.name)
		}
	}
	return names
}

// signed says whether the controller's signature comes with the request.
func signed(r *OperationRequest) bool { return r.Authorisation != nil || r.SpendCode != nil }

func (c *checker) checkShape(r *OperationRequest, f *form, u *usage) {
	given := present(r)
	required := f.required
	if f.till == must {
		required = slices.Concat(required, tillFields)
	}
	for _, name := range required {
		there := slices.Contains(given, name) || u.sparesField(r.Kind, name) || name == "to" && r.ToReference != nil || name == "partner" && r.Programme != nil
		c.must(claim{there, fault.InvalidValue, name, "is required for " + string(r.Kind)})
	}
	for _, name := range given {
		named := r.Kind != KindOpen && slices.Contains(holderFields, name)
		c.must(claim{named || u.takes(f, name), fault.InvalidValue, name, "is not a field of " + string(r.Kind) + " here"})
	}
	c.checkHolder(r)
	c.must(claim{r.To == nil || r.ToReference == nil, fault.InvalidValue, "to", "give either to or toReference"})
	if f.consent == must && !u.unsigned {
		c.must(claim{signed(r) || r.Authentication != nil, fault.InvalidValue, "authorisation", "give authentication (custody), or authorisation or spendCode (self-custody)"})
	}
}

// checkHolder wants one name of the account; a signed mandate is one.
func (c *checker) checkHolder(r *OperationRequest) {
	if r.Kind == KindOpen {
		return
	}
	both, none := r.Account != nil && r.Reference != nil, r.Account == nil && r.Reference == nil
	c.must(claim{!both && (!none || signed(r)), fault.InvalidValue, "account", "give either account or reference"})
}
