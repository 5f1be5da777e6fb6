// Package clearing is the domain of what the brands do together: who is a member. Agreements, obligations and netting join it here.
//
// It imports quantity and fault; wire, engine, contract, the gateway and the audit may import it.
package clearing
