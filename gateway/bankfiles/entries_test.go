package bankfiles_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bankfiles"
)

func yen(minor int64) quantity.Money { return quantity.Money{Minor: minor, Currency: "JPY"} }

func dinars(minor int64) quantity.Money { return quantity.Money{Minor: minor, Currency: "KWD"} }

func TestEntriesOfEveryVersionAreRead(t *testing.T) {
	monday, tuesday := day(t, "2026-03-02"), day(t, "2026-03-03")
	statement8 := bankfiles.Entry{Message: "camt.053.001.08", File: "STMT-0302", Page: "1", Report: "2026-061", Account: airlineIBAN, Charges: pounds(0), Booking: bankfiles.Booked}
	statement2 := bankfiles.Entry{Message: "camt.053.001.02", File: "STMT-OLD", Report: "61", Account: "0042-1", Charges: yen(0)}
	with := func(e bankfiles.Entry, change func(*bankfiles.Entry)) bankfiles.Entry {
		change(&e)
		return e
	}
	batch := with(statement8, func(e *bankfiles.Entry) {
		e.Position, e.Direction, e.Booked, e.EntryReference = 3, bankfiles.Credit, monday, "BK-1003"
	})
	for name, want := range map[string][]bankfiles.Entry{
		"camt.053.001.08.xml": {
			with(statement8, func(e *bankfiles.Entry) {
				e.Position, e.Detail, e.Amount, e.Charges, e.Direction, e.Booked, e.Value = 1, 1, pounds(123406), pounds(50), bankfiles.Debit, monday, tuesday
				e.EntryReference, e.EndToEndID, e.UETR = "BK-1001", legA, "6a0f2f0c-9e55-4b39-8f6a-1c2d3e4f5a6b"
			}),
			with(statement8, func(e *bankfiles.Entry) {
				e.Position, e.Amount, e.Direction, e.Reversal, e.Booking, e.Booked = 2, pounds(30000), bankfiles.Credit, true, bankfiles.Pending, monday
			}),
			with(batch, func(e *bankfiles.Entry) {
				e.Detail, e.Amount, e.BankReference, e.EndToEndID = 1, pounds(10000), "BK-1003-1", legB
			}),
			with(batch, func(e *bankfiles.Entry) {
				e.Detail, e.Amount, e.BankReference, e.EndToEndID, e.Return = 2, pounds(6000), "BK-1003-2", legC, "AC04"
			}),
			with(batch, func(e *bankfiles.Entry) { e.Detail, e.Amount, e.Direction = 3, pounds(1000), bankfiles.Debit }),
			with(statement8, func(e *bankfiles.Entry) {
				e.Position, e.Amount, e.Direction, e.Booking, e.Trouble = 4, pounds(7000), bankfiles.Credit, "", bankfiles.ReasonNoDetails
			}),
		},
		"camt.053.001.02.xml": {
			with(statement2, func(e *bankfiles.Entry) {
				e.Position, e.Detail, e.Amount, e.Direction, e.Booking, e.Booked, e.EntryReference, e.EndToEndID = 1, 1, yen(5000), bankfiles.Credit, bankfiles.Booked, monday, "J-1", legA
			}),
			with(statement2, func(e *bankfiles.Entry) {
				e.Position, e.Amount, e.Direction, e.Booking, e.Trouble, e.Names = 2, yen(300), bankfiles.Debit, bankfiles.Pending, bankfiles.ReasonUnsplit, []string{legB, legC}
			}),
		},
		"camt.054.001.08.xml": {{
			Message: "camt.054.001.08", File: "NTF-0302", Report: "N1", Account: airlineIBAN, Position: 1, Detail: 1, Amount: pounds(123406), Charges: pounds(50), Direction: bankfiles.Debit,
			Booking: bankfiles.Booked, Booked: monday, EntryReference: "BK-1001", EndToEndID: legA,
		}},
		"camt.054.001.02.xml": {{
			Message: "camt.054.001.02", File: "NTF-OLD", Report: "N2", Account: hotelIBAN, Position: 1, Detail: 1, Amount: dinars(12345), Charges: dinars(0), Direction: bankfiles.Credit,
			Booking: bankfiles.Booked, Booked: monday, BankReference: "K-1", EndToEndID: legA,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := entriesOf(t, file(t, name))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%+v\nwant\n%+v", got, want)
			}
		})
	}
}

func TestBatchesAreSplitOnlyWhenTheyAddUp(t *testing.T) {
	transaction := func(id, amount string) string {
		return "<TxDtls><Refs><EndToEndId>" + id + "</EndToEndId></Refs>" + amount + "</TxDtls>"
	}
	of := func(amount string) string { return `<Amt Ccy="GBP">` + amount + `</Amt>` }
	for name, c := range map[string]struct {
		details string
		trouble bankfiles.Reason
		amounts []int64
		charges int64
	}{
		"none":                         {"", "", []int64{500}, 0},
		"two that add up":              {"<NtryDtls>" + transaction("a", of("2.00")) + transaction("b", of("3.00")) + "</NtryDtls>", "", []int64{200, 300}, 0},
		"two in two groups":            {"<NtryDtls>" + transaction("a", of("2.00")) + "</NtryDtls><NtryDtls>" + transaction("b", of("3.00")) + "</NtryDtls>", "", []int64{200, 300}, 0},
		"two of which one is missing":  {"<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>" + transaction("a", of("5.00")) + "</NtryDtls>", bankfiles.ReasonUnsplit, []int64{500}, 0},
		"two that don't add up":        {"<NtryDtls>" + transaction("a", of("2.00")) + transaction("b", of("3.01")) + "</NtryDtls>", bankfiles.ReasonUnsplit, []int64{500}, 0},
		"two, one without amount":      {"<NtryDtls>" + transaction("a", of("5.00")) + transaction("b", "") + "</NtryDtls>", bankfiles.ReasonUnsplit, []int64{500}, 0},
		"two, one in another currency": {"<NtryDtls>" + transaction("a", of("5.00")) + transaction("b", `<Amt Ccy="EUR">1.00</Amt>`) + "</NtryDtls>", bankfiles.ReasonUnsplit, []int64{500}, 0},
		"two, one the other way":       {"<NtryDtls>" + transaction("a", of("6.00")) + transaction("b", of("1.00")+"<CdtDbtInd>CRDT</CdtDbtInd>") + "</NtryDtls>", "", []int64{600, 100}, 0},
		"two beyond all sums":          {"<NtryDtls>" + strings.Repeat(transaction("a", of("90071992547409.91")), 2) + "</NtryDtls>", bankfiles.ReasonUnsplit, []int64{500}, 0},
		"one":                          {"<NtryDtls>" + transaction("a", "") + "</NtryDtls>", "", []int64{500}, 0},
		"one with charges":             {"<NtryDtls>" + transaction("a", of("4.90")) + "</NtryDtls>", "", []int64{490}, 10},
		"one that says more":           {"<NtryDtls>" + transaction("a", of("5.10")) + "</NtryDtls>", "", []int64{500}, 0},
		"one in another currency":      {"<NtryDtls>" + transaction("a", `<Amt Ccy="EUR">1.00</Amt>`) + "</NtryDtls>", "", []int64{500}, 0},
		"one the other way":            {"<NtryDtls>" + transaction("a", of("5.00")+"<CdtDbtInd>CRDT</CdtDbtInd>") + "</NtryDtls>", bankfiles.ReasonUnsplit, []int64{500}, 0},
		"a batch of one":               {"<NtryDtls><Btch><NbOfTxs>1</NbOfTxs></Btch>" + transaction("a", of("5.00")) + "</NtryDtls>", "", []int64{500}, 0},
		"a batch without transactions": {"<NtryDtls><Btch><NbOfTxs>7</NbOfTxs></Btch></NtryDtls>", bankfiles.ReasonNoDetails, []int64{500}, 0},
		"details without anything":     {"<NtryDtls></NtryDtls>", "", []int64{500}, 0},
		"amounts where .02 has them":   {"<NtryDtls>" + transaction("a", "<AmtDtls><TxAmt>"+of("2.00")+"</TxAmt></AmtDtls>") + transaction("b", of("3.00")) + "</NtryDtls>", "", []int64{200, 300}, 0},
		"its own before the details'":  {"<NtryDtls>" + transaction("a", of("2.00")+"<AmtDtls><TxAmt>"+of("9.00")+"</TxAmt></AmtDtls>") + transaction("b", of("3.00")) + "</NtryDtls>", "", []int64{200, 300}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := entriesOf(t, statement("M", account(`<Ntry><Amt Ccy="GBP">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>`+c.details+`</Ntry>`)))
			if len(got) != len(c.amounts) {
				t.Fatalf("%+v", got)
			}
			for i, e := range got {
				if e.Amount != pounds(c.amounts[i]) || e.Charges != pounds(c.charges) || e.Trouble != c.trouble {
					t.Errorf("%+v", e)
				}
			}
		})
	}
}

func TestWhatIsReceivedIsWhatTheEntrySays(t *testing.T) {
	for _, of := range []string{"4.80", "4.90", "5.00"} {
		got := entriesOf(t, statement("M", account(`<Ntry><Amt Ccy="GBP">4.90</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls><TxDtls><Amt Ccy="GBP">`+of+`</Amt></TxDtls></NtryDtls></Ntry>`)))
		if len(got) != 1 || got[0].Amount != pounds(490) || got[0].Charges != pounds(0) {
			t.Errorf("%s: %+v", of, got)
		}
	}
}

func TestReturnsAreKnownByTheirReason(t *testing.T) {
	for given, want := range map[string]string{
		"<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>": "AC04", "<RtrInf><Rsn><Prtry>OWN</Prtry></Rsn></RtrInf>": "OWN", "<RtrInf></RtrInf>": "NOTPROVIDED", "": "",
	} {
		got := entriesOf(t, statement("M", account(`<Ntry><Amt Ccy="GBP">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls><TxDtls>`+given+`</TxDtls></NtryDtls></Ntry>`)))
		if len(got) != 1 || got[0].Return != want {
			t.Errorf("%s: %+v", given, got)
		}
	}
}
