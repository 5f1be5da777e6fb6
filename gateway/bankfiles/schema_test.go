package bankfiles_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// A small checker of what the schema of pain.001.001.09 says about the elements that we write. The rules were typed in from the published schema: every child of a type in its order,
// so that an element which we begin to write one day is put where it belongs; children without a type may not be written before they get one here.

// particle is a child of a complex type.
type particle struct {
	name     string
	kind     string // Name of a complex or simple type; empty for what isn't checked yet.
	min, max int    // max 0 is unbounded.
}

// complexType is a sequence of particles, or a choice of exactly one.
type complexType struct {
	choice    bool
	particles []particle
}

func sequence(text string) complexType { return complexType{particles: particles(text)} }
func choice(text string) complexType   { return complexType{choice: true, particles: particles(text)} }

// particles reads "Name:Type" with ? for at most one, + for one or more, * for any number.
func particles(text string) []particle {
	var all []particle
	for _, word := range strings.Fields(text) {
		p := particle{min: 1, max: 1}
		switch word[len(word)-1] {
		case '?':
			p.min = 0
		case '+':
			p.max = 0
		case '*':
			p.min, p.max = 0, 0
		}
		p.name, p.kind, _ = strings.Cut(strings.TrimRight(word, "?+*"), ":")
		all = append(all, p)
	}
	return all
}

var complexTypes = map[string]complexType{
	"Document":   sequence("CstmrCdtTrfInitn:Initiation"),
	"Initiation": sequence("GrpHdr:Header PmtInf:Payment+ SplmtryData:*"),
	"Header":     sequence("MsgId:Max35Text CreDtTm:ISODateTime Authstn:* NbOfTxs:Max15NumericText CtrlSum:DecimalNumber? InitgPty:Party FwdgAgt:?"),
	"Payment": sequence("PmtInfId:Max35Text PmtMtd:Method BtchBookg:Boolean? NbOfTxs:Max15NumericText? CtrlSum:DecimalNumber? PmtTpInf:? ReqdExctnDt:Date PoolgAdjstmntDt:? Dbtr:Party " +
		"DbtrAcct:Account DbtrAgt:Agent DbtrAgtAcct:? InstrForDbtrAgt:? UltmtDbtr:? ChrgBr:Bearer? ChrgsAcct:? ChrgsAcctAgt:? CdtTrfTxInf:Transfer+"),
	"Transfer": sequence("PmtId:PaymentID PmtTpInf:? Amt:Amount XchgRateInf:? ChrgBr:Bearer? ChqInstr:? UltmtDbtr:? IntrmyAgt1:? IntrmyAgt1Acct:? IntrmyAgt2:? IntrmyAgt2Acct:? IntrmyAgt3:? " +
		"IntrmyAgt3Acct:? CdtrAgt:Agent? CdtrAgtAcct:? Cdtr:Party? CdtrAcct:Account? UltmtCdtr:? InstrForCdtrAgt:* InstrForDbtrAgt:? Purp:? RgltryRptg:* Tax:? RltdRmtInf:* RmtInf:Remittance? SplmtryData:*"),
	"PaymentID":    sequence("InstrId:Max35Text? EndToEndId:Max35Text UETR:UUIDv4?"),
	"Amount":       choice("InstdAmt:CurrencyAndAmount EqvtAmt:"),
	"Party":        sequence("Nm:Max140Text? PstlAdr:? Id:? CtryOfRes:? CtctDtls:?"),
	"Account":      sequence("Id:AccountID Tp:? Ccy:? Nm:Max70Text? Prxy:?"),
	"AccountID":    choice("IBAN:IBAN2007 Othr:OtherAccount"),
	"OtherAccount": sequence("Id:Max34Text SchmeNm:? Issr:?"),
	"Agent":        sequence("FinInstnId:Institution BrnchId:?"),
	"Institution":  sequence("BICFI:BICFIDec2014? ClrSysMmbId:? LEI:? Nm:Max140Text? PstlAdr:? Othr:OtherAgent?"),
	"OtherAgent":   sequence("Id:Max35Text SchmeNm:? Issr:?"),
	"Date":         choice("Dt:ISODate DtTm:ISODateTime"),
	"Remittance":   sequence("Ustrd:Max140Text* Strd:*"),
}

var simpleTypes = map[string]func(string) bool{
	"Max34Text": upTo(34), "Max35Text": upTo(35), "Max70Text": upTo(70), "Max140Text": upTo(140),
	"Max15NumericText":  regexp.MustCompile(`^[0-9]{1,15}$`).MatchString,
	"DecimalNumber":     func(s string) bool { return decimal(s, 17) },
	"CurrencyAndAmount": func(s string) bool { return decimal(s, 5) },
	"UUIDv4":            regexp.MustCompile(`^[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}$`).MatchString,
	"IBAN2007":          regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}$`).MatchString,
	"BICFIDec2014":      regexp.MustCompile(`^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`).MatchString,
	"Method":            oneOf("CHK", "TRF", "TRA"),
	"Bearer":            oneOf("DEBT", "CRED", "SHAR", "SLEV"),
	"Boolean":           oneOf("true", "false", "0", "1"),
	"ISODate":           func(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil },
	"ISODateTime":       func(s string) bool { _, err := time.Parse(time.RFC3339, s); return err == nil },
}

func upTo(most int) func(string) bool {
	return func(s string) bool { return s != "" && utf8.RuneCountInString(s) <= most }
}

func oneOf(words ...string) func(string) bool {
	return func(s string) bool { return slices.Contains(words, s) }
}

// decimal says whether s is a decimal of 18 digits in all with at most so many after the point.
func decimal(s string, fraction int) bool {
	if !regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`).MatchString(s) {
		return false
	}
	whole, rest, _ := strings.Cut(s, ".")
	return len(rest) <= fraction && len(strings.TrimLeft(whole, "0"))+len(rest) <= 18
}

// element is an element with what is in it.
type element struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string
	children []*element
}

func tree(text string) (*element, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	top := &element{}
	stack := []*element{top}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		here := stack[len(stack)-1]
		switch v := token.(type) {
		case xml.StartElement:
			e := &element{name: v.Name, attrs: v.Attr}
			here.children = append(here.children, e)
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			here.text += string(v)
		}
	}
	if len(top.children) != 1 {
		return nil, errors.New("not one root")
	}
	return top.children[0], nil
}

// breaches lists what the schema doesn't allow.
func breaches(text string) []string {
	root, err := tree(text)
	if err != nil {
		return []string{err.Error()}
	}
	if root.name.Local != "Document" {
		return []string{"the root is " + root.name.Local}
	}
	return root.breaches("Document", "Document")
}

func (e *element) breaches(path, kind string) (found []string) {
	complain := func(format string, args ...any) { found = append(found, path+": "+fmt.Sprintf(format, args...)) }
	if e.name.Space != "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09" {
		complain("namespace %q", e.name.Space)
	}
	for _, a := range e.attrs {
		if a.Name.Local != "xmlns" && (a.Name.Local != "Ccy" || kind != "CurrencyAndAmount") {
			complain("attribute %s", a.Name.Local)
		}
	}
	if check, simple := simpleTypes[kind]; simple {
		if len(e.children) > 0 || !check(e.text) {
			complain("%q is no %s", e.text, kind)
		}
		if kind == "CurrencyAndAmount" && (len(e.attrs) != 1 || !regexp.MustCompile(`^[A-Z]{3}$`).MatchString(e.attrs[0].Value)) {
			complain("no currency")
		}
		return found
	}
	type_, known := complexTypes[kind]
	if !known {
		complain("there is no rule for it here yet")
		return found
	}
	if strings.TrimSpace(e.text) != "" {
		complain("text %q", e.text)
	}
	rest := e.children
	for _, p := range type_.particles {
		n := 0
		for ; n < len(rest) && rest[n].name.Local == p.name; n++ {
			found = append(found, rest[n].breaches(path+"/"+p.name, p.kind)...)
		}
		if rest = rest[n:]; p.max > 0 && n > p.max || !type_.choice && n < p.min {
			complain("%d of %s", n, p.name)
		}
	}
	if len(rest) > 0 {
		complain("%s is unknown or out of order", rest[0].name.Local)
	}
	if type_.choice && len(e.children) != 1 {
		complain("%d instead of one of a choice", len(e.children))
	}
	return found
}

// TestTheCheckerFindsBreaches breaks a good file in one place after the other: a checker that finds nothing proves nothing.
func TestTheCheckerFindsBreaches(t *testing.T) {
	good := written(t, made(t))
	if found := breaches(good); len(found) > 0 {
		t.Fatalf("a good file has breaches: %v", found)
	}
	for name, change := range map[string][2]string{
		"order":             {"<PmtMtd>TRF</PmtMtd>\n      <BtchBookg>false</BtchBookg>", "<BtchBookg>false</BtchBookg><PmtMtd>TRF</PmtMtd>"},
		"missing":           {"<MsgId>AIRLINE-W12</MsgId>", ""},
		"empty":             {"<MsgId>AIRLINE-W12</MsgId>", "<MsgId></MsgId>"},
		"long":              {"<MsgId>AIRLINE-W12</MsgId>", "<MsgId>" + strings.Repeat("A", 36) + "</MsgId>"},
		"twice":             {"<MsgId>AIRLINE-W12</MsgId>", "<MsgId>A</MsgId><MsgId>B</MsgId>"},
		"unknown":           {"<MsgId>", "<Message/><MsgId>"},
		"namespace":         {"pain.001.001.09", "pain.001.001.03"},
		"decimals":          {">1234.06<", ">1234.061234<"},
		"sign":              {">1234.06<", ">-1234.06<"},
		"digits":            {">1234.06<", ">12345678901234567.06<"},
		"currency":          {`Ccy="GBP"`, `Ccy="gbp"`},
		"no currency":       {` Ccy="GBP"`, ""},
		"another attribute": {"<PmtInf>", `<PmtInf a="b">`},
		"count":             {"<NbOfTxs>3</NbOfTxs>", "<NbOfTxs>three</NbOfTxs>"},
		"day":               {"<Dt>2026-03-02</Dt>", "<Dt>02.03.2026</Dt>"},
		"choice of none":    {"<Dt>2026-03-02</Dt>", ""},
		"choice of two":     {"<IBAN>" + airlineIBAN + "</IBAN>", "<IBAN>" + airlineIBAN + "</IBAN><Othr><Id>1</Id></Othr>"},
		"IBAN":              {airlineIBAN, strings.ToLower(airlineIBAN)},
		"BIC":               {"COBADEFF", "COBADE"},
		"UETR":              {"<UETR>", "<UETR>0"},
		"text":              {"<PmtInf>", "<PmtInf>words"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(good, change[0], change[1], 1)
			if bad == good {
				t.Fatal("nothing was changed")
			}
			if len(breaches(bad)) == 0 {
				t.Errorf("not found in\n%s", bad)
			}
		})
	}
}
