// Package abuse notices fraud and abuse by account ids, points and times, and sees to it that customers are told and can object.
//
// A Judge answers before an operation is recorded: it counts what accounts, devices and terminals do, in memory, and knows which devices an account has used. A Watch reads
// committed receipts from the read model: returns, referrals, freezes. A Desk keeps flags, notices and objections in people.db for the compliance desk and the customer. None of
// them knows who a customer is; of a person there is only who objected, with words that are sealed.
//
// It imports the domain packages, wire, people/seal, sqlite, random and fault, the vault for what becomes of erased persons, and the read model's types; cmd and api may import it.
package abuse
