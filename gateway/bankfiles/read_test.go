package bankfiles_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/bankfiles"
)

// statement wraps account reports in a camt.053.001.08.
func statement(id, reports string) string {
	return `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>` + id + `</MsgId><CreDtTm>2026-03-02T22:00:00Z</CreDtTm></GrpHdr>` + reports + `</BkToCstmrStmt></Document>`
}

// account wraps entries in a statement of the airline's account.
func account(entries string) string {
	return `<Stmt><Id>S</Id><Acct><Id><IBAN>` + airlineIBAN + `</IBAN></Id><Ccy>GBP</Ccy></Acct>` + entries + `</Stmt>`
}

const plain = `<Ntry><Amt Ccy="GBP">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts></Ntry>`

func TestOnlyWholeDocumentsOfAKnownVersionAreRead(t *testing.T) {
	good := statement("M", account(plain))
	change := func(old, new string) string {
		changed := strings.Replace(good, old, new, 1)
		if changed == good {
			t.Fatalf("%s is not in it", old)
		}
		return changed
	}
	for name, c := range map[string]struct {
		text string
		code fault.Code
	}{
		"as it is":                    {good, fault.OK},
		"with a byte order mark":      {"\ufeff" + good, fault.OK},
		"with a prefix":               {strings.NewReplacer("</", "</c:", "<", "<c:", "xmlns=", "xmlns:c=").Replace(good), fault.OK},
		"with a comment in a number":  {change("1.00", "1.<!-- x -->00"), fault.OK},
		"with schema location":        {change("<Document ", `<Document xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" `), fault.OK},
		"with what we don't read":     {change("<GrpHdr>", "<GrpHdr><MsgRcpt><Nm>Us</Nm></MsgRcpt>"), fault.OK},
		"nothing":                     {"", fault.Malformed},
		"blanks":                      {" \n", fault.Malformed},
		"words":                       {"not XML", fault.Malformed},
		"cut off":                     {good[:len(good)-9], fault.Malformed},
		"something after it":          {good + "<Document/>", fault.Malformed},
		"words after it":              {good + "words", fault.Malformed},
		"another root":                {strings.ReplaceAll(good, "Document", "Documents"), fault.Malformed},
		"no namespace":                {change(` xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"`, ""), fault.Malformed},
		"another version":             {change("camt.053.001.08", "camt.053.001.13"), fault.Malformed},
		"another message":             {change("camt.053.001.08", "camt.054.001.08"), fault.Malformed},
		"a namespace that only ends":  {change("urn:iso", "x:urn:iso"), fault.Malformed},
		"an element of another":       {change("<Ntry>", `<Ntry xmlns="urn:other">`), fault.Malformed},
		"a document type":             {`<!DOCTYPE Document>` + good, fault.Malformed},
		"an external entity":          {`<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + change("<MsgId>M", "<MsgId>&x;"), fault.Malformed},
		"entities in entities":        {`<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>` + change("<MsgId>M", "<MsgId>&b;"), fault.Malformed},
		"an undeclared entity":        {change("<MsgId>M", "<MsgId>&x;"), fault.Malformed},
		"another encoding":            {`<?xml version="1.0" encoding="ISO-8859-1"?>` + good, fault.Malformed},
		"not UTF-8":                   {change("<MsgId>M", "<MsgId>\xff"), fault.Malformed},
		"an element twice":            {change("<Amt ", `<Amt Ccy="GBP">9.00</Amt><Amt `), fault.Malformed},
		"two messages":                {change("</BkToCstmrStmt>", "</BkToCstmrStmt><BkToCstmrStmt></BkToCstmrStmt>"), fault.Malformed},
		"text beside elements":        {change("<Sts>", "<Sts>PDNG"), fault.Malformed},
		"text after elements":         {change("</Cd>", "</Cd>PDNG"), fault.Malformed},
		"the document twice":          {good + good, fault.Malformed},
		"elements beside text":        {change("1.00", "1.00<X/>"), fault.Malformed},
		"no message id":               {change("<MsgId>M</MsgId>", ""), fault.Malformed},
		"long message id":             {change("<MsgId>M", "<MsgId>"+strings.Repeat("M", 36)), fault.Malformed},
		"no account":                  {change("<IBAN>"+airlineIBAN+"</IBAN>", ""), fault.Malformed},
		"no amount":                   {change(`<Amt Ccy="GBP">1.00</Amt>`, ""), fault.Malformed},
		"another currency":            {change(`<Amt Ccy="GBP">`, `<Amt Ccy="EUR">`), fault.InvalidValue},
		"no currency":                 {change(`<Amt Ccy="GBP">`, `<Amt>`), fault.InvalidValue},
		"too many decimals":           {change("1.00", "1.001"), fault.InvalidValue},
		"too much":                    {change("1.00", "90071992547409.92"), fault.OutOfRange},
		"negative":                    {change("1.00", "-1.00"), fault.InvalidValue},
		"no direction":                {change("<CdtDbtInd>DBIT</CdtDbtInd>", ""), fault.Malformed},
		"another direction":           {change("DBIT", "UP"), fault.Malformed},
		"the old version's status":    {change("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>"), fault.Malformed},
		"no status":                   {change("<Sts><Cd>BOOK</Cd></Sts>", ""), fault.Malformed},
		"a reversal that may be":      {change("<Sts>", "<RvslInd>perhaps</RvslInd><Sts>"), fault.Malformed},
		"no such day":                 {change("</Ntry>", "<BookgDt><Dt>2026-02-30</Dt></BookgDt></Ntry>"), fault.InvalidValue},
		"a day with more behind":      {change("</Ntry>", "<BookgDt><Dt>2026-02-28T</Dt></BookgDt></Ntry>"), fault.Malformed},
		"a day with a zone":           {change("</Ntry>", "<BookgDt><Dt>2026-02-28+01:00</Dt></BookgDt></Ntry>"), fault.OK},
		"a short day":                 {change("</Ntry>", "<BookgDt><Dt>2026</Dt></BookgDt></Ntry>"), fault.Malformed},
		"a time without T":            {change("</Ntry>", "<ValDt><DtTm>2026-02-28 10:00</DtTm></ValDt></Ntry>"), fault.Malformed},
		"a day twice":                 {change("</Ntry>", "<ValDt><Dt>2026-02-28</Dt><DtTm>2026-02-28T10:00:00</DtTm></ValDt></Ntry>"), fault.Malformed},
		"no day":                      {change("</Ntry>", "<ValDt></ValDt></Ntry>"), fault.Malformed},
		"a batch of many":             {change("</Ntry>", "<NtryDtls><Btch><NbOfTxs>many</NbOfTxs></Btch></NtryDtls></Ntry>"), fault.Malformed},
		"a long reference":            {change("</Ntry>", "<AcctSvcrRef>"+strings.Repeat("R", 36)+"</AcctSvcrRef></Ntry>"), fault.Malformed},
		"deep":                        {change("<GrpHdr>", "<GrpHdr>"+strings.Repeat("<X>", 80)+strings.Repeat("</X>", 80)), fault.Malformed},
		"deep in a supplement":        {change("</BkToCstmrStmt>", "<SplmtryData>"+strings.Repeat("<X>", 80)+strings.Repeat("</X>", 80)+"</SplmtryData></BkToCstmrStmt>"), fault.Malformed},
		"foreign after a supplement":  {change("</BkToCstmrStmt>", `<SplmtryData><X xmlns="urn:y"/></SplmtryData><X xmlns="urn:y"/></BkToCstmrStmt>`), fault.Malformed},
		"foreign within a supplement": {change("</BkToCstmrStmt>", `<SplmtryData><X xmlns="urn:y">a<Z/></X></SplmtryData></BkToCstmrStmt>`), fault.OK},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := bankfiles.ReadEntries(strings.NewReader(c.text))
			wantCode(t, err, c.code)
			if err == nil && (len(r.Entries) != 1 || r.Entries[0].Amount != pounds(100)) {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestFilesAndEntriesAreLimited(t *testing.T) {
	padded := statement("M", account(plain))
	padded += strings.Repeat(" ", bankfiles.MaxFile-len(padded))
	if _, err := bankfiles.ReadEntries(strings.NewReader(padded)); err != nil {
		t.Errorf("a file of exactly the limit: %v", err)
	}
	_, err := bankfiles.ReadEntries(strings.NewReader(padded + " "))
	wantCode(t, err, fault.TooLarge)
	many := strings.Repeat(plain, bankfiles.MaxEntries)
	if got := len(entriesOf(t, statement("M", account(many)))); got != bankfiles.MaxEntries {
		t.Errorf("%d entries", got)
	}
	_, err = bankfiles.ReadEntries(strings.NewReader(statement("M", account(many+plain))))
	wantCode(t, err, fault.TooLarge)
}

func TestAFailingReaderIsTold(t *testing.T) {
	gone := errors.New("gone")
	if _, err := bankfiles.ReadEntries(iotest.ErrReader(gone)); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	if _, err := bankfiles.ReadStatus(iotest.ErrReader(gone)); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

func TestErrorsSayWhichEntryTheyAreAbout(t *testing.T) {
	_, err := bankfiles.ReadEntries(strings.NewReader(statement("M", account(plain+strings.Replace(plain, "1.00", "1.001", 1)))))
	if want := "INVALID_VALUE: entry 2 of the file: an amount in GBP has at most 2 decimals"; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
