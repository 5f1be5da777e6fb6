package contract_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const airlineHotel = "pair-airline-hotel"

func TestAnAgreementIsInForceOnceTheOtherMemberHasAcceptedExactlyIt(t *testing.T) {
	c := trading(t)
	var pair wire.PairRecord
	decode(t, c.PrivateValue(hotel, "clearing", airlineHotel, engine.PairKey()), &pair)
	if pair.Currency != "GBP" || len(pair.Starts) != 1 || pair.Starts[0] != now.Unix() {
		t.Errorf("the pair's record is %+v", pair)
	}
	if c.PrivateValue(airline, "clearing", airlineHotel, engine.ProposedKey()) != nil {
		t.Error("the proposal is still there")
	}
	for programme, partner := range map[string]string{"airline": "hotel", "hotel": "airline"} {
		var known points.Partner
		decode(t, c.State("points-" + programme)[engine.PartnerKey(partner)], &known)
		if len(known.Offers) != 1 || known.MSP != brands[partner] || c.State("points-" + programme)[engine.OfferKey(partner, 1)] == nil {
			t.Errorf("%s knows of %s: %+v", programme, partner, known)
		}
	}
}

func TestThirdMembersHaveOnlyHashesOfAnAgreement(t *testing.T) {
	c := trading(t)
	if c.PrivateValue(grocer, "clearing", airlineHotel, engine.AgreementKey(1)) != nil || c.PrivateHash(grocer, "clearing", airlineHotel, engine.AgreementKey(1)) == nil {
		t.Error("a third member's peer should have the agreement's hash and nothing else")
	}
	if c.PrivateValue(regulator, "clearing", airlineHotel, engine.AgreementKey(1)) == nil {
		t.Error("the regulator's peer hasn't got the agreement")
	}
	_, err := c.Evaluate(c.call("clearing", c.client(grocer, "treasurer"), wire.FnGetAgreement, encode(t, wire.AgreementQuery{A: "airline", B: "hotel", Version: 1})), airline)
	if err == nil {
		t.Error("a third member's client reads the agreement at a member's peer")
	}
	for key, value := range c.State("points-airline") {
		if bytes.Contains(value, []byte("perOperation")) || strings.Contains(key, "agreement") {
			t.Errorf("private terms stand in public under %q", key)
		}
	}
}

func TestWhoMayProposeAndAcceptAgreements(t *testing.T) {
	second := agreement(2, now.Unix()+7200)
	cases := []struct {
		name   string
		change func(c *consortium) (by, role string, g clearing.Agreement)
		code   fault.Code
	}{
		{"its treasurer", func(*consortium) (string, string, clearing.Agreement) { return airline, "treasurer", second }, fault.OK},
		{"its gateway", func(*consortium) (string, string, clearing.Agreement) { return airline, "gateway", second }, fault.Forbidden},
		{"its operator", func(*consortium) (string, string, clearing.Agreement) { return hotel, "operator", second }, fault.Forbidden},
		{"version left out", func(*consortium) (string, string, clearing.Agreement) {
			return hotel, "treasurer", agreement(3, now.Unix()+7200)
		}, fault.InvalidValue},
		{"version again", func(*consortium) (string, string, clearing.Agreement) {
			return hotel, "treasurer", agreement(1, now.Unix()+7200)
		}, fault.InvalidValue},
		{"notice too short", func(*consortium) (string, string, clearing.Agreement) {
			return hotel, "treasurer", agreement(2, now.Unix()+3599)
		}, fault.NoticeTooShort},
		{"another currency", func(*consortium) (string, string, clearing.Agreement) {
			g := second
			g.Currency = "EUR"
			return hotel, "treasurer", g
		}, fault.InvalidValue},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := trading(t)
			by, role, g := tc.change(c)
			p := c.propose(t, by, &g)
			p.Creator = c.client(by, role)
			_, err := c.Endorse(p, airline, hotel)
			if tc.code == fault.OK {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if got := refusalOf(t, err); got.Code != tc.code {
				t.Errorf("got %v, want %s", got, tc.code)
			}
		})
	}
}

func TestAProposalIsAcceptedOnceByTheOtherMemberAlone(t *testing.T) {
	c := trading(t)
	g := agreement(2, now.Unix()+7200)
	c.must(t, c.propose(t, airline, &g), airline, hotel)
	_, err := c.Endorse(c.accept(t, airline, &g), airline, hotel)
	if got := refusalOf(t, err); got.Code != fault.Forbidden {
		t.Errorf("the proposer accepts its own proposal: %v", got)
	}
	acceptance := c.accept(t, hotel, &g)
	changed := g
	changed.Sides[0].Sale = quantity.Ratio{Num: 1, Den: 10}
	c.must(t, c.propose(t, airline, &changed), airline, hotel)
	_, err = c.Endorse(acceptance, airline, hotel)
	if got := refusalOf(t, err); got.Code != fault.ProposalMismatch {
		t.Errorf("an acceptance of what was read before accepts what was put in its place: %v", got)
	}
	acceptance = c.accept(t, hotel, &changed)
	c.must(t, acceptance, airline, hotel)
	_, err = c.Endorse(acceptance, airline, hotel)
	if got := refusalOf(t, err); got.Code != fault.ProposalMismatch {
		t.Errorf("an acceptance is replayed: %v", got)
	}
}

func TestAgreementsNeedBothMembersPeers(t *testing.T) {
	c := trading(t)
	g := agreement(2, now.Unix()+7200)
	for _, endorsers := range [][]string{{airline}, {hotel}, {airline, regulator}} {
		if _, code, err := c.Submit(c.propose(t, airline, &g), endorsers...); err == nil && code == peer.TxValidationCode_VALID {
			t.Errorf("a proposal endorsed by %v is valid", endorsers)
		}
	}
}

func TestPointsChaincodesTakeCrossBrandCallsFromClearingAlone(t *testing.T) {
	c := trading(t)
	documents := map[string]any{
		wire.FnApplyExchange: wire.ExchangeCall{
			Exchange: wire.Exchange{Home: "airline", Partner: "hotel", Lane: clearing.CrossLane(2, clearing.HomeOwn, 0), Seq: 1, Operations: []points.Operation{}},
			Window:   1, PartnerMSP: hotel, Receivers: []points.AccountID{},
		},
		wire.FnDeposit: wire.DepositCall{Home: "hotel", MSP: airline, Lane: clearing.CrossLane(2, clearing.HomeOwn, 0), Seq: 1, Window: 1, Deposits: []points.Deposit{{
			Operation: operationID(7), Account: accountID(1), Points: 1000, Source: accountID(2), SourcePoints: 1, Agreement: 1,
		}}},
		wire.FnPutOffer: wire.OfferCall{Partner: "hotel", PartnerMSP: hotel, Offer: agreement(2, now.Unix()).Sides[0].Offer},
	}
	for function, document := range documents {
		t.Run(function, func(t *testing.T) {
			before := c.State("points-airline")
			_, err := c.Endorse(c.call("points-airline", c.client(airline, "gateway"), function, encode(t, document)), airline, hotel)
			if got := refusalOf(t, err); got.Code != fault.WrongEntryPoint {
				t.Errorf("got %v", got)
			}
			if len(c.State("points-airline")) != len(before) {
				t.Error("a refused call changed the state")
			}
		})
	}
}

func TestLanesOfAPairAreKeptApartFromHomeBatches(t *testing.T) {
	c := trading(t)
	_, err := c.Endorse(c.homeBatch(t, airline, clearing.CrossLane(2, clearing.HomeOwn, 0), 1, accrual(9, 1)), airline, grocer)
	if got := refusalOf(t, err); got.Code != fault.InvalidValue {
		t.Errorf("a home batch takes a pair's lane: %v", got)
	}
	for name, x := range map[string]exchangeDoc{
		"another counterparty's lane": {by: airline, home: "airline", k: 8, seq: 1},
		"beyond the pair's lanes":     {by: airline, home: "airline", k: clearing.PairLanes, seq: 1},
	} {
		_, err := c.Endorse(c.exchange(t, x), airline, hotel)
		if got := refusalOf(t, err); got.Code != fault.InvalidValue {
			t.Errorf("%s: %v", name, got)
		}
	}
	p := c.exchange(t, exchangeDoc{by: airline, home: "airline", seq: 1})
	p.Creator = c.client(grocer, "gateway")
	if _, err := c.Endorse(p, airline, hotel); err == nil {
		t.Error("a third member sends a pair's batch")
	}
}

func TestAnEmptyCrossBrandBatchAdvancesItsLaneUnderTheTwoBrandsAlone(t *testing.T) {
	c := trading(t)
	p := c.exchange(t, exchangeDoc{by: airline, home: "airline", seq: 1})
	c.must(t, p, airline, hotel)
	if _, err := c.Endorse(p, airline, hotel); refusalOf(t, err).Code != fault.LaneSequence {
		t.Errorf("its place is taken twice: %v", err)
	}
	if _, code, _ := c.Submit(c.exchange(t, exchangeDoc{by: airline, home: "airline", seq: 2}), airline, grocer); code == peer.TxValidationCode_VALID {
		t.Error("a third brand endorses for the partner")
	}
}

func TestARollMakesStragglersOfTheWindowBeforeStale(t *testing.T) {
	c := trading(t)
	tx, err := c.Endorse(c.exchange(t, exchangeDoc{by: airline, home: "airline", seq: 1}), airline, hotel)
	if err != nil {
		t.Fatal(err)
	}
	c.Seed("clearing", engine.WindowPointerKey("GBP"), []byte(encode(t, clearing.WindowPointer{V: 1, Currency: "GBP", Number: 2})))
	if code := c.Commit(tx).Codes[0]; code != peer.TxValidationCode_MVCC_READ_CONFLICT {
		t.Errorf("the straggler is %s", code)
	}
	c.must(t, c.exchange(t, exchangeDoc{by: airline, home: "airline", seq: 1}), airline, hotel)
}

func decode(t *testing.T, raw []byte, v any) {
	t.Helper()
	if raw == nil {
		t.Fatalf("there is no %T", v)
	}
	if err := wire.DecodeRecord(raw, v); err != nil {
		t.Fatal(err)
	}
}
