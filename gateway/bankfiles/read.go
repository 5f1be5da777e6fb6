package bankfiles

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Limits of a file that is read.
const (
	MaxFile    = 32 << 20 // Bytes.
	MaxEntries = 20_000   // Entries and transactions in all.

	maxDepth = 64 // Elements within elements; the schemas stay far below.
)

// namespace is what the names of ISO 20022 messages follow in their namespaces.
const namespace = "urn:iso:std:iso:20022:tech:xsd:"

// supplement is the one element in which the schemas allow foreign namespaces; it is skipped.
const supplement = "SplmtryData"

// counted are the elements of which a file has at most MaxEntries.
var counted = map[string]bool{"Ntry": true, "TxDtls": true, "TxInfAndSts": true}

// single are the elements that the schemas allow once in their parent, of those that are read: a second one would replace the first unseen.
var single = func() map[string]bool {
	m := map[string]bool{}
	for parent, children := range map[string]string{
		"Document":              "CstmrPmtStsRpt BkToCstmrStmt BkToCstmrDbtCdtNtfctn",
		"CstmrPmtStsRpt":        "GrpHdr OrgnlGrpInfAndSts",
		"GrpHdr":                "MsgId CreDtTm MsgPgntn",
		"MsgPgntn":              "PgNb",
		"OrgnlGrpInfAndSts":     "OrgnlMsgId OrgnlMsgNmId GrpSts",
		"OrgnlPmtInfAndSts":     "OrgnlPmtInfId PmtInfSts",
		"TxInfAndSts":           "OrgnlEndToEndId OrgnlUETR TxSts AcctSvcrRef",
		"StsRsnInf":             "Rsn",
		"BkToCstmrStmt":         "GrpHdr",
		"Stmt":                  "Id StmtPgntn Acct",
		"StmtPgntn":             "PgNb",
		"BkToCstmrDbtCdtNtfctn": "GrpHdr",
		"Ntfctn":                "Id NtfctnPgntn Acct",
		"NtfctnPgntn":           "PgNb",
		"Acct":                  "Id Ccy",
		"Ntry":                  "Amt CdtDbtInd RvslInd Sts BookgDt ValDt AcctSvcrRef",
		"NtryDtls":              "Btch",
		"Btch":                  "PmtInfId NbOfTxs",
		"TxDtls":                "Refs Amt CdtDbtInd AmtDtls RtrInf",
		"Refs":                  "AcctSvcrRef EndToEndId UETR",
		"AmtDtls":               "TxAmt",
		"TxAmt":                 "Amt",
		"RtrInf":                "Rsn",
		"Rsn":                   "Cd Prtry",
		"Sts":                   "Cd Prtry",
		"BookgDt":               "Dt DtTm",
		"ValDt":                 "Dt DtTm",
	} {
		for _, child := range strings.Fields(children) {
			m[parent+"/"+child] = true
		}
	}
	return m
}()

// decode reads one file into the struct at v, which names its elements without namespace, and returns which of the messages it is. TOO_LARGE over MaxFile or MaxEntries; MALFORMED for
// anything that isn't one whole document in the namespace of one of the messages, has a document type, entities or text between elements, or has an element twice where the schema
// allows one. Errors of the reader are returned as they are.
func decode(r io.Reader, v any, messages ...string) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return "", err
	}
	if len(raw) > MaxFile {
		return "", fault.New(fault.TooLarge, "a bank file has at most %d bytes", MaxFile)
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	message, err := inspect(raw, messages)
	if err != nil {
		return "", err
	}
	if err := xml.Unmarshal(raw, v); err != nil {
		return "", fault.New(fault.Malformed, "the file can't be read: %v", err)
	}
	return message, nil
}

// inspection walks over a file's tokens before anything is made of them.
type inspection struct {
	messages []string
	message  string // Which one the file is; empty before its first element.
	open     []level
	skipped  int // Depth of the open supplement, 0 outside of one.
	entries  int
}

// level is an open element.
type level struct {
	name           string
	children, text bool
	seen           map[string]bool // Those of its children that may be there only once.
}

func inspect(raw []byte, messages []string) (string, error) {
	in := inspection{messages: messages}
	d := xml.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fault.New(fault.Malformed, "the file is no XML in UTF-8: %v", err)
		}
		if err := in.take(token); err != nil {
			return "", err
		}
	}
	if in.message == "" {
		return "", fault.New(fault.Malformed, "the file is empty")
	}
	return in.message, nil
}

func (in *inspection) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive:
		return fault.New(fault.Malformed, "the file declares a document type or entities: bank files don't")
	case xml.StartElement:
		return in.start(t.Name)
	case xml.EndElement:
		if len(in.open) == in.skipped {
			in.skipped = 0
		}
		in.open = in.open[:len(in.open)-1]
	case xml.CharData:
		return in.text(t)
	}
	return nil
}

func (in *inspection) start(name xml.Name) error {
	if len(in.open) == 0 {
		if err := in.root(name); err != nil {
			return err
		}
	} else if err := in.child(name); err != nil {
		return err
	}
	in.open = append(in.open, level{name: name.Local})
	if len(in.open) > maxDepth {
		return fault.New(fault.Malformed, "elements lie more than %d deep", maxDepth)
	}
	if name.Local == supplement && in.skipped == 0 {
		in.skipped = len(in.open)
	}
	return nil
}

func (in *inspection) root(name xml.Name) error {
	if in.message != "" {
		return fault.New(fault.Malformed, "something follows the document")
	}
	for _, m := range in.messages {
		if name.Local == "Document" && name.Space == namespace+m {
			in.message = m
			return nil
		}
	}
	return fault.New(fault.Malformed, "the file is no Document in the namespace of %s", strings.Join(in.messages, ", "))
}

func (in *inspection) child(name xml.Name) error {
	parent := &in.open[len(in.open)-1]
	parent.children = true
	if parent.text {
		return in.mixed(parent)
	}
	if in.skipped > 0 {
		return nil
	}
	if name.Space != namespace+in.message {
		return fault.New(fault.Malformed, "element %s in %s is in another namespace than the document", name.Local, parent.name)
	}
	if counted[name.Local] {
		if in.entries++; in.entries > MaxEntries {
			return fault.New(fault.TooLarge, "a bank file has at most %d entries and transactions", MaxEntries)
		}
	}
	if !single[parent.name+"/"+name.Local] {
		return nil
	}
	if parent.seen[name.Local] {
		return fault.New(fault.Malformed, "element %s is twice in one %s", name.Local, parent.name)
	}
	if parent.seen == nil {
		parent.seen = map[string]bool{}
	}
	parent.seen[name.Local] = true
	return nil
}

func (in *inspection) text(data []byte) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	if len(in.open) == 0 {
		return fault.New(fault.Malformed, "text stands outside of the document")
	}
	element := &in.open[len(in.open)-1]
	element.text = true
	if element.children {
		return in.mixed(element)
	}
	return nil
}

func (in *inspection) mixed(element *level) error {
	if in.skipped > 0 {
		return nil
	}
	return fault.New(fault.Malformed, "element %s has both text and elements", element.name)
}

// readID checks a reference that a bank wrote: at most 35 characters (Max35Text). What banks write for none becomes empty.
func readID(element, s string) (string, error) {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > maxID {
		return "", fault.New(fault.Malformed, "%s has more than %d characters", element, maxID)
	}
	if s == notProvided {
		return "", nil
	}
	return s, nil
}

// dateLength is the length of YYYY-MM-DD.
const dateLength = len("2006-01-02")

// xmlDate is a day (ISODate) or a day and a time (ISODateTime), both perhaps with a zone.
type xmlDate struct {
	Date string `xml:"Dt"`
	Time string `xml:"DtTm"`
}

// day is the day as the bank wrote it, in its own zone; 0 when there is none.
func (d *xmlDate) day() (quantity.Day, error) {
	if d == nil {
		return 0, nil
	}
	date, time := strings.TrimSpace(d.Date), strings.TrimSpace(d.Time)
	if (date == "") == (time == "") {
		return 0, fault.New(fault.Malformed, "a date has either Dt or DtTm")
	}
	text := date + time
	if len(text) < dateLength {
		return 0, fault.New(fault.Malformed, "a date begins YYYY-MM-DD")
	}
	if rest := text[dateLength:]; time != "" && !strings.HasPrefix(rest, "T") || date != "" && rest != "" && !strings.ContainsAny(rest[:1], "Z+-") {
		return 0, fault.New(fault.Malformed, "a date is written YYYY-MM-DD, a time follows after a T")
	}
	return quantity.ParseDay(text[:dateLength])
}
