package bankfiles

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// notProvided stands in ISO 20022 files where an id is wanted and there is none.
const notProvided = "NOTPROVIDED"

// Leg is one payment between two members that a netted window asks for.
type Leg struct {
	ID     string // The payment's end-to-end id at every bank: 1 to MaxLegID characters that banks take.
	Window int64  // Number of the window, not negative.
	Payer  Party
	Payee  Party
	Amount quantity.Money // More than nothing.
	Due    quantity.Day   // When the payer's account is to be debited.
}

// Party is a member and the account from which or into which it settles, as the gateway's configuration has it.
type Party struct {
	Member  string // Its id on the network.
	Account Account
}

// Account is a bank account: an IBAN, or the number that it has where there are none.
type Account struct {
	Name  string // The owner's, 1 to MaxName characters.
	IBAN  string // Capital letters and digits without blanks.
	Other string // 1 to 34 characters; only without an IBAN.
	BIC   string // 8 or 11 characters; may be empty beside an IBAN.
}

// ID is the account's number, as statements name it.
func (a *Account) ID() string {
	if a.IBAN != "" {
		return a.IBAN
	}
	return a.Other
}

// Valid returns INVALID_VALUE and names the field unless the account can stand in a bank file. The error's text begins with whose account it is.
func (a *Account) Valid(whose string) error {
	if err := checkText(whose+"'s account name", a.Name, MaxName); err != nil {
		return err
	}
	if a.BIC != "" || a.IBAN == "" {
		if err := checkBIC(whose+"'s BIC", a.BIC); err != nil {
			return err
		}
	}
	if a.IBAN == "" {
		return checkID(whose+"'s account number", a.Other, maxOtherAccount)
	}
	if a.Other != "" {
		return fault.New(fault.InvalidValue, "%s's account has an IBAN and another number: one of them", whose)
	}
	return checkIBAN(whose+"'s IBAN", a.IBAN)
}

func (p *Party) valid(whose string) error {
	if err := checkText(whose+"'s id", p.Member, maxMember); err != nil {
		return err
	}
	return p.Account.Valid(whose)
}

// Valid returns INVALID_VALUE or OUT_OF_RANGE and names the field unless the leg can stand in a bank file.
func (l *Leg) Valid() error {
	if err := checkID("the leg's id", l.ID, MaxLegID); err != nil {
		return err
	}
	if l.ID == notProvided {
		return fault.New(fault.InvalidValue, "the leg's id is the word that banks write for none")
	}
	if l.Window < 0 {
		return fault.New(fault.OutOfRange, "leg %s: a window's number isn't negative", l.ID)
	}
	if err := l.Payer.valid("leg " + l.ID + ": the payer"); err != nil {
		return err
	}
	if err := l.Payee.valid("leg " + l.ID + ": the payee"); err != nil {
		return err
	}
	if l.Payer.Member == l.Payee.Member || l.Payer.Account.ID() == l.Payee.Account.ID() {
		return fault.New(fault.InvalidValue, "leg %s: payer and payee are the same member or have the same account", l.ID)
	}
	if l.Due < 0 || l.Due > quantity.LastDay {
		return fault.New(fault.OutOfRange, "leg %s: the execution date lies before 1970 or after 9999", l.ID)
	}
	if l.Amount.Minor == 0 {
		return fault.New(fault.OutOfRange, "leg %s: nothing is to be paid", l.ID)
	}
	_, err := FormatAmount(l.Amount)
	return err
}

// remittance is what both banks show their customers beside the amount, at most 140 characters: 20 digits and two ids of 32 fit.
func (l *Leg) remittance() string {
	return fmt.Sprintf("Tallystick settlement window %d, %s to %s", l.Window, l.Payer.Member, l.Payee.Member)
}

// UETR is the unique end-to-end transaction reference of a leg's payment: a UUID in the form of version 4 (the only one that the schema takes) that is derived from the leg's id,
// so that a file written again names the same payments.
func UETR(leg string) string {
	sum := sha256.Sum256([]byte("tallystick settlement leg " + leg))
	sum[6] = sum[6]&0x0f | 0x40
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
