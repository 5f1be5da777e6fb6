package engine_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func TestBatchIsRefusedAsAWholeForItsForm(t *testing.T) {
	sale := accrual(2, accountID(1), 500)
	replaced := func(old, new string) func(*engine.Call) {
		return func(c *engine.Call) { c.Document = []byte(strings.Replace(string(c.Document), old, new, 1)) }
	}
	transient := func(value []byte) func(*engine.Call) {
		return func(c *engine.Call) { c.Transient = map[string][]byte{wire.DetailsTransient: value} }
	}
	other := batchCall(t, 0, 2, accrual(3, accountID(1), 500)).Transient[wire.DetailsTransient]
	cases := []struct {
		name   string
		change func(*engine.Call)
		code   fault.Code
	}{
		{"as it should be", func(*engine.Call) {}, fault.OK},
		{"sequence used before", replaced(`"seq":2`, `"seq":1`), fault.LaneSequence},
		{"sequence ahead", replaced(`"seq":2`, `"seq":3`), fault.LaneSequence},
		{"sequence zero", replaced(`"seq":2`, `"seq":0`), fault.InvalidValue},
		{"another lane's sequence", replaced(`"lane":0`, `"lane":1`), fault.LaneSequence},
		{"negative lane", replaced(`"lane":0`, `"lane":-1`), fault.InvalidValue},
		{"unknown field", replaced(`"lane":0`, `"lane":0,"x":1`), fault.Malformed},
		{"points in an accrual", replaced(`"kind":"earn"`, `"kind":"earn","points":5`), fault.InvalidValue},
		{"by an operator", func(c *engine.Call) { c.Caller = operator }, fault.Forbidden},
		{"by another organisation with the role", func(c *engine.Call) { c.Caller.MSP = "HotelMSP" }, fault.Forbidden},
		{"by the regulator", func(c *engine.Call) { c.Caller.MSP = "RegulatorMSP" }, fault.Forbidden},
		{"without a role", func(c *engine.Call) { c.Caller.Role = "" }, fault.Forbidden},
		{"through clearing", func(c *engine.Call) { c.Chaincode = "clearing" }, fault.WrongEntryPoint},
		{"on another brand's chaincode", func(c *engine.Call) { c.Chaincode = "points-hotel" }, fault.WrongEntryPoint},
		{"no details", func(c *engine.Call) { c.Transient = nil }, fault.Malformed},
		{"empty details", transient(nil), fault.Malformed},
		{"details of another operation", transient(other), fault.DetailsMismatch},
		{"details over the limit", transient(make([]byte, wire.MaxDetails+1)), fault.TooLarge},
		{"a different number of details", func(c *engine.Call) {
			c.Transient = batchCall(t, 0, 2, sale, accrual(9, accountID(1), 1)).Transient
		}, fault.DetailsMismatch},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := founded(t)
			l.submit(t, 0, 1, opening(1, accountID(1)))
			call := batchCall(t, 0, 2, sale)
			c.change(&call)
			e, err := engine.Points(call, l.state())
			wantCode(t, err, c.code)
			if err != nil && (len(e.Writes)+len(e.Private) > 0 || e.EventName != "") {
				t.Errorf("a refused call has effects: %+v", e)
			}
		})
	}
}

func TestBatchBeforeTheProgrammeIsRefused(t *testing.T) {
	_, err := engine.Points(batchCall(t, 0, 1), memory{})
	wantCode(t, err, fault.NotFounded)
}

func TestRefusedOperationIsAReceiptAndTheRestStands(t *testing.T) {
	l := founded(t)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	receipts := l.submit(t, 0, 2, accrual(2, accountID(9), 500), accrual(3, accountID(1), 700), debit(4, accountID(1), "", 8), debit(5, accountID(1), "", 7))
	var codes []fault.Code
	for _, r := range receipts {
		codes = append(codes, r.Code)
	}
	if want := []fault.Code{fault.AccountUnknown, fault.OK, fault.InsufficientPoints, fault.OK}; !slices.Equal(codes, want) {
		t.Errorf("codes are %v, want %v", codes, want)
	}
	lane := l.lane(t, 0)
	if lane.Totals.Operations != 5 || lane.Totals.Rejected != 2 || lane.Totals.Issued != 7 || lane.Totals.Redeemed != 7 || lane.Seq != 2 {
		t.Errorf("the lane stands at %+v", lane)
	}
	if _, there := l.points[engine.AccountKey(accountID(9))]; there {
		t.Error("a refused operation made an account")
	}
}

func (l *ledger) lane(t tester, n int) points.Lane {
	t.Helper()
	var lane points.Lane
	if err := wire.DecodeRecord(l.points[engine.LaneKey(gateway.MSP, n)], &lane); err != nil {
		t.Fatalf("%v", err)
	}
	return lane
}

func TestEffectsOfABatch(t *testing.T) {
	l := founded(t)
	l.submit(t, 0, 1, opening(1, accountID(1)), opening(2, accountID(2)))
	call := batchCall(t, 0, 2, accrual(3, accountID(1), 500), accrual(4, accountID(2), 0), opening(5, accountID(3)), accrual(6, accountID(3), 100))
	e, err := engine.Points(call, l.state())
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, w := range e.Writes {
		keys = append(keys, engine.ReadableKey(w.Key))
	}
	want := []string{ // Account 2 earned nothing and stays as it was.
		"account/" + string(accountID(1)), "account/" + string(accountID(3)), "batch/AirlineMSP/0000/0000000000000000002",
		"exists/" + string(accountID(3)), "lane/AirlineMSP/0000",
	}
	if !slices.Equal(keys, want) {
		t.Errorf("writes %q, want %q", keys, want)
	}
	if len(e.Private) != 1 || e.Private[0].Collection != engine.CollectionDetails || e.Private[0].Key != engine.DetailsKey("AirlineMSP", 0, 2) ||
		string(e.Private[0].Value) != string(call.Transient[wire.DetailsTransient]) {
		t.Errorf("private writes are %+v", e.Private)
	}
	event := eventOf(t, e)
	leaves, err := wire.Leaves(event.Receipts)
	if err != nil {
		t.Fatal(err)
	}
	root, err := wire.Root(leaves)
	if err != nil {
		t.Fatal(err)
	}
	l.points.commit(e)
	var batch points.Batch
	if err := wire.DecodeRecord(l.points[engine.BatchKey("AirlineMSP", 0, 2)], &batch); err != nil {
		t.Fatal(err)
	}
	if e.EventName != wire.EventBatch || event.Root != root || batch.Root != root || batch.Count != 4 || l.lane(t, 0).Root != root {
		t.Errorf("roots: receipts %s, event %s, batch %+v, lane %s", root, event.Root, batch, l.lane(t, 0).Root)
	}
	if want := string(encode(t, wire.BatchResult{Root: root, Count: 4})); string(e.Response) != want {
		t.Errorf("answered %s, want %s", e.Response, want)
	}
}

func TestFenceAdvancesItsLaneAndNothingElse(t *testing.T) {
	l := founded(t)
	fence := batchCall(t, 5, 1)
	fence.Transient = nil
	e, err := engine.Points(fence, l.state())
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Private) != 0 || len(e.Writes) != 2 {
		t.Errorf("a fence writes %d public and %d private values", len(e.Writes), len(e.Private))
	}
	l.points.commit(e)
	if lane := l.lane(t, 5); lane.Seq != 1 || lane.Totals != (points.Totals{}) {
		t.Errorf("the lane stands at %+v", lane)
	}
	late := batchCall(t, 5, 1, opening(1, accountID(1)))
	_, err = engine.Points(late, l.state())
	wantCode(t, err, fault.LaneSequence)
}

func TestSameCallOnSameStateGivesSameBytes(t *testing.T) {
	l := founded(t)
	var pairs []pair
	for i := range 50 {
		pairs = append(pairs, opening(i+1, accountID(i+1)), accrual(i+100, accountID(i+1), int64(i)*100))
	}
	call := batchCall(t, 0, 1, pairs...)
	first, err := engine.Points(call, l.state())
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		again, err := engine.Points(call, l.state())
		if err != nil || string(encode(t, again)) != string(encode(t, first)) {
			t.Fatalf("effects differ, %v", err)
		}
	}
}

func TestEventsHoldNothingOfTheDetails(t *testing.T) {
	l := founded(t)
	sale := accrual(2, accountID(1), 123456)
	sale.details.Merchant, sale.details.Store, sale.details.Terminal, sale.details.Reference = "m-secret", "s-secret", "t-secret", "r-secret"
	sale.details.Natural, sale.details.Lookup, sale.details.Challenge = "n-secret", "l-secret", "c-secret"
	e, err := engine.Points(batchCall(t, 0, 1, opening(1, accountID(1)), sale), l.state())
	if err != nil {
		t.Fatal(err)
	}
	public := string(e.EventPayload) + string(e.Response)
	for _, w := range e.Writes {
		public += w.Key + string(w.Value)
	}
	for _, word := range []string{"secret", "123456", strings.Repeat("5a", 32), "2011-03-13T"} {
		if strings.Contains(public, word) {
			t.Errorf("%q is public", word)
		}
	}
}

func TestReturnIsProvenByItsReceipt(t *testing.T) {
	cases := []struct {
		name   string
		change func(*points.Original)
		code   fault.Code
	}{
		{"as given", func(*points.Original) {}, fault.OK},
		{"more points", func(o *points.Original) { o.Receipt.Points += 100 }, fault.ReceiptInvalid},
		{"another account", func(o *points.Original) { o.Receipt.Account = accountID(2) }, fault.ReceiptInvalid},
		{"another operation", func(o *points.Original) { o.Receipt.Operation = operationID(77) }, fault.ReceiptInvalid},
		{"another leaf", func(o *points.Original) { o.Proof.Index = 1 }, fault.ReceiptInvalid},
		{"a tree of another size", func(o *points.Original) { o.Proof.Size = 5 }, fault.ReceiptInvalid},
		{"a tree of another size with a path of the same length", func(o *points.Original) { o.Proof.Size = 4 }, fault.ReceiptInvalid},
		{"no hashes", func(o *points.Original) { o.Proof.Hashes = nil }, fault.ReceiptInvalid},
		{"another lane", func(o *points.Original) { o.Proof.Lane = 1 }, fault.ReceiptInvalid},
		{"another batch", func(o *points.Original) { o.Proof.Seq = 1 }, fault.ReceiptInvalid},
		{"a batch that never was", func(o *points.Original) { o.Proof.Seq = 99 }, fault.ReceiptInvalid},
		{"another submitter", func(o *points.Original) { o.Proof.MSP = "HotelMSP" }, fault.ReceiptInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := founded(t)
			l.submit(t, 0, 1, opening(1, accountID(1)), opening(2, accountID(2)))
			receipts := l.submit(t, 0, 2, accrual(3, accountID(1), 1000), accrual(4, accountID(2), 2000), accrual(5, accountID(1), 3000))
			original := prove(t, 0, 2, receipts, 0)
			c.change(original)
			neighbour := giveBack(7, prove(t, 0, 2, receipts, 1), 0) // Names the same batch in order.
			got := l.submit(t, 3, 1, neighbour, giveBack(6, original, 1000))
			if got[0].Code != fault.OK || got[1].Code != c.code {
				t.Errorf("got %s and %s, want OK and %s", got[0].Code, got[1].Code, c.code)
			}
		})
	}
}

func TestReceiptIsReturnedOnceAcrossBatchesAndWithinOne(t *testing.T) {
	l := founded(t)
	l.submit(t, 0, 1, opening(1, accountID(1)))
	receipts := l.submit(t, 0, 2, accrual(2, accountID(1), 1000))
	original := prove(t, 0, 2, receipts, 0)
	got := l.submit(t, 0, 3, giveBack(3, original, 600), giveBack(4, original, 600), giveBack(5, original, 400))
	if got[0].Code != fault.OK || got[1].Code != fault.ReturnExceeds || got[2].Code != fault.OK {
		t.Errorf("within one batch: %s, %s, %s", got[0].Code, got[1].Code, got[2].Code)
	}
	if r := l.submit(t, 1, 1, giveBack(6, original, 100))[0]; r.Code != fault.ReturnExceeds {
		t.Errorf("in a later batch: %s", r.Code)
	}
	if r := l.submit(t, 1, 2, accrual(7, accountID(1), 100), giveBack(8, prove(t, 0, 3, got, 0), 100))[1]; r.Code != fault.ReceiptNotReturnable {
		t.Errorf("the receipt of a return: %s", r.Code)
	}
	var reversal points.Reversal
	if err := wire.DecodeRecord(l.points[engine.ReversalKey(operationID(2))], &reversal); err != nil || reversal.TakenBack != 10 {
		t.Errorf("the reversal is %+v, %v", reversal, err)
	}
}

func TestAccountOpenedTwiceIsRefusedOnTheLedgerAndInTheBatch(t *testing.T) {
	l := founded(t)
	got := l.submit(t, 0, 1, opening(1, accountID(1)), opening(2, accountID(1)), accrual(3, accountID(1), 500))
	if got[0].Code != fault.OK || got[1].Code != fault.AccountExists || got[2].Code != fault.OK {
		t.Errorf("in one batch: %s, %s, %s", got[0].Code, got[1].Code, got[2].Code)
	}
	before := maps.Clone(l.points)
	if r := l.submit(t, 1, 1, opening(4, accountID(1)))[0]; r.Code != fault.AccountExists {
		t.Errorf("on the ledger: %s", r.Code)
	}
	if key := engine.AccountKey(accountID(1)); string(l.points[key]) != string(before[key]) {
		t.Error("the account was overwritten")
	}
}

func TestCorruptRecordsAreReportedAsSuch(t *testing.T) {
	for name, key := range map[string]string{
		"programme": engine.ProgrammeKey(), "lane": engine.LaneKey("AirlineMSP", 0), "account": engine.AccountKey(accountID(1)),
	} {
		t.Run(name, func(t *testing.T) {
			l := founded(t)
			l.submit(t, 0, 1, opening(1, accountID(1)))
			l.points[key] = []byte(`{"v":"`)
			_, err := engine.Points(batchCall(t, 0, 2, accrual(2, accountID(1), 100)), l.state())
			wantCode(t, err, fault.StateCorrupt)
		})
	}
}
