package clearing

import "github.com/tallystick/tallystick/chaincode/quantity"

// Directions of what a pair owes. A's name sorts before B's.
const (
	AOwesB = 0
	BOwesA = 1
)

// Allocation is how much the members of a pair may owe each other in one currency, gross and unsettled, as the brands voted. Without one it is nothing.
type Allocation struct {
	V        int               `json:"v"` // Record version, 1.
	A        string            `json:"a"` // Member names, A before B.
	B        string            `json:"b"`
	Currency string            `json:"currency"`
	Amount   [2]quantity.Minor `json:"amount"` // By direction: AOwesB, BOwesA.
	Since    int64             `json:"since"`  // The window that was open when the pair got its first allocation: the first it can have obligations in.
	Epoch    int               `json:"epoch"`  // 1 at first, and one more with each change.
}
