package points

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Limits of the requests to freeze accounts that one brand has open at another: a flood of them would be a way to keep the issuer's compliance from those that matter, and
// customers under suspicion. The issuer's own aren't limited.
const (
	MaxOpenFreezes          = 100
	MaxOpenFreezesOfAccount = 3 // A request can't be changed: more evidence, or another end, is another one.
)

// OpenFreezes are the requests of one brand that wait for the issuer. What has lapsed stays until the next request.
type OpenFreezes struct {
	V    int          `json:"v"`   // Record version, 1.
	MSP  string       `json:"msp"` // Of who asks.
	Open []OpenFreeze `json:"open"`
}

// OpenFreeze is one of them.
type OpenFreeze struct {
	ID      OperationID `json:"id"`
	Account AccountID   `json:"account"`
	Until   int64       `json:"until"` // Unix seconds: then it lapses.
}

// Add adds a new request at its time. FREEZE_LIMIT when the brand has too many open, for the account or together.
func (o *OpenFreezes) Add(f *FreezeRequest) error {
	open := slices.DeleteFunc(slices.Clone(o.Open), func(one OpenFreeze) bool { return f.At >= one.Until })
	ofAccount := 0
	for _, one := range open {
		if one.Account == f.Account {
			ofAccount++
		}
	}
	switch {
	case ofAccount >= MaxOpenFreezesOfAccount:
		return fault.New(fault.FreezeLimit, "%d requests of the brand for the account wait for the issuer", ofAccount)
	case len(open) >= MaxOpenFreezes:
		return fault.New(fault.FreezeLimit, "%d requests of the brand wait for the issuer", len(open))
	}
	o.V, o.MSP, o.Open = 1, f.MSP, append(open, OpenFreeze{ID: f.ID, Account: f.Account, Until: f.openUntil()})
	return nil
}

// Remove takes a decided request out; false when it isn't among them, since an earlier engine took it.
func (o *OpenFreezes) Remove(id OperationID) bool {
	n := len(o.Open)
	o.Open = slices.DeleteFunc(o.Open, func(one OpenFreeze) bool { return one.ID == id })
	return len(o.Open) < n
}
