package contract_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/contract"
	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const (
	airline   = "AirlineMSP"
	hotel     = "HotelMSP"
	grocer    = "GrocerMSP"
	regulator = "RegulatorMSP"
)

var (
	genesis = strings.Repeat("0a", 32)
	now     = time.Date(2011, 3, 13, 9, 30, 0, 0, time.UTC)
	brands  = map[string]string{"airline": airline, "grocer": grocer, "hotel": hotel}
)

// consortium is three brands and a regulator with the deployed chaincodes and their policies.
type consortium struct {
	*stubtest.Channel
	authorities map[string]*stubtest.Authority
	clocks      map[string]time.Time // Of the peers, by MSP id.
	custodian   *ecdsa.PrivateKey
	custody     int // Version of the custodian's key.
	log         bytes.Buffer

	clearing, points func(msp string) shim.Chaincode // One process of each contract for every peer.
}

func newConsortium(t *testing.T) *consortium {
	t.Helper()
	c := &consortium{custody: 1, authorities: map[string]*stubtest.Authority{}, clocks: map[string]time.Time{}}
	var organisations []stubtest.Organisation
	for _, msp := range []string{airline, hotel, grocer, regulator} {
		c.authorities[msp], c.clocks[msp] = stubtest.NewAuthority(msp), now
		organisations = append(organisations, stubtest.Organisation{Authority: c.authorities[msp], ReadOnly: msp == regulator})
	}
	var err error
	if c.custodian, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	c.Channel = stubtest.NewChannel("loyalty", organisations...)
	c.clearing, c.points = c.instance(t, contract.NewClearing), c.instance(t, contract.NewPoints)
	c.Deploy(stubtest.Definition{Name: "clearing", New: c.clearing, Policy: stubtest.OutOf(2, airline, hotel, grocer), Collections: pairCollections()})
	for name, msp := range brands {
		var others []string
		for _, other := range brands {
			if other != msp {
				others = append(others, other)
			}
		}
		c.Deploy(stubtest.Definition{
			Name: "points-" + name, New: c.points, Policy: stubtest.Both(stubtest.All(msp), stubtest.OutOf(1, others...)),
			Collections: pointsCollections(name),
		})
	}
	return c
}

// pointsCollections are the collections of a brand's points chaincode, as they are deployed: its details, its vault, and what it shares with each other brand.
func pointsCollections(name string) []stubtest.Collection {
	msp := brands[name]
	all := []stubtest.Collection{
		{Name: engine.CollectionDetails, Members: []string{msp, regulator}, Policy: stubtest.All(msp)},
		{Name: engine.CollectionCustomers, Members: []string{msp}, Policy: stubtest.All(msp)},
	}
	for other, grantee := range brands {
		if other != name {
			all = append(all, stubtest.Collection{Name: engine.SharedCollection(name, other), Members: []string{msp, grantee}, Policy: stubtest.All(msp)})
		}
	}
	return all
}

// instance gives each peer one process of a chaincode, whatever names it is deployed under.
func (c *consortium) instance(t *testing.T, build func(func() time.Time, *slog.Logger) (*contract.Dispatcher, error)) func(string) shim.Chaincode {
	running := map[string]shim.Chaincode{}
	return func(msp string) shim.Chaincode {
		if running[msp] != nil {
			return running[msp]
		}
		d, err := build(func() time.Time { return c.clocks[msp] }, slog.New(slog.NewTextHandler(&c.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		if err != nil {
			t.Fatal(err)
		}
		running[msp] = d
		return d
	}
}

func (c *consortium) client(msp, role string) *stubtest.Identity {
	return c.authorities[msp].Issue(role, map[string]string{engine.RoleAttribute: role})
}

func (c *consortium) call(chaincode string, creator *stubtest.Identity, args ...string) stubtest.Proposal {
	p := stubtest.Proposal{Chaincode: chaincode, Creator: creator, Time: now}
	for _, a := range args {
		p.Args = append(p.Args, []byte(a))
	}
	return p
}

// must submits a proposal that has to become valid.
func (c *consortium) must(t *testing.T, p stubtest.Proposal, endorsers ...string) *stubtest.Transaction {
	t.Helper()
	tx, code, err := c.Submit(p, endorsers...)
	if err != nil || code != 0 {
		t.Fatalf("%s: %s, %v", p.Args[0], code, err)
	}
	return tx
}

// founded is a consortium with the airline's programme.
func founded(t *testing.T) *consortium {
	t.Helper()
	c := newConsortium(t)
	doc := wire.Founding{V: 1, Genesis: genesis, Members: []clearing.Member{
		{Name: "airline", MSP: airline, Kind: clearing.KindBrand}, {Name: "grocer", MSP: grocer, Kind: clearing.KindBrand, Number: 1},
		{Name: "hotel", MSP: hotel, Kind: clearing.KindBrand, Number: 2}, {Name: "regulator", MSP: regulator, Kind: clearing.KindRegulator, Number: 3},
	}}
	c.must(t, c.call("clearing", c.client(hotel, "operator"), wire.FnFound, encode(t, doc)), airline, hotel)
	c.must(t, c.call("points-airline", c.client(airline, "operator"), wire.FnCreateProgramme, encode(t, c.programme(t))), airline, grocer)
	return c
}

func (c *consortium) programme(t *testing.T) wire.NewProgramme {
	t.Helper()
	key, err := points.EncodePublicKey(&c.custodian.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return wire.NewProgramme{
		Brand: "airline", DisplayName: "Miles", Currency: "GBP", Simulated: true, BusinessDate: quantity.DayOf(now.Unix()), CustodianKey: key, Engine: points.EngineVersion,
		Terms: terms.Terms{
			Version: 1, Rate: quantity.Ratio{Num: 1, Den: 100}, MaxReceiptAgeDays: 30, Prose: map[string]string{"en": "A point for a pound."},
			Expiry: lots.Expiry{Kind: lots.Never}, Value: quantity.Ratio{Num: 1, Den: 2}, Transfers: terms.Transfers{Customer: true}, HoldMaxSeconds: 3600,
		},
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	raw, err := wire.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func operationID(n int) points.OperationID { return points.OperationID(fmt.Sprintf("%032x", n)) }
func accountID(n int) points.AccountID     { return points.AccountID(fmt.Sprintf("%032x", n)) }

func opening(n, account int) points.Operation {
	return points.Operation{ID: operationID(n), Kind: points.KindOpen, Account: accountID(account), Controller: &points.Controller{Kind: points.ControllerCustodian}}
}

func accrual(n, account int) points.Operation {
	return points.Operation{ID: operationID(n), Kind: points.KindEarn, Account: accountID(account)}
}

// batch is a proposal of SubmitBatch by the airline's gateway; every purchase is of ten pounds.
func (c *consortium) batch(t *testing.T, lane int, seq int64, operations ...points.Operation) stubtest.Proposal {
	t.Helper()
	details := wire.BatchDetails{V: 1, Salt: strings.Repeat("5a", 32), Operations: []points.Details{}}
	for _, o := range operations {
		details.Operations = append(details.Operations, points.Details{
			Operation: o.ID, AmountMinor: 1000, Currency: "GBP", OccurredAt: now.Format(time.RFC3339), Store: "private-store",
		})
	}
	p := c.call("points-airline", c.client(airline, "gateway"), wire.FnSubmitBatch, encode(t, wire.BatchRequest{Lane: lane, Seq: seq, Operations: operations}))
	p.Transient = map[string][]byte{wire.DetailsTransient: []byte(encode(t, details))}
	return p
}

// refusalOf takes a chaincode's refusal apart and checks that its status is the catalogue's.
func refusalOf(t *testing.T, err error) *fault.Error {
	t.Helper()
	var refusal *stubtest.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("not refused by the chaincode: %v", err)
	}
	coded := fault.Parse(refusal.Message)
	if coded == nil || !strings.HasPrefix(refusal.Message, string(coded.Code)+": ") {
		t.Fatalf("the refusal has no code: %s", refusal.Message)
	}
	if want := fault.Lookup(coded.Code).Status; int(refusal.Status) != want {
		t.Errorf("%s has status %d, want %d", coded.Code, refusal.Status, want)
	}
	return coded
}
