// Package fault is the one catalogue of stable codes: what a code means, what a caller can do about it, how it is reported over HTTP, and whether trying again can help.
//
// It imports nothing of this module and may be imported by every package.
package fault
