package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Validate returns INVALID_VALUE unless the id has its form; of the motion's form the domain judges.
func (d *NewProposal) Validate() error { return d.ID.Validate() }

// Validate returns INVALID_VALUE unless the proposal is named in its form.
func (d *NewBallot) Validate() error { return d.Proposal.Validate() }

// Validate returns INVALID_VALUE unless member and custodian are named in their forms.
func (d *NewReserve) Validate() error {
	if err := clearing.ValidCustodianID(d.Statement.Custodian); err != nil {
		return err
	}
	q := MemberCurrencyQuery{Member: d.Statement.Member, Currency: d.Statement.Currency}
	return q.Validate()
}

// Validate returns INVALID_VALUE unless the currency has its form.
func (q *CurrencyQuery) Validate() error { return quantity.ValidCurrency(q.Currency) }

// Validate returns INVALID_VALUE unless currency and number have their forms.
func (r *Rolling) Validate() error { return validWindow(r.Currency, r.Number) }

// Validate returns INVALID_VALUE unless every field has its form.
func (d *NetDisclosure) Validate() error {
	if d.Netting == 0 {
		d.Netting = d.Window
	}
	if err := validWindow(d.Currency, d.Netting); err != nil {
		return err
	}
	if d.A >= d.B {
		return fault.New(fault.InvalidValue, "a pair has two members, ordered by name")
	}
	q := PairNetsQuery{A: d.A, B: d.B, Currency: d.Currency, Window: d.Window}
	return q.Validate()
}

// Validate returns INVALID_VALUE unless every field has its form.
func (p *PositionSignature) Validate() error {
	q := PositionQuery{Currency: p.Currency, Window: p.Window, Member: p.Member}
	return q.Validate()
}

// Validate returns INVALID_VALUE unless every field has its form.
func (d *NewDispute) Validate() error {
	r := &d.Evidence.Receipt
	if d.Netting == 0 {
		d.Netting = r.Window
	}
	if err := validWindow(d.Currency, d.Netting); err != nil {
		return err
	}
	if err := validMembers(r.Programme, r.Partner); err != nil {
		return err
	}
	if err := r.Operation.Validate(); err != nil {
		return err
	}
	return clearing.ValidReason(d.Reason)
}

// Validate returns INVALID_VALUE unless every field has its form.
func (d *DisputeStep) Validate() error {
	q := DisputeQuery{Currency: d.Currency, Programme: d.Programme, Operation: d.Operation}
	return q.Validate()
}

// Validate returns INVALID_VALUE unless the leg is named in its form.
func (p *LegPayment) Validate() error { return p.Leg.Validate() }

// Validate returns INVALID_VALUE unless the leg is named in its form.
func (r *EntryReversal) Validate() error { return r.Leg.Validate() }

// Validate returns INVALID_VALUE unless every window is named in its form and the hash is one.
func (d *Closing) Validate() error {
	for i := range d.Windows {
		if err := d.Windows[i].Validate(); err != nil {
			return err
		}
	}
	if raw, err := hex.DecodeString(d.Hash); err != nil || len(raw) != sha256.Size || strings.ToLower(d.Hash) != d.Hash {
		return fault.New(fault.InvalidValue, "the hash of the full statement has 64 lower-case hex digits")
	}
	return validMembers(d.Member)
}

// Validate returns INVALID_VALUE unless the id has its form.
func (q *VoteQuery) Validate() error { return q.ID.Validate() }

// Validate returns INVALID_VALUE unless the id has its form.
func (q *CustodianQuery) Validate() error { return clearing.ValidCustodianID(q.ID) }

// Validate returns INVALID_VALUE unless currency and number have their forms.
func (q *WindowQuery) Validate() error { return validWindow(q.Currency, q.Number) }

func validWindow(currency string, number int64) error {
	if err := quantity.ValidCurrency(currency); err != nil {
		return err
	}
	if number < 1 || number > clearing.MaxWindow {
		return fault.New(fault.InvalidValue, "windows are numbered from 1 to %d", clearing.MaxWindow)
	}
	return nil
}

// Validate returns INVALID_VALUE unless every field has its form.
func (q *LegQuery) Validate() error {
	if err := validWindow(q.Currency, q.Window); err != nil {
		return err
	}
	return validMembers(q.From, q.To)
}

// Validate returns INVALID_VALUE unless every field has its form.
func (q *PositionQuery) Validate() error {
	if err := validWindow(q.Currency, q.Window); err != nil {
		return err
	}
	return validMembers(q.Member)
}

// Validate returns INVALID_VALUE unless every field has its form.
func (q *PairCurrencyQuery) Validate() error {
	if err := quantity.ValidCurrency(q.Currency); err != nil {
		return err
	}
	return validMembers(q.A, q.B)
}

// Validate returns INVALID_VALUE unless every field has its form.
func (q *PairNetsQuery) Validate() error {
	if err := validWindow(q.Currency, q.Window); err != nil {
		return err
	}
	return validMembers(q.A, q.B)
}

// Validate returns INVALID_VALUE unless every field has its form.
func (q *MemberCurrencyQuery) Validate() error {
	if err := quantity.ValidCurrency(q.Currency); err != nil {
		return err
	}
	return validMembers(q.Member)
}

// Validate returns INVALID_VALUE unless every field has its form.
func (q *DisputeQuery) Validate() error {
	if err := quantity.ValidCurrency(q.Currency); err != nil {
		return err
	}
	if err := validMembers(q.Programme); err != nil {
		return err
	}
	return q.Operation.Validate()
}

// Validate returns INVALID_VALUE unless 1 to MaxWindowsPerQuery windows are asked for.
func (q *WindowsQuery) Validate() error {
	if q.Count < 1 || q.Count > MaxWindowsPerQuery {
		return fault.New(fault.InvalidValue, "ask for 1 to %d windows", MaxWindowsPerQuery)
	}
	return validWindow(q.Currency, q.First)
}

func validMembers(names ...string) error {
	for _, name := range names {
		if !clearing.ValidName(name) {
			return fault.New(fault.InvalidValue, "a member's name is 2 to 16 lower-case letters and digits")
		}
	}
	return nil
}

// Validate returns INVALID_VALUE unless the member is named in its form.
func (q *MemberQuery) Validate() error { return validMembers(q.Name) }
