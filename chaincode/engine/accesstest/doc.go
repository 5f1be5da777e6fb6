// Package accesstest is for tests that walk the tables of who may call what: a document for every function that gets past decoding, and which organisations the table lets in.
//
// The documents ask for what can't be had, so that a call that is let in is refused afterwards for another reason, or is a query: walking the table changes nothing.
// It imports engine, wire and the domains; only tests import it.
package accesstest
