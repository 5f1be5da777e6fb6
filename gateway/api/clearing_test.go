package api

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

const secondVersion = `{"version":2,"currency":"GBP","scale":2,"from":%d,"noticeSeconds":0,"calendar":"daily","disputeWindows":3,"fraud":"issuer","offline":"partner","prose":{"en":"Dearer."},
	"sides":[{"offer":{"acceptance":{"num":1,"den":1},"swap":{"num":1,"den":1},"swapMin":1},"acceptance":{"num":2,"den":1},"sale":{"num":2,"den":1},"swap":{"num":1,"den":1}},
	{"offer":{"acceptance":{"num":1,"den":1},"swap":{"num":0,"den":1}},"acceptance":{"num":1,"den":1},"sale":{"num":2,"den":1},"swap":{"num":1,"den":1}}]}`

func TestAnAgreementIsProposedAtOneGatewayAndAcceptedAtTheOther(t *testing.T) {
	h := newHouse(t)
	airline, hotel, grocer := h.desk("airline"), h.desk("hotel"), h.desk("grocer")
	body := fmt.Sprintf(secondVersion, h.Now+1000)
	made := into[Agreement](t, airline.write("/v1/clearing/pairs/airline/hotel/agreements", body), 200)
	if made.Version != 2 || made.A != "airline" || made.Sides[0].Offer.Version != 2 || made.Sides[1].Offer.From != made.From || len(made.Salt) != 64 {
		t.Errorf("%+v", made)
	}
	list := into[AgreementList](t, hotel.read("/v1/clearing/pairs/airline/hotel/agreements"), 200)
	if len(list.Agreements) != 1 || list.Proposed == nil || list.Proposed.Proposer != "airline" || list.Proposed.Agreement.Salt != made.Salt {
		t.Fatalf("%+v", list)
	}
	grocer.problem(grocer.read("/v1/clearing/pairs/airline/hotel/agreements"), fault.NotFound)
	accept := func(d *desk, hash string) string { return fmt.Sprintf(`{"version":2,"hash":"%s"}`, hash) }
	hotel.problem(hotel.write("/v1/clearing/pairs/airline/hotel/acceptances", accept(hotel, strings.Repeat("0", 64))), fault.ProposalMismatch)
	airline.problem(airline.write("/v1/clearing/pairs/airline/hotel/acceptances", accept(airline, list.Proposed.Hash)), fault.Forbidden)
	into[AcceptanceRequest](t, hotel.write("/v1/clearing/pairs/airline/hotel/acceptances", accept(hotel, list.Proposed.Hash)), 200)
	for _, d := range []*desk{airline, hotel, h.desk("regulator")} {
		if list := into[AgreementList](t, d.read("/v1/clearing/pairs/airline/hotel/agreements"), 200); len(list.Agreements) != 2 || list.Proposed != nil {
			t.Errorf("%+v", list)
		}
	}
	for name, body := range map[string]string{
		"a salt of the caller's": strings.Replace(body, `"version":2`, `"salt":"00","version":2`, 1), "another version in an offer": strings.Replace(body, `"offer":{`, `"offer":{"version":1,`, 1),
		"no prose": strings.Replace(body, `"Dearer."`, `""`, 1) + " ", "an unknown field": strings.Replace(body, `"scale"`, `"scales"`, 1),
	} {
		if name == "no prose" {
			body = strings.Replace(body, `{"en":""}`, `{}`, 1)
		}
		if w := airline.write("/v1/clearing/pairs/airline/hotel/agreements", body); w.Code < 400 || w.Code >= 500 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	airline.problem(airline.write("/v1/clearing/pairs/grocer/hotel/agreements", body), fault.Forbidden)
	airline.problem(airline.write("/v1/clearing/pairs/hotel/airline/agreements", body), fault.InvalidValue)
}

func TestATreasurySeesLimitsAndWhichOneRefusedAnOperation(t *testing.T) {
	h := newHouse(t)
	receipts := h.redeem(900, 200, 17_000)
	if receipts[1].Code != fault.Limit || receipts[2].Code != fault.Limit {
		t.Fatal(receipts[1].Code, receipts[2].Code)
	}
	hotel, grocer := h.desk("hotel"), h.desk("grocer")
	limits := into[PairLimits](t, hotel.read("/v1/clearing/pairs/airline/hotel/limits"), 200)
	if limits.Used[clearing.AOwesB] != 900_000_000 || limits.Allocation != [2]quantity.Minor{16_000, 16_000} || limits.Percent[clearing.AOwesB] != 5 || len(limits.Lanes) != clearing.PairLaneCount {
		t.Errorf("%+v", limits)
	}
	if pairs := into[PairList](t, hotel.read("/v1/clearing/pairs"), 200); len(pairs.Pairs) != 1 {
		t.Errorf("%+v", pairs)
	}
	if pairs := into[PairList](t, grocer.read("/v1/clearing/pairs"), 200); len(pairs.Pairs) != 0 {
		t.Errorf("the grocer sees %+v", pairs)
	}
	for i, want := range []string{"", store.LimitSlice, store.LimitAllocation} {
		path := "/v1/clearing/operations/" + string(receipts[i].Operation) + "/refusal"
		if want == "" {
			hotel.problem(hotel.read(path), fault.NotFound)
			continue
		}
		if got := into[LimitRefusal](t, hotel.do(call{"GET", path, ScopeTill, "", nil}), 200); got.Limit != want || got.Debtor != "airline" {
			t.Errorf("%+v, want %s", got, want)
		}
		grocer.problem(grocer.read(path), fault.NotFound)
	}
	from, to := limits.Lanes[0], limits.Lanes[12]
	if to.Used[0] == 0 { // The hotel's first lane for the airline's programme.
		t.Fatalf("%+v", limits.Lanes)
	}
	body := fmt.Sprintf(`{"from":{"msp":"%s","n":%d},"to":{"msp":"%s","n":%d},"direction":0,"amount":"500000000"}`, from.MSP, from.N, to.MSP, to.N)
	into[SliceRequest](t, hotel.write("/v1/clearing/pairs/airline/hotel/slices", body), 200)
	if receipts := h.redeem(200); receipts[0].Code != fault.OK {
		t.Errorf("after the move: %s", receipts[0].Code)
	}
	hotel.problem(hotel.write("/v1/clearing/pairs/airline/hotel/slices", strings.Replace(body, "500000000", "500000001", 1)), fault.Limit)
}

func TestPositionsAreShownIntradayAndEveryFigureHasItsObligations(t *testing.T) {
	h := newHouse(t)
	h.redeem(10, 20, 30)
	h.redeem(40)
	hotel := h.desk("hotel")
	now := into[Positions](t, hotel.read("/v1/clearing/positions?currency=GBP"), 200)
	if now.Net != 100_000_000 || len(now.Pairs) != 1 || now.Pairs[0].Count != 4 || now.Window.Status != clearing.WindowOpen || now.Netted != nil {
		t.Errorf("%+v", now)
	}
	if airline := into[Positions](t, h.desk("airline").read("/v1/clearing/positions?currency=GBP"), 200); airline.Net != -100_000_000 {
		t.Errorf("the airline's net is %d", airline.Net)
	}
	var sum quantity.Micro
	seen, path := 0, "/v1/clearing/pairs/airline/hotel/obligations?currency=GBP&window=1&limit=3"
	for next := ""; ; {
		page := into[ObligationList](t, hotel.read(path+next), 200)
		for _, o := range page.Obligations {
			sum += o.Micro
			seen++
		}
		if page.Next == nil {
			break
		}
		next = "&after=" + *page.Next
	}
	if seen != 4 || sum != 100_000_000 {
		t.Errorf("%d obligations make %d", seen, sum)
	}
	if page := into[ObligationList](t, hotel.read(path+"&debtor=hotel"), 200); len(page.Obligations) != 0 {
		t.Errorf("%+v", page)
	}
	for _, wrong := range []string{"&after=x", "&after=1-2", "&limit=0"} {
		hotel.problem(hotel.read("/v1/clearing/pairs/airline/hotel/obligations?currency=GBP&window=1"+wrong), fault.InvalidValue)
	}
}

// closed brings the house's first window to NETTED by hand.
func (h *exchangeHouse) closed(hotel *desk) int64 {
	h.t.Helper()
	into[ClearingWindow](h.t, hotel.decide("/v1/clearing/windows/GBP/1/steps", `{"step":"roll","reason":"by hand"}`), 200)
	into[PairNets](h.t, hotel.write("/v1/clearing/windows/GBP/1/disclosures", `{"partner":"airline"}`), 200)
	for _, step := range []string{"close", "net"} {
		into[ClearingWindow](h.t, hotel.write("/v1/clearing/windows/GBP/1/steps", `{"step":"`+step+`"}`), 200)
	}
	return 1
}

func TestAWindowIsBroughtFromOpenToSettledByHandAtTheGateways(t *testing.T) {
	h := newHouse(t)
	h.redeem(100)
	hotel, airline := h.desk("hotel"), h.desk("airline")
	hotel.problem(hotel.write("/v1/clearing/windows/GBP/1/steps", `{"step":"roll"}`), fault.TooEarly)
	hotel.problem(hotel.write("/v1/clearing/windows/GBP/1/steps", `{"step":"net"}`), fault.WindowStatus)
	h.closed(hotel)
	full := into[WindowInFull](t, hotel.read("/v1/clearing/windows/GBP/1"), 200)
	if full.Window.Status != clearing.WindowNetted || len(full.Positions) != 2 || full.Netting == nil || len(full.Nets) != 1 || len(full.Legs) != 0 {
		t.Fatalf("%+v", full)
	}
	sign := func(net int, root string) string { return fmt.Sprintf(`{"netMinor":%d,"root":"%s"}`, net, root) }
	hotel.problem(hotel.write("/v1/clearing/windows/GBP/1/signatures", sign(101, full.Window.Root)), fault.PositionMismatch)
	hotel.problem(hotel.write("/v1/clearing/windows/GBP/1/signatures", sign(100, strings.Repeat("0", 64))), fault.PositionMismatch)
	if p := into[ClearingPosition](t, hotel.write("/v1/clearing/windows/GBP/1/signatures", sign(100, full.Window.Root)), 200); p.Signed == nil {
		t.Errorf("%+v", p)
	}
	hotel.problem(hotel.write("/v1/clearing/windows/GBP/1/steps", `{"step":"settle"}`), fault.TooEarly)
	into[ClearingPosition](t, airline.write("/v1/clearing/windows/GBP/1/signatures", sign(-100, full.Window.Root)), 200)
	into[ClearingWindow](t, hotel.write("/v1/clearing/windows/GBP/1/steps", `{"step":"settle"}`), 200)
	leg := "/v1/clearing/windows/GBP/1/legs/airline/hotel/steps"
	hotel.problem(hotel.write(leg, `{"step":"pay","reference":"R1","amountMinor":100}`), fault.Forbidden)
	airline.problem(airline.write(leg, `{"step":"pay","reference":"R1"}`), fault.InvalidValue)
	into[Leg](t, airline.write(leg, `{"step":"pay","reference":"R1","amountMinor":60}`), 200)
	into[Leg](t, airline.write(leg, `{"step":"reverse","reference":"R1","reason":"wrong account"}`), 200)
	into[Leg](t, airline.write(leg, `{"step":"pay","reference":"R2","amountMinor":100}`), 200)
	hotel.problem(hotel.write(leg, `{"step":"receive","reference":"R2","amountMinor":99}`), fault.NotFound)
	into[Leg](t, hotel.write(leg, `{"step":"receive","reference":"R2","amountMinor":100}`), 200)
	if l := into[Leg](t, hotel.write(leg, `{"step":"finalise"}`), 200); l.Status != clearing.LegFinal {
		t.Errorf("%+v", l)
	}
	if w := into[WindowList](t, hotel.read("/v1/clearing/windows?currency=GBP"), 200); len(w.Windows) != 2 || w.Windows[0].Number != 2 || w.Windows[1].Status != clearing.WindowSettled {
		t.Errorf("%+v", w)
	}
	statement := into[ClearingStatement](t, hotel.read("/v1/clearing/windows/GBP/1/statement"), 200)
	if slices.ContainsFunc(statement.Checks, func(c StatementCheck) bool { return !c.Holds }) || len(statement.Checks) != 5 || statement.Position.Net != 100 {
		t.Errorf("%+v", statement)
	}
	w := hotel.read("/v1/clearing/windows/GBP/1/statement?member=airline", "Accept", "text/csv")
	if rows, err := csv.NewReader(w.Body).ReadAll(); err != nil || len(rows) < 8 || rows[1][1] != "airline" {
		t.Errorf("%v, %v", rows, err)
	}
	hotel.problem(hotel.read("/v1/clearing/windows/GBP/9/statement"), fault.NotFound)
	hotel.problem(hotel.read("/v1/clearing/windows/gbp/1"), fault.InvalidValue)
}

func TestADisputesEvidenceComesFromTheGatewayItself(t *testing.T) {
	h := newHouse(t)
	receipts := h.redeem(100, 50, 40)
	hotel, airline := h.desk("hotel"), h.desk("airline")
	body := fmt.Sprintf(`{"operation":"%s","reason":"not delivered"}`, receipts[1].Operation)
	d := into[Dispute](t, airline.write("/v1/clearing/disputes", body), 200)
	if d.Amount != 50 || d.By != "airline" || d.Status != clearing.DisputeAside {
		t.Errorf("%+v", d)
	}
	if list := into[DisputeList](t, hotel.read("/v1/clearing/disputes?currency=GBP"), 200); len(list.Disputes) != 1 {
		t.Errorf("%+v", list)
	}
	grocer := h.desk("grocer")
	grocer.problem(grocer.write("/v1/clearing/disputes", body), fault.NotFound)
	airline.problem(airline.write("/v1/clearing/disputes", strings.Replace(body, "not delivered", "Mr Smith!", 1)), fault.InvalidValue)
	step := "/v1/clearing/disputes/GBP/airline/" + string(receipts[1].Operation) + "/steps"
	hotel.problem(hotel.write(step, `{"step":"withdraw"}`), fault.Forbidden)
	if d := into[Dispute](t, airline.write(step, `{"step":"withdraw"}`), 200); d.Status != clearing.DisputeWithdrawn {
		t.Errorf("%+v", d)
	}
	into[Dispute](t, airline.write("/v1/clearing/disputes", fmt.Sprintf(`{"operation":"%s","reason":"not delivered"}`, receipts[2].Operation)), 200)
	step = "/v1/clearing/disputes/GBP/airline/" + string(receipts[2].Operation) + "/steps"
	if d := into[Dispute](t, hotel.write(step, `{"step":"uphold"}`), 200); d.Status != clearing.DisputeUpheld {
		t.Errorf("%+v", d)
	}
}

func TestBrandsVoteAtTheirGateways(t *testing.T) {
	h := newHouse(t)
	hotel, airline := h.desk("hotel"), h.desk("airline")
	motion := `{"id":"0123456789abcdef0123456789abcdef","motion":{"cap":{"member":"hotel","currency":"GBP","amount":20000}}}`
	p := into[Proposal](t, hotel.decide("/v1/clearing/proposals", motion), 200)
	if p.Status != clearing.ProposalOpen || p.By != "hotel" || *p.Motion.Cap != (clearing.CapMotion{Member: "hotel", Currency: "GBP", Amount: 20_000}) {
		t.Errorf("%+v", p)
	}
	hotel.problem(hotel.decide("/v1/clearing/proposals", `{"motion":{}}`), fault.InvalidValue)
	path := "/v1/clearing/proposals/" + string(p.ID)
	airline.problem(airline.decide(path+"/votes", `{"choice":"perhaps"}`), fault.InvalidValue)
	if p := into[Proposal](t, airline.decide(path+"/votes", `{"choice":"yes"}`), 200); p.Status != clearing.ProposalCarried {
		t.Errorf("%+v", p)
	}
	if p := into[Proposal](t, hotel.read(path), 200); p.Status != clearing.ProposalCarried {
		t.Errorf("%+v", p)
	}
	members := into[MemberList](t, hotel.read("/v1/clearing/members"), 200)
	if !slices.ContainsFunc(members.Caps, func(c Cap) bool { return c.Member == "hotel" && c.Amount == 20_000 }) || len(members.Members) != 4 {
		t.Errorf("%+v", members)
	}
	seen := 0
	for next := ""; ; {
		page := into[ProposalList](t, hotel.read("/v1/clearing/proposals?limit=2"+next), 200)
		if seen += len(page.Proposals); page.Next == nil {
			break
		}
		next = "&after=" + *page.Next
	}
	if seen != 5 { // Two caps and two allocations before.
		t.Errorf("%d proposals", seen)
	}
	if c := into[CurrencyList](t, hotel.read("/v1/clearing/currencies"), 200); len(c.Currencies) != 1 || c.Currencies[0].Open != 1 || c.Currencies[0].Calendar.Currency != "GBP" {
		t.Errorf("%+v", c)
	}
	if w := into[ClearingWindow](t, hotel.decide("/v1/clearing/currencies", `{"currency":"EUR"}`), 200); w.Status != clearing.WindowOpen {
		t.Errorf("%+v", w)
	}
	if r := into[ReserveList](t, hotel.read("/v1/clearing/reserves"), 200); len(r.Reserves) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestEventsArePolledWithoutLossOrRepetition(t *testing.T) {
	h := newHouse(t)
	hotel := h.desk("hotel")
	var kinds []store.EventKind
	after := ""
	poll := func() (n int) {
		for {
			page := into[ClearingEventList](t, hotel.read("/v1/clearing/events?limit=4"+after), 200)
			for _, e := range page.Events {
				kinds = append(kinds, e.Kind)
			}
			after = "&after=" + *page.Next
			if n += len(page.Events); len(page.Events) == 0 {
				return n
			}
		}
	}
	if poll() == 0 || poll() != 0 {
		t.Errorf("%v", kinds)
	}
	kinds = nil
	h.redeem(900)
	h.redeem(200)
	poll()
	if want := []store.EventKind{store.EventPosition, store.EventLimitRefused}; !slices.Equal(kinds, want) {
		t.Errorf("%v, want %v", kinds, want)
	}
	hotel.problem(hotel.read("/v1/clearing/events?after=soon"), fault.InvalidValue)
	if a := into[AlarmList](t, hotel.read("/v1/clearing/alarms"), 200); len(a.Alarms) != 1 || a.Alarms[0].Kind != "position" {
		t.Errorf("%+v", a)
	}
}

func TestClearingIsForTreasuryAndGovernanceScopesOnly(t *testing.T) {
	h := newHouse(t)
	hotel := h.desk("hotel")
	for _, scope := range keyScopes {
		for _, c := range []struct {
			method, path, body string
			allowed            []string
		}{
			{"GET", "/v1/clearing/pairs/airline/hotel/limits", "", []string{ScopeTreasuryRead}},
			{"GET", "/v1/clearing/positions?currency=GBP", "", []string{ScopeTreasuryRead}},
			{"GET", "/v1/clearing/proposals", "", []string{ScopeTreasuryRead, ScopeGovernance}},
			{"POST", "/v1/clearing/pairs/airline/hotel/acceptances", `{"version":9,"hash":""}`, []string{ScopeTreasuryWrite}},
			{"POST", "/v1/clearing/proposals", `{"motion":{}}`, []string{ScopeGovernance}},
			{"POST", "/v1/clearing/windows/GBP/1/steps", `{"step":"wait"}`, []string{ScopeTreasuryWrite, ScopeGovernance}},
		} {
			w := hotel.do(call{c.method, c.path, scope, c.body, nil})
			if refused := w.Code == 403; refused == slices.Contains(c.allowed, scope) {
				t.Errorf("%s on %s: %d", scope, c.path, w.Code)
			}
		}
	}
}

func TestARegulatorsGatewayShowsAllPairsAndWritesNothing(t *testing.T) {
	h := newHouse(t)
	h.redeem(10)
	regulator := h.desk("regulator", func(p *Parts) {
		p.Recorder, p.Hasher, p.Quoter, p.Programme = nil, nil, nil, ""
		p.Clearing.Gateway, p.Clearing.Treasurer, p.Clearing.Operator, p.Clearing.Alarms = nil, nil, nil, nil
	})
	if pairs := into[PairList](t, regulator.read("/v1/clearing/pairs"), 200); len(pairs.Pairs) != 1 {
		t.Errorf("%+v", pairs)
	}
	if p := into[Positions](t, regulator.read("/v1/clearing/positions?currency=GBP&member=hotel"), 200); p.Net != 10_000_000 {
		t.Errorf("%+v", p)
	}
	regulator.problem(regulator.write("/v1/clearing/windows/GBP/1/steps", `{"step":"close"}`), fault.ReadOnly)
	if a := into[AlarmList](t, regulator.read("/v1/clearing/alarms"), 200); len(a.Alarms) != 0 {
		t.Errorf("%+v", a)
	}
}

func TestAGatewayWithoutATreasurerSaysSo(t *testing.T) {
	h := newHouse(t)
	hotel := h.desk("hotel", func(p *Parts) { p.Clearing.Treasurer, p.Clearing.Operator, p.Clearing.Bank.Accounts = nil, nil, nil })
	for path, body := range map[string]string{
		"/v1/clearing/pairs/airline/hotel/acceptances":              `{"version":1,"hash":"` + strings.Repeat("0", 64) + `"}`,
		"/v1/clearing/windows/GBP/1/signatures":                     `{"netMinor":1,"root":"` + strings.Repeat("0", 64) + `"}`,
		"/v1/clearing/windows/GBP/1/legs/airline/hotel/steps":       `{"step":"finalise"}`,
		"/v1/clearing/disputes":                                     `{"operation":"` + unknownID + `","reason":"not delivered"}`,
		"/v1/clearing/disputes/GBP/airline/" + unknownID + "/steps": `{"step":"withdraw"}`,
	} {
		hotel.problem(hotel.write(path, body), fault.Forbidden)
	}
	hotel.problem(hotel.decide("/v1/clearing/proposals", `{"motion":{}}`), fault.Forbidden)
	hotel.problem(hotel.read("/v1/clearing/windows/GBP/1/payment-initiation"), fault.Forbidden)
}

func TestAReserveIsWorthWhatItsCustodianSigned(t *testing.T) {
	h := newHouse(t)
	hotel := h.desk("hotel")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := p256.EncodeKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	h.Decide(clearing.Motion{Custodian: &clearing.CustodianKey{ID: "bank", Key: public}})
	statement := clearing.ReserveStatement{Genesis: h.Genesis, Member: "hotel", Currency: "GBP", Amount: 700, AsOf: h.Now, ValidUntil: h.Now + 1000, Custodian: "bank"}
	hash, err := wire.Hash(statement)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := hex.DecodeString(hash)
	if err != nil {
		t.Fatal(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		t.Fatal(err)
	}
	send := func(amount quantity.Minor) string {
		other := statement
		other.Amount = amount
		return string(h.Encode(wire.NewReserve{Statement: other, Signature: p256.EncodeSignature(r, s)}))
	}
	hotel.problem(hotel.write("/v1/clearing/reserves", send(701)), fault.SignatureRefused)
	if got := into[Reserve](t, hotel.write("/v1/clearing/reserves", send(700)), 200); got.Statement != statement {
		t.Errorf("%+v", got)
	}
	list := into[ReserveList](t, hotel.read("/v1/clearing/reserves"), 200)
	if len(list.Reserves) != 1 || list.Reserves[0].Reserve.Statement != statement {
		t.Errorf("%+v", list)
	}
	hotel.problem(hotel.decide("/v1/clearing/members/hotel/closing", `{"hash":"`+hash+`","windows":[]}`), fault.MemberStatus)
}
