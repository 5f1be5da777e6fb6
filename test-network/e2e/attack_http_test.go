//go:build network

package e2e

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// TestGatewayRefusesBadRequests: what is wrong with a request is found before anything is recorded, so the ledger sees nothing of it.
func TestGatewayRefusesBadRequests(t *testing.T) {
	account := three.funded(t, "airline", 10)
	till := three.key(t, "airline", "till")
	earn := three.purchase(t, "airline", account, 100)
	before := three.books(t, "airline")
	const route = "/v1/operations"
	for _, bad := range []struct {
		name string
		body any
		code fault.Code
	}{
		{"no JSON", []byte("earn me a point"), fault.Malformed},
		{"null", []byte("null"), fault.Malformed},
		{"an array", []byte("[]"), fault.Malformed},
		{"a text for a number", earn.with(fields{"amountMinor": "100"}), fault.Malformed},
		{"a number for a text", earn.with(fields{"store": 7}), fault.Malformed},
		{"a fraction of a penny", earn.with(fields{"amountMinor": 100.5}), fault.Malformed},
		{"a null field", []byte(`{"kind":"open","reference":null}`), fault.Malformed},
		{"an unknown field", earn.with(fields{"bonus": true}), fault.Malformed},
		{"a field in other case", earn.with(fields{"store": nil, "Store": "main-street"}), fault.Malformed},
		{"a field twice", []byte(`{"kind":"open","kind":"open"}`), fault.Malformed},
		{"a number beyond 64 bits", append(bytes.TrimSuffix(asJSON(t, earn.with(fields{"amountMinor": nil})), []byte("}")), `,"amountMinor":9223372036854775808}`...), fault.Malformed},
		{"an unknown kind", earn.with(fields{"kind": "steal"}), fault.InvalidValue},
		{"a field of another kind", earn.with(fields{"points": 5}), fault.InvalidValue},
		{"a missing field", earn.with(fields{"currency": nil}), fault.InvalidValue},
		{"an account that is no id", earn.with(fields{"account": "ABC"}), fault.InvalidValue},
		{"account and reference", earn.with(fields{"reference": "4711"}), fault.InvalidValue},
		{"a time without zone", earn.with(fields{"occurredAt": "2026-01-01T10:00:00"}), fault.InvalidValue},
		{"a currency that is none", earn.with(fields{"currency": "pound"}), fault.InvalidValue},
		{"an overlong text", earn.with(fields{"store": strings.Repeat("x", 65)}), fault.InvalidValue},
		{"a control character", earn.with(fields{"store": "a\u0000b"}), fault.InvalidValue},
		{"a negative amount", earn.with(fields{"amountMinor": -1}), fault.OutOfRange},
		{"an amount beyond the ledger", earn.with(fields{"amountMinor": int64(9_007_199_254_740_992)}), fault.OutOfRange},
		{"no points", redemption(account, 0), fault.OutOfRange},
		{"negative points", redemption(account, -5), fault.OutOfRange},
		{"points beyond the ledger", redemption(account, 9_007_199_254_740_992), fault.OutOfRange},
		{"a debit that nobody agreed to", redemption(account, 1).with(fields{"authentication": nil}), fault.InvalidValue},
		{"an unknown customer", earn.with(fields{"account": nil, "reference": unique("nobody")}), fault.AccountUnknown},
		{"a return of a receipt that isn't there", three.purchase(t, "airline", account, 100).with(fields{"kind": "return", "originalOperation": randomHex(16)}), fault.NotFound},
		{"an oversized body", bytes.Repeat([]byte(" "), 65_537), fault.TooLarge},
	} {
		t.Run(bad.name, func(t *testing.T) {
			refused(t, three.call(t, "airline", request{method: "POST", path: route, key: till, idempotency: unique("bad"), body: bad.body}), bad.code)
		})
	}
	t.Run("no idempotency key", func(t *testing.T) {
		refused(t, three.call(t, "airline", request{method: "POST", path: route, key: till, body: earn}), fault.IdempotencyMissing)
	})
	t.Run("an overlong idempotency key", func(t *testing.T) {
		refused(t, three.call(t, "airline", request{method: "POST", path: route, key: till, idempotency: strings.Repeat("k", 65), body: earn}), fault.IdempotencyMissing)
	})
	three.unchanged(t, "airline", before)
}

func TestGatewayRefusesBadBulks(t *testing.T) {
	account := three.funded(t, "airline", 10)
	till := three.key(t, "airline", "till")
	before := three.books(t, "airline")
	item := func(operation fields) fields { return fields{"idempotencyKey": unique("bulk"), "operation": operation} }
	bulk := func(items ...fields) answer {
		if len(items) == 0 {
			items = []fields{}
		}
		return three.call(t, "airline", request{method: "POST", path: "/v1/operations/bulk", key: till, body: fields{"operations": items}})
	}
	many := make([]fields, 501)
	for i := range many {
		many[i] = item(fields{"kind": "open"})
	}
	refused(t, bulk(many...), fault.TooLarge)
	refused(t, bulk(), fault.InvalidValue)
	refused(t, bulk(item(three.purchase(t, "airline", account, 100).with(fields{"bonus": 1}))), fault.Malformed)
	huge := fields{"operations": []fields{}, "padding": strings.Repeat("x", 2<<20)}
	refused(t, three.call(t, "airline", request{method: "POST", path: "/v1/operations/bulk", key: till, body: huge}), fault.TooLarge)
	same := item(three.purchase(t, "airline", account, -1))
	type results struct {
		Results []struct {
			Status  int     `json:"status"`
			Problem problem `json:"problem"`
		} `json:"results"`
	}
	for i, r := range ok[results](t, bulk(same, same, item(fields{"kind": "gift"}))).Results {
		want := []fault.Code{fault.OutOfRange, fault.InvalidValue, fault.InvalidValue}[i]
		if r.Problem.Code != string(want) || r.Status != fault.Lookup(want).Status {
			t.Errorf("item %d: %d %s, want %s", i, r.Status, r.Problem.Code, want)
		}
	}
	three.unchanged(t, "airline", before)
}

func TestGatewayKnowsItsCallers(t *testing.T) {
	account := three.funded(t, "airline", 10)
	before := three.books(t, "airline")
	earn := three.purchase(t, "airline", account, 100)
	for _, bad := range []struct {
		name, key string
		code      fault.Code
	}{
		{"no API key", "", fault.Unauthenticated},
		{"a wrong API key", randomHex(32), fault.Unauthenticated},
		{"another member's API key", three.key(t, "hotel", "till"), fault.Unauthenticated},
		{"a key that may only read", three.key(t, "airline", "read"), fault.Forbidden},
		{"a key for administration", three.key(t, "airline", "operator"), fault.Forbidden},
	} {
		t.Run(bad.name, func(t *testing.T) {
			refused(t, three.call(t, "airline", request{method: "POST", path: "/v1/operations", key: bad.key, idempotency: unique("bad"), body: earn}), bad.code)
		})
	}
	t.Run("a till moves the business date", func(t *testing.T) {
		move := request{method: "POST", path: "/v1/programmes/airline/business-date", key: three.key(t, "airline", "till"), body: fields{"date": today()}}
		refused(t, three.call(t, "airline", move), fault.Forbidden)
	})
	t.Run("an operator leaves the real date", func(t *testing.T) {
		move := request{method: "POST", path: "/v1/programmes/airline/business-date", key: three.key(t, "airline", "operator"), body: fields{"date": "2099-01-01"}}
		refused(t, three.call(t, "airline", move), fault.DateNotAllowed)
	})
	three.unchanged(t, "airline", before)
}

// TestLedgerRefusesWhatOnlyItCanJudge: the operation is recorded, refused with a receipt, and moves nothing.
func TestLedgerRefusesWhatOnlyItCanJudge(t *testing.T) {
	account := three.funded(t, "airline", 10)
	foreign := three.funded(t, "hotel", 10)
	before, beforeHotel := three.books(t, "airline"), three.books(t, "hotel")
	transfer := fields{"kind": "transfer", "account": account, "to": account, "points": 1, "authentication": fields{"method": "otp", "challenge": "ok"}}
	for _, bad := range []struct {
		name string
		body fields
		code fault.Code
	}{
		{"an unknown account", three.purchase(t, "airline", randomHex(16), 100), fault.AccountUnknown},
		{"another programme's account earns", three.purchase(t, "airline", foreign, 100), fault.AccountUnknown},
		{"another programme's account redeems", redemption(foreign, 1), fault.AccountUnknown},
		{"a transfer to another programme's account", transfer.with(fields{"to": foreign}), fault.AccountUnknown},
		{"a transfer to oneself", transfer, fault.SameAccount},
		{"more points than there are", redemption(account, 11), fault.InsufficientPoints},
		{"an amount in another currency", three.purchase(t, "airline", account, 100).with(fields{"currency": "USD"}), fault.CurrencyMismatch},
		{"a purchase of the far future", three.purchase(t, "airline", account, 100).with(fields{"occurredAt": "2099-01-01T10:00:00Z"}), fault.OutOfPeriod},
		{"a purchase of long ago", three.purchase(t, "airline", account, 100).with(fields{"occurredAt": "1999-01-01T10:00:00Z"}), fault.OutOfPeriod},
	} {
		t.Run(bad.name, func(t *testing.T) {
			p := refused(t, three.submit(t, "airline", bad.body), bad.code)
			if p.Operation == nil || p.Operation.Receipt == nil || p.Operation.Receipt.Outcome != points.Rejected || string(p.Operation.Receipt.Code) != p.Code {
				t.Fatalf("the refusal has no receipt: %+v", p.Operation)
			}
		})
	}
	three.unmoved(t, "airline", before)
	three.unchanged(t, "hotel", beforeHotel)
	if got := three.position(t, "airline", account); got.Posted != 10 {
		t.Fatalf("the account holds %d points, want 10", got.Posted)
	}
}

// TestSendingAgainChangesNothing: the same key answers the same operation, the same till receipt is known under any key, and neither serves for something else.
func TestSendingAgainChangesNothing(t *testing.T) {
	account := three.funded(t, "airline", 10)
	till := three.key(t, "airline", "till")
	send := func(key string, body any) answer {
		return three.call(t, "airline", request{method: "POST", path: "/v1/operations", key: till, idempotency: key, body: body})
	}
	earn, key := three.purchase(t, "airline", account, 700), unique("again")
	first := ok[operation](t, send(key, earn))
	before := three.books(t, "airline")
	for _, again := range []string{key, unique("another")} {
		if o := ok[operation](t, send(again, earn)); o.ID != first.ID || !o.Duplicate {
			t.Fatalf("sent again under %s: operation %s (duplicate: %v), want %s", again, o.ID, o.Duplicate, first.ID)
		}
	}
	refused(t, send(key, earn.with(fields{"amountMinor": 800})), fault.IdempotencyConflict)
	refused(t, send(key, redemption(account, 1)), fault.IdempotencyConflict)
	refused(t, send(unique("other"), earn.with(fields{"amountMinor": 800})), fault.NaturalConflict)
	three.unchanged(t, "airline", before)
	if got := three.position(t, "airline", account); got.Posted != 17 {
		t.Fatalf("the account holds %d points, want 17", got.Posted)
	}
}

// proven is a receipt with its proof, as GET /v1/receipts gives it.
type proven struct {
	Receipt points.Receipt        `json:"receipt"`
	Proof   points.InclusionProof `json:"proof"`
}

func (p proven) original() fields { return fields{"receipt": p.Receipt, "proof": p.Proof} }

// TestReturnsNeedTheTrueReceiptAndOnlyOnce covers forged and altered receipts, receipts of others, and a second return.
func TestReturnsNeedTheTrueReceiptAndOnlyOnce(t *testing.T) {
	account, other := three.funded(t, "airline", 50), three.funded(t, "airline", 50)
	till := three.key(t, "airline", "till")
	sale := ok[operation](t, three.submit(t, "airline", three.purchase(t, "airline", account, 3000)))
	receipt := ok[proven](t, three.call(t, "airline", request{method: "GET", path: "/v1/receipts/" + sale.ID, key: till}))
	before := three.books(t, "airline")
	back := func(of string, p proven, minor int64) answer {
		return three.submit(t, "airline", three.purchase(t, "airline", of, minor).with(fields{"kind": "return", "original": p.original()}))
	}
	altered, forged, elsewhere := receipt, receipt, receipt
	altered.Receipt.Points = 3000
	forged.Receipt.Operation = points.OperationID(randomHex(16))
	elsewhere.Proof.Seq += 1_000_000
	refused(t, back(account, altered, 3000), fault.ReceiptInvalid)
	refused(t, back(account, forged, 3000), fault.ReceiptInvalid)
	refused(t, back(account, elsewhere, 3000), fault.ReceiptInvalid)
	refused(t, back(other, receipt, 3000), fault.ReceiptNotReturnable)
	refused(t, back(account, receipt, 3100), fault.ReturnExceeds)
	three.unmoved(t, "airline", before)
	ok[operation](t, back(account, receipt, 3000))
	refused(t, back(account, receipt, 3000), fault.ReturnExceeds)
	refused(t, back(account, receipt, 100), fault.ReturnExceeds)
	for id, want := range map[string]int64{account: 50, other: 50} {
		if got := three.account(t, "airline", id); int64(got.Posted) != want {
			t.Errorf("account %s holds %d points, want %d", id, got.Posted, want)
		}
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	return must[[]byte](t)(json.Marshal(v))
}
