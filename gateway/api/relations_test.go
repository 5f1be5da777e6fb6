package api

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// variant is a request of a kind with some fields changed.
type variant struct {
	name    string
	kind    Kind
	changes []fields
	pointer string // Of the mistake; "" when it is right.
}

func (v variant) request() fields { return requestsOf()[v.kind].with(v.changes...) }

// categories are the lines of a purchase for 1234 in n categories.
func categories(n int) []fields {
	lines := []fields{{"amountMinor": 1234, "category": "c"}}
	for i := range n - 1 {
		lines = append(lines, fields{"amountMinor": 0, "category": fmt.Sprint("c", i)})
	}
	return lines
}

func TestFieldsThatBelongTogether(t *testing.T) {
	noTill := fields{"store": nil, "terminal": nil, "receiptNumber": nil}
	checkIn := fields{"event": "checkin"}
	noMoney := fields{"amountMinor": nil, "currency": nil}
	earned := points.Original{Receipt: receipt(points.OperationID(heldID), account), Proof: points.InclusionProof{MSP: "AirlineMSP", Seq: 1, Size: 1, Hashes: []string{}}}
	captured := earned
	captured.Receipt.Kind = points.KindCapture
	of := func(o points.Original, way ...fields) []fields {
		return append([]fields{noMoney, {"original": o, "authentication": nil}}, way...)
	}
	for _, v := range []variant{
		{"account and reference", KindEarn, []fields{{"reference": "card-1"}}, "/account"},
		{"to and toReference", KindTransfer, []fields{{"toReference": "card-1"}}, "/to"},
		{"an event without till and amount", KindEarn, []fields{noTill, noMoney, checkIn}, ""},
		{"an event at a till without a receipt", KindEarn, []fields{noMoney, checkIn, {"receiptNumber": nil}}, ""},
		{"a purchase that is named one", KindEarn, []fields{{"event": "purchase", "terminal": nil}}, "/terminal"},
		{"an event with an amount and no currency", KindEarn, []fields{{"event": "checkin", "currency": nil}}, "/currency"},
		{"a store without a terminal", KindEarn, []fields{{"event": "checkin", "terminal": nil}}, "/terminal"},
		{"a receipt number without a store", KindRefer, []fields{{"receiptNumber": "r-1"}}, "/store"},
		{"a shop without a store", KindHold, []fields{noTill, {"shop": "corner"}}, "/store"},
		{"a late claim of a purchase", KindEarn, []fields{{"lateClaim": true}}, ""},
		{"a late claim of a check-in", KindEarn, []fields{{"event": "checkin", "lateClaim": true}}, "/lateClaim"},
		{"lines that add up", KindEarn, []fields{{"lines": []fields{{"category": "tea", "amountMinor": 1000}, {"amountMinor": 234}}}}, ""},
		{"lines that are too much", KindEarn, []fields{{"lines": []fields{{"amountMinor": 1235}}}}, "/lines"},
		{"lines that are too little", KindEarn, []fields{{"lines": []fields{{"amountMinor": 1233}}}}, "/lines"},
		{"lines that would overflow", KindEarn, []fields{{"lines": slices.Repeat([]fields{{"amountMinor": 9007199254740991}}, 200)}}, "/lines"},
		{"lines of too many categories", KindEarn, []fields{{"lines": categories(rules.MaxCategories + 1)}}, "/lines"},
		{"lines of many categories", KindEarn, []fields{{"lines": categories(rules.MaxCategories)}}, ""},
		{"an item", KindRedeem, []fields{{"item": "mug", "pieces": 2}}, ""},
		{"a discount", KindCapture, []fields{gbp}, ""},
		{"a discount in another currency", KindRedeem, []fields{{"amountMinor": 100, "currency": "EUR"}}, "/currency"},
		{"a discount without a currency", KindRedeem, []fields{{"amountMinor": 100}}, "/currency"},
		{"pieces of nothing", KindRedeem, []fields{{"pieces": 2}}, "/item"},
		{"an item and a discount", KindRedeem, []fields{gbp, {"item": "mug"}}, "/item"},
		{"a hold until a time", KindHold, []fields{{"holdSeconds": nil, "until": 2_000_000_000}}, ""},
		{"a hold for ever", KindHold, []fields{{"holdSeconds": nil}}, "/holdSeconds"},
		{"a hold for and until", KindHold, []fields{{"until": 2_000_000_000}}, "/holdSeconds"},
		{"an allowance", KindHold, []fields{noTill, {"purpose": "allowance"}}, ""},
		{"an allowance for one till", KindHold, []fields{{"purpose": "allowance"}}, "/store"},
		{"authentication and authorisation", KindRedeem, []fields{{"authorisation": authorised(t, mandate())}}, "/authorisation"},
		{"authentication and a spend code", KindRedeem, []fields{{"spendCode": "TALLY1:"}}, "/authorisation"},
		{"a salt of custody's", KindRedeem, []fields{{"placeSalt": hash}}, "/placeSalt"},
		{"a capture with the hold's salt", KindCapture, []fields{{"placeSalt": hash}}, ""},
		{"a return of nothing in particular", KindReturn, []fields{noMoney}, "/amountMinor"},
		{"a whole return without a receipt", KindReturn, []fields{{"whole": true}}, "/whole"},
		{"lines without a receipt", KindReturn, []fields{{"returnLines": []int{0}}}, "/returnLines"},
		{"points without a receipt", KindReturn, []fields{{"points": 1}}, "/points"},
		{"a whole purchase", KindReturn, of(earned, fields{"whole": true}), ""},
		{"two lines of a purchase", KindReturn, of(earned, fields{"returnLines": []int{0, 2}}), ""},
		{"a part of a purchase by amount", KindReturn, []fields{gbp, {"original": earned, "authentication": nil}}, ""},
		{"a part of a purchase by points", KindReturn, of(earned, fields{"points": 1}), "/points"},
		{"a part of a redemption", KindReturn, of(captured, fields{"points": 1}), ""},
		{"a whole redemption", KindReturn, of(captured, fields{"whole": true}), ""},
		{"lines of a redemption", KindReturn, of(captured, fields{"returnLines": []int{0}}), "/points"},
		{"whole and by lines", KindReturn, of(earned, fields{"whole": true, "returnLines": []int{0}}), "/returnLines"},
		{"neither whole nor anything", KindReturn, of(earned, fields{"whole": false}), "/amountMinor"},
		{"neither a receipt nor consent", KindReturn, []fields{{"authentication": nil}}, "/authorisation"},
		{"a receipt and consent", KindReturn, of(earned, agreed, fields{"whole": true}), "/original"},
		{"two receipts", KindReturn, of(earned, fields{"whole": true, "originalOperation": heldID}), "/original"},
		{"custody for a new account", KindOpen, []fields{{"controller": fields{"kind": "custodian"}}}, "/controller/kind"},
		{"a passkey for a new account", KindOpen, []fields{{"controller": fields{"kind": "webauthn", "key": publicKey}}}, ""},
		{"back to custody", KindRekey, []fields{{"controller": fields{"kind": "custodian"}}}, ""},
		{"an adjustment by nothing", KindAdjust, []fields{{"points": 0}}, "/points"},
		{"nothing left to forfeit", KindClose, []fields{{"points": nil}}, ""},
		{"a gift with a code", KindGift, []fields{{"claimCode": "0123456789abcdefghijkl"}}, ""},
	} {
		t.Run(v.name, func(t *testing.T) {
			if v.pointer != "" {
				expectPointer(t, v.kind, v.request(), v.pointer)
				return
			}
			b := newBench(t)
			into[Operation](t, b.do(b.post("/v1/operations", scopeOf(v.kind), v.request())), http.StatusOK)
			b.lawful()
		})
	}
}
