package store

import (
	"context"
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

func accept(t *testing.T, s *Store, all ...NewOperation) []Admission {
	t.Helper()
	admissions, err := s.AcceptOperations(context.Background(), 1, all, func([]Admission) {}, func() { t.Error("the write failed") })
	if err != nil {
		t.Fatal(err)
	}
	return admissions
}

func TestManyOperationsKeepTheirOrder(t *testing.T) {
	s := open(t)
	var all []NewOperation
	for i := range 149 {
		all = append(all, operation(i))
	}
	admissions := accept(t, s, all...)
	pending, err := s.PendingOperations(context.Background(), "airline")
	if err != nil || len(pending) != len(all) {
		t.Fatalf("%d operations are pending (%v)", len(pending), err)
	}
	for i := range all {
		if !admissions[i].Inserted || admissions[i].Operation.ID != all[i].ID || pending[i].ID != all[i].ID || pending[i].Row != admissions[i].Operation.Row {
			t.Fatalf("operation %d came out as %+v and %+v", i, admissions[i].Operation, pending[i])
		}
	}
}

func TestAnEarlierOperationIsFoundByItsKeyFirst(t *testing.T) {
	s := open(t)
	first, second := operation(1), operation(2)
	accept(t, s, first, second)
	byKey, byNatural, byBoth, byID, byIDAndNatural := operation(3), operation(4), operation(5), operation(6), operation(7)
	byKey.Idempotency = first.Idempotency
	byNatural.Natural = second.Natural
	byBoth.Idempotency, byBoth.Natural = first.Idempotency, second.Natural
	byID.ID = first.ID
	byIDAndNatural.ID, byIDAndNatural.Natural = first.ID, second.Natural
	admissions := accept(t, s, byKey, byNatural, byBoth, byID, byIDAndNatural)
	for i, want := range []struct {
		id    points.OperationID
		match Match
	}{{first.ID, ByIdempotency}, {second.ID, ByNatural}, {first.ID, ByIdempotency}, {first.ID, ByID}, {second.ID, ByNatural}} {
		a := admissions[i]
		if a.Inserted || a.Operation.ID != want.id || a.Match != want.match {
			t.Errorf("admission %d is %+v", i, a)
		}
	}
	if n := count(t, s, "operations"); n != 2 {
		t.Errorf("%d operations are recorded, want 2", n)
	}
}

func TestAnOperationIsReadAsItWasAccepted(t *testing.T) {
	s := open(t)
	ctx := context.Background()
	n := NewOperation{
		ID: "o", Kind: points.KindRedeem, Programme: "airline", Partner: "hotel", Account: "a", To: "b", Shop: "corner", Natural: "n", Idempotency: "i", Request: "r",
		Document: []byte(`{"d":1}`), Details: []byte(`{"e":2}`),
		Custody: true,
	}
	admitted := accept(t, s, n)[0].Operation
	want := Operation{
		Row: admitted.Row, ID: n.ID, Kind: n.Kind, Programme: n.Programme, Partner: n.Partner, Account: n.Account, To: n.To, Shop: n.Shop,
		Natural: n.Natural, Idempotency: n.Idempotency, Request: n.Request,
		Document: n.Document, Details: n.Details, Custody: n.Custody, Status: Pending, AcceptedAt: 1,
	}
	read, err := s.Operation(ctx, n.ID)
	if err != nil || !reflect.DeepEqual(read, want) || !reflect.DeepEqual(admitted, want) {
		t.Errorf("accepted as %+v and read as %+v, want %+v (%v)", admitted, read, want, err)
	}
	if err := s.Pin(ctx, "airline", "AirlineMSP", pinOf(2, 7, "salt", admitted)); err != nil {
		t.Fatal(err)
	}
	want.Status, want.Lane, want.Seq = Pinned, 2, 7
	if pins, err := s.Pins(ctx, "airline"); err != nil || len(pins) != 1 || !reflect.DeepEqual(pins[0].Operations, []Operation{want}) {
		t.Errorf("the pins are %+v (%v), want %+v", pins, err, want)
	}
}

func TestOperationsWithoutKeyOrNaturalIDDontMeet(t *testing.T) {
	s := open(t)
	a, b := operation(1), operation(2)
	a.Natural, a.Idempotency, b.Natural, b.Idempotency = "", "", "", ""
	for _, admission := range accept(t, s, a, b) {
		if !admission.Inserted {
			t.Error("an operation met another one that it has nothing in common with")
		}
	}
}

func TestAnOpeningsLookupIsThereAtOnceAndGoneWhenItIsRefused(t *testing.T) {
	s := open(t)
	o := operation(1)
	o.Kind, o.Lookup = points.KindOpen, "customer"
	accept(t, s, o)
	if n := count(t, s, "lookups"); n != 1 {
		t.Errorf("%d lookups are there, want 1", n)
	}
	if err := s.RefuseOperation(context.Background(), o.ID, fault.InvalidValue, 5); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "lookups"); n != 0 {
		t.Errorf("%d lookups are left", n)
	}
	refused, err := s.Operation(context.Background(), o.ID)
	if err != nil || refused.Status != Done || refused.Code != fault.InvalidValue || refused.Outcome != points.Rejected || refused.Natural != "" || refused.DoneAt != 5 {
		t.Errorf("the refused operation is %+v (%v)", refused, err)
	}
	again := operation(2)
	again.Kind, again.Lookup, again.Natural = points.KindOpen, "customer", o.Natural
	if !accept(t, s, again)[0].Inserted {
		t.Error("the customer can't open an account any more")
	}
}

func TestWhatFailsInsideAnAcceptanceIsUndone(t *testing.T) {
	s := open(t)
	undone := false
	bad := operation(1)
	bad.Document = nil
	if _, err := s.AcceptOperations(context.Background(), 1, []NewOperation{operation(2), bad}, func([]Admission) {}, func() { undone = true }); err == nil {
		t.Fatal("a row without a document was taken")
	}
	if undone {
		t.Error("undo was called though nothing was announced")
	}
	if n := count(t, s, "operations"); n != 0 {
		t.Errorf("%d operations are left", n)
	}
}

func pinOf(lane int, seq int64, salt string, operations ...Operation) Pin {
	return Pin{Lane: lane, Seq: seq, Salt: salt, CreatedAt: 1, Operations: operations}
}

func TestAPinHoldsItsOperationsInTheirOrder(t *testing.T) {
	s := open(t)
	ctx := context.Background()
	var all []NewOperation
	for i := range 230 {
		all = append(all, operation(i))
	}
	var operations []Operation
	for _, a := range accept(t, s, all...) {
		operations = append(operations, a.Operation)
	}
	if err := s.Pin(ctx, "airline", "AirlineMSP", pinOf(2, 7, "salt", operations[:225]...)); err != nil {
		t.Fatal(err)
	}
	if err := s.Pin(ctx, "airline", "AirlineMSP", pinOf(3, 1, "fence")); err != nil {
		t.Fatal(err)
	}
	pins, err := s.Pins(ctx, "airline")
	if err != nil || len(pins) != 2 || len(pins[0].Operations) != 225 || len(pins[1].Operations) != 0 || pins[0].Salt != "salt" || pins[0].Seq != 7 {
		t.Fatalf("the pins are %+v (%v)", pins, err)
	}
	for i, o := range pins[0].Operations {
		if o.ID != all[i].ID || o.Status != Pinned || o.Lane != 2 || o.Seq != 7 {
			t.Fatalf("operation %d of the pin is %+v", i, o)
		}
	}
	if pending, err := s.PendingOperations(ctx, "airline"); err != nil || len(pending) != 5 {
		t.Errorf("%d operations are pending (%v), want 5", len(pending), err)
	}
}

func TestALaneHasOnePinAndAnOperationOnePlace(t *testing.T) {
	s := open(t)
	ctx := context.Background()
	admissions := accept(t, s, operation(1), operation(2))
	a, b := admissions[0].Operation, admissions[1].Operation
	if err := s.Pin(ctx, "airline", "AirlineMSP", pinOf(0, 1, "x", a)); err != nil {
		t.Fatal(err)
	}
	if err := s.Pin(ctx, "airline", "AirlineMSP", pinOf(0, 1, "x", a)); err != nil {
		t.Errorf("the same pin can't be written again: %v", err)
	}
	for name, p := range map[string]Pin{
		"another pin of the lane":       pinOf(0, 2, "y", b),
		"another batch at the place":    pinOf(0, 1, "y", b),
		"an operation in another place": pinOf(1, 1, "z", b, a),
	} {
		if err := s.Pin(ctx, "airline", "AirlineMSP", p); fault.CodeOf(err) != fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	if pending, err := s.PendingOperations(ctx, "airline"); err != nil || len(pending) != 1 || pending[0].ID != b.ID {
		t.Errorf("pending is %+v (%v)", pending, err)
	}
}

func TestAPlaceThatABlockHasDecidedTakesNoPin(t *testing.T) {
	s := open(t)
	ctx := context.Background()
	batch := BatchRow{Programme: "airline", MSP: "AirlineMSP", Lane: 2, Seq: 7, Event: []byte("{}")}
	if err := s.Project(ctx, Changes{Batches: []BatchRow{batch}}); err != nil {
		t.Fatal(err)
	}
	for seq, want := range map[int64]bool{6: false, 7: false, 8: true} {
		err := s.Pin(ctx, "airline", "AirlineMSP", pinOf(2, seq, "x"))
		if (err == nil) != want || !want && fault.CodeOf(err) != fault.LaneSequence {
			t.Errorf("a pin at %d: %v", seq, err)
		}
	}
	if err := s.Pin(ctx, "airline", "AirlineMSP", pinOf(3, 1, "x")); err != nil {
		t.Errorf("another lane's place: %v", err)
	}
}

func TestARefusalLeavesAPinnedOperationAlone(t *testing.T) {
	s := open(t)
	ctx := context.Background()
	o := accept(t, s, operation(1))[0].Operation
	if err := s.Pin(ctx, "airline", "AirlineMSP", pinOf(0, 1, "x", o)); err != nil {
		t.Fatal(err)
	}
	if err := s.RefuseOperation(ctx, o.ID, fault.InvalidValue, 5); err != nil {
		t.Fatal(err)
	}
	if now, err := s.Operation(ctx, o.ID); err != nil || now.Status != Pinned || now.Natural != o.Natural {
		t.Errorf("the pinned operation is %+v (%v)", now, err)
	}
}

func TestAnUnknownOperationIsNotFound(t *testing.T) {
	if _, err := open(t).Operation(context.Background(), "x"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("got %v", err)
	}
}
