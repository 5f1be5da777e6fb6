// Package orgfiles renders what is checked in of a consortium, from its membership: each member's policies, CA configuration
// and gateway configuration (under organizations/) and the chaincodes' collections (under collections/). None of it holds a
// key or a secret. It imports the packages under network/ that know each format.
package orgfiles
