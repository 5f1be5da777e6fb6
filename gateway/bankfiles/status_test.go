package bankfiles_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/bankfiles"
)

func readStatus(t testing.TB, text string) *bankfiles.StatusReport {
	t.Helper()
	r, err := bankfiles.ReadStatus(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAStatusReportSaysWhatBecameOfEachLeg(t *testing.T) {
	r := readStatus(t, file(t, "pain.002.001.10.xml"))
	if r.Message != "pain.002.001.10" || r.ID != "BANK-STS-1" || r.Original != "AIRLINE-W12" || r.Group.Status != bankfiles.StatusPartly || r.Created != "2026-03-02T07:15:00+00:00" {
		t.Errorf("%+v", r)
	}
	legs, strays, err := r.Of(made(t))
	if err != nil || len(strays) > 0 {
		t.Fatal(err, strays)
	}
	want := []bankfiles.LegStatus{
		{Leg: legA, Status: bankfiles.StatusDebited, BankReference: "BK-1001"},
		{Leg: legB, Status: bankfiles.StatusRejected, Reasons: []bankfiles.StatusReason{{Code: "AC04", Information: []string{"The creditor's account", "is closed"}}}},
		{Leg: legC, Status: bankfiles.StatusPending, Reasons: []bankfiles.StatusReason{{Proprietary: "CUT-OFF"}}},
	}
	if !reflect.DeepEqual(legs, want) {
		t.Errorf("got\n%+v\nwant\n%+v", legs, want)
	}
}

func TestAGroupsStatusIsThatOfAllItsLegs(t *testing.T) {
	legs, strays, err := readStatus(t, file(t, "pain.002.001.03.xml")).Of(made(t))
	if err != nil || len(strays) > 0 || len(legs) != 3 {
		t.Fatal(err, strays, legs)
	}
	for _, l := range legs {
		if !l.Status.Refused() || len(l.Reasons) != 1 || l.Reasons[0].Code != "AM04" {
			t.Errorf("%+v", l)
		}
	}
}

// report is a pain.002 of version .10 that answers the airline's initiation.
func report(group, payments string) string {
	return `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>R</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>AIRLINE-W12</OrgnlMsgId>` +
		`<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>` + group + `</OrgnlGrpInfAndSts>` + payments + `</CstmrPmtStsRpt></Document>`
}

func transactionStatus(refs, status string) string {
	return `<OrgnlPmtInfAndSts><OrgnlPmtInfId>AIRLINE-W12-1</OrgnlPmtInfId><TxInfAndSts>` + refs + status + `</TxInfAndSts></OrgnlPmtInfAndSts>`
}

func TestTheMostSpecificStatusCounts(t *testing.T) {
	byID, byUETR := "<OrgnlEndToEndId>"+legA+"</OrgnlEndToEndId>", "<OrgnlUETR>"+strings.ToUpper(bankfiles.UETR(legA))+"</OrgnlUETR>"
	for name, c := range map[string]struct {
		text    string
		a, b, c bankfiles.Status
		strays  int
	}{
		"nothing is said":              {report("", ""), "", "", "", 0},
		"of the group":                 {report("<GrpSts>ACCP</GrpSts>", ""), "ACCP", "ACCP", "ACCP", 0},
		"of the group, partly":         {report("<GrpSts>PART</GrpSts>", ""), "", "", "", 0},
		"of a transaction":             {report("<GrpSts>ACCP</GrpSts>", transactionStatus(byID, "<TxSts>RJCT</TxSts>")), "RJCT", "ACCP", "ACCP", 0},
		"of a transaction by its UETR": {report("", transactionStatus(byUETR, "<TxSts>ACSP</TxSts>")), "ACSP", "", "", 0},
		"by a UETR without an id":      {report("", transactionStatus("<OrgnlEndToEndId>NOTPROVIDED</OrgnlEndToEndId>"+byUETR, "<TxSts>ACSP</TxSts>")), "ACSP", "", "", 0},
		"of a transaction, nothing":    {report("<GrpSts>ACTC</GrpSts>", transactionStatus(byID, "")), "ACTC", "ACTC", "ACTC", 0},
		"of another's transaction":     {report("", transactionStatus("<OrgnlEndToEndId>another</OrgnlEndToEndId>", "<TxSts>RJCT</TxSts>")), "", "", "", 1},
		"of no one's transaction":      {report("", transactionStatus("", "<TxSts>RJCT</TxSts>")), "", "", "", 1},
		"of a payment": {report("<GrpSts>ACCP</GrpSts>", "<OrgnlPmtInfAndSts><OrgnlPmtInfId>AIRLINE-W12-2</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts></OrgnlPmtInfAndSts>"),
			"ACCP", "ACCP", "RJCT", 0},
		"of a payment, partly": {report("<GrpSts>ACCP</GrpSts>", "<OrgnlPmtInfAndSts><OrgnlPmtInfId>AIRLINE-W12-1</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts></OrgnlPmtInfAndSts>"),
			"", "", "ACCP", 0},
		"of a payment, nothing": {report("<GrpSts>ACCP</GrpSts>", "<OrgnlPmtInfAndSts><OrgnlPmtInfId>AIRLINE-W12-1</OrgnlPmtInfId></OrgnlPmtInfAndSts>"), "ACCP", "ACCP", "ACCP", 0},
		"a code that is new":    {report("<GrpSts>NEW1</GrpSts>", ""), "NEW1", "NEW1", "NEW1", 0},
		"the same twice":        {report("", transactionStatus(byID, "<TxSts>ACSC</TxSts>")+transactionStatus(byID, "<TxSts>ACSC</TxSts>")), "ACSC", "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			legs, strays, err := readStatus(t, c.text).Of(made(t))
			if err != nil || len(legs) != 3 || len(strays) != c.strays {
				t.Fatal(err, legs, strays)
			}
			if legs[0].Status != c.a || legs[1].Status != c.b || legs[2].Status != c.c {
				t.Errorf("%+v", legs)
			}
		})
	}
}

func TestReportsThatCannotBeMeantAreRefused(t *testing.T) {
	r := readStatus(t, report("", transactionStatus("<OrgnlEndToEndId>"+legA+"</OrgnlEndToEndId>", "<TxSts>RJCT</TxSts>")+transactionStatus("<OrgnlEndToEndId>"+legA+"</OrgnlEndToEndId>", "<TxSts>ACSC</TxSts>")))
	_, _, err := r.Of(made(t))
	wantCode(t, err, fault.InvalidValue)
	other := made(t)
	other.ID = "AIRLINE-W13"
	_, _, err = readStatus(t, report("", "")).Of(other)
	wantCode(t, err, fault.InvalidValue)
	reasons := func(n, lines int) string {
		return strings.Repeat("<StsRsnInf><Rsn><Cd>AC01</Cd></Rsn>"+strings.Repeat("<AddtlInf>a</AddtlInf>", lines)+"</StsRsnInf>", n)
	}
	for name, c := range map[string]struct {
		text string
		code fault.Code
	}{
		"as it is":           {report("", ""), fault.OK},
		"no body":            {`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"/>`, fault.Malformed},
		"a statement":        {statement("M", account(plain)), fault.Malformed},
		"of a direct debit":  {strings.Replace(report("", ""), "pain.001.001.09", "pain.008.001.08", 1), fault.Malformed},
		"of nothing":         {strings.Replace(report("", ""), "AIRLINE-W12", "", 1), fault.Malformed},
		"a long status":      {report("<GrpSts>ACCEPTED</GrpSts>", ""), fault.Malformed},
		"small letters":      {report("<GrpSts>accp</GrpSts>", ""), fault.Malformed},
		"a status twice":     {report("<GrpSts>ACCP</GrpSts><GrpSts>RJCT</GrpSts>", ""), fault.Malformed},
		"a transaction's":    {report("", transactionStatus("", "<TxSts>no good</TxSts>")), fault.Malformed},
		"most reasons":       {report(reasons(32, 32), ""), fault.OK},
		"too many reasons":   {report(reasons(33, 1), ""), fault.TooLarge},
		"too many lines":     {report(reasons(1, 33), ""), fault.TooLarge},
		"a long line":        {report("<StsRsnInf><AddtlInf>"+strings.Repeat("é", 106)+"</AddtlInf></StsRsnInf>", ""), fault.Malformed},
		"the longest line":   {report("<StsRsnInf><AddtlInf>"+strings.Repeat("é", 105)+"</AddtlInf></StsRsnInf>", ""), fault.OK},
		"a long reason code": {report("<StsRsnInf><Rsn><Cd>AC001</Cd></Rsn></StsRsnInf>", ""), fault.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bankfiles.ReadStatus(strings.NewReader(c.text))
			wantCode(t, err, c.code)
		})
	}
}
