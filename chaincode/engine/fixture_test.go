package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const now = int64(1_300_000_000) // 2011-03-13.

var (
	genesis   = strings.Repeat("0a", 32)
	custodian = newKey()

	gateway  = engine.Identity{MSP: "AirlineMSP", Role: engine.RoleGateway}
	operator = engine.Identity{MSP: "AirlineMSP", Role: engine.RoleOperator}
)

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

// ledger is the state of points-airline and of clearing.
type ledger struct {
	points, clearing memory
}

// namespace is what a points chaincode sees: its own state, and clearing by a call.
type namespace struct {
	memory
	clearing memory
}

func (n namespace) Invoke(chaincode, function string, document []byte) ([]byte, error) {
	if chaincode != engine.ClearingChaincode {
		return nil, fault.New(fault.NotFound, "no chaincode %s", chaincode)
	}
	effects, err := engine.Clearing(engine.Call{Chaincode: "points-airline", Function: function, Document: document, Caller: operator, Time: now}, n.clearing)
	return effects.Response, err
}

func (l *ledger) state() engine.State { return namespace{memory: l.points, clearing: l.clearing} }

func (m memory) commit(e engine.Effects) {
	for _, w := range e.Writes {
		m[w.Key] = slices.Clone(w.Value)
	}
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func encodedKey(key *ecdsa.PrivateKey) string {
	text, err := points.EncodePublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return text
}

func encode(t tester, v any) []byte {
	t.Helper()
	raw, err := wire.Encode(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return raw
}

func founding() wire.Founding {
	return wire.Founding{V: 1, Genesis: genesis, Members: []clearing.Member{
		{Name: "airline", MSP: "AirlineMSP", Kind: clearing.KindBrand},
		{Name: "hotel", MSP: "HotelMSP", Kind: clearing.KindBrand},
		{Name: "regulator", MSP: "RegulatorMSP", Kind: clearing.KindRegulator},
	}}
}

func newProgramme() wire.NewProgramme {
	return wire.NewProgramme{
		Brand: "airline", DisplayName: "Miles", Currency: "GBP", Simulated: true, BusinessDate: quantity.DayOf(now),
		Terms: firstTerms(), CustodianKey: encodedKey(custodian), Engine: points.EngineVersion,
	}
}

func firstTerms() terms.Terms {
	return terms.Terms{
		Version: 1, Rate: quantity.Ratio{Num: 1, Den: 100}, MaxReceiptAgeDays: 30, UnreferencedReturns: true, Prose: map[string]string{"en": "A point for a pound."},
		Expiry: lots.Expiry{Kind: lots.Rolling, Months: 6}, Value: quantity.Ratio{Num: 1, Den: 2}, NoticeDays: 10, GraceDays: 5,
		Transfers: terms.Transfers{Customer: true, Gift: true, AcceptDays: 3}, HoldMaxSeconds: 3600, RecoveryWaitSeconds: 60, CoolingOffSeconds: 60,
	}
}

// founded is a ledger with a consortium and the airline's programme.
func founded(t tester) *ledger {
	t.Helper()
	l := &ledger{points: memory{}, clearing: memory{}}
	found := engine.Call{Chaincode: "clearing", Function: wire.FnFound, Document: encode(t, founding()), Caller: operator, Time: now}
	e, err := engine.Clearing(found, l.clearing)
	if err != nil {
		t.Fatalf("founding: %v", err)
	}
	l.clearing.commit(e)
	create := engine.Call{Chaincode: "points-airline", Function: wire.FnCreateProgramme, Document: encode(t, newProgramme()), Caller: operator, Time: now}
	e, err = engine.Points(create, l.state())
	if err != nil {
		t.Fatalf("creating the programme: %v", err)
	}
	l.points.commit(e)
	return l
}

// pair is an operation and its private part.
type pair struct {
	op      points.Operation
	details points.Details
}

func operationID(n int) points.OperationID { return points.OperationID(fmt.Sprintf("%032x", n)) }
func accountID(n int) points.AccountID     { return points.AccountID(fmt.Sprintf("%032x", n)) }

func opening(n int, account points.AccountID) pair {
	return pair{points.Operation{ID: operationID(n), Kind: points.KindOpen, Account: account, Controller: &points.Controller{Kind: points.ControllerCustodian}},
		points.Details{Operation: operationID(n)}}
}

func accrual(n int, account points.AccountID, pence int64) pair {
	return pair{points.Operation{ID: operationID(n), Kind: points.KindEarn, Account: account}, purchase(n, pence)}
}

func purchase(n int, pence int64) points.Details {
	return points.Details{Operation: operationID(n), AmountMinor: pence, Currency: "GBP", OccurredAt: "2011-03-13T09:30:00Z"}
}

func giveBack(n int, original *points.Original, pence int64) pair {
	return pair{points.Operation{ID: operationID(n), Kind: points.KindReturn, Account: original.Receipt.Account, Original: original}, purchase(n, pence)}
}

// debit is a redemption, or with a receiver a transfer, signed by the custodian.
func debit(n int, account, to points.AccountID, amount quantity.Points) pair {
	kind := points.KindRedeem
	if to != "" {
		kind = points.KindTransfer
	}
	return custody(points.Operation{ID: operationID(n), Kind: kind, Account: account, To: to, Points: amount}, points.Details{})
}

// custody has the custodian sign an operation.
func custody(o points.Operation, d points.Details) pair {
	d.Operation = o.ID
	o.Authorisation = sign(custodian, points.Mandate{
		Format: 1, Genesis: genesis, Programme: "airline", Account: o.Account, ControllerVersion: 1, Operation: o.Kind, Receiver: o.To,
		Place: points.PlaceHash(d.PlaceSalt, d.Merchant, d.Store, d.Terminal), MaxPoints: max(o.Points, 0), Subject: points.SubjectHash(&o), ID: string(o.ID), NotAfter: now + 60,
	})
	return pair{o, d}
}

func sign(key *ecdsa.PrivateKey, m points.Mandate) *points.Authorisation {
	digest, err := wire.MandateDigest(&m)
	if err != nil {
		panic(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		panic(err)
	}
	return &points.Authorisation{Mandate: m, Signature: points.SignatureOver(r, s)}
}

// batchCall is a call of SubmitBatch with its details.
func batchCall(t tester, lane int, seq int64, pairs ...pair) engine.Call {
	t.Helper()
	request := wire.BatchRequest{Lane: lane, Seq: seq}
	details := wire.BatchDetails{V: 1, Salt: strings.Repeat("5a", 32), Operations: []points.Details{}}
	for _, p := range pairs {
		request.Operations = append(request.Operations, p.op)
		details.Operations = append(details.Operations, p.details)
	}
	return engine.Call{
		Chaincode: "points-airline", Function: wire.FnSubmitBatch, Document: encode(t, request), Caller: gateway, Time: now,
		Transient: map[string][]byte{wire.DetailsTransient: encode(t, details)},
	}
}

// submit runs a batch, commits it and gives its receipts.
func (l *ledger) submit(t tester, lane int, seq int64, pairs ...pair) []points.Receipt {
	t.Helper()
	e, err := engine.Points(batchCall(t, lane, seq, pairs...), l.state())
	if err != nil {
		t.Fatalf("batch %d/%d: %v", lane, seq, err)
	}
	l.points.commit(e)
	return eventOf(t, e).Receipts
}

func eventOf(t tester, e engine.Effects) wire.BatchEvent {
	t.Helper()
	var event wire.BatchEvent
	if err := wire.Decode(e.EventPayload, wire.MaxDocument, &event); err != nil {
		t.Fatalf("event: %v", err)
	}
	return event
}

// prove gives the receipt with its place in the batch it came in.
func prove(t tester, lane int, seq int64, receipts []points.Receipt, index int) *points.Original {
	t.Helper()
	leaves, err := wire.Leaves(receipts)
	if err != nil {
		t.Fatalf("%v", err)
	}
	hashes, err := wire.Prove(leaves, index)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return &points.Original{
		Receipt: receipts[index],
		Proof:   points.InclusionProof{MSP: gateway.MSP, Lane: lane, Seq: seq, Index: index, Size: len(receipts), Hashes: hashes},
	}
}

func wantCode(t tester, err error, code fault.Code) {
	t.Helper()
	if code == fault.OK {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	if err == nil {
		t.Fatalf("accepted, want %s", code)
	}
	if got := fault.CodeOf(err); got != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}
