package bankfiles

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// InitiationMessage is the version of the credit transfer initiation that is written, CustomerCreditTransferInitiationV09.
const InitiationMessage = "pain.001.001.09"

// MaxLegs bounds the legs of one file, and those that are matched at once.
const MaxLegs = 9_999

// Charges says who bears the banks' charges (ChargeBearerType1Code).
type Charges string

// Who bears the charges. By the rules of the service level is the only one that SEPA takes.
const (
	ChargesByServiceLevel Charges = "SLEV"
	ChargesShared         Charges = "SHAR"
	ChargesOnPayer        Charges = "DEBT"
)

// Initiation asks a bank to pay legs.
type Initiation struct {
	ID        string    // Of the message, 1 to MaxMessageID characters; never used again at the bank, and chosen by the caller so that a file written again is the same file.
	Created   time.Time // Written in UTC, in whole seconds.
	Initiator string    // Name of who sends the file, 1 to MaxName characters.
	Charges   Charges   // ChargesByServiceLevel when empty.
	OmitUETR  bool      // For banks that take no more than SEPA's subset of the schema (EPC132-08), which has none.
	Legs      []Leg     // 1 to MaxLegs, of one currency (windows settle per currency), in any order.
}

// payment is what one account pays on one day.
type payment struct {
	id   string // PmtInfId.
	legs []*Leg // Ordered by id.
}

// WriteInitiation writes a pain.001.001.09: one payment information for each account and execution date, one transaction for each leg with its id as end-to-end id. The same legs give
// the same bytes in whatever order they come. Nothing is written when anything is refused: INVALID_VALUE or OUT_OF_RANGE with the field's name, TOO_LARGE for too many legs. Other
// errors are the writer's.
func WriteInitiation(w io.Writer, in *Initiation) error {
	if err := in.Valid(); err != nil {
		return err
	}
	doc, err := in.document()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(doc); err != nil {
		return fault.New(fault.Internal, "the initiation can't be written: %v", err)
	}
	b.WriteString("\n")
	_, err = w.Write(b.Bytes())
	return err
}

// Valid returns INVALID_VALUE, OUT_OF_RANGE or TOO_LARGE and says what is wrong unless the initiation can be written.
func (in *Initiation) Valid() error {
	if err := checkID("the message's id", in.ID, MaxMessageID); err != nil {
		return err
	}
	if err := checkText("the initiator's name", in.Initiator, MaxName); err != nil {
		return err
	}
	if y := in.Created.UTC().Year(); y < 1970 || y > 9999 {
		return fault.New(fault.OutOfRange, "the message's time lies before 1970 or after 9999")
	}
	if in.Charges != "" && !slices.Contains([]Charges{ChargesByServiceLevel, ChargesShared, ChargesOnPayer}, in.Charges) {
		return fault.New(fault.InvalidValue, "charges are borne by SLEV, SHAR or DEBT")
	}
	if len(in.Legs) == 0 {
		return fault.New(fault.InvalidValue, "there is nothing to pay")
	}
	if len(in.Legs) > MaxLegs {
		return fault.New(fault.TooLarge, "a file has at most %d legs", MaxLegs)
	}
	return in.validLegs()
}

func (in *Initiation) validLegs() error {
	seen := make(map[string]bool, len(in.Legs))
	payers := map[string]Party{}
	for i := range in.Legs {
		l := &in.Legs[i]
		if err := l.Valid(); err != nil {
			return err
		}
		if seen[l.ID] {
			return fault.New(fault.InvalidValue, "leg %s is given twice", l.ID)
		}
		seen[l.ID] = true
		if l.Amount.Currency != in.Legs[0].Amount.Currency {
			return fault.New(fault.InvalidValue, "leg %s is in %s, others are in %s: write a file for each", l.ID, l.Amount.Currency, in.Legs[0].Amount.Currency)
		}
		if p, known := payers[l.Payer.Account.ID()]; known && p != l.Payer {
			return fault.New(fault.InvalidValue, "leg %s: the payer's account is given with another owner, name or bank by another leg", l.ID)
		}
		payers[l.Payer.Account.ID()] = l.Payer
	}
	return nil
}

// payments groups the legs by account and day, in that order.
func (in *Initiation) payments() []payment {
	legs := make([]*Leg, len(in.Legs))
	for i := range in.Legs {
		legs[i] = &in.Legs[i]
	}
	slices.SortFunc(legs, func(a, b *Leg) int {
		return cmp.Or(cmp.Compare(a.Payer.Account.ID(), b.Payer.Account.ID()), cmp.Compare(a.Due, b.Due), cmp.Compare(a.ID, b.ID))
	})
	var all []payment
	for i, l := range legs {
		if i == 0 || l.Payer.Account.ID() != legs[i-1].Payer.Account.ID() || l.Due != legs[i-1].Due {
			all = append(all, payment{id: fmt.Sprintf("%s-%d", in.ID, len(all)+1)})
		}
		last := &all[len(all)-1]
		last.legs = append(last.legs, l)
	}
	return all
}

func (in *Initiation) document() (*painDocument, error) {
	doc := &painDocument{Initiation: painInitiation{Header: painHeader{
		ID: in.ID, Created: in.Created.UTC().Format("2006-01-02T15:04:05Z"), Count: strconv.Itoa(len(in.Legs)), Initiator: painParty{Name: in.Initiator},
	}}}
	total := quantity.Money{Currency: in.Legs[0].Amount.Currency}
	for _, p := range in.payments() {
		info, sum, err := p.write(in)
		if err != nil {
			return nil, err
		}
		if total, err = add(total, sum); err != nil {
			return nil, err
		}
		doc.Initiation.Payments = append(doc.Initiation.Payments, *info)
	}
	var err error
	doc.Initiation.Header.Sum, err = FormatAmount(total)
	return doc, err
}

func (p *payment) write(in *Initiation) (*painPayment, quantity.Money, error) {
	first := p.legs[0]
	info := &painPayment{
		ID: p.id, Method: "TRF", Batch: "false", Count: strconv.Itoa(len(p.legs)), Due: first.Due.String(), Charges: cmp.Or(in.Charges, ChargesByServiceLevel),
		Debtor: painParty{Name: first.Payer.Account.Name}, Account: accountOf(&first.Payer.Account), Agent: *agentOf(&first.Payer.Account),
	}
	total := quantity.Money{Currency: first.Amount.Currency}
	for _, l := range p.legs {
		amount, err := FormatAmount(l.Amount)
		if err != nil {
			return nil, total, err
		}
		if total, err = add(total, l.Amount); err != nil {
			return nil, total, err
		}
		t := painTransfer{
			EndToEndID: l.ID, Amount: painAmount{Currency: l.Amount.Currency, Value: amount},
			Creditor: painParty{Name: l.Payee.Account.Name}, Account: accountOf(&l.Payee.Account), Remittance: l.remittance(),
		}
		if !in.OmitUETR {
			t.UETR = UETR(l.ID)
		}
		if l.Payee.Account.BIC != "" {
			t.Agent = agentOf(&l.Payee.Account)
		}
		info.Transfers = append(info.Transfers, t)
	}
	var err error
	info.Sum, err = FormatAmount(total)
	return info, total, err
}

func accountOf(a *Account) painAccount {
	if a.IBAN != "" {
		return painAccount{IBAN: a.IBAN}
	}
	return painAccount{Other: &painOther{ID: a.Other}}
}

// agentOf names the account's bank, which the schema wants of a payer even where its IBAN says enough.
func agentOf(a *Account) *painAgent {
	if a.BIC != "" {
		return &painAgent{BIC: a.BIC}
	}
	return &painAgent{Other: &painOther{ID: notProvided}}
}

// The elements of a pain.001.001.09 that are written, in the schema's order. Batch asks that every leg be booked by itself, so that statements name it.
type (
	painDocument struct {
		XMLName    xml.Name       `xml:"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09 Document"`
		Initiation painInitiation `xml:"CstmrCdtTrfInitn"`
	}
	painInitiation struct {
		Header   painHeader    `xml:"GrpHdr"`
		Payments []painPayment `xml:"PmtInf"`
	}
	painHeader struct {
		ID        string    `xml:"MsgId"`
		Created   string    `xml:"CreDtTm"`
		Count     string    `xml:"NbOfTxs"`
		Sum       string    `xml:"CtrlSum"`
		Initiator painParty `xml:"InitgPty"`
	}
	painPayment struct {
		ID        string         `xml:"PmtInfId"`
		Method    string         `xml:"PmtMtd"`
		Batch     string         `xml:"BtchBookg"`
		Count     string         `xml:"NbOfTxs"`
		Sum       string         `xml:"CtrlSum"`
		Due       string         `xml:"ReqdExctnDt>Dt"`
		Debtor    painParty      `xml:"Dbtr"`
		Account   painAccount    `xml:"DbtrAcct>Id"`
		Agent     painAgent      `xml:"DbtrAgt>FinInstnId"`
		Charges   Charges        `xml:"ChrgBr"`
		Transfers []painTransfer `xml:"CdtTrfTxInf"`
	}
	painTransfer struct {
		EndToEndID string      `xml:"PmtId>EndToEndId"`
		UETR       string      `xml:"PmtId>UETR,omitempty"`
		Amount     painAmount  `xml:"Amt>InstdAmt"`
		Agent      *painAgent  `xml:"CdtrAgt>FinInstnId"`
		Creditor   painParty   `xml:"Cdtr"`
		Account    painAccount `xml:"CdtrAcct>Id"`
		Remittance string      `xml:"RmtInf>Ustrd"`
	}
	painParty struct {
		Name string `xml:"Nm"`
	}
	painAccount struct {
		IBAN  string     `xml:"IBAN,omitempty"`
		Other *painOther `xml:"Othr"`
	}
	painAgent struct {
		BIC   string     `xml:"BICFI,omitempty"`
		Other *painOther `xml:"Othr"`
	}
	painOther struct {
		ID string `xml:"Id"`
	}
	painAmount struct {
		Currency string `xml:"Ccy,attr"`
		Value    string `xml:",chardata"`
	}
)
