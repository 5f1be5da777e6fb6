// Package failure holds the coded errors of the network's tools: what went wrong under a stable code, with a detail that
// says what to do. Everything under network/ and test-network/ may import it; it imports nothing of this module.
package failure
