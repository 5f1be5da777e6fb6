// Package sqlite is how the gateway keeps a SQLite database: one process owns it, one goroutine writes, and writes that come together share one commit.
//
// It knows nothing of what is in a database: schemas are their packages' own (gateway/store, gateway/people/store). It imports fault; those packages import it.
package sqlite
