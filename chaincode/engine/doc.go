// Package engine has the transaction functions of the chaincodes over an abstract state: decode, authorise, load, call the domain, and say what is to be written.
//
// It is free of Fabric, so that the contracts run it over a peer's state and the audit runs the very same code over a state rebuilt from blocks.
// It imports wire, the domain packages and fault; contract and the audit may import it.
package engine
