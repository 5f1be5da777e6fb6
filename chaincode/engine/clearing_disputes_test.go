package engine_test

import (
	"encoding/hex"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// evidence puts receipts of the airline's programme on the ledger, one for each amount that the airline owes the hotel in a window, and gives what disputes them.
func (h *house) evidence(window int64, owed ...quantity.Micro) []wire.NewDispute {
	h.t.Helper()
	raw, err := hex.DecodeString(salt)
	if err != nil {
		h.t.Fatalf("%v", err)
	}
	docs, receipts := make([]wire.NewDispute, len(owed)), make([]points.Receipt, len(owed))
	for i, micro := range owed {
		h.lines++
		obligation := clearing.Obligation{Service: clearing.ServiceRedemption, Debtor: "airline", Creditor: "hotel", Micro: micro, Agreement: 1}
		hash, err := wire.ObligationHash(raw, &obligation)
		if err != nil {
			h.t.Fatalf("%v", err)
		}
		receipts[i] = points.Receipt{
			V: 1, Operation: operationID(h.lines), Kind: points.KindRedeem, Programme: "airline", Outcome: points.Accepted, Code: fault.OK,
			Partner: "hotel", Agreement: 1, Window: window, Obligation: hash,
		}
		docs[i] = wire.NewDispute{Currency: "GBP", Obligation: obligation, Salt: salt, Reason: "goods returned"}
	}
	leaves, err := wire.Leaves(receipts)
	if err != nil {
		h.t.Fatalf("%v", err)
	}
	root, err := wire.Root(leaves)
	if err != nil {
		h.t.Fatalf("%v", err)
	}
	h.batches["airline"] = encode(h.t, points.Batch{V: 1, Root: root, Count: len(receipts), Engine: 1, Terms: 1})
	for i := range docs {
		hashes, err := wire.Prove(leaves, i)
		if err != nil {
			h.t.Fatalf("%v", err)
		}
		docs[i].Evidence = points.Original{
			Receipt: receipts[i], Proof: points.InclusionProof{MSP: "AirlineMSP", Lane: 1100, Seq: 1, Index: i, Size: len(receipts), Hashes: hashes},
		}
	}
	return docs
}

func stepOf(d wire.NewDispute, member string) wire.DisputeStep {
	return wire.DisputeStep{Currency: "GBP", Programme: "airline", Operation: d.Evidence.Receipt.Operation, Member: member}
}

// paid is what a netting settles between the airline and the hotel.
func paid(n clearing.Netting) quantity.Minor {
	var sum quantity.Minor
	for _, o := range n.Settled {
		switch {
		case o.From == "airline" && o.To == "hotel":
			sum += o.Amount
		case o.From == "hotel" && o.To == "airline":
			sum -= o.Amount
		}
	}
	return sum
}

var pairOfTwo = [2]string{"airline", "hotel"}

func TestDisputeNeedsProofOfTheLine(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*wire.NewDispute)
		code   fault.Code
	}{
		"as it should be":           {func(*wire.NewDispute) {}, fault.OK},
		"an altered receipt":        {func(d *wire.NewDispute) { d.Evidence.Receipt.Points = 7 }, fault.ReceiptInvalid},
		"another place":             {func(d *wire.NewDispute) { d.Evidence.Proof.Index = 1 }, fault.ReceiptInvalid},
		"another size":              {func(d *wire.NewDispute) { d.Evidence.Proof.Size = 8 }, fault.ReceiptInvalid}, // The same hashes lead to the same root.
		"another window":            {func(d *wire.NewDispute) { d.Evidence.Receipt.Window = 2 }, fault.ReceiptInvalid},
		"another amount":            {func(d *wire.NewDispute) { d.Obligation.Micro++ }, fault.ReceiptInvalid},
		"the other way":             {func(d *wire.NewDispute) { d.Obligation.Debtor, d.Obligation.Creditor = "hotel", "airline" }, fault.ReceiptInvalid},
		"another salt":              {func(d *wire.NewDispute) { d.Salt = "00" + salt[2:] }, fault.ReceiptInvalid},
		"no salt":                   {func(d *wire.NewDispute) { d.Salt = "" }, fault.InvalidValue},
		"another partner":           {func(d *wire.NewDispute) { d.Evidence.Receipt.Partner = "grocer" }, fault.ReceiptInvalid},
		"no partner":                {func(d *wire.NewDispute) { d.Evidence.Receipt.Partner = "" }, fault.InvalidValue},
		"a reason that tells names": {func(d *wire.NewDispute) { d.Reason = "Jane Doe" }, fault.InvalidValue},
		"another netting":           {func(d *wire.NewDispute) { d.Netting = 2 }, fault.NotFound},
		"another currency":          {func(d *wire.NewDispute) { d.Currency = "EUR" }, fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			h := trio(t)
			doc := h.evidence(1, pounds(4), 1, 2, 3, 4, 5, 6)[0]
			c.change(&doc)
			_, err := h.try("airline", engine.RoleTreasurer, wire.FnFileDispute, doc)
			wantCode(t, err, c.code)
		})
	}
	h := trio(t)
	doc := h.evidence(1, pounds(4))[0]
	h.refused(fault.Forbidden, "grocer", engine.RoleTreasurer, wire.FnFileDispute, doc)
	h.refused(fault.Forbidden, "airline", engine.RoleOperator, wire.FnFileDispute, doc)
	h.must("hotel", engine.RoleTreasurer, wire.FnFileDispute, doc)
	h.refused(fault.AlreadyExists, "airline", engine.RoleTreasurer, wire.FnFileDispute, doc)
}

func TestDisputedLineIsSetAsideAndFallsDueAfterItsTerm(t *testing.T) {
	h := trio(t)
	doc := h.evidence(1, pounds(4))[0]
	h.must("airline", engine.RoleTreasurer, wire.FnFileDispute, doc)
	if got := paid(h.net(1, nets{pairOfTwo: pounds(10)})); got != 600 {
		t.Errorf("window 1 settles %d", got)
	}
	for n := int64(2); n <= 3; n++ {
		if got := paid(h.net(n, nil)); got != 0 {
			t.Errorf("window %d settles %d", n, got)
		}
	}
	if got := paid(h.net(4, nets{pairOfTwo: -pounds(1)})); got != 300 {
		t.Errorf("window 4 settles %d", got)
	}
	if got := paid(h.net(5, nil)); got != 0 {
		t.Errorf("window 5 settles %d", got)
	}
	if book := at[clearing.PairBook](h, engine.PairBookKey("airline", "hotel", "GBP")); len(book.Aside) != 0 {
		t.Errorf("the book still has %+v", book.Aside)
	}
	h.refused(fault.DisputeClosed, "airline", engine.RoleTreasurer, wire.FnWithdrawDispute, stepOf(doc, "airline"))
	h.refused(fault.DisputeClosed, "hotel", engine.RoleTreasurer, wire.FnUpholdDispute, stepOf(doc, "hotel"))
}

func TestWithdrawnDisputeIsPaidInTheNextNetting(t *testing.T) {
	h := trio(t)
	docs := h.evidence(1, pounds(4), pounds(2))
	for _, doc := range docs {
		h.must("airline", engine.RoleTreasurer, wire.FnFileDispute, doc)
	}
	h.refused(fault.Forbidden, "hotel", engine.RoleTreasurer, wire.FnWithdrawDispute, stepOf(docs[0], "hotel"))
	h.refused(fault.Forbidden, "hotel", engine.RoleTreasurer, wire.FnWithdrawDispute, stepOf(docs[0], "airline"))
	h.must("airline", engine.RoleTreasurer, wire.FnWithdrawDispute, stepOf(docs[0], "airline")) // Before its window is netted: nothing is set aside.
	if got := paid(h.net(1, nets{pairOfTwo: pounds(10)})); got != 800 {
		t.Errorf("window 1 settles %d", got)
	}
	h.must("airline", engine.RoleTreasurer, wire.FnWithdrawDispute, stepOf(docs[1], "airline"))
	h.refused(fault.DisputeClosed, "airline", engine.RoleTreasurer, wire.FnWithdrawDispute, stepOf(docs[1], "airline"))
	if got := paid(h.net(2, nil)); got != 200 {
		t.Errorf("window 2 settles %d", got)
	}
}

func TestUpheldDisputeIsOwedNoMoreToTheLastMillionth(t *testing.T) {
	h := trio(t)
	docs := h.evidence(1, 300_400_000, 100_700_000) // £3.004, £1.007
	for _, doc := range docs {
		h.must("airline", engine.RoleTreasurer, wire.FnFileDispute, doc)
	}
	h.refused(fault.AlreadyExists, "airline", engine.RoleTreasurer, wire.FnUpholdDispute, stepOf(docs[0], "airline"))
	h.refused(fault.Forbidden, "grocer", engine.RoleTreasurer, wire.FnUpholdDispute, stepOf(docs[0], "grocer"))
	h.must("hotel", engine.RoleTreasurer, wire.FnUpholdDispute, stepOf(docs[0], "hotel"))
	first := paid(h.net(1, nets{pairOfTwo: 1_000_000_000}))
	h.must("hotel", engine.RoleTreasurer, wire.FnUpholdDispute, stepOf(docs[1], "hotel"))
	settled := first
	for n := int64(2); n <= 6; n++ {
		settled += paid(h.net(n, nil))
	}
	book := at[clearing.PairBook](h, engine.PairBookKey("airline", "hotel", "GBP"))
	if got := quantity.Micro(settled)*quantity.MicroPerMinor + book.Residual; got != 1_000_000_000-300_400_000-100_700_000 {
		t.Errorf("settled and left are %d", got)
	}
	if len(book.Aside) != 0 || book.Residual > 500_000 || book.Residual < -500_000 {
		t.Errorf("the book is %+v", book)
	}
}

func TestDisputesAreLimited(t *testing.T) {
	h := trio(t)
	small := make([]quantity.Micro, 11)
	for i := range small {
		small[i] = pounds(1)
	}
	docs := h.evidence(1, small...)
	for i, doc := range docs {
		if i == 10 {
			h.refused(fault.DisputeLimit, "airline", engine.RoleTreasurer, wire.FnFileDispute, doc)
			continue
		}
		h.must("airline", engine.RoleTreasurer, wire.FnFileDispute, doc)
	}
	h = trio(t) // An allocation of 10,000 pounds, of which a tenth can be set aside.
	docs = h.evidence(1, pounds(900), pounds(101), pounds(100), 499_999)
	h.must("airline", engine.RoleTreasurer, wire.FnFileDispute, docs[0])
	h.refused(fault.DisputeLimit, "airline", engine.RoleTreasurer, wire.FnFileDispute, docs[1])
	h.must("hotel", engine.RoleTreasurer, wire.FnFileDispute, docs[2])
	h.refused(fault.InvalidValue, "airline", engine.RoleTreasurer, wire.FnFileDispute, docs[3])
	h = trio(t)
	docs = h.evidence(1, pounds(1000), -pounds(1000)) // The other direction has a share of its own.
	h.must("airline", engine.RoleTreasurer, wire.FnFileDispute, docs[0])
	h.must("airline", engine.RoleTreasurer, wire.FnFileDispute, docs[1])
}

func TestAfterNettingItIsTooLateToDispute(t *testing.T) {
	h := trio(t)
	h.close(1, nets{pairOfTwo: pounds(10)})
	docs := h.evidence(1, pounds(4), pounds(1))
	h.must("airline", engine.RoleTreasurer, wire.FnFileDispute, docs[0])
	h.must("grocer", engine.RoleGateway, wire.FnNetWindow, named(1))
	h.refused(fault.DisputeLate, "airline", engine.RoleTreasurer, wire.FnFileDispute, docs[1])
	h.settle(1)
	h.refused(fault.DisputeLate, "airline", engine.RoleTreasurer, wire.FnFileDispute, docs[1])
	h.roll(2)
	docs[1].Netting = 2
	h.refused(fault.NotFound, "airline", engine.RoleTreasurer, wire.FnFileDispute, docs[1])
	h.must("airline", engine.RoleGateway, wire.FnDiscloseNet, disclosure(2, "airline", "hotel"))
	h.refused(fault.InvalidValue, "airline", engine.RoleTreasurer, wire.FnFileDispute, docs[1])
}

func TestWindowThatAPairMissedIsDisputedWhereItIsNetted(t *testing.T) {
	h := trio(t)
	late := h.tally(1, "airline", "hotel", 0, pounds(9))
	h.roll(1)
	h.must("airline", engine.RoleGateway, wire.FnDiscloseNet, disclosure(1, "airline", "grocer"))
	h.must("grocer", engine.RoleGateway, wire.FnDiscloseNet, disclosure(1, "grocer", "hotel"))
	h.now = h.window(1).DiscloseBy
	h.must("grocer", engine.RoleGateway, wire.FnCloseWindow, named(1))
	h.must("grocer", engine.RoleGateway, wire.FnNetWindow, named(1))
	doc := h.evidence(1, pounds(4))[0]
	h.refused(fault.DisputeLate, "airline", engine.RoleTreasurer, wire.FnFileDispute, doc)
	h.roll(2)
	missed := disclosure(1, "airline", "hotel", late)
	missed.Netting = 2
	h.must("hotel", engine.RoleGateway, wire.FnDiscloseNet, missed)
	doc.Netting = 2
	h.must("airline", engine.RoleTreasurer, wire.FnFileDispute, doc)
	h.now = h.window(2).DiscloseBy
	h.must("grocer", engine.RoleGateway, wire.FnCloseWindow, named(2))
	h.must("grocer", engine.RoleGateway, wire.FnNetWindow, named(2))
	if got := paid(at[clearing.Netting](h, engine.NettingKey("GBP", 2))); got != 500 {
		t.Errorf("window 2 settles %d", got)
	}
}
