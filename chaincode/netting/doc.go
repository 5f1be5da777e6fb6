// Package netting is the arithmetic of clearing: what members owe each other pair by pair becomes one position each and at most members-1 payments. It rounds what
// accrued between a pair (Round), adds pairs up to positions (Positions), chooses the payments (Payments), and, where a member can't pay its position out of its
// cover, decides which obligations settle now and which are carried (Settle, over the first-in-first-out rule of Queue).
//
// Everything here is exact, depends on nothing but its input, and not on the order of that input: every member, the audit and a court years later compute the same.
// One call is about one currency; there is no exchange here. Names of members are compared byte by byte and are otherwise opaque.
//
// It imports quantity and fault; clearing, wire, engine, the gateway and the audit may import it.
package netting
