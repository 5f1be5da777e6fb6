// Package statement makes a programme's statement: what was issued, redeemed, expired and returned in a period, what is outstanding, pending and held at its end, by
// funding and by month of expiry, what that is worth at the value that the terms publish, and how much of each month's points was never used. It also has the arithmetic
// of IFRS 15 for points: allocation of a price, revenue as points are redeemed, and re-estimates.
//
// Its input is what the audit recomputes from blocks, or the rows of a gateway's read model; it refuses books whose parts don't agree. It imports fault, quantity and
// lots; the audit, gateways and their commands may import it.
package statement
