// Package treasury is what a member's treasury sees of clearing: positions of the day, statements of windows as JSON and CSV, the evidence of a dispute, and whether a netting is what
// the member's own data make of it. It computes from the read model and changes nothing.
//
// It imports the chaincode's pure packages, and store; clerk and api may import it.
package treasury
