package api

import (
	"slices"
	"strings"
)

// need says whether a group of fields is taken.
type need string

// The needs.
const (
	never need = ""
	may   need = "may"
	must  need = "must"
)

// form is what an operation of a kind takes, besides kind itself and what names its account. openapi.yaml has the same table.
type form struct {
	scope    string // That the caller's key needs.
	required []string
	optional []string
	till     need // store, terminal and receiptNumber.
	consent  need // authentication, authorisation or spendCode.
}

var (
	money    = []string{"amountMinor", "currency"}
	benefit  = slices.Concat(money, []string{"item", "pieces", "shop"})
	crossing = []string{"programme", "partner"}
	offered  = slices.Concat(crossing, []string{"agreement"})
	forms    = map[Kind]form{
		KindOpen:     {scope: ScopeTill, optional: []string{"reference", "controller", "holder"}},
		KindEarn:     {scope: ScopeTill, required: []string{"occurredAt"}, optional: slices.Concat(money, []string{"event", "channel", "tags", "lines", "lateClaim", "shop"}), till: may},
		KindRefer:    {scope: ScopeTill, required: []string{"to", "occurredAt"}, optional: slices.Concat(money, []string{"channel", "tags"}), till: may},
		KindRedeem:   {scope: ScopeTill, required: []string{"points"}, optional: slices.Concat(benefit, offered), till: must, consent: must},
		KindHold:     {scope: ScopeTill, required: []string{"points"}, optional: slices.Concat([]string{"purpose", "holdSeconds", "until"}, benefit, offered), till: may, consent: must},
		KindCapture:  {scope: ScopeTill, required: []string{"hold", "points"}, optional: slices.Concat(benefit, crossing), till: must},
		KindVoid:     {scope: ScopeTill, required: []string{"hold"}, optional: crossing, till: may, consent: may},
		KindTransfer: {scope: ScopeTill, required: []string{"to", "points"}, consent: must},
		KindGift:     {scope: ScopeTill, required: []string{"points"}, optional: []string{"claimCode"}, consent: must},
		KindAccept:   {scope: ScopeTill, required: []string{"hold"}, optional: []string{"to", "claimCode"}, consent: must},
		KindReturn: {scope: ScopeTill, required: []string{"occurredAt"},
			optional: slices.Concat(money, []string{"originalOperation", "original", "whole", "returnLines", "points", "shop"}, crossing), till: must, consent: may},
		KindExpire:   {scope: ScopeOperator},
		KindAdjust:   {scope: ScopeOperator, required: []string{"operation", "points", "reason"}, optional: []string{"note"}},
		KindRekey:    {scope: ScopeTill, required: []string{"controller"}, consent: must},
		KindRecover:  {scope: ScopeOperator, required: []string{"operation", "controller"}},
		KindVeto:     {scope: ScopeTill, consent: must},
		KindComplete: {scope: ScopeOperator},
		KindFreeze:   {scope: ScopeOperator, required: []string{"reason"}, optional: []string{"until", "freezeRequest"}},
		KindUnfreeze: {scope: ScopeOperator, required: []string{"reason"}},
		KindClose:    {scope: ScopeTill, optional: []string{"points"}, consent: must},
		KindAward:    {scope: ScopeTill, required: []string{"programme", "points"}, optional: slices.Concat(money, []string{"partner", "agreement"}), till: must},
		KindSwap:     {scope: ScopeTill, required: []string{"to", "points", "partner"}, optional: []string{"programme", "agreement"}, consent: must},
		KindOptout:   {scope: ScopeTill, required: []string{"partner"}, consent: must},
		KindOptin:    {scope: ScopeTill, required: []string{"partner"}, consent: must},
	}
)

// The fields of the groups.
var (
	tillFields    = []string{"store", "terminal", "receiptNumber"}
	holderFields  = []string{"account", "reference"}
	consentFields = []string{"authentication", "authorisation", "spendCode"}
)

// takes says whether a request of this form may have a field, besides what names its account.
func (f *form) takes(field string) bool {
	switch {
	case slices.Contains(tillFields, field):
		return f.till != never
	case slices.Contains(consentFields, field):
		return f.consent != never
	case field == "placeSalt": // The mandate, or the hold that is captured, names the place.
		return f.till != never && (f.consent != never || slices.Contains(f.required, "hold"))
	case field == "toReference":
		return f.takes("to")
	default:
		return slices.Contains(f.required, field) || slices.Contains(f.optional, field)
	}
}

// usage is what a request is sent for.
type usage struct {
	serves   func(Kind) bool   // Kinds that it is for; nil: all.
	refusal  string            // Of the other kinds.
	unsigned bool              // The controller hasn't been asked yet: consent isn't taken.
	spares   map[string][]Kind // Required fields that these kinds (nil: all) may leave out.
	refuses  []string          // Fields that aren't taken.
}

var (
	submitting = usage{}
	quoting    = usage{
		unsigned: true, spares: map[string][]Kind{"receiptNumber": nil, "points": {KindRedeem, KindHold}},
		serves: func(k Kind) bool {
			return !slices.Contains([]Kind{KindOpen, KindAdjust, KindRekey, KindRecover, KindVeto, KindComplete, KindFreeze, KindUnfreeze, KindOptout, KindOptin}, k)
		},
		refusal: "is nothing that can be quoted: it moves no points, or has to be approved",
	}
	mandating = usage{
		unsigned: true, spares: map[string][]Kind{"receiptNumber": nil},
		serves:  func(k Kind) bool { return forms[k].consent != never },
		refusal: "needs nobody's signature",
	}
	bearing = usage{
		unsigned: true, spares: map[string][]Kind{"store": nil, "terminal": nil, "receiptNumber": nil},
		refuses: []string{"store", "terminal", "receiptNumber", "placeSalt", "shop", "programme", "partner", "agreement"},
		serves:  func(k Kind) bool { return k == KindRedeem },
		refusal: "has no bearer mandate: redeem alone has",
	}
	preparing = usage{
		spares: map[string][]Kind{"operation": nil}, refuses: []string{"operation"},
		serves:  func(k Kind) bool { return k == KindAdjust || k == KindRecover },
		refusal: "needs no approval: adjust and recover do",
	}
)

func (u *usage) sparesField(k Kind, field string) bool {
	kinds, spared := u.spares[field]
	return spared && (kinds == nil || slices.Contains(kinds, k))
}

func (u *usage) takes(f *form, field string) bool {
	return f.takes(field) && !slices.Contains(u.refuses, field) && !(u.unsigned && slices.Contains(consentFields, field))
}

// kindNames lists the kinds for people.
var kindNames = func() string {
	names := make([]string, 0, len(forms))
	for k := range forms {
		names = append(names, string(k))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}()
