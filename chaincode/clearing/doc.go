// Package clearing is the domain of what the brands do together: who is a member, what a pair of brands agreed on, what they come to owe each other by their customers'
// operations, within which limits, and how that is netted and settled window by window.
//
// It knows nothing of accounts, Fabric, clocks or storage, and the same input gives the same output everywhere. It imports quantity, netting, p256 and fault; points, wire, engine,
// contract, the gateway and the audit may import it.
package clearing
