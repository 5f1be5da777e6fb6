package engine_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

type memory map[string][]byte

func (m memory) Get(keys []string) ([][]byte, error) {
	out := make([][]byte, len(keys))
	for i, k := range keys {
		out[i] = m[k]
	}
	return out, nil
}

// Private finds values under the keys that privateValueKey gives.
func (m memory) Private(collection string, keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = m[privateValueKey(collection, key)]
	}
	return values, nil
}

// privateValueKey is where memory keeps a private value.
func privateValueKey(collection, key string) string { return "private:" + collection + ":" + key }

// PrivateHash finds a hash under the key that privateKey gives.
func (m memory) PrivateHash(collection, key string) ([]byte, error) {
	return m[privateKey(collection, key)], nil
}

// privateKey is where memory keeps the hash of a private value.
func privateKey(collection, key string) string { return "hash:" + collection + ":" + key }

func (m memory) Invoke(string, string, []byte) ([]byte, error) {
	panic("no cross-chaincode calls here")
}

func (m memory) put(b *testing.B, key string, v any) {
	raw, err := wire.Encode(v)
	if err != nil {
		b.Fatal(err)
	}
	m[key] = raw
}

func randomID() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}

// BenchmarkSubmitBatchOfAccruals measures what the transaction function itself costs per accrual, without a peer's round trips.
func BenchmarkSubmitBatchOfAccruals(b *testing.B) {
	state := memory{}
	programme := points.Programme{V: 1, Brand: "grocer", MSP: "GrocerMSP", Currency: "GBP", Engine: 1, BusinessDate: 15000,
		Terms: []terms.Terms{benchTerms()}, Custodians: []points.CustodianKey{}}
	state.put(b, engine.ProgrammeKey(), programme)
	request := wire.BatchRequest{Lane: 0, Seq: 1}
	details := wire.BatchDetails{V: 1, Salt: randomID() + randomID()}
	for i := range wire.MaxBatch {
		account := points.AccountID(randomID())
		state.put(b, engine.AccountKey(account), points.Account{V: 1, ID: account, Status: points.StatusActive, Posted: 10,
			Controller: points.Controller{Kind: points.ControllerCustodian}, Lots: []lots.Lot{{Key: lots.Key{Terms: 1}, Points: 10}}, Used: []points.UsedAuthorisation{}})
		id := points.OperationID(randomID())
		request.Operations = append(request.Operations, points.Operation{ID: id, Kind: points.KindEarn, Account: account})
		details.Operations = append(details.Operations, points.Details{Operation: id, AmountMinor: int64(i) * 37, Currency: "GBP",
			OccurredAt: "2011-01-25T10:11:12Z", Merchant: "grocer", Store: "s1", Terminal: "t1", Reference: fmt.Sprint(i)})
	}
	document, _ := wire.Encode(request)
	transient, _ := wire.Encode(details)
	call := engine.Call{Chaincode: "points-grocer", Function: wire.FnSubmitBatch, Document: document, Time: 1,
		Caller: engine.Identity{MSP: "GrocerMSP", Role: engine.RoleGateway}, Transient: map[string][]byte{wire.DetailsTransient: transient}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := engine.Points(call, state); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*wire.MaxBatch), "µs/op-in-batch")
}

// BenchmarkSubmitBatchUnderRulesAndSignatures measures accruals under a rule set with counters, tiers and conditions, and redemptions that the custodian signed, in turn.
func BenchmarkSubmitBatchUnderRulesAndSignatures(b *testing.B) {
	l := founded(b)
	set := doubled(1, today())
	set.Rules = append(set.Rules, rules.Rule{
		ID: "silver", Types: []rules.EventType{rules.Purchase}, When: `tier == "silver" && weekday >= 1`, Action: rules.Action{Multiplier: &quantity.Ratio{Num: 5, Den: 4}},
	})
	l.do(b, wire.FnPublishRuleSet, set, operator)
	var openings, mixed []pair
	for i := range wire.MaxBatch {
		openings = append(openings, opening(i+1, accountID(i+1)))
	}
	l.submit(b, 0, 1, openings...)
	var funds []pair
	for i := range wire.MaxBatch {
		funds = append(funds, accrual(1000+i, accountID(i+1), 20000))
	}
	l.submit(b, 0, 2, funds...)
	for i := range wire.MaxBatch {
		if i%2 == 0 {
			mixed = append(mixed, accrual(2000+i, accountID(i+1), 1000))
			continue
		}
		mixed = append(mixed, debit(2000+i, accountID(i+1), "", 1))
	}
	call := batchCall(b, 0, 3, mixed...)
	call.Programs = new(rules.Cache)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := engine.Points(call, l.state()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*wire.MaxBatch), "µs/op-in-batch")
}

// benchTerms are those of a programme that earns at a rate.
func benchTerms() terms.Terms {
	return terms.Terms{Version: 1, Rate: quantity.Ratio{Num: 1, Den: 100}, MaxReceiptAgeDays: 100, Expiry: lots.Expiry{Kind: lots.Rolling, Months: 24, MonthEnd: true}}
}
