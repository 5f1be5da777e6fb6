package clearing

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Position is a member's multilateral net of one window and its signature under it.
type Position struct {
	V        int            `json:"v"` // Record version, 1.
	Currency string         `json:"currency"`
	Window   int64          `json:"window"`
	Member   string         `json:"member"`
	Net      quantity.Minor `json:"net"`  // Positive when it receives, negative when it pays.
	Root     string         `json:"root"` // Hash of the whole result.
	Signed   *Signing       `json:"signed,omitempty"`
}

// Signing says whose treasurer signed, by the transaction that brought it: the peers checked that signature, and it stays in the block.
type Signing struct {
	MSP string `json:"msp"`
	At  int64  `json:"at"` // Transaction time, Unix seconds.
}

// Sign notes the member's signature over what it computed itself. ALREADY_EXISTS when the position is signed, POSITION_MISMATCH when the ledger has another result.
func (p *Position) Sign(net quantity.Minor, root string, s Signing) error {
	if p.Signed != nil {
		return fault.New(fault.AlreadyExists, "the position is signed")
	}
	if net != p.Net || root != p.Root {
		return fault.New(fault.PositionMismatch, "the ledger has %d minor units and root %s for %s", int64(p.Net), p.Root, p.Member)
	}
	p.Signed = &s
	return nil
}
