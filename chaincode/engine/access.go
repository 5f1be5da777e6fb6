package engine

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Roles, as the certificate attribute RoleAttribute names them. A role counts only together with the MSP id: it is the word of the caller's own certificate authority.
const (
	RoleAttribute  = "tally.role"
	RoleGateway    = clearing.RoleGateway
	RoleOperator   = clearing.RoleOperator
	RoleTreasurer  = clearing.RoleTreasurer
	RoleCompliance = clearing.RoleCompliance
	RoleAuditor    = clearing.RoleAuditor
)

// Roles lists all roles in a stable order.
func Roles() []string {
	return []string{RoleGateway, RoleOperator, RoleTreasurer, RoleCompliance, RoleAuditor}
}

// Party says whose identities may call a function.
type Party = clearing.Party

// Parties of functions, besides those of steps of windows. Who acts for a member is its own organisation, or once it failed the administrator's.
const (
	PartyAnybody    Party = "whoever may ask a peer"
	PartyFounder    Party = "a brand of the founding document"
	PartyNewIssuer  Party = "the brand whose programme it is"
	PartyIssuer     Party = "who acts for the programme's issuer"
	PartySuccessor  Party = "who acts for the programme's issuer by the brands' vote"
	PartySharing    Party = "who acts for the programme's issuer or for the grantee"
	PartyOtherBrand Party = "a brand that acts for itself and not for the programme's issuer"
	PartyAnyBrand   Party = "a brand that acts for itself, or who acts for the programme's issuer"
)

// Entry says which chaincode the client's signed proposal has to name.
type Entry string

// The entries.
const (
	EntryAny      Entry = "any"      // Clients invoke it, and other chaincodes call it.
	EntryOwn      Entry = "own"      // The client invoked this chaincode itself.
	EntryNamed    Entry = "named"    // The client invoked the chaincode of the programme that the document names.
	EntryClearing Entry = "clearing" // The client invoked clearing, which calls.
)

// Access is a row of a contract's table: who may call a function.
type Access struct {
	Function string
	Party    Party
	Roles    []string // Of the party's identities; nil when the role doesn't matter, and none is needed.
	Entry    Entry
	More     string // What the function itself asks of who calls, in words.
}

// Admits says whether the table lets identities with this role call the function, the right organisation given.
func (a *Access) Admits(role string) bool { return a.Roles == nil || slices.Contains(a.Roles, role) }

// row is a function of a contract and who may call it.
type row struct {
	Access
	run function
}

var (
	gateways   = []string{RoleGateway}
	operators  = []string{RoleOperator}
	treasurers = []string{RoleTreasurer}
	compliance = []string{RoleCompliance}
)

// own are functions that clients invoke on the chaincode itself.
func own(f string, run function, party Party, roles []string) row {
	return row{Access{Function: f, Party: party, Roles: roles, Entry: EntryOwn}, run}
}

// query are functions that tell what every reader of the channel may know, or what Fabric gives to members of a collection only.
func query(f string, run function) row {
	return row{Access{Function: f, Party: PartyAnybody, Entry: EntryAny}, run}
}

// pairQuery are functions that tell of a pair's data.
func pairQuery(f string, run function) row {
	return own(f, run, PartyAnybody, nil).more("peers give what it reads to the collection's members only")
}

// step are functions that the table of windows has.
func step(s clearing.Step, run function) row {
	return own(string(s), run, clearing.PartyFor(s), clearing.RolesFor(s))
}

// callee are functions of points chaincodes that only one function of clearing calls: whoever may call that may call these through it.
func callee(f string, run function, caller string) row {
	access := clearingTable[caller].Access
	return row{Access{Function: f, Party: access.Party, Roles: access.Roles, Entry: EntryClearing, More: "within `" + caller + "`"}, run}
}

func (r row) more(words string) row {
	r.More = words
	return r
}

func tableOf(rows ...row) map[string]row {
	table := make(map[string]row, len(rows))
	for _, r := range rows {
		table[r.Function] = r
	}
	return table
}

// pointsTable is every function of points-<brand>, and who may call it.
var pointsTable = tableOf(
	row{Access{Function: wire.FnCreateProgramme, Party: PartyNewIssuer, Roles: operators, Entry: EntryNamed}, createProgramme},
	own(wire.FnAdvanceBusinessDate, advanceBusinessDate, PartyIssuer, operators),
	own(wire.FnSubmitBatch, submitBatch, PartyIssuer, gateways),
	own(wire.FnPublishTerms, publishTerms, PartyIssuer, operators),
	own(wire.FnPublishRuleSet, publishRuleSet, PartyIssuer, operators),
	own(wire.FnPublishPrices, publishPrices, PartyIssuer, operators),
	own(wire.FnRotateCustodian, rotateCustodian, PartyIssuer, operators),
	own(wire.FnAdminister, administer, PartySuccessor, operators),
	own(wire.FnActivateEngine, activateEngine, PartyIssuer, operators),
	own(wire.FnPutShop, putShop, PartyIssuer, operators),
	own(wire.FnApprove, approve, PartyOtherBrand, operators),
	own(wire.FnRequestFreeze, requestFreeze, PartyAnyBrand, compliance),
	own(wire.FnDecideFreeze, decideFreeze, PartyIssuer, compliance),
	own(wire.FnRecordObjection, recordObjection, PartyIssuer, gateways),
	own(wire.FnAnswerObjection, answerObjection, PartyIssuer, compliance),
	own(wire.FnQuote, quote, PartyAnybody, nil),
	query(wire.FnGetProgramme, getProgramme),
	query(wire.FnGetAccount, getAccount),
	query(wire.FnGetLanes, getLanes),
	query(wire.FnGetBatch, getBatch),
	query(wire.FnGetReversal, getReversal),
	query(wire.FnGetTerms, getTerms),
	query(wire.FnGetRuleSet, getRuleSet),
	query(wire.FnGetPrices, getPrices),
	query(wire.FnGetShop, getShop),
	query(wire.FnGetApproval, getApproval),
	query(wire.FnGetFreeze, getFreeze),
	query(wire.FnGetObjection, getObjection),
	query(wire.FnGetPartner, getPartner),
	query(wire.FnGetExisting, getExisting),
	own(wire.FnChangeVault, changeVault, PartyIssuer, gateways).more("endorsed by the issuer's peers alone"),
	own(wire.FnGetVault, getVault, PartyIssuer, gateways).more("peers give what it reads to the collection's members only; the answer is sealed"),
	own(wire.FnPublishDataPolicy, publishDataPolicy, PartyIssuer, operators),
	query(wire.FnGetDataPolicy, getDataPolicy),
	query(wire.FnGetDataPolicies, getDataPolicies),
	own(wire.FnRecordConsent, recordConsent, PartyIssuer, gateways),
	own(wire.FnEndConsent, endConsent, PartyIssuer, gateways),
	query(wire.FnGetConsent, getConsent),
	own(wire.FnShareEntries, shareEntries, PartyIssuer, gateways).more("endorsed by the issuer's peers alone"),
	own(wire.FnUnshare, unshare, PartyIssuer, gateways).more("endorsed by the issuer's peers alone"),
	own(wire.FnGetShared, getShared, PartySharing, gateways).more("peers give what it reads to the collection's members only; the answer is sealed"),
	own(wire.FnRecordErasures, recordErasures, PartyIssuer, []string{RoleGateway, RoleCompliance}),
	query(wire.FnGetErasures, getErasures),
	callee(wire.FnApplyExchange, applyExchange, wire.FnExchange),
	callee(wire.FnDeposit, deposit, wire.FnExchange),
	callee(wire.FnPutOffer, putOffer, wire.FnAcceptAgreement),
	callee(wire.FnPreviewExchange, previewExchange, wire.FnQuoteExchange),
)

// clearingTable is every function of clearing, and who may call it.
var clearingTable = tableOf(
	own(wire.FnFound, found, PartyFounder, operators),
	own(wire.FnExchange, runExchange, clearing.PartyPair, gateways).more("in lanes of the member for which it acts"),
	own(wire.FnQuoteExchange, quoteExchange, PartyAnybody, nil),
	own(wire.FnProposeAgreement, proposeAgreement, clearing.PartyPair, treasurers),
	own(wire.FnAcceptAgreement, acceptAgreement, clearing.PartyPair, treasurers).more("not who proposed"),
	own(wire.FnMoveSlice, moveSlice, clearing.PartyPair, gateways),
	own(wire.FnPropose, propose, clearing.PartyBrand, clearing.RolesFor(clearing.StepVote)),
	step(clearing.StepVote, vote),
	own(wire.FnSubmitReserve, submitReserve, clearing.PartyMember, []string{RoleOperator, RoleGateway, RoleTreasurer}),
	own(wire.FnCloseMembership, closeMembership, clearing.PartyMember, []string{RoleOperator, RoleTreasurer}),
	step(clearing.StepOpen, openClearing),
	step(clearing.StepRoll, rollWindow).more("with a reason, before the regular close, the operator alone"),
	step(clearing.StepDisclose, discloseNet),
	step(clearing.StepClose, closeWindow),
	step(clearing.StepNet, netWindow),
	step(clearing.StepSign, signPosition),
	step(clearing.StepSettle, startSettlement),
	step(clearing.StepPay, payLeg),
	step(clearing.StepReceive, receiveLeg),
	step(clearing.StepReverse, reverseEntry),
	step(clearing.StepLate, markLate),
	step(clearing.StepFinalise, finaliseLeg),
	step(clearing.StepDispute, fileDispute),
	own(wire.FnWithdrawDispute, withdrawDispute, clearing.PartyMember, clearing.RolesFor(clearing.StepDispute)).more("who filed it"),
	own(wire.FnUpholdDispute, upholdDispute, clearing.PartyMember, clearing.RolesFor(clearing.StepDispute)).more("the other member than who filed it"),
	query(wire.FnGetConsortium, getConsortium),
	query(wire.FnGetMember, getMember),
	pairQuery(wire.FnGetPair, getPair),
	pairQuery(wire.FnGetOffered, getProposed),
	pairQuery(wire.FnGetAgreement, getAgreement),
	pairQuery(wire.FnGetPairLanes, getPairLanes),
	pairQuery(wire.FnGetTallies, getTallies),
	pairQuery(wire.FnGetLines, getLines),
	pairQuery(wire.FnGetReservation, getReservation),
	query(wire.FnGetProposal, getProposal),
	query(wire.FnGetCurrencies, getCurrencies),
	query(wire.FnGetCalendar, getCalendar),
	query(wire.FnGetOpenWindow, getOpenWindow),
	query(wire.FnGetWindow, getWindow),
	query(wire.FnGetWindows, getWindows),
	query(wire.FnGetNetting, getNetting),
	query(wire.FnGetPosition, getPosition),
	query(wire.FnGetPositions, getPositions),
	query(wire.FnGetLeg, getLeg),
	query(wire.FnGetLegs, getLegs),
	query(wire.FnGetCap, getCap),
	query(wire.FnGetAllocation, getAllocation),
	query(wire.FnGetPairBook, getPairBook),
	query(wire.FnGetPairNets, getPairNets),
	query(wire.FnGetReserve, getReserve),
	query(wire.FnGetCustodian, getCustodian),
	query(wire.FnGetDispute, getDispute),
	query(wire.FnGetStanding, getStanding),
	query(wire.FnGetFinalStatement, getFinalStatement),
)

// PointsAccess is the table of points-<brand>, ordered by function.
func PointsAccess() []Access { return accessOf(pointsTable) }

// ClearingAccess is the table of clearing, ordered by function.
func ClearingAccess() []Access { return accessOf(clearingTable) }

func accessOf(table map[string]row) []Access {
	out := make([]Access, 0, len(table))
	for _, name := range names(table) {
		out = append(out, table[name].Access)
	}
	return out
}
