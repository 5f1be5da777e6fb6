package points

import "github.com/tallystick/tallystick/chaincode/fault"

// EngineVersion is the newest behaviour of this package. Receipts and batches name the version that made them: a programme's record says which is active. A change of
// behaviour is a new version, which an operator activates on the ledger, and the older ones stay here, so that history replays.
const EngineVersion = 3

// What each version brought. A programme that doesn't say which it starts with starts with the first.
const (
	engineFirst = 1
	// engineGuards: a freeze has an end and can follow from another brand's request, debits are limited for a while under a new controller, and an issuer can't void what a
	// partner's till relies on.
	engineGuards = 2
	// engineFreezeLimits: another brand has a limited number of requests to freeze accounts open, for one account and together.
	engineFreezeLimits = 3
)

// StartingEngine is the version that a new programme starts with when asked for version asked; 0 asks for none in particular.
func StartingEngine(asked int) int {
	if asked == 0 {
		return engineFirst
	}
	return asked
}

// ActivateEngine makes a newer version the active one, from the next batch on. INVALID_VALUE for one that isn't newer, or that this code doesn't have.
func (p *Programme) ActivateEngine(version int) error {
	if version <= p.Engine || version > EngineVersion {
		return fault.New(fault.InvalidValue, "engine %d is active, the newest is %d", p.Engine, EngineVersion)
	}
	p.Engine = version
	return nil
}

// HasGuards says whether accounts can be frozen on request, for a time.
func (p *Programme) HasGuards() bool { return p.has(engineGuards) }

// LimitsFreezes says whether another brand's open requests to freeze accounts are limited.
func (p *Programme) LimitsFreezes() bool { return p.has(engineFreezeLimits) }

// has says whether the active version has what another one brought.
func (p *Programme) has(version int) bool { return p.Engine >= version }
