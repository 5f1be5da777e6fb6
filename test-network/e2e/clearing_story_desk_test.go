//go:build network

package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/client"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/test-network/canary"
)

// eventually polls until something is as it has to be, and shows how it was last when it never is.
func eventually(t *testing.T, what string, look func() (any, bool)) {
	t.Helper()
	untilDone(t, what, func() error {
		got, done := look()
		if done {
			return nil
		}
		return fmt.Errorf("%+v", got)
	})
}

// positions are what a member's pairs owe each other, as one gateway's treasury sees it; window 0 is the open one.
func (s *story) positions(t *testing.T, at, member string, window int64) answer {
	t.Helper()
	path := "/v1/clearing/positions?currency=GBP&member=" + member
	if window != 0 {
		path += fmt.Sprintf("&window=%d", window)
	}
	return s.call(t, at, request{method: "GET", path: path, key: s.key(t, at, "treasury-read")})
}

// requireOwed requires that both members of every pair and the regulator see, to the last millionth, what the test has worked out.
func (s *story) requireOwed(t *testing.T, window int64) {
	t.Helper()
	for _, seen := range [][2]string{{"airline", "airline"}, {"hotel", "hotel"}, {"grocer", "grocer"}, {"regulator", "airline"}, {"regulator", "hotel"}} {
		member := seen[1]
		want := map[clearing.Pair][2]quantity.Micro{}
		for pair, owed := range s.owed[window] {
			if pair.A == member || pair.B == member {
				want[pair] = owed
			}
		}
		eventually(t, fmt.Sprintf("%s sees what %s's window %d comes to: %v", seen[0], member, window, want), func() (any, bool) {
			got := map[clearing.Pair][2]quantity.Micro{}
			var net quantity.Micro
			a := s.positions(t, seen[0], member, window)
			if a.status != http.StatusOK { // A window that this gateway doesn't know yet.
				return a.unexpected(), false
			}
			now := ok[client.Positions](t, a)
			for _, p := range now.Pairs {
				if p.Owed != [2]quantity.Micro{} {
					got[clearing.Pair{A: p.A, B: p.B}] = p.Owed
				}
				owed := p.Owed[clearing.AOwesB] - p.Owed[clearing.BOwesA]
				if p.A == member {
					owed = -owed
				}
				net += owed
			}
			return now, maps.Equal(got, want) && net == now.Net
		})
	}
}

// requireObligation requires that both members of a pair list what an operation makes them owe.
func (s *story) requireObligation(t *testing.T, pair clearing.Pair, o *operation, want client.Obligation) {
	t.Helper()
	path := fmt.Sprintf("/v1/clearing/pairs/%s/%s/obligations?currency=GBP&window=%d", pair.A, pair.B, o.Receipt.Window)
	for _, member := range []string{pair.A, pair.B, "regulator"} {
		list := ok[client.ObligationList](t, s.call(t, member, request{method: "GET", path: path, key: s.key(t, member, "treasury-read")}))
		i := slices.IndexFunc(list.Obligations, func(x client.Obligation) bool { return x.Operation == o.ID })
		if i < 0 {
			t.Fatalf("%s doesn't list the obligation of %s", member, o.ID)
		}
		got := list.Obligations[i]
		if got.Service != want.Service || got.Debtor != want.Debtor || got.Creditor != want.Creditor || got.Micro != want.Micro || got.Fee != want.Fee ||
			(got.FeeDebtor == nil) != (want.FeeDebtor == nil) || got.FeeDebtor != nil && *got.FeeDebtor != *want.FeeDebtor {
			t.Errorf("%s lists %+v, want %+v", member, got, want)
		}
	}
}

// window reads a window at a member's gateway.
func (s *story) window(t *testing.T, member string, number int64) client.WindowInFull {
	t.Helper()
	path := fmt.Sprintf("/v1/clearing/windows/GBP/%d", number)
	return ok[client.WindowInFull](t, s.call(t, member, request{method: "GET", path: path, key: s.key(t, member, "treasury-read")}))
}

// settleFirst nets the first window without the disputed line, and pays what comes of it.
func (s *story) settleFirst(t *testing.T) {
	s.settle(t, s.first, map[clearing.Pair]quantity.Minor{airlineAndHotel: -disputedPence})
}

// settleSecond has the airline give its dispute up: the line is paid in the second window.
func (s *story) settleSecond(t *testing.T) {
	step := request{
		method: "POST", path: "/v1/clearing/disputes/GBP/airline/" + s.disputed.ID + "/steps", key: s.key(t, "hotel", "treasury-write"), body: fields{"step": "withdraw"},
	}
	refused(t, s.call(t, "hotel", step), fault.Forbidden)
	step.key = s.key(t, "airline", "treasury-write")
	if d := ok[client.Dispute](t, s.call(t, "airline", step)); d.Status != clearing.DisputeWithdrawn {
		t.Errorf("%+v", d)
	}
	s.rollByHand(t, s.first+1)
	s.settle(t, s.first+1, map[clearing.Pair]quantity.Minor{airlineAndHotel: disputedPence})
}

// settle has the clerks bring a window to its payments, holds positions and payments against what the test works out, and has the bank pay. aside is what disputes
// add to a pair's net.
func (s *story) settle(t *testing.T, number int64, aside map[clearing.Pair]quantity.Minor) {
	var w client.WindowInFull
	for _, member := range []string{"hotel", "airline", "grocer", "regulator"} {
		eventually(t, fmt.Sprintf("%s sees that window %d is settling", member, number), func() (any, bool) {
			w = s.window(t, member, number)
			return w, w.Window.Status == clearing.WindowSettling
		})
	}
	nets := map[string]quantity.Minor{}
	for _, pair := range []clearing.Pair{airlineAndHotel, airlineAndGrocer} {
		net := s.netOf(t, pair, number) + aside[pair]
		nets[pair.A] -= net
		nets[pair.B] += net
	}
	var sum quantity.Minor
	for _, p := range w.Positions {
		if p.Net != nets[p.Member] || p.Signed == nil {
			t.Errorf("%s's position is %+v, want %d and signed", p.Member, p, nets[p.Member])
		}
		sum += p.Net
	}
	if sum != 0 || len(w.Positions) < 2 || len(w.Legs) == 0 || len(w.Legs) > 2 {
		t.Fatalf("%d positions make %d, settled by %d payments", len(w.Positions), sum, len(w.Legs))
	}
	s.pay(t, number, w.Legs)
	eventually(t, fmt.Sprintf("window %d is settled", number), func() (any, bool) {
		w = s.window(t, "hotel", number)
		return w, w.Window.Status == clearing.WindowSettled
	})
	for _, leg := range w.Legs {
		if leg.Status != clearing.LegFinal || len(leg.Entries) != 1 || leg.Entries[0].Amount != leg.Amount || leg.Entries[0].ReceiptAt == 0 {
			t.Errorf("%+v", leg)
		}
	}
	for member := range nets {
		s.requireStatement(t, member, number, nets[member])
	}
}

// netOf is what A owes B for a window in whole minor units: what is left of the windows before goes in, rounded half-even.
func (s *story) netOf(t *testing.T, pair clearing.Pair, number int64) quantity.Minor {
	t.Helper()
	var residual quantity.Micro
	var net quantity.Minor
	for window := s.first; window <= number; window++ {
		owed := s.owed[window][pair]
		exact := owed[clearing.AOwesB] - owed[clearing.BOwesA] + residual
		net = roundHalfEven(exact)
		residual = exact - quantity.Micro(net)*quantity.MicroPerMinor
	}
	return net
}

// roundHalfEven is the test's own rounding, by the rational number nearest to it.
func roundHalfEven(m quantity.Micro) quantity.Minor {
	whole, rest := new(big.Int).DivMod(big.NewInt(int64(m)), big.NewInt(int64(quantity.MicroPerMinor)), new(big.Int))
	half := big.NewInt(int64(quantity.MicroPerMinor / 2))
	if c := rest.Cmp(half); c > 0 || c == 0 && whole.Bit(0) == 1 {
		whole.Add(whole, big.NewInt(1))
	}
	return quantity.Minor(whole.Int64())
}

// transfer is one payment of a bank file.
type transfer struct {
	EndToEnd string `xml:"PmtId>EndToEndId"`
	Amount   string `xml:"Amt>InstdAmt"`
	Payee    string `xml:"CdtrAcct>Id>IBAN"`
}

// initiation is what the test reads of a payer's pain.001.
type initiation struct {
	Payments []struct {
		Payer     string     `xml:"DbtrAcct>Id>IBAN"`
		Transfers []transfer `xml:"CdtTrfTxInf"`
	} `xml:"CstmrCdtTrfInitn>PmtInf"`
}

// pay plays the banks: it books what the payers' files say, tells both sides, and the payees end their legs.
func (s *story) pay(t *testing.T, number int64, legs []client.Leg) {
	t.Helper()
	booked := 0
	for _, payer := range membersOf(legs, func(l client.Leg) string { return l.From }) {
		path := fmt.Sprintf("/v1/clearing/windows/GBP/%d/payment-initiation", number)
		file := s.call(t, payer, request{method: "GET", path: path, key: s.key(t, payer, "treasury-read")})
		if file.status != http.StatusOK {
			t.Fatalf("%s's bank file: %d %.300s", payer, file.status, file.body)
		}
		var in initiation
		if err := xml.Unmarshal(file.body, &in); err != nil {
			t.Fatal(err)
		}
		for _, payment := range in.Payments {
			for _, x := range payment.Transfers {
				booked++
				s.book(t, number, legs, payer, payment.Payer, x)
			}
		}
	}
	if booked != len(legs) {
		t.Fatalf("the files pay %d of %d legs", booked, len(legs))
	}
}

// book books one payment: it is PAID by the payer's notification, RECEIVED by the payee's, and FINAL when the payee says so.
func (s *story) book(t *testing.T, number int64, legs []client.Leg, payer, from string, x transfer) {
	t.Helper()
	payee := ""
	for _, brand := range s.members.Brands() {
		if brand.Account.IBAN == x.Payee {
			payee = brand.Name
		}
	}
	i := slices.IndexFunc(legs, func(l client.Leg) bool { return l.From == payer && l.To == payee })
	if i < 0 || fmt.Sprintf("%d.%02d", legs[i].Amount/100, legs[i].Amount%100) != x.Amount {
		t.Fatalf("%s's file pays %+v, which is none of %+v", payer, x, legs)
	}
	s.notify(t, payer, notification(from, "DBIT", x), "pay", legs[i].Amount)
	eventually(t, payee+" sees the payment", func() (any, bool) {
		w := s.window(t, payee, number)
		i := slices.IndexFunc(w.Legs, func(l client.Leg) bool { return l.From == payer && l.To == payee })
		return w.Legs, w.Legs[i].Status == clearing.LegPaid
	})
	s.notify(t, payee, notification(x.Payee, "CRDT", x), "receive", legs[i].Amount)
	path := fmt.Sprintf("/v1/clearing/windows/GBP/%d/legs/%s/%s/steps", number, payer, payee)
	final := ok[client.Leg](t, s.call(t, payee, request{method: "POST", path: path, key: s.key(t, payee, "treasury-write"), body: fields{"step": "finalise"}}))
	if final.Status != clearing.LegFinal {
		t.Errorf("%+v", final)
	}
}

// notify gives a member's gateway its bank's notification, and requires that it enters exactly this step of one leg.
func (s *story) notify(t *testing.T, member, file, step string, amount quantity.Minor) {
	t.Helper()
	report := ok[client.BankReport](t, s.call(t, member, request{
		method: "POST", path: "/v1/clearing/bank-files?record=true", key: s.key(t, member, "treasury-write"), media: "application/xml", body: []byte(file),
	}))
	if len(report.Findings) != 0 || len(report.Legs) != 1 || report.Legs[0].Recorded == nil || len(*report.Legs[0].Recorded) != 1 {
		t.Fatalf("%s's bank file: %+v", member, report)
	}
	if r := (*report.Legs[0].Recorded)[0]; r.Step != step || !r.Done || r.AmountMinor != int64(amount) || report.Legs[0].Problems != nil && len(*report.Legs[0].Problems) > 0 {
		t.Errorf("%s's bank file: %+v", member, report.Legs[0])
	}
}

// notification is a camt.054 that books one payment on an account.
func notification(account, direction string, x transfer) string {
	const form = `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>
<GrpHdr><MsgId>%[1]s</MsgId><CreDtTm>%[2]sT11:00:00Z</CreDtTm></GrpHdr>
<Ntfctn><Id>%[1]s</Id><Acct><Id><IBAN>%[3]s</IBAN></Id></Acct><Ntry><Amt Ccy="GBP">%[4]s</Amt><CdtDbtInd>%[5]s</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>%[2]s</Dt></BookgDt><AcctSvcrRef>BK-%[1]s</AcctSvcrRef><BkTxCd><Prtry><Cd>TRF</Cd></Prtry></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>%[6]s</EndToEndId></Refs><Amt Ccy="GBP">%[4]s</Amt><CdtDbtInd>%[5]s</CdtDbtInd></TxDtls></NtryDtls></Ntry></Ntfctn>
</BkToCstmrDbtCdtNtfctn></Document>`
	return fmt.Sprintf(form, strings.ToUpper(randomHex(6)), today(), account, x.Amount, direction, x.EndToEnd)
}

// membersOf are the different members that legs have on one side.
func membersOf(legs []client.Leg, side func(client.Leg) string) []string {
	var names []string
	for _, l := range legs {
		if !slices.Contains(names, side(l)) {
			names = append(names, side(l))
		}
	}
	return names
}

// requireStatement requires that a member's statement of a settled window adds up to its position and to what was paid, as JSON and as CSV.
func (s *story) requireStatement(t *testing.T, member string, number int64, net quantity.Minor) {
	t.Helper()
	ask := request{method: "GET", path: fmt.Sprintf("/v1/clearing/windows/GBP/%d/statement", number), key: s.key(t, member, "treasury-read")}
	var statement client.ClearingStatement
	eventually(t, member+" sees that all legs are final", func() (any, bool) {
		statement = ok[client.ClearingStatement](t, s.call(t, member, ask))
		return statement.Window, statement.Window.Status == clearing.WindowSettled
	})
	for _, c := range statement.Checks {
		if !c.Holds {
			t.Errorf("%s's statement of window %d doesn't hold: %+v", member, number, c)
		}
	}
	var booked, wanted quantity.Micro
	var settled, paid quantity.Minor
	for _, p := range statement.Pairs {
		booked += p.Booked
		settled += p.Settled
	}
	for pair, owed := range s.owed[number] {
		switch member {
		case pair.A:
			wanted += owed[clearing.BOwesA] - owed[clearing.AOwesB]
		case pair.B:
			wanted += owed[clearing.AOwesB] - owed[clearing.BOwesA]
		}
	}
	for _, l := range statement.Legs {
		if l.To == member {
			paid += l.Paid()
		} else {
			paid -= l.Paid()
		}
	}
	if booked != wanted || settled != net || paid != net || len(statement.Carried) != 0 || net != 0 && statement.Position.Net != net {
		t.Errorf("%s's statement of window %d: booked %d (want %d), settled %d and paid %d (want %d)", member, number, booked, wanted, settled, paid, net)
	}
	ask.accept = "text/csv"
	requireTable(t, member, s.call(t, member, ask).body, &statement, net)
}

// requireTable requires that the statement's table has all that the document has, and that its lines add up to the same.
func requireTable(t *testing.T, member string, table []byte, statement *client.ClearingStatement, net quantity.Minor) {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%s's table: %d rows, %v", member, len(rows), err)
	}
	at := func(row []string, column string) string { return row[slices.Index(rows[0], column)] }
	minor := func(row []string) quantity.Minor {
		return quantity.Minor(must[int64](t)(strconv.ParseInt(at(row, "amountMinor"), 10, 64)))
	}
	count := map[string]int{}
	var settled, paid quantity.Minor
	for _, row := range rows[1:] {
		count[row[0]]++
		switch {
		case row[0] == "settled":
			settled += minor(row)
		case row[0] == "leg" && at(row, "creditor") == member:
			paid += minor(row)
		case row[0] == "leg":
			paid -= minor(row)
		case row[0] == "check" && at(row, "holds") != "true":
			t.Errorf("%s's table: %v doesn't hold", member, row)
		}
	}
	if settled != net || paid != net || count["leg"] != len(statement.Legs) || count["check"] != len(statement.Checks) || count["settled"] != len(statement.Pairs) {
		t.Errorf("%s's table: settled %d and paid %d, want %d, in lines %v:\n%s", member, settled, paid, net, count, table)
	}
}

// requireSecrets: the pair's peers and the regulator's hold the pair's data, nobody else's files or logs do.
func (s *story) requireSecrets(t *testing.T, more ...canary.Canary) {
	t.Helper()
	agreed := s.agreements(t, "hotel")
	secrets := append(slices.Clone(more), secret("agreement's salt", agreed.Agreements[0].Salt))
	for _, member := range []string{"airline", "hotel", "regulator"} {
		requireFound(t, s.dir.Data(membership.PeerNode(member, 0)), nil, secrets...)
	}
	secrets = append(secrets, secret("store", storyStore))
	for _, node := range []string{membership.PeerNode("grocer", 0), membership.OrdererNode("airline", 0), membership.OrdererNode("grocer", 0)} {
		requireAbsent(t, s.dir.Data(node), nil, secrets...)
	}
	requireAbsent(t, s.dir.Gateway("grocer"), nil, secrets...)
	requireAbsent(t, s.dir.Logs(), nil, secrets...)
}
