package bankfiles

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// statusMessages are the versions of the payment status report that are read.
var statusMessages = []string{"pain.002.001.03", "pain.002.001.10"}

// Status is what a bank says of a payment: a code of ISO's external lists ExternalPaymentGroupStatus1Code and ExternalPaymentTransactionStatus1Code. Banks may send codes that are not
// named here.
type Status string

// The usual statuses of an initiated credit transfer.
const (
	StatusNone       Status = ""     // The bank said nothing of it.
	StatusReceived   Status = "RCVD" // Not looked at yet.
	StatusTechnical  Status = "ACTC" // The form is right.
	StatusCustomer   Status = "ACCP" // The customer's profile allows it.
	StatusWithChange Status = "ACWC"
	StatusInProcess  Status = "ACSP"
	StatusDebited    Status = "ACSC" // Settled on the payer's account.
	StatusCredited   Status = "ACCC" // Settled on the payee's account.
	StatusPartly     Status = "PART" // Of a group: its payments differ, and only what is said of each counts.
	StatusPending    Status = "PDNG"
	StatusBlocked    Status = "BLCK"
	StatusCancelled  Status = "CANC"
	StatusRejected   Status = "RJCT"
)

// Limits of what a bank says why.
const (
	maxReasons    = 32  // Of one status.
	maxLines      = 32  // Of one reason; the schema has no limit.
	maxLine       = 105 // Characters, Max105Text.
	maxReasonCode = 4   // Characters, ExternalStatusReason1Code.
)

// statusForm is what both external lists allow, made narrower to what they hold.
var statusForm = regexp.MustCompile(`^[A-Z0-9]{1,4}$`)

// Refused says that the payment will not be made. A debited or credited one is still only announced: the account's entries are what counts (Match).
func (s Status) Refused() bool {
	return s == StatusRejected || s == StatusCancelled || s == StatusBlocked
}

// StatusReason says why. One of Code and Proprietary is given, or only Information.
type StatusReason struct {
	Code        string   // Of ExternalStatusReason1Code, such as AC04 (account closed) or AM04 (insufficient funds).
	Proprietary string   // The bank's own.
	Information []string // Lines of at most 105 characters.
}

// StatusReport is a pain.002 as the bank sent it.
type StatusReport struct {
	Message      string // Version, such as pain.002.001.10.
	ID           string // Of the report.
	Created      string // As written; a later report replaces an earlier one's word.
	Original     string // Id of the initiation that it answers.
	Group        GroupStatus
	Payments     []GroupStatus // Of payment informations; the id is the payment information's.
	Transactions []TransactionStatus
}

// GroupStatus is what the bank says of everything in an initiation, or in one payment information of it.
type GroupStatus struct {
	ID      string
	Status  Status
	Reasons []StatusReason
}

// TransactionStatus is what the bank says of one payment.
type TransactionStatus struct {
	Payment       string // Id of the payment information.
	EndToEndID    string
	UETR          string
	Status        Status // StatusNone: that of the payment information or group holds.
	Reasons       []StatusReason
	BankReference string
}

// ReadStatus reads a pain.002.001.03 or pain.002.001.10. MALFORMED or TOO_LARGE as decode says, MALFORMED too for a report that answers another kind of message than pain.001.
func ReadStatus(r io.Reader) (*StatusReport, error) {
	var doc xmlStatusDocument
	message, err := decode(r, &doc, statusMessages...)
	if err != nil {
		return nil, err
	}
	if doc.Report == nil || doc.Report.Original == nil {
		return nil, fault.New(fault.Malformed, "the document has no CstmrPmtStsRpt with OrgnlGrpInfAndSts")
	}
	return doc.Report.typed(message)
}

// LegStatus is what a report says of one leg.
type LegStatus struct {
	Leg           string
	Status        Status // StatusNone when the report doesn't say.
	Reasons       []StatusReason
	BankReference string
}

// Of says for every leg of the initiation that was sent, ordered by id, what the report says of it: the transaction's own status, else its payment information's, else the group's.
// PART says nothing of a single leg. Transactions of the report that are none of the initiation's come back as strays. INVALID_VALUE for another message's report, or one that says
// two different things of one leg.
func (r *StatusReport) Of(sent *Initiation) (legs []LegStatus, strays []TransactionStatus, err error) {
	if r.Original != sent.ID {
		return nil, nil, fault.New(fault.InvalidValue, "the report answers another message than %s", sent.ID)
	}
	at := map[string]*LegStatus{}
	payments := sent.payments()
	for _, p := range payments {
		base := r.ofPayment(p.id)
		for _, l := range p.legs {
			at[l.ID] = &LegStatus{Leg: l.ID, Status: base.Status, Reasons: base.Reasons}
		}
	}
	own := map[string]Status{}
	for _, t := range r.Transactions {
		leg := at[t.leg(sent)]
		if leg == nil {
			strays = append(strays, t)
			continue
		}
		if earlier, twice := own[leg.Leg]; twice && earlier != t.Status {
			return nil, nil, fault.New(fault.InvalidValue, "the report says both %s and %s of leg %s", earlier, t.Status, leg.Leg)
		}
		own[leg.Leg] = t.Status
		leg.BankReference = t.BankReference
		if t.Status != StatusNone {
			leg.Status, leg.Reasons = t.Status, t.Reasons
		}
	}
	for _, leg := range at {
		legs = append(legs, *leg)
	}
	slices.SortFunc(legs, func(a, b LegStatus) int { return strings.Compare(a.Leg, b.Leg) })
	return legs, strays, nil
}

// ofPayment is what holds for a payment information's transactions unless they say otherwise.
func (r *StatusReport) ofPayment(id string) GroupStatus {
	for _, p := range r.Payments {
		if p.ID == id && p.Status != StatusNone {
			return unlessPartly(p)
		}
	}
	return unlessPartly(r.Group)
}

func unlessPartly(g GroupStatus) GroupStatus {
	if g.Status == StatusPartly {
		return GroupStatus{ID: g.ID}
	}
	return g
}

// leg is the id of the leg that the transaction names by its end-to-end id or, where the bank left that out, by its UETR.
func (t *TransactionStatus) leg(sent *Initiation) string {
	if t.EndToEndID != "" {
		return t.EndToEndID
	}
	for i := range sent.Legs {
		if t.UETR != "" && strings.EqualFold(t.UETR, UETR(sent.Legs[i].ID)) {
			return sent.Legs[i].ID
		}
	}
	return ""
}

// The elements of a pain.002 that are read; both versions have them alike, but for the UETR.
type (
	xmlStatusDocument struct {
		Report *xmlStatusReport `xml:"CstmrPmtStsRpt"`
	}
	xmlStatusReport struct {
		ID       string               `xml:"GrpHdr>MsgId"`
		Created  string               `xml:"GrpHdr>CreDtTm"`
		Original *xmlOriginal         `xml:"OrgnlGrpInfAndSts"`
		Payments []xmlOriginalPayment `xml:"OrgnlPmtInfAndSts"`
	}
	xmlOriginal struct {
		ID      string            `xml:"OrgnlMsgId"`
		Name    string            `xml:"OrgnlMsgNmId"`
		Status  string            `xml:"GrpSts"`
		Reasons []xmlStatusReason `xml:"StsRsnInf"`
	}
	xmlOriginalPayment struct {
		ID           string            `xml:"OrgnlPmtInfId"`
		Status       string            `xml:"PmtInfSts"`
		Reasons      []xmlStatusReason `xml:"StsRsnInf"`
		Transactions []xmlStatusOf     `xml:"TxInfAndSts"`
	}
	xmlStatusOf struct {
		EndToEndID string            `xml:"OrgnlEndToEndId"`
		UETR       string            `xml:"OrgnlUETR"`
		Status     string            `xml:"TxSts"`
		Reasons    []xmlStatusReason `xml:"StsRsnInf"`
		Reference  string            `xml:"AcctSvcrRef"`
	}
	xmlStatusReason struct {
		Code        string   `xml:"Rsn>Cd"`
		Proprietary string   `xml:"Rsn>Prtry"`
		Information []string `xml:"AddtlInf"`
	}
)

func (x *xmlStatusReport) typed(message string) (*StatusReport, error) {
	if !strings.HasPrefix(x.Original.Name, "pain.001") {
		return nil, fault.New(fault.Malformed, "the report answers no pain.001")
	}
	r := &StatusReport{Message: message, Created: strings.TrimSpace(x.Created)}
	var err error
	if r.ID, err = readID("MsgId", x.ID); err != nil {
		return nil, err
	}
	if r.Original, err = readID("OrgnlMsgId", x.Original.ID); err != nil {
		return nil, err
	}
	if r.ID == "" || r.Original == "" {
		return nil, fault.New(fault.Malformed, "the report needs MsgId and OrgnlMsgId")
	}
	if r.Group, err = groupOf(x.Original.ID, x.Original.Status, x.Original.Reasons); err != nil {
		return nil, err
	}
	for i := range x.Payments {
		if err := r.addPayment(&x.Payments[i]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *StatusReport) addPayment(x *xmlOriginalPayment) error {
	payment, err := groupOf(x.ID, x.Status, x.Reasons)
	if err != nil {
		return err
	}
	r.Payments = append(r.Payments, payment)
	for i := range x.Transactions {
		t, err := x.Transactions[i].typed(payment.ID)
		if err != nil {
			return err
		}
		r.Transactions = append(r.Transactions, *t)
	}
	return nil
}

func groupOf(id, status string, reasons []xmlStatusReason) (g GroupStatus, err error) {
	if g.ID, err = readID("OrgnlPmtInfId", id); err != nil {
		return g, err
	}
	if g.Status, err = readStatus(status); err != nil {
		return g, err
	}
	g.Reasons, err = reasonsOf(reasons)
	return g, err
}

func (x *xmlStatusOf) typed(payment string) (*TransactionStatus, error) {
	t := &TransactionStatus{Payment: payment, UETR: strings.TrimSpace(x.UETR)}
	var err error
	if t.EndToEndID, err = readID("OrgnlEndToEndId", x.EndToEndID); err != nil {
		return nil, err
	}
	if t.BankReference, err = readID("AcctSvcrRef", x.Reference); err != nil {
		return nil, err
	}
	if t.Status, err = readStatus(x.Status); err != nil {
		return nil, err
	}
	t.Reasons, err = reasonsOf(x.Reasons)
	return t, err
}

func readStatus(s string) (Status, error) {
	s = strings.TrimSpace(s)
	if s != "" && !statusForm.MatchString(s) {
		return "", fault.New(fault.Malformed, "a status is a code of up to four capital letters and digits")
	}
	return Status(s), nil
}

func reasonsOf(all []xmlStatusReason) ([]StatusReason, error) {
	if len(all) > maxReasons {
		return nil, fault.New(fault.TooLarge, "a status has at most %d reasons", maxReasons)
	}
	var reasons []StatusReason
	for _, x := range all {
		reason := StatusReason{Code: strings.TrimSpace(x.Code), Proprietary: strings.TrimSpace(x.Proprietary)}
		if len(x.Information) > maxLines {
			return nil, fault.New(fault.TooLarge, "a reason has at most %d lines", maxLines)
		}
		if len(reason.Code) > maxReasonCode || utf8.RuneCountInString(reason.Proprietary) > maxID {
			return nil, fault.New(fault.Malformed, "a reason's code has at most %d characters, a bank's own %d", maxReasonCode, maxID)
		}
		for _, line := range x.Information {
			if utf8.RuneCountInString(line) > maxLine {
				return nil, fault.New(fault.Malformed, "a reason's line has at most %d characters", maxLine)
			}
			reason.Information = append(reason.Information, strings.TrimSpace(line))
		}
		reasons = append(reasons, reason)
	}
	return reasons, nil
}
