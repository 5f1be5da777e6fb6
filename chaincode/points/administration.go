package points

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Administration is that another brand acts for an issuer that failed, as the brands voted in clearing: it sequences the programme and has the custody of accounts
// without a key of their own. Nothing is issued any more; what was issued is honoured for a while.
type Administration struct {
	MSP         string       `json:"msp"`         // Of the administrator.
	HonourUntil quantity.Day `json:"honourUntil"` // Last day, in UTC, on which points can be spent.
	Since       int64        `json:"since"`       // Transaction time, Unix seconds.
}

// Authority is the MSP id of who acts for the issuer: itself, or its administrator.
func (p *Programme) Authority() string {
	if p.Administration != nil {
		return p.Administration.MSP
	}
	return p.MSP
}

// Administer hands the programme to an administrator, or changes the administration, and the custody to a key that the issuer registered for this when it was admitted. The
// issuer's own custodian key signs no longer: whoever had it at the failed brand could spend for customers otherwise. LIMIT beyond MaxCustodians, INVALID_VALUE unless it is a
// P-256 key.
func (p *Programme) Administer(a Administration, key string) error {
	if p.Administration != nil {
		a.Since = p.Administration.Since
	}
	if p.Custodians[len(p.Custodians)-1].Key != key {
		if err := p.addCustodian(key, a.Since); err != nil {
			return err
		}
	}
	p.Administration = &a
	return nil
}

// Reinstate gives the programme back to its issuer, which brings a custodian key of its own next: the present one is known to the administrator.
func (p *Programme) Reinstate() { p.Administration = nil }

// What is issued, and what the honour window is for. An adjustment upwards is an issue too.
var (
	issuing  = []Kind{KindEarn, KindRefer, KindAward}
	honoured = []Kind{KindRedeem, KindHold, KindTransfer, KindGift, KindSwap}
)

// administered says what an administration doesn't admit: ISSUING_STOPPED, HONOUR_OVER.
func (t *trial) administered() fault.Code {
	a := t.book.Programme.Administration
	switch {
	case a == nil:
		return fault.OK
	case slices.Contains(issuing, t.op.Kind), t.op.Kind == KindAdjust && t.op.Points > 0:
		return fault.IssuingStopped
	case slices.Contains(honoured, t.op.Kind) && quantity.DayOf(t.book.Now) > a.HonourUntil:
		return fault.HonourOver
	}
	return fault.OK
}
