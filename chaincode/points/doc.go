// Package points is the domain of one programme's points: accounts, controllers, authorisations, operations, receipts, and how a batch of operations changes accounts.
//
// It knows nothing of Fabric, clocks, storage or encoding: everything it needs is given to it, and the same input gives the same output everywhere and for ever.
//
// A batch is applied operation by operation (Book.Apply), each on copies, so that a refusal changes nothing but the authorisation that it used up. What an operation does
// follows from its public part and from an Assessment of its private details: who holds the details computes it (Assess), everybody else takes it from the receipt
// (ObservedAssessment) and gets the same accounts. What is true at any time is said by functions with names, such as SupplyEqualsBalances.
//
// It imports fault, quantity, lots, terms, rules, webauthn, p256 and clearing; wire, engine, contract, the gateway and the audit may import it.
package points
