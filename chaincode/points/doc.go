// Package points is the domain of one programme's points: accounts, controllers, authorisations, operations, receipts, and how a batch of operations changes accounts.
//
// It knows nothing of Fabric, clocks, storage or encoding: everything it needs is given to it, and the same input gives the same output everywhere and for ever.
// It imports quantity and fault; wire, engine, contract, the gateway and the audit may import it.
package points
