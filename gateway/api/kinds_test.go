package api

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestTheDocumentHasTheTableOfKinds(t *testing.T) {
	for _, k := range points.Kinds() {
		f, known := forms[Kind(k)]
		if internal := slices.Contains([]points.Kind{points.KindDeposit, points.KindFold, points.KindRefund}, k); internal {
			if known {
				t.Errorf("%s is the gateways' own", k)
			}
			continue
		}
		if !known {
			t.Errorf("%s has no form", k)
			continue
		}
		row := fmt.Sprintf("        | %s | %s |", k, f.scope)
		for _, cell := range []string{strings.Join(f.required, ", "), strings.Join(f.optional, ", "), string(f.till), string(f.consent)} {
			if cell != "" {
				cell += " "
			}
			row += " " + cell + "|"
		}
		if !strings.Contains(string(documentYAML), row+"\n") {
			t.Errorf("the document lacks the row\n%s", row)
		}
	}
	if len(forms) != len(points.Kinds())-3 {
		t.Errorf("%d forms for %d kinds", len(forms), len(points.Kinds()))
	}
}

func TestTheDocumentSaysWhatTheLedgerTakes(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(documentYAML)
	if err != nil {
		t.Fatal(err)
	}
	request := doc.Components.Schemas["OperationRequest"].Value.Properties
	for field, want := range map[string][]string{
		"kind": names(points.Kinds()), "event": checkedEvents, "reason": names(points.Reasons()), "purpose": {string(points.PurposeAllowance)}, "holder": {string(points.HolderMerchant)},
	} {
		var got []string
		for _, v := range request[field].Value.Enum {
			got = append(got, v.(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is documented as %v, want %v", field, got, want)
		}
	}
	for field, want := range map[string]uint64{"tags": rules.MaxTags, "lines": points.MaxLines, "returnLines": points.MaxLines} {
		if got := request[field].Value.MaxItems; got == nil || *got != want {
			t.Errorf("%s has at most %v items, want %d", field, got, want)
		}
	}
	for field, want := range map[string]uint64{"note": points.MaxTextLength, "channel": MaxText, "spendCode": wire.MaxSpendCode} {
		if got := request[field].Value.MaxLength; got == nil || *got != want {
			t.Errorf("%s has at most %v characters, want %d", field, got, want)
		}
	}
	for field, want := range map[string]float64{"holdSeconds": terms.MaxHoldSeconds, "pieces": terms.MaxItemQuantity} {
		if got := request[field].Value.Max; got == nil || *got != want {
			t.Errorf("%s is at most %v, want %v", field, got, want)
		}
	}
	if given := len(request); given != len(present(fullRequest()))+1 {
		t.Errorf("%d fields are documented, %d are looked at besides kind", given, len(present(fullRequest())))
	}
}

// fullRequest has every field.
func fullRequest() *OperationRequest {
	var s string
	var n int64
	var i int
	var yes bool
	return &OperationRequest{
		Account: &s, AmountMinor: &n, Authentication: &Authentication{}, Authorisation: &Authorisation{}, Channel: &s, ClaimCode: &s, FreezeRequest: &s, Controller: &ControllerRequest{}, Currency: &s,
		Event: &s, Hold: &s, HoldSeconds: &n, Holder: &s, Item: &s, LateClaim: &yes, Lines: &[]PurchaseLine{}, Note: &s, OccurredAt: &s, Operation: &s, Original: &Original{},
		OriginalOperation: &s, Pieces: &i, PlaceSalt: &s, Points: &n, Purpose: &s, Reason: &s, ReceiptNumber: &s, Reference: &s, ReturnLines: &[]int{}, Shop: &s, SpendCode: &s,
		Store: &s, Tags: &[]string{}, Terminal: &s, To: &s, ToReference: &s, Until: &n, Whole: &yes, Programme: &s, Partner: &s, Agreement: &i,
	}
}

// scopeOf is the key that may send a kind.
func scopeOf(k Kind) string { return forms[k].scope }

func TestEveryKindIsRecordedInAFormThatTheLedgerTakes(t *testing.T) {
	for kind, request := range requestsOf() {
		t.Run(string(kind), func(t *testing.T) {
			b := newBench(t)
			o := into[Operation](t, b.do(b.post("/v1/operations", scopeOf(kind), request)), http.StatusOK)
			if o.Kind != kind || o.Status != DONE || len(b.intakes) != 1 {
				t.Fatalf("%+v, %d intakes", o, len(b.intakes))
			}
			in := b.intakes[0]
			if in.Operation.Kind != points.Kind(kind) || in.Caller != scopeOf(kind) || in.Custody != (request["authentication"] != nil) {
				t.Errorf("intake %+v", in)
			}
			b.lawful()
		})
	}
}

func TestEveryKindNeedsItsScope(t *testing.T) {
	for kind, request := range requestsOf() {
		other := map[string]string{ScopeTill: ScopeOperator, ScopeOperator: ScopeTill}[scopeOf(kind)]
		b := newBench(t)
		p := b.problem(b.do(b.post("/v1/operations", other, request)), fault.Forbidden)
		if (*p.Errors)[0].Pointer != "/kind" {
			t.Errorf("%s points at %+v", kind, p.Errors)
		}
		b.problem(b.do(b.post("/v1/operations", ScopeRead, request)), fault.Forbidden)
		bulk := fields{"operations": []fields{{"idempotencyKey": "a", "operation": request}, {"idempotencyKey": "b", "operation": requestsOf()[otherKind(kind)]}}}
		r := into[BulkResponse](t, b.do(call{"POST", "/v1/operations/bulk", other, bulk.String(), nil}), http.StatusOK).Results
		if r[0].Status != http.StatusForbidden || (*r[0].Problem.Errors)[0].Pointer != "/operations/0/operation/kind" || r[1].Status != http.StatusOK {
			t.Errorf("%s in a bulk: %+v", kind, r)
		}
		if len(b.intakes) != 1 {
			t.Errorf("%s: %d operations were recorded", kind, len(b.intakes))
		}
	}
}

// otherKind is a kind that needs the other scope.
func otherKind(k Kind) Kind {
	if scopeOf(k) == ScopeTill {
		return KindFreeze
	}
	return KindRedeem
}

func TestEveryRequiredFieldIsAskedFor(t *testing.T) {
	for kind, request := range requestsOf() {
		f := forms[kind]
		required := f.required
		if f.till == must {
			required = slices.Concat(required, tillFields)
		}
		if kind != KindOpen {
			required = append(slices.Clone(required), "account")
		}
		for _, field := range required {
			expectPointer(t, kind, request.with(fields{field: nil}), "/"+field)
		}
		if f.consent == must {
			expectPointer(t, kind, request.with(fields{"authentication": nil}), "/authorisation")
		}
	}
}

// expectPointer sends a request that is wrong and wants the mistake told by pointer, and nothing recorded.
func expectPointer(t *testing.T, kind Kind, request fields, pointer string) {
	t.Helper()
	b := newBench(t)
	w := b.do(b.post("/v1/operations", scopeOf(kind), request))
	if w.Code < 400 || w.Code >= 500 || len(b.intakes) != 0 {
		t.Errorf("%s answers %d, %d recorded", request, w.Code, len(b.intakes))
		return
	}
	p := into[Problem](t, w, w.Code)
	if p.Errors == nil || !slices.ContainsFunc(*p.Errors, func(e FieldError) bool { return e.Pointer == pointer && e.Detail != "" }) {
		t.Errorf("%s points at %+v, want %s", request, p.Errors, pointer)
	}
}

func TestEveryFieldIsCheckedInEveryKind(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	many := func(n int, v any) []any { return slices.Repeat([]any{v}, n) }
	ascending := make([]int, points.MaxLines+1)
	for i := range ascending {
		ascending[i] = i
	}
	for _, w := range []struct {
		field   string
		value   any
		pointer string // Where the field is taken; "" is the field itself.
	}{
		{"operation", "abc", ""}, {"operation", strings.ToUpper(heldID), ""},
		{"account", "abc", ""}, {"account", account + "0", ""},
		{"reference", "", ""}, {"reference", " x", ""}, {"reference", "a\nb", ""}, {"reference", long(257), ""},
		{"to", "abc", ""}, {"toReference", "", ""}, {"toReference", "x ", ""}, {"toReference", long(257), ""},
		{"controller", fields{"kind": "rsa", "key": publicKey}, "/controller/kind"}, {"controller", fields{"kind": "p256"}, "/controller/key"},
		{"controller", fields{"kind": "webauthn", "key": "AAAA"}, "/controller/key"}, {"controller", fields{"kind": "custodian", "key": publicKey}, "/controller/key"},
		{"holder", "customer", ""}, {"points", 0, ""}, {"points", 9007199254740992, ""}, {"points", -9007199254740992, ""},
		{"amountMinor", -1, ""}, {"amountMinor", 9007199254740992, ""}, {"currency", "gbp", ""}, {"currency", "GBPX", ""},
		{"occurredAt", "2026-11-22", ""}, {"occurredAt", "2026-11-22T10:00:00", ""}, {"occurredAt", "1969-11-22T10:00:00Z", ""}, {"occurredAt", "2026-11-22T10:00:00,5Z", ""},
		{"store", "", ""}, {"store", long(65), ""}, {"terminal", "a\tb", ""}, {"receiptNumber", long(65), ""},
		{"shop", "a", ""}, {"shop", long(33), ""}, {"shop", "Corner", ""},
		{"event", "referral", ""}, {"event", "referrer", ""}, {"event", "lottery", ""}, {"channel", "", ""}, {"channel", long(65), ""},
		{"tags", many(17, "a"), ""}, {"tags", []any{"a", "a"}, "/tags/1"}, {"tags", []any{""}, "/tags/0"}, {"tags", []any{long(33)}, "/tags/0"},
		{"lines", []any{}, ""}, {"lines", many(201, fields{"amountMinor": 0}), ""}, {"lines", []any{fields{"amountMinor": -1}}, "/lines/0/amountMinor"},
		{"lines", []any{fields{"category": long(33), "amountMinor": 0}}, "/lines/0/category"}, {"lines", []any{fields{"amountMinor": 3}}, ""},
		{"item", "Mug", ""}, {"item", long(33), ""}, {"pieces", 0, ""}, {"pieces", 10001, ""}, {"purpose", "gift", ""},
		{"holdSeconds", 0, ""}, {"holdSeconds", 31*86400 + 1, ""}, {"until", 0, ""}, {"until", -1, ""},
		{"hold", "abc", ""}, {"claimCode", "short", ""}, {"claimCode", long(129), ""}, {"claimCode", long(22) + "=", ""},
		{"originalOperation", "abc", ""}, {"returnLines", []any{}, ""}, {"returnLines", []any{1, 1}, "/returnLines/1"}, {"returnLines", []any{-1}, "/returnLines/0"},
		{"returnLines", []any{200}, "/returnLines/0"}, {"returnLines", ascending, ""}, {"reason", "whim", ""}, {"freezeRequest", "abc", ""}, {"note", "", ""}, {"note", long(129), ""},
		{"authentication", fields{"method": "O T P", "challenge": "x"}, "/authentication/method"}, {"authentication", fields{"method": "otp", "challenge": ""}, "/authentication/challenge"},
		{"placeSalt", "abc", ""}, {"programme", "Hotel", ""}, {"programme", "", ""}, {"partner", "no hotel", ""}, {"agreement", 0, ""}, {"agreement", 1001, ""},
	} {
		for kind, request := range requestsOf() {
			f, pointer := forms[kind], "/"+w.field
			taken := f.takes(w.field) || kind != KindOpen && slices.Contains(holderFields, w.field)
			if taken && w.pointer != "" {
				pointer = w.pointer
			}
			expectPointer(t, kind, request.with(fields{w.field: w.value}), pointer)
		}
	}
}

func TestAFieldOfAnotherKindIsRefused(t *testing.T) {
	original := points.Original{Receipt: receipt(points.OperationID(heldID), account), Proof: points.InclusionProof{MSP: "AirlineMSP", Seq: 1, Size: 1, Hashes: []string{}}}
	good := fields{
		"operation": heldID, "account": account, "to": another, "toReference": "card-1", "controller": fields{"kind": "p256", "key": publicKey}, "holder": "merchant", "points": 5,
		"amountMinor": 5, "currency": "GBP", "occurredAt": "2026-11-22T10:00:00Z", "store": "s", "terminal": "t", "receiptNumber": "r", "shop": "corner", "event": "review",
		"channel": "web", "tags": []string{"a"}, "lines": []fields{{"amountMinor": 0}}, "lateClaim": false, "item": "mug", "pieces": 1, "purpose": "allowance", "holdSeconds": 5,
		"until": 5, "hold": heldID, "claimCode": "0123456789abcdefghijkl", "originalOperation": heldID, "original": original, "whole": false, "returnLines": []int{0},
		"reason": "error", "note": "n", "authentication": agreed["authentication"], "authorisation": authorised(t, mandate()), "spendCode": "TALLY1:", "placeSalt": hash,
		"programme": "hotel", "partner": "hotel", "agreement": 1, "freezeRequest": heldID,
	}
	if len(good) != len(present(fullRequest()))-1 { // A reference serves for every kind.
		t.Fatalf("%d fields", len(good))
	}
	special := map[string][]Kind{ // The document says in words which kinds have these.
		"account":     slices.DeleteFunc(slices.Collect(maps.Keys(forms)), func(k Kind) bool { return k == KindOpen }),
		"toReference": {KindRefer, KindTransfer, KindAccept, KindSwap},
		"placeSalt":   {KindRedeem, KindHold, KindCapture, KindVoid, KindReturn},
	}
	for kind, request := range requestsOf() {
		f := forms[kind]
		for field, value := range good {
			kinds, told := special[field]
			if told && slices.Contains(kinds, kind) || !told && f.takes(field) {
				continue
			}
			expectPointer(t, kind, request.with(fields{field: value}), "/"+field)
		}
	}
}
