// Package statements writes a programme's statement for people: the tables that the API answers with as text.
//
// It imports chaincode/statement and the quantities; the API and commands may import it.
package statements
