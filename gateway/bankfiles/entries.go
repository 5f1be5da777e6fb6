package bankfiles

import (
	"io"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// entryMessages are the versions of statements and notifications that are read.
var entryMessages = []string{"camt.053.001.02", "camt.053.001.08", "camt.054.001.02", "camt.054.001.08"}

// Direction is the way in which an entry moves its account's balance (CreditDebitCode).
type Direction string

// The directions.
const (
	Credit Direction = "CRDT"
	Debit  Direction = "DBIT"
)

// Booking says whether an entry is in the books (EntryStatus2Code, ExternalEntryStatus1Code). Banks may have others, empty is a word of the bank's own; only Booked moves money.
type Booking string

// The booking statuses.
const (
	Booked      Booking = "BOOK"
	Pending     Booking = "PDNG"
	Informative Booking = "INFO"
	Future      Booking = "FUTR"
)

// Entry is one movement of an account: an entry of a statement or notification or, where the bank lists an entry's transactions, one of these.
type Entry struct {
	Message  string // Version of the file, such as camt.053.001.08.
	File     string // Id of the file.
	Page     string // Of a file in several.
	Report   string // Id of the statement or notification within the file.
	Account  string // Number of the account, as Account.ID gives it.
	Position int    // Of the entry within its file, from 1.
	Detail   int    // Of the transaction within the entry, from 1; 0 for the entry as a whole.

	Amount        quantity.Money
	Charges       quantity.Money // What the account was debited beside a single transaction's amount, as part of the same entry; mostly nothing.
	Direction     Direction
	Reversal      bool   // The bank takes an earlier entry back; the direction is the reversal's own.
	Return        string // Why the payment was returned: a code of ExternalReturnReason1Code, the bank's own, or NOTPROVIDED; empty when it wasn't.
	Booking       Booking
	Booked, Value quantity.Day // As the bank wrote them; 0 when it didn't.

	BankReference  string // The bank's, of the transaction itself; may be empty.
	EntryReference string // The bank's, of the entry that it is part of; may be empty.
	EndToEndID     string // Empty when there is none.
	UETR           string

	Trouble Reason   // ReasonUnsplit or ReasonNoDetails: what the entry pays can't be told from it; else empty.
	Names   []string // With ReasonUnsplit, the end-to-end ids of its transactions.
}

// Reference is the bank's reference of the transaction or, where it has none of its own, of its entry.
func (e *Entry) Reference() string {
	if e.BankReference != "" {
		return e.BankReference
	}
	return e.EntryReference
}

// Report is a statement or notification file.
type Report struct {
	Message string // Version, such as camt.054.001.02.
	ID      string
	Created string  // As written.
	Entries []Entry // In the file's order.
}

// ReadEntries reads a camt.053 or camt.054 of version .02 or .08. A file is read whole or not at all: MALFORMED or TOO_LARGE as decode says, INVALID_VALUE or OUT_OF_RANGE for an
// amount that can't be told exactly or that isn't in its account's currency.
//
// An entry with one transaction is that transaction: credited is what the entry says (banks take charges off it), debited is what the transaction says as long as it is no more than the
// entry, and the rest are charges. An entry with several transactions is split when each has an amount in the entry's currency and they add up to it; else it comes back
// whole, in trouble.
func ReadEntries(r io.Reader) (*Report, error) {
	var doc xmlEntriesDocument
	message, err := decode(r, &doc, entryMessages...)
	if err != nil {
		return nil, err
	}
	body := doc.Statement
	if strings.HasPrefix(message, "camt.054") {
		body = doc.Notification
	}
	if body == nil {
		return nil, fault.New(fault.Malformed, "the document has no BkToCstmrStmt or BkToCstmrDbtCdtNtfctn, as its namespace says")
	}
	report := &Report{Message: message, Created: strings.TrimSpace(body.Created)}
	if report.ID, err = readID("MsgId", body.ID); err != nil {
		return nil, err
	}
	if report.ID == "" {
		return nil, fault.New(fault.Malformed, "the file needs a MsgId")
	}
	position := 0
	for _, accounts := range [][]xmlAccountReport{body.Statements, body.Notifications} {
		for i := range accounts {
			if err := report.read(&accounts[i], body.Page, &position); err != nil {
				return nil, err
			}
		}
	}
	return report, nil
}

// The elements of camt.053 and camt.054 that are read; statements and notifications have them alike.
type (
	xmlEntriesDocument struct {
		Statement    *xmlEntriesBody `xml:"BkToCstmrStmt"`
		Notification *xmlEntriesBody `xml:"BkToCstmrDbtCdtNtfctn"`
	}
	xmlEntriesBody struct {
		ID            string             `xml:"GrpHdr>MsgId"`
		Created       string             `xml:"GrpHdr>CreDtTm"`
		Page          string             `xml:"GrpHdr>MsgPgntn>PgNb"`
		Statements    []xmlAccountReport `xml:"Stmt"`
		Notifications []xmlAccountReport `xml:"Ntfctn"`
	}
	xmlAccountReport struct {
		ID               string     `xml:"Id"`
		StatementPage    string     `xml:"StmtPgntn>PgNb"`
		NotificationPage string     `xml:"NtfctnPgntn>PgNb"`
		IBAN             string     `xml:"Acct>Id>IBAN"`
		Other            string     `xml:"Acct>Id>Othr>Id"`
		Currency         string     `xml:"Acct>Ccy"`
		Entries          []xmlEntry `xml:"Ntry"`
	}
	xmlEntry struct {
		Amount    *xmlAmount   `xml:"Amt"`
		Direction string       `xml:"CdtDbtInd"`
		Reversal  string       `xml:"RvslInd"`
		Status    xmlBooking   `xml:"Sts"`
		Booked    *xmlDate     `xml:"BookgDt"`
		Value     *xmlDate     `xml:"ValDt"`
		Reference string       `xml:"AcctSvcrRef"`
		Details   []xmlDetails `xml:"NtryDtls"`
	}
	xmlDetails struct {
		Batch        *xmlBatch        `xml:"Btch"`
		Transactions []xmlTransaction `xml:"TxDtls"`
	}
	xmlBatch struct {
		Count string `xml:"NbOfTxs"`
	}
	xmlTransaction struct {
		Reference   string     `xml:"Refs>AcctSvcrRef"`
		EndToEndID  string     `xml:"Refs>EndToEndId"`
		UETR        string     `xml:"Refs>UETR"`
		Amount      *xmlAmount `xml:"Amt"` // From version .04 on.
		Direction   string     `xml:"CdtDbtInd"`
		Transferred *xmlAmount `xml:"AmtDtls>TxAmt>Amt"`
		Return      *xmlReturn `xml:"RtrInf"`
	}
	xmlReturn struct {
		Code        string `xml:"Rsn>Cd"`
		Proprietary string `xml:"Rsn>Prtry"`
	}
	xmlAmount struct {
		Currency string `xml:"Ccy,attr"`
		Value    string `xml:",chardata"`
	}
	xmlBooking struct {
		Text        string `xml:",chardata"` // Version .02.
		Code        string `xml:"Cd"`        // Version .08, one of both.
		Proprietary string `xml:"Prtry"`
	}
)
