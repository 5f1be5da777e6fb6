package accesstest

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
)

// Kind says what an organisation is to the members that a document is about.
type Kind string

// The kinds of organisation.
const (
	Issuer        Kind = "the issuer"             // Home's own organisation, while it acts for itself.
	Failed        Kind = "the issuer that failed" // Home's own organisation, once another one acts for it.
	Administrator Kind = "the failed issuer's administrator"
	Partner       Kind = "its partner"
	Other         Kind = "another brand"
	FailedOther   Kind = "another brand that failed"
	Regulator     Kind = "the regulator"
	Outsider      Kind = "who is no member"
)

// Kinds lists all kinds in a stable order.
func Kinds() []Kind {
	return []Kind{Issuer, Failed, Administrator, Partner, Other, FailedOther, Regulator, Outsider}
}

// parties says which kinds of organisation are a party, written out by hand: the engine's own way to find out is what is tested against it.
var parties = map[engine.Party][]Kind{
	engine.PartyAnybody:    Kinds(),
	engine.PartyFounder:    {Issuer, Failed, Administrator, Partner, Other, FailedOther},
	engine.PartyNewIssuer:  {Issuer, Failed},
	engine.PartyIssuer:     {Issuer, Administrator},
	engine.PartySuccessor:  {Issuer, Administrator},
	engine.PartySharing:    {Issuer, Administrator, Partner},
	engine.PartyOtherBrand: {Partner, Other},
	engine.PartyAnyBrand:   {Issuer, Administrator, Partner, Other},
	clearing.PartyBrand:    {Issuer, Administrator, Partner, Other},
	clearing.PartyPair:     {Issuer, Administrator, Partner},
	clearing.PartyMember:   {Issuer, Administrator},
	clearing.PartyPayer:    {Issuer, Administrator},
	clearing.PartyPayee:    {Issuer, Administrator},
	clearing.PartyReverser: {Issuer, Administrator},
}

// Admitted says whether the table lets identities with this role of such an organisation call the function. Of functions that clearing calls it says whether they let in what clearing
// has let in: the organisation is clearing's to check.
func Admitted(row engine.Access, kind Kind, role string) bool {
	return row.Admits(role) && (row.Entry == engine.EntryClearing || slices.Contains(parties[row.Party], kind))
}

// Describe lists the kinds of organisation that are a party; nil for one that isn't described.
func Describe(party engine.Party) []Kind { return parties[party] }
