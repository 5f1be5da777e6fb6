package api

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sequencer"
)

// record sends a request that is right, with changes, and gives what the sequencer was handed.
func (b *bench) record(kind Kind, changes ...fields) sequencer.Intake {
	b.t.Helper()
	into[Operation](b.t, b.do(b.post("/v1/operations", scopeOf(kind), requestsOf()[kind].with(changes...))), http.StatusOK)
	return b.intakes[len(b.intakes)-1]
}

func TestDetailsHaveWhatRulesAndPricesLookAt(t *testing.T) {
	b := newBench(t)
	d := b.record(KindEarn, fields{"tags": []string{"z", "a"}, "channel": "web", "lines": []fields{{"category": "tea", "amountMinor": 1000}, {"amountMinor": 234}}}).Details
	if !slices.Equal(d.Tags, []string{"a", "z"}) || d.Channel != "web" || !slices.Equal(d.Lines, []points.Line{{Category: "tea", AmountMinor: 1000}, {AmountMinor: 234}}) {
		t.Errorf("purchase %+v", d)
	}
	if d = b.record(KindRedeem, fields{"item": "mug"}).Details; d.Item != "mug" || d.Pieces != 1 {
		t.Errorf("one piece %+v", d)
	}
	if d = b.record(KindRedeem, fields{"item": "mug", "pieces": 3}).Details; d.Pieces != 3 {
		t.Errorf("three pieces %+v", d)
	}
	if d = b.record(KindEarn, fields{"event": "review"}).Details; d.Event != "review" {
		t.Errorf("event %+v", d)
	}
	if d = b.record(KindAdjust).Details; d.Note != "counted twice" {
		t.Errorf("adjustment %+v", d)
	}
}

func TestAnAccountIsOpenedForAShopOrWithAPasskey(t *testing.T) {
	b := newBench(t)
	body := fields{"holder": "merchant", "controller": fields{"kind": "webauthn", "key": publicKey}}
	into[Operation](t, b.do(b.post("/v1/accounts", ScopeTill, body)), http.StatusOK)
	if o := b.intakes[0].Operation; o.Holder != points.HolderMerchant || *o.Controller != (points.Controller{Kind: points.ControllerWebAuthn, Version: 1, Key: publicKey}) {
		t.Errorf("%+v", o)
	}
	p := b.problem(b.do(b.post("/v1/accounts", ScopeTill, fields{"holder": "bank"})), fault.InvalidValue)
	if (*p.Errors)[0].Pointer != "/holder" {
		t.Errorf("%+v", p.Errors)
	}
}

func TestASponsoredShopIsTheMerchant(t *testing.T) {
	for kind, onLedger := range map[Kind]string{KindEarn: "corner", KindRedeem: "corner", KindCapture: "corner", KindHold: "", KindReturn: ""} {
		b := newBench(t)
		in := b.record(kind, fields{"shop": "corner"})
		if in.Details.Merchant != "corner" || in.Operation.Shop != onLedger {
			t.Errorf("%s: merchant %q, shop %q", kind, in.Details.Merchant, in.Operation.Shop)
		}
		b.lawful()
	}
}

func TestAHoldLapsesAsLongAfterItsAcceptanceAsAsked(t *testing.T) {
	b := newBench(t)
	before := time.Now().Unix()
	until := b.record(KindHold, fields{"holdSeconds": 600}).Operation.Until
	if until < before+600 || until > time.Now().Unix()+600 {
		t.Errorf("until %d, sent at %d", until, before)
	}
	if until := b.record(KindHold, fields{"holdSeconds": nil, "until": 2_000_000_000}).Operation.Until; until != 2_000_000_000 {
		t.Errorf("until %d", until)
	}
}

func TestAnAllowanceNamesNoTill(t *testing.T) {
	b := newBench(t)
	in := b.record(KindHold, fields{"store": nil, "terminal": nil, "receiptNumber": nil, "purpose": "allowance"})
	if d := in.Details; in.Operation.Purpose != points.PurposeAllowance || points.PlaceHash(hash, d.Merchant, d.Store, d.Terminal) != "" || !in.Custody {
		t.Errorf("%+v", in)
	}
}

func TestALateClaimNamesTheReceiptByItsKeyedHash(t *testing.T) {
	b := newBench(t)
	if o := b.record(KindEarn, fields{"lateClaim": true}).Operation; o.Claim != b.Claim("airline", "main-street", "till-1", "r-1") {
		t.Errorf("claim %q", o.Claim)
	}
	if o := b.record(KindEarn, fields{"lateClaim": true, "shop": "corner"}).Operation; o.Claim != b.Claim("corner", "main-street", "till-1", "r-1") {
		t.Errorf("claim %q", o.Claim)
	}
	if o := b.record(KindEarn, fields{"lateClaim": false}).Operation; o.Claim != "" {
		t.Errorf("claim %q of a purchase that nobody claims late", o.Claim)
	}
}

func TestAReferenceServesForTheSecondAccountToo(t *testing.T) {
	b := newBench(t)
	b.record(KindOpen, fields{"reference": "card-1"})
	b.record(KindOpen, fields{"reference": "card-2"})
	in := b.record(KindTransfer, fields{"account": nil, "reference": "card-1", "to": nil, "toReference": "card-2"})
	if string(in.Operation.Account) != hexOf("account of "+b.Lookup("card-1")) || string(in.Operation.To) != hexOf("account of "+b.Lookup("card-2")) {
		t.Errorf("%+v", in.Operation)
	}
	p := b.problem(b.do(b.post("/v1/operations", ScopeTill, requestsOf()[KindTransfer].with(fields{"to": nil, "toReference": "card-3"}))), fault.AccountUnknown)
	if (*p.Errors)[0].Pointer != "/toReference" {
		t.Errorf("%+v", p.Errors)
	}
}

func TestABulkFindsMoreReferencesThanOneQueryTakes(t *testing.T) {
	b := newBench(t)
	b.record(KindOpen, fields{"reference": "card-1"})
	items := make([]fields, 500)
	for i := range items {
		request := requestsOf()[KindTransfer].with(fields{"account": nil, "reference": "card-1", "to": nil, "toReference": "card-1"})
		items[i] = fields{"idempotencyKey": hexOf(time.Unix(int64(i), 0).String()), "operation": request}
	}
	r := into[BulkResponse](t, b.do(call{"POST", "/v1/operations/bulk", ScopeTill, fields{"operations": items}.String(), nil}), http.StatusOK).Results
	if i := slices.IndexFunc(r, func(r BulkResult) bool { return r.Status != http.StatusOK }); i >= 0 {
		t.Errorf("item %d: %+v", i, r[i].Problem)
	}
}

func TestAGiftsCodeIsToldToItsSenderAndNobodyElse(t *testing.T) {
	b := newBench(t)
	o := into[Operation](t, b.do(b.post("/v1/operations", ScopeTill, requestsOf()[KindGift])), http.StatusOK)
	again := into[Operation](t, b.do(b.post("/v1/operations", ScopeTill, requestsOf()[KindGift])), http.StatusOK)
	if o.ClaimCode == nil || again.ClaimCode == nil || *again.ClaimCode != *o.ClaimCode || !again.Duplicate {
		t.Fatalf("first %+v, sent again %+v", o, again)
	}
	if in := b.intakes[0]; in.Operation.Claim != points.ClaimHash(account, *o.ClaimCode) || in.Details.ClaimCode != "" {
		t.Errorf("%+v", in)
	}
	if read := into[Operation](t, b.get("/v1/operations/"+o.Id), http.StatusOK); read.ClaimCode != nil {
		t.Error("everybody who may read the operation can claim the gift")
	}
	given := "0123456789abcdefghijkl"
	if own := b.record(KindGift, fields{"claimCode": given}); own.Operation.Claim != points.ClaimHash(account, given) {
		t.Errorf("%+v", own.Operation)
	}
	b.refuse[points.KindGift] = fault.TransferRefused
	if p := b.problem(b.do(call{"POST", "/v1/operations", ScopeTill, requestsOf()[KindGift].String(), []string{"Idempotency-Key", "key-2"}}), fault.TransferRefused); p.Operation.ClaimCode != nil {
		t.Error("the code of a gift that was refused is worth nothing")
	}
}

func TestWhoAcceptsNeedNotKnowTheSender(t *testing.T) {
	b := newBench(t)
	gift := into[Operation](t, b.do(b.post("/v1/operations", ScopeTill, requestsOf()[KindGift])), http.StatusOK)
	in := b.record(KindAccept, fields{"account": wallet, "to": nil, "hold": gift.Id, "claimCode": *gift.ClaimCode})
	if in.Operation.To != account || in.Operation.Claim != points.ClaimHash(account, *gift.ClaimCode) || in.Details.ClaimCode != *gift.ClaimCode {
		t.Errorf("%+v", in)
	}
	b.lawfulLast()
	p := b.problem(b.do(b.post("/v1/operations", ScopeTill, requestsOf()[KindAccept].with(fields{"to": nil, "hold": unknownID}))), fault.HoldUnknown)
	if (*p.Errors)[0].Pointer != "/hold" {
		t.Errorf("%+v", p.Errors)
	}
}

func TestTheNextControllerHasTheNextNumber(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name    string
		kind    Kind
		changes fields
		want    points.Controller
	}{
		{"from custody to a key", KindRekey, fields{"account": account}, points.Controller{Kind: points.ControllerP256, Version: 1, Key: publicKey}},
		{"to a passkey", KindRekey, fields{"account": wallet, "controller": fields{"kind": "webauthn", "key": publicKey}}, points.Controller{Kind: points.ControllerWebAuthn, Version: 2, Key: publicKey}},
		{"recovery into custody", KindRecover, fields{"account": wallet}, points.Controller{Kind: points.ControllerCustodian, Version: 2}},
	} {
		if in := b.record(c.kind, c.changes); *in.Operation.Controller != c.want {
			t.Errorf("%s: %+v", c.name, in.Operation.Controller)
		}
	}
	for id, kind := range map[string]Kind{unknownID: KindRekey, stranger: KindRecover} {
		p := b.problem(b.do(b.post("/v1/operations", scopeOf(kind), requestsOf()[kind].with(fields{"account": id}))), fault.AccountUnknown)
		if (*p.Errors)[0].Pointer != "/account" {
			t.Errorf("%+v", p.Errors)
		}
	}
}

func TestWhatWasApprovedComesUnderItsID(t *testing.T) {
	b := newBench(t)
	for _, kind := range []Kind{KindAdjust, KindRecover} {
		if in := b.record(kind); string(in.Operation.ID) != heldID {
			t.Errorf("%s has the id %q", kind, in.Operation.ID)
		}
	}
	if in := b.record(KindFreeze); in.Operation.ID != "" {
		t.Errorf("freeze has the id %q", in.Operation.ID)
	}
}

func TestAPurchaseIsNotReturnedByPoints(t *testing.T) {
	b := newBench(t)
	first := into[Operation](t, b.submit(earn), http.StatusOK)
	changes := fields{"originalOperation": first.Id, "authentication": nil, "amountMinor": nil, "currency": nil, "points": 3}
	p := b.problem(b.do(call{"POST", "/v1/operations", ScopeTill, requestsOf()[KindReturn].with(changes).String(), []string{"Idempotency-Key", "key-2"}}), fault.InvalidValue)
	if (*p.Errors)[0].Pointer != "/points" || len(b.intakes) != 1 {
		t.Errorf("%+v, %d recorded", p.Errors, len(b.intakes))
	}
}
