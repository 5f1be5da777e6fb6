package api

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const (
	place    = `"store":"main-street","terminal":"till-1","receiptNumber":"r-1"`
	bought   = `"amountMinor":1234,"currency":"GBP","occurredAt":"2026-11-22T10:00:00+01:00",` + place
	earn     = `{"kind":"earn","account":"` + account + `",` + bought + `}`
	redeem   = `{"kind":"redeem","account":"` + account + `","points":5,` + place + `,"authentication":{"method":"otp","challenge":"four digits"}}`
	giveBack = `{"kind":"return","account":"` + account + `",` + bought + `}`
)

func TestAnOperationIsAnsweredWithItsReceipt(t *testing.T) {
	b := newBench(t)
	o := into[Operation](t, b.submit(earn), http.StatusOK)
	if o.Status != DONE || *o.Code != "OK" || o.Receipt == nil || o.Receipt.Points != 12 || o.Duplicate || o.Programme != "airline" {
		t.Errorf("%+v", o)
	}
	in := b.intakes[0]
	if in.Caller != ScopeTill || in.IdempotencyKey != "key-1" || in.Custody || in.Operation.Kind != points.KindEarn || in.Operation.Account != account {
		t.Errorf("intake %+v", in)
	}
	d := in.Details
	if d.AmountMinor != 1234 || d.Currency != "GBP" || d.OccurredAt != "2026-11-22T10:00:00+01:00" || d.Merchant != "airline" || d.Store != "main-street" ||
		d.Terminal != "till-1" || d.Reference != "r-1" {
		t.Errorf("details %+v", d)
	}
	if again := into[Operation](t, b.submit(earn), http.StatusOK); !again.Duplicate || again.Id != o.Id {
		t.Errorf("sent again: %+v", again)
	}
}

func TestTheRequestHashFollowsTheContentNotItsSpelling(t *testing.T) {
	b := newBench(t)
	b.submit(earn)
	b.submit("{ \n" + strings.TrimSuffix(strings.TrimPrefix(earn, `{"kind":"earn",`), "}") + `, "kind":"earn"}`)
	b.submit(strings.Replace(earn, ":1234", ":1235", 1))
	if len(b.intakes) != 3 {
		t.Fatalf("%d intakes", len(b.intakes))
	}
	if b.intakes[0].RequestHash != b.intakes[1].RequestHash {
		t.Error("the same content in another order has another hash")
	}
	if b.intakes[0].RequestHash == b.intakes[2].RequestHash {
		t.Error("another amount has the same hash")
	}
}

func TestARefusedOperationIsAProblemThatCarriesItsReceipt(t *testing.T) {
	b := newBench(t)
	b.refuse[points.KindRedeem] = fault.InsufficientPoints
	p := b.problem(b.submit(redeem), fault.InsufficientPoints)
	if p.Operation == nil || p.Operation.Receipt == nil || p.Operation.Receipt.Outcome != points.Rejected || *p.Operation.Outcome != REJECTED {
		t.Fatalf("%+v", p)
	}
	o := into[Operation](t, b.get("/v1/operations/"+p.Operation.Id), http.StatusOK)
	if *o.Code != string(fault.InsufficientPoints) || o.Status != DONE {
		t.Errorf("read later: %+v", o)
	}
}

func TestACallThatDoesNotWaitIsAnswered202(t *testing.T) {
	for name, headers := range map[string][]string{"respond-async": {"Prefer", "respond-async"}, "wait runs out": {"Prefer", "foo, wait=0"}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.hang = true
			w := b.submit(earn, headers...)
			o := into[Operation](t, w, http.StatusAccepted)
			if o.Status != PENDING || o.Receipt != nil || w.Header().Get("Location") != "/v1/operations/"+o.Id {
				t.Errorf("%+v, Location %q", o, w.Header().Get("Location"))
			}
			if read := into[Operation](t, b.get("/v1/operations/"+o.Id), http.StatusOK); read.Status != PENDING {
				t.Errorf("read: %+v", read)
			}
		})
	}
}

func TestCustodySignsWhatHasNoAuthorisationOfItsOwn(t *testing.T) {
	for _, c := range []struct {
		name, body string
		custody    bool
	}{
		{"redemption in custody", redeem, true},
		{"redemption by the wallet", signedRedemption().with(fields{"authorisation": authorised(t, mandate()), "placeSalt": hash}).String(), false},
		{"transfer in custody", `{"kind":"transfer","account":"` + account + `","to":"` + wallet + `","points":5,"authentication":{"method":"otp","challenge":"x"}}`, true},
		{"return without a receipt", requestsOf()[KindReturn].String(), true},
		{"accrual", earn, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			into[Operation](t, b.submit(c.body), http.StatusOK)
			if in := b.intakes[0]; in.Custody != c.custody {
				t.Errorf("custody %v", in.Custody)
			}
		})
	}
}

func TestOnlyAHashOfTheChallengeIsKept(t *testing.T) {
	b := newBench(t)
	b.submit(redeem)
	if got := b.intakes[0].Details.Challenge; !strings.HasPrefix(got, "otp:") || len(got) != len("otp:")+64 {
		t.Errorf("challenge %q", got)
	}
}

func TestATransferHasNoPlace(t *testing.T) {
	b := newBench(t)
	b.submit(`{"kind":"transfer","account":"` + account + `","to":"` + wallet + `","points":5,"authentication":{"method":"otp","challenge":"x"}}`)
	if d := b.intakes[0].Details; d.Merchant != "" {
		t.Errorf("merchant %q: the mandate of a transfer would have to name a place", d.Merchant)
	}
}

func TestAReturnOfAnOperationGetsItsReceiptAndProofAttached(t *testing.T) {
	b := newBench(t)
	first := into[Operation](t, b.submit(earn), http.StatusOK)
	b.do(call{"POST", "/v1/operations", ScopeTill, earn, []string{"Idempotency-Key", "key-2"}})
	w := b.do(call{"POST", "/v1/operations", ScopeTill, strings.TrimSuffix(giveBack, "}") + `,"originalOperation":"` + first.Id + `"}`, []string{"Idempotency-Key", "key-3"}})
	into[Operation](t, w, http.StatusOK)
	in := b.intakes[2]
	if in.Custody || in.Operation.Original == nil || string(in.Operation.Original.Receipt.Operation) != first.Id {
		t.Fatalf("intake %+v", in)
	}
	proven := into[ProvenReceipt](t, b.get("/v1/receipts/"+first.Id), http.StatusOK)
	if proven.Proof.Size != 3 || proven.Proof.MSP != "AirlineMSP" || proven.Proof.Lane != 3 || proven.Proof.Seq != 9 {
		t.Errorf("proof %+v", proven.Proof)
	}
	if err := wire.VerifyInclusion(proven.Root, &proven.Receipt, &proven.Proof); err != nil {
		t.Error(err)
	}
}

func TestOpeningAnAccountPassesOnTheKeyedHashOnly(t *testing.T) {
	b := newBench(t)
	w := b.do(call{"POST", "/v1/accounts", ScopeTill, `{"reference":"+44 20 7946 0000"}`, []string{"Idempotency-Key", "key-1"}})
	o := into[Operation](t, w, http.StatusOK)
	in := b.intakes[0]
	if in.Lookup != b.Lookup("+44 20 7946 0000") || in.Operation.Controller.Kind != points.ControllerCustodian || !reflect.DeepEqual(in.Details, points.Details{}) {
		t.Errorf("intake %+v", in)
	}
	found := into[LookupResponse](t, b.do(call{"POST", "/v1/accounts/lookup", ScopeTill, `{"reference":"+44 20 7946 0000"}`, nil}), http.StatusOK)
	if found.Account != o.Account || found.Programme != "airline" {
		t.Errorf("%+v", found)
	}
	b.problem(b.do(call{"POST", "/v1/accounts/lookup", ScopeTill, `{"reference":"nobody"}`, nil}), fault.AccountUnknown)
}

func TestABulkTellsEachItem(t *testing.T) {
	b := newBench(t)
	b.refuse[points.KindRedeem] = fault.InsufficientPoints
	item := func(key, operation string) string {
		return `{"idempotencyKey":"` + key + `","operation":` + operation + `}`
	}
	body := `{"operations":[` + strings.Join([]string{
		item("a", `{"kind":"earn","reference":"card-1",`+bought+`}`),
		item("b", redeem),
		item("c", `{"kind":"open","reference":"card-1"}`),
		item("d", strings.Replace(earn, ":1234", ":-1", 1)),
		item("e", `{"kind":"earn","reference":"card-2",`+bought+`}`),
		item("a", earn),
		item("", earn),
	}, ",") + `]}`
	r := into[BulkResponse](t, b.do(call{"POST", "/v1/operations/bulk", ScopeTill, body, nil}), http.StatusOK).Results
	want := []struct {
		status  int
		code    fault.Code
		pointer string
	}{
		{200, "", ""}, {409, fault.InsufficientPoints, ""}, {200, "", ""}, {422, fault.OutOfRange, "/operations/3/operation/amountMinor"},
		{404, fault.AccountUnknown, "/operations/4/operation/reference"}, {422, fault.InvalidValue, "/operations/5/idempotencyKey"},
		{400, fault.IdempotencyMissing, "/operations/6/idempotencyKey"},
	}
	if len(r) != len(want) {
		t.Fatalf("%d results", len(r))
	}
	for i, w := range want {
		got := r[i]
		if got.Status != w.status || (w.code != "" && (got.Problem == nil || got.Problem.Code != string(w.code))) {
			t.Errorf("item %d: %+v", i, got)
			continue
		}
		if w.pointer != "" && (*got.Problem.Errors)[0].Pointer != w.pointer {
			t.Errorf("item %d: pointer %s", i, (*got.Problem.Errors)[0].Pointer)
		}
	}
	if len(b.intakes) != 3 || b.intakes[0].Operation.Kind != points.KindOpen || string(b.intakes[1].Operation.Account) != r[2].Operation.Account {
		t.Errorf("the opening should come first, and its account be used: %+v", b.intakes)
	}
}

func TestABulkThatCouldNotBeRecordedAtAllIsOneProblem(t *testing.T) {
	b := newBench(t)
	b.fail = fault.New(fault.Overloaded, "100000 operations are waiting")
	w := b.do(call{"POST", "/v1/operations/bulk", ScopeTill, `{"operations":[{"idempotencyKey":"a","operation":` + earn + `}]}`, nil})
	b.problem(w, fault.Overloaded)
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestABulkTakesAtMost500Operations(t *testing.T) {
	items := make([]string, 501)
	for i := range items {
		items[i] = fmt.Sprintf(`{"idempotencyKey":"k%d","operation":%s}`, i, earn)
	}
	b := newBench(t)
	bulk := func(items []string) call {
		return call{"POST", "/v1/operations/bulk", ScopeTill, `{"operations":[` + strings.Join(items, ",") + `]}`, nil}
	}
	b.problem(b.do(bulk(items)), fault.TooLarge)
	b.problem(b.do(bulk(nil)), fault.InvalidValue)
	if len(b.intakes) != 0 {
		t.Fatalf("%d operations were recorded", len(b.intakes))
	}
	if r := into[BulkResponse](t, b.do(bulk(items[:500])), http.StatusOK); len(r.Results) != 500 {
		t.Errorf("%d results", len(r.Results))
	}
}

func TestBeforeThePastIsKnownNothingIsLookedUp(t *testing.T) {
	b := newBench(t)
	b.starting = fault.New(fault.NotReady, "the gateway has not caught up")
	unknown := strings.Replace(earn, account, unknownID, 1)
	b.problem(b.submit(unknown), fault.NotReady)
	if len(b.intakes) != 0 {
		t.Errorf("%d recorded", len(b.intakes))
	}
}
