package api

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// settling brings the house's first window to SETTLING with one leg of 150 from the airline to the hotel.
func (h *exchangeHouse) settling() {
	h.t.Helper()
	h.redeem(150)
	h.Roll()
	h.pair.Disclose(1)
	h.Net(1)
	h.Sign(1)
}

// initiation is what the tests read of a pain.001.
type initiation struct {
	ID       string   `xml:"CstmrCdtTrfInitn>GrpHdr>MsgId"`
	EndToEnd []string `xml:"CstmrCdtTrfInitn>PmtInf>CdtTrfTxInf>PmtId>EndToEndId"`
	Amounts  []string `xml:"CstmrCdtTrfInitn>PmtInf>CdtTrfTxInf>Amt>InstdAmt"`
}

func (d *desk) initiation() initiation {
	d.t.Helper()
	w := d.read("/v1/clearing/windows/GBP/1/payment-initiation")
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/xml") {
		d.t.Fatalf("%d %s", w.Code, w.Body)
	}
	var in initiation
	if err := xml.Unmarshal(w.Body.Bytes(), &in); err != nil {
		d.t.Fatal(err)
	}
	return in
}

func (d *desk) upload(path, file string) BankReport {
	d.t.Helper()
	return into[BankReport](d.t, d.do(call{"POST", path, ScopeTreasuryWrite, file, []string{"Content-Type", "application/xml"}}), 200)
}

// notification is a camt.054 of single bookings.
func notification(iban, indicator string, bookings ...string) string {
	return `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>N</MsgId><CreDtTm>2026-11-23T11:00:00Z</CreDtTm></GrpHdr>
<Ntfctn><Id>N1</Id><Acct><Id><IBAN>` + iban + `</IBAN></Id></Acct>` + strings.ReplaceAll(strings.Join(bookings, ""), "%INDICATOR%", indicator) + `</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>`
}

func booking(reference, endToEnd, amount string) string {
	return fmt.Sprintf(`<Ntry><Amt Ccy="GBP">%[3]s</Amt><CdtDbtInd>%%INDICATOR%%</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-23</Dt></BookgDt><AcctSvcrRef>%[1]s</AcctSvcrRef>
<BkTxCd><Prtry><Cd>TRF</Cd></Prtry></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>%[2]s</EndToEndId></Refs><Amt Ccy="GBP">%[3]s</Amt></TxDtls></NtryDtls></Ntry>`, reference, endToEnd, amount)
}

const airlineIBAN, hotelIBAN = "GB82WEST12345698765432", "DE89370400440532013000"

func (h *exchangeHouse) leg() clearing.Leg {
	h.t.Helper()
	var l clearing.Leg
	if err := wire.DecodeRecord(h.State(engine.ClearingChaincode, engine.LegKey("GBP", 1, "airline", "hotel")), &l); err != nil {
		h.t.Fatal(err)
	}
	return l
}

func TestALegIsPaidThroughBankFilesInTwoPartsAndReceived(t *testing.T) {
	h := newHouse(t)
	h.settling()
	airline, hotel := h.desk("airline"), h.desk("hotel")
	whole := airline.initiation()
	if len(whole.Amounts) != 1 || whole.Amounts[0] != "1.50" || airline.initiation().ID != whole.ID {
		t.Fatalf("%+v", whole)
	}
	hotel.problem(hotel.read("/v1/clearing/windows/GBP/1/payment-initiation"), fault.NotFound)
	first := notification(airlineIBAN, "DBIT", booking("BK-1", whole.EndToEnd[0], "1.00"), booking("BK-9", "UNKNOWN", "7.00"))
	report := airline.upload("/v1/clearing/bank-files", first)
	if len(report.Legs) != 1 || report.Legs[0].Paid != "PARTIAL" || report.Legs[0].PaidMinor != 100 || (*report.Legs[0].Recorded)[0].Done || len(report.Findings) != 1 || report.Findings[0].Reason != "UNKNOWN_LEG" {
		t.Errorf("%+v", report)
	}
	if len(h.leg().Entries) != 0 {
		t.Error("a file that was only read is on the ledger")
	}
	for range 2 { // The second time everything is there.
		if report := airline.upload("/v1/clearing/bank-files?record=true", first); !(*report.Legs[0].Recorded)[0].Done || report.Legs[0].Problems != nil {
			t.Errorf("%+v", report)
		}
	}
	if rest := airline.initiation(); rest.Amounts[0] != "0.50" || rest.EndToEnd[0] != whole.EndToEnd[0] || rest.ID == whole.ID {
		t.Errorf("%+v", rest)
	}
	airline.upload("/v1/clearing/bank-files?record=true", notification(airlineIBAN, "DBIT", booking("BK-2", whole.EndToEnd[0], "0.50")))
	if l := h.leg(); l.Status != clearing.LegPaid || len(l.Entries) != 2 || l.Entries[0].Reference != "BK-1" {
		t.Errorf("%+v", l)
	}
	airline.problem(airline.read("/v1/clearing/windows/GBP/1/payment-initiation"), fault.NotFound)
	early := hotel.upload("/v1/clearing/bank-files?record=true", notification(hotelIBAN, "CRDT", booking("X-1", whole.EndToEnd[0], "0.70")))
	if early.Legs[0].Problems == nil {
		t.Errorf("%+v", early)
	}
	hotel.upload("/v1/clearing/bank-files?record=true", notification(hotelIBAN, "CRDT", booking("X-2", whole.EndToEnd[0], "0.50"), booking("X-3", whole.EndToEnd[0], "1.00")))
	if l := h.leg(); l.Status != clearing.LegReceived {
		t.Errorf("%+v", l)
	}
}

func TestABookingIsTakenForAPaymentThatIsNotedAsReceivedBeforeAnother(t *testing.T) {
	h := newHouse(t)
	h.settling()
	airline, hotel := h.desk("airline"), h.desk("hotel")
	id := airline.initiation().EndToEnd[0]
	steps := "/v1/clearing/windows/GBP/1/legs/airline/hotel/steps"
	for _, reference := range []string{"R1", "R2"} {
		into[Leg](t, airline.write(steps, `{"step":"pay","reference":"`+reference+`","amountMinor":75}`), 200)
	}
	into[Leg](t, hotel.write(steps, `{"step":"receive","reference":"R2","amountMinor":75}`), 200)
	report := hotel.upload("/v1/clearing/bank-files?record=true", notification(hotelIBAN, "CRDT", booking("X-1", id, "0.75")))
	if r := (*report.Legs[0].Recorded)[0]; r.Reference != "R2" || !r.Done || h.leg().Entries[0].ReceiptAt != 0 {
		t.Errorf("%+v", report)
	}
	hotel.upload("/v1/clearing/bank-files?record=true", notification(hotelIBAN, "CRDT", booking("X-1", id, "0.75"), booking("X-2", id, "0.75")))
	if l := h.leg(); l.Status != clearing.LegReceived {
		t.Errorf("%+v", l)
	}
}

func TestARefusedPaymentIsTold(t *testing.T) {
	h := newHouse(t)
	h.settling()
	airline := h.desk("airline")
	in := airline.initiation()
	status := func(message string) string {
		return `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>S1</MsgId><CreDtTm>2026-11-23T07:15:00Z</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>` + message + `</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><GrpSts>RJCT</GrpSts>
<StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>`
	}
	report := airline.upload("/v1/clearing/bank-files", status(in.ID))
	if len(report.Legs) != 1 || *report.Legs[0].BankStatus != "RJCT" || (*report.Legs[0].BankReasons)[0] != "AM04" || report.Legs[0].Problems == nil {
		t.Errorf("%+v", report)
	}
	send := func(file, media string) call {
		return call{"POST", "/v1/clearing/bank-files", ScopeTreasuryWrite, file, []string{"Content-Type", media}}
	}
	airline.problem(airline.do(send(status("OTHER-1"), "application/xml")), fault.NotFound)
	airline.problem(airline.do(send("<x/>", "application/xml")), fault.Malformed)
	airline.problem(airline.do(send(status(in.ID), "application/json")), fault.Malformed)
	if h.leg().Status != clearing.LegNotified {
		t.Error("a status report changed the ledger")
	}
}

func TestALegWithoutAConfiguredAccountIsNamed(t *testing.T) {
	h := newHouse(t)
	h.settling()
	airline := h.desk("airline", func(p *Parts) {
		only := accounts
		only.Accounts = only.Accounts[:1]
		p.Clearing.Bank.Accounts = &only
	})
	if p := airline.problem(airline.read("/v1/clearing/windows/GBP/1/payment-initiation"), fault.NotFound); !strings.Contains(p.Detail, "hotel") {
		t.Errorf("%+v", p)
	}
}
