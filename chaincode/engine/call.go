package engine

import (
	"sort"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Roles, as the certificate attribute RoleAttribute names them. A role counts only together with the MSP id.
const (
	RoleAttribute = "tally.role"
	RoleGateway   = clearing.RoleGateway
	RoleOperator  = clearing.RoleOperator
	RoleTreasurer = clearing.RoleTreasurer
)

// Names of chaincodes.
const (
	ClearingChaincode = "clearing"
	PointsPrefix      = "points-" // Followed by the brand's member name.
)

// CollectionDetails is the private data collection of a brand's details, in its points chaincode.
const CollectionDetails = "details"

// Identity is who signed the proposal.
type Identity struct {
	MSP  string
	Role string // Value of RoleAttribute; empty without it.
}

// Call is one invocation of a function.
type Call struct {
	Chaincode string // The chaincode that the client's signed proposal names.
	Function  string
	Document  []byte // The function's one argument.
	Caller    Identity
	Time      int64 // Transaction timestamp, Unix seconds. It is the client's.
	Transient map[string][]byte
	Programs  *rules.Cache        // Compiled rule sets, kept between calls; nil compiles anew. What a call does doesn't depend on it.
	Observed  *wire.BatchEvent    // Set only by an observer who replays a batch without its private details: the receipts as they were committed.
	Exchanged *wire.ExchangeEvent // Likewise of a cross-brand batch, by an observer who doesn't hold the pair's data.
}

// State is the committed state of the called chaincode's namespace.
type State interface {
	// Get returns the values under keys, nil for those that are absent.
	Get(keys []string) ([][]byte, error)
	// Private returns values of a private collection of the called chaincode's namespace, nil for those that are absent. Only a member's peer has them.
	Private(collection string, keys []string) ([][]byte, error)
	// PrivateHash returns the SHA-256 of a private value of the called chaincode's namespace, which every peer has, member of the collection or not; nil when absent.
	PrivateHash(collection, key string) ([]byte, error)
	// Invoke calls another chaincode of the channel within the same transaction, and for the same caller.
	Invoke(chaincode, function string, document []byte) ([]byte, error)
}

// Write is a public write.
type Write struct {
	Key    string
	Value  []byte
	Delete bool // The key is deleted; there is no value then.
}

// PrivateWrite is a write to a private data collection.
type PrivateWrite struct {
	Collection string
	Key        string
	Value      []byte
	Delete     bool // The key is deleted; there is no value then.
}

// Effects are everything a call does: nothing else leaves it.
type Effects struct {
	Response     []byte
	Writes       []Write // Each key once.
	Private      []PrivateWrite
	EventName    string // Empty without an event.
	EventPayload []byte
}

type function func(Call, State) (Effects, error)

// Points runs a function of the contract that is deployed as points-<brand>. A refused call returns a *fault.Error and has no effects.
func Points(c Call, s State) (Effects, error) { return run(pointsFunctions, c, s) }

// Clearing runs a function of the contract that is deployed as clearing.
func Clearing(c Call, s State) (Effects, error) { return run(clearingFunctions, c, s) }

// PointsFunctions are the exact names that Points accepts.
func PointsFunctions() []string { return names(pointsFunctions) }

// ClearingFunctions are the exact names that Clearing accepts.
func ClearingFunctions() []string { return names(clearingFunctions) }

var pointsFunctions = map[string]function{
	wire.FnCreateProgramme:     createProgramme,
	wire.FnAdvanceBusinessDate: advanceBusinessDate,
	wire.FnSubmitBatch:         submitBatch,
	wire.FnPublishTerms:        publishTerms,
	wire.FnPublishRuleSet:      publishRuleSet,
	wire.FnPublishPrices:       publishPrices,
	wire.FnRotateCustodian:     rotateCustodian,
	wire.FnAdminister:          administer,
	wire.FnPutShop:             putShop,
	wire.FnApprove:             approve,
	wire.FnQuote:               quote,
	wire.FnGetProgramme:        getProgramme,
	wire.FnGetAccount:          getAccount,
	wire.FnGetLanes:            getLanes,
	wire.FnGetBatch:            getBatch,
	wire.FnGetReversal:         getReversal,
	wire.FnGetTerms:            getTerms,
	wire.FnGetRuleSet:          getRuleSet,
	wire.FnGetPrices:           getPrices,
	wire.FnGetShop:             getShop,
	wire.FnGetApproval:         getApproval,
	wire.FnGetPartner:          getPartner,
	wire.FnGetExisting:         getExisting,
	wire.FnApplyExchange:       applyExchange,
	wire.FnDeposit:             deposit,
	wire.FnPutOffer:            putOffer,
	wire.FnPreviewExchange:     previewExchange,
}

var clearingFunctions = map[string]function{
	wire.FnFound:             found,
	wire.FnGetConsortium:     getConsortium,
	wire.FnGetMember:         getMember,
	wire.FnExchange:          runExchange,
	wire.FnQuoteExchange:     quoteExchange,
	wire.FnProposeAgreement:  proposeAgreement,
	wire.FnAcceptAgreement:   acceptAgreement,
	wire.FnMoveSlice:         moveSlice,
	wire.FnGetPair:           getPair,
	wire.FnGetOffered:        getProposed,
	wire.FnGetAgreement:      getAgreement,
	wire.FnGetPairLanes:      getPairLanes,
	wire.FnGetTallies:        getTallies,
	wire.FnGetLines:          getLines,
	wire.FnGetReservation:    getReservation,
	wire.FnPropose:           propose,
	wire.FnVote:              vote,
	wire.FnSubmitReserve:     submitReserve,
	wire.FnCloseMembership:   closeMembership,
	wire.FnOpenClearing:      openClearing,
	wire.FnRollWindow:        rollWindow,
	wire.FnDiscloseNet:       discloseNet,
	wire.FnCloseWindow:       closeWindow,
	wire.FnNetWindow:         netWindow,
	wire.FnSignPosition:      signPosition,
	wire.FnStartSettlement:   startSettlement,
	wire.FnPayLeg:            payLeg,
	wire.FnReceiveLeg:        receiveLeg,
	wire.FnReverseEntry:      reverseEntry,
	wire.FnMarkLate:          markLate,
	wire.FnFinaliseLeg:       finaliseLeg,
	wire.FnFileDispute:       fileDispute,
	wire.FnWithdrawDispute:   withdrawDispute,
	wire.FnUpholdDispute:     upholdDispute,
	wire.FnGetProposal:       getProposal,
	wire.FnGetCurrencies:     getCurrencies,
	wire.FnGetCalendar:       getCalendar,
	wire.FnGetOpenWindow:     getOpenWindow,
	wire.FnGetWindow:         getWindow,
	wire.FnGetWindows:        getWindows,
	wire.FnGetNetting:        getNetting,
	wire.FnGetPosition:       getPosition,
	wire.FnGetPositions:      getPositions,
	wire.FnGetLeg:            getLeg,
	wire.FnGetLegs:           getLegs,
	wire.FnGetCap:            getCap,
	wire.FnGetAllocation:     getAllocation,
	wire.FnGetPairBook:       getPairBook,
	wire.FnGetPairNets:       getPairNets,
	wire.FnGetReserve:        getReserve,
	wire.FnGetCustodian:      getCustodian,
	wire.FnGetDispute:        getDispute,
	wire.FnGetStanding:       getStanding,
	wire.FnGetFinalStatement: getFinalStatement,
}

func run(table map[string]function, c Call, s State) (Effects, error) {
	f, ok := table[c.Function]
	if !ok {
		return Effects{}, fault.New(fault.UnknownFunction, "functions are %v", names(table))
	}
	e, err := f(c, s)
	if err != nil {
		return Effects{}, err
	}
	return e, nil
}

func names(table map[string]function) []string {
	out := make([]string, 0, len(table))
	for name := range table {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// requireRole returns FORBIDDEN unless the caller has this role in this organisation.
func requireRole(c Call, msp, role string) error {
	if c.Caller.MSP != msp || c.Caller.Role != role {
		return fault.New(fault.Forbidden, "%s needs %s=%s of %s", c.Function, RoleAttribute, role, msp)
	}
	return nil
}

// requireEntry returns WRONG_ENTRY_POINT unless the client invoked this chaincode itself.
func requireEntry(c Call, chaincode string) error {
	if c.Chaincode != chaincode {
		return fault.New(fault.WrongEntryPoint, "%s is invoked on %s only", c.Function, chaincode)
	}
	return nil
}
