// Package quantity has the checked integer types of the ledger: Points, Money, Minor, Micro, Ratio and Day. There is no floating point here, and no sum that can overflow unseen.
//
// It imports only fault and may be imported by every package.
package quantity
