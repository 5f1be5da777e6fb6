// Package lots is the arithmetic of lots: points that share everything that decides when they can be spent and what they are worth. It knows when points
// expire, in which order they are taken, how lots merge, and what is due on a business date; it knows nothing of accounts or operations.
//
// It imports quantity and fault; terms, statement, points and everything above them may import it.
package lots
