package accesstest

import (
	"maps"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Members are whom the documents are about.
type Members struct {
	Home, Partner clearing.Member      // Two brands: the issuer and its partner; payer and payee; "the member" is Home.
	Founders      *clearing.Consortium // The founding document.
}

const (
	currency = "GBP"
	never    = int64(900_000) // Number of a window that is never reached, of a sequence, of a lane's place.
)

var (
	id   = strings.Repeat("0f", 16)
	hash = strings.Repeat("0f", 32)
)

// Points gives a document for every function of points-<home>.
func Points(m Members) map[string]any {
	account, operation := points.AccountID(id), points.OperationID(id)
	exchange := wire.Exchange{Home: m.Home.Name, Partner: m.Partner.Name, Lane: wire.MaxLane, Seq: never, Operations: []points.Operation{}}
	documents := map[string]any{
		wire.FnCreateProgramme:     wire.NewProgramme{Brand: m.Home.Name},
		wire.FnAdvanceBusinessDate: wire.BusinessDate{Date: 1},
		wire.FnSubmitBatch:         wire.BatchRequest{Lane: 0, Seq: never, Operations: []points.Operation{}},
		wire.FnPublishTerms:        wire.NewTerms{Version: int(never)},
		wire.FnPublishRuleSet:      wire.NewRuleSet{Version: int(never)},
		wire.FnPublishPrices:       wire.NewPrices{Version: int(never)},
		wire.FnRotateCustodian:     wire.NewCustodian{Key: "none"},
		wire.FnAdminister:          wire.Nothing{},
		wire.FnPutShop:             wire.NewShop{ID: "-", Sponsor: m.Home.MSP},
		wire.FnApprove:             wire.Consent{Operation: points.Operation{ID: operation, Kind: points.KindEarn, Account: account}},
		wire.FnActivateEngine:      wire.EngineActivation{},
		wire.FnRequestFreeze:       wire.NewFreeze{ID: operation, Account: account},
		wire.FnDecideFreeze:        wire.FreezeDecision{ID: operation, Declined: points.DeclineResolved},
		wire.FnGetFreeze:           wire.FreezeQuery{ID: operation},
		wire.FnRecordObjection:     wire.NewObjection{ID: operation, Account: account, Decision: operation, Hash: hash},
		wire.FnAnswerObjection:     wire.ObjectionAnswer{ID: operation, Outcome: points.ObjectionDismissed, Answer: hash},
		wire.FnGetObjection:        wire.ObjectionQuery{ID: operation},
		wire.FnQuote:               wire.QuoteQuery{Operation: points.Operation{ID: operation, Kind: points.KindVoid, Account: account, Hold: operation}},
		wire.FnGetProgramme:        wire.Nothing{},
		wire.FnGetAccount:          wire.AccountQuery{Account: account},
		wire.FnGetLanes:            wire.LanesQuery{MSP: m.Home.MSP, Count: 1},
		wire.FnGetBatch:            wire.BatchQuery{MSP: m.Home.MSP, Seq: never},
		wire.FnGetReversal:         wire.ReversalQuery{Operation: operation},
		wire.FnGetTerms:            wire.VersionQuery{Version: 1},
		wire.FnGetRuleSet:          wire.VersionQuery{Version: 1},
		wire.FnGetPrices:           wire.VersionQuery{Version: 1},
		wire.FnGetShop:             wire.ShopQuery{ID: "nowhere"},
		wire.FnGetApproval:         wire.ApprovalQuery{Operation: operation},
		wire.FnGetPartner:          wire.PartnerQuery{Partner: m.Partner.Name},
		wire.FnGetExisting:         wire.ExistingQuery{Accounts: []points.AccountID{account}},
		wire.FnApplyExchange:       wire.ExchangeCall{Exchange: exchange, MSP: m.Home.MSP, PartnerMSP: m.Partner.MSP, Closed: []points.Kind{}, Receivers: []points.AccountID{}},
		wire.FnDeposit:             wire.DepositCall{Home: m.Partner.Name, MSP: m.Partner.MSP, Lane: wire.MaxLane, Deposits: []points.Deposit{}},
		wire.FnPutOffer:            wire.OfferCall{Partner: m.Partner.Name, PartnerMSP: m.Partner.MSP, Offer: clearing.Offer{Version: int(never)}},
		wire.FnPreviewExchange:     wire.ExchangeCall{Exchange: exchange, PartnerMSP: m.Partner.MSP, Closed: []points.Kind{}, Receivers: []points.AccountID{}},
	}
	maps.Copy(documents, personal())
	return documents
}

// personal gives a document for every function of points-<home> that is about personal data.
func personal() map[string]any {
	private, consent, erasure := wire.PrivateCall{V: 1}, privacy.ConsentID(id), privacy.ErasureID(id)
	return map[string]any{
		wire.FnChangeVault:       private,
		wire.FnGetVault:          private,
		wire.FnShareEntries:      private,
		wire.FnUnshare:           private,
		wire.FnGetShared:         private,
		wire.FnPublishDataPolicy: wire.NewDataPolicy{Version: int(never), Prose: map[string]string{}, Purposes: []privacy.Purpose{}, Attributes: []privacy.AttributeSchema{}},
		wire.FnGetDataPolicy:     wire.VersionQuery{Version: 1},
		wire.FnGetDataPolicies:   wire.Nothing{},
		wire.FnRecordConsent:     wire.NewConsent{ID: consent, Hash: hash, Policy: int(never)},
		wire.FnEndConsent:        wire.ConsentEnd{ID: consent, Reason: privacy.EndWithdrawn},
		wire.FnGetConsent:        wire.ConsentQuery{ID: consent},
		wire.FnRecordErasures:    wire.NewErasures{ID: erasure, Root: hash},
		wire.FnGetErasures:       wire.ErasuresQuery{ID: erasure},
	}
}

// Transient gives the transient fields of those functions for which who may call is in them; nil for the others.
func Transient(m Members, function string) (map[string][]byte, error) {
	if function != wire.FnGetShared {
		return nil, nil
	}
	raw, err := wire.Encode(privacy.SharedLookup{V: 1, Grantee: m.Partner.Name, ID: privacy.ConsentID(id), Reply: hash})
	return map[string][]byte{privacy.ShareTransient: raw}, err
}

// Clearing gives a document for every function of clearing.
func Clearing(m Members) map[string]any {
	a, b := clearing.PairOf(m.Home.Name, m.Partner.Name)
	operation := points.OperationID(id)
	window := wire.WindowQuery{Currency: currency, Number: never}
	leg := wire.LegQuery{Currency: currency, Window: never, From: m.Home.Name, To: m.Partner.Name}
	incoming := wire.LegQuery{Currency: currency, Window: never, From: m.Partner.Name, To: m.Home.Name}
	ofPair, ofMember := wire.PairCurrencyQuery{A: a, B: b, Currency: currency}, wire.MemberCurrencyQuery{Member: m.Home.Name, Currency: currency}
	step := wire.DisputeStep{Currency: currency, Programme: m.Home.Name, Operation: operation, Member: m.Home.Name}
	documents := map[string]any{
		wire.FnFound:             *m.Founders,
		wire.FnExchange:          wire.Exchange{Home: m.Home.Name, Partner: m.Partner.Name, Lane: 0, Seq: never, Operations: []points.Operation{}},
		wire.FnQuoteExchange:     wire.Exchange{Home: m.Home.Name, Partner: m.Partner.Name, Operations: []points.Operation{}},
		wire.FnProposeAgreement:  wire.PairQuery{A: a, B: b},
		wire.FnAcceptAgreement:   wire.Acceptance{A: a, B: b, Version: int(never), Hash: hash},
		wire.FnMoveSlice:         wire.PairQuery{A: a, B: b},
		wire.FnPropose:           wire.NewProposal{ID: clearing.ProposalID(id)},
		wire.FnVote:              wire.NewBallot{Proposal: clearing.ProposalID(id), Choice: clearing.ChoiceYes},
		wire.FnSubmitReserve:     wire.NewReserve{Statement: clearing.ReserveStatement{Member: m.Home.Name, Currency: currency, Custodian: "bank"}},
		wire.FnCloseMembership:   wire.Closing{Member: m.Home.Name, Hash: hash, Windows: []wire.WindowQuery{{Currency: currency, Number: never}}},
		wire.FnOpenClearing:      wire.CurrencyQuery{Currency: currency},
		wire.FnRollWindow:        wire.Rolling{Currency: currency, Number: never},
		wire.FnDiscloseNet:       wire.NetDisclosure{Currency: currency, Window: never, A: a, B: b, Values: []wire.TallyValues{}},
		wire.FnCloseWindow:       window,
		wire.FnNetWindow:         window,
		wire.FnSignPosition:      wire.PositionSignature{Currency: currency, Window: never, Member: m.Home.Name, Root: hash},
		wire.FnStartSettlement:   window,
		wire.FnPayLeg:            wire.LegPayment{Leg: leg, Reference: "none", Amount: 1},
		wire.FnReceiveLeg:        wire.LegPayment{Leg: incoming, Reference: "none", Amount: 1},
		wire.FnReverseEntry:      wire.EntryReversal{Leg: leg, Reference: "none", Reason: "a test", Member: m.Home.Name},
		wire.FnMarkLate:          incoming,
		wire.FnFinaliseLeg:       incoming,
		wire.FnFileDispute:       dispute(m, operation),
		wire.FnWithdrawDispute:   step,
		wire.FnUpholdDispute:     step,
		wire.FnGetConsortium:     wire.Nothing{},
		wire.FnGetMember:         wire.MemberQuery{Name: m.Home.Name},
		wire.FnGetProposal:       wire.VoteQuery{ID: clearing.ProposalID(id)},
		wire.FnGetCurrencies:     wire.Nothing{},
		wire.FnGetCalendar:       wire.CurrencyQuery{Currency: currency},
		wire.FnGetOpenWindow:     wire.CurrencyQuery{Currency: currency},
		wire.FnGetWindow:         window,
		wire.FnGetWindows:        wire.WindowsQuery{Currency: currency, First: 1, Count: 1},
		wire.FnGetNetting:        window,
		wire.FnGetPosition:       wire.PositionQuery{Currency: currency, Window: never, Member: m.Home.Name},
		wire.FnGetPositions:      window,
		wire.FnGetLeg:            leg,
		wire.FnGetLegs:           window,
		wire.FnGetCap:            ofMember,
		wire.FnGetAllocation:     ofPair,
		wire.FnGetPairBook:       ofPair,
		wire.FnGetPairNets:       wire.PairNetsQuery{A: a, B: b, Currency: currency, Window: never},
		wire.FnGetReserve:        ofMember,
		wire.FnGetCustodian:      wire.CustodianQuery{ID: "bank"},
		wire.FnGetDispute:        wire.DisputeQuery{Currency: currency, Programme: m.Home.Name, Operation: operation},
		wire.FnGetStanding:       ofMember,
		wire.FnGetFinalStatement: wire.MemberQuery{Name: m.Home.Name},
	}
	maps.Copy(documents, pairQueries(a, b, m))
	return documents
}

func pairQueries(a, b string, m Members) map[string]any {
	pair := wire.PairQuery{A: a, B: b}
	return map[string]any{
		wire.FnGetPair:        pair,
		wire.FnGetOffered:     pair,
		wire.FnGetPairLanes:   pair,
		wire.FnGetAgreement:   wire.AgreementQuery{A: a, B: b, Version: 1},
		wire.FnGetTallies:     wire.TalliesQuery{A: a, B: b, Currency: currency, Window: never},
		wire.FnGetLines:       wire.LinesQuery{A: a, B: b, Home: m.Home.Name, MSP: m.Home.MSP, Lane: clearing.CrossLaneFirst, Seq: never},
		wire.FnGetReservation: wire.ReservationQuery{A: a, B: b, Hold: points.OperationID(id)},
	}
}

func dispute(m Members, operation points.OperationID) wire.NewDispute {
	d := wire.NewDispute{Currency: currency, Reason: "a test", Salt: hash}
	d.Evidence.Receipt = points.Receipt{V: 1, Operation: operation, Programme: m.Home.Name, Partner: m.Partner.Name, Window: never}
	d.Evidence.Proof = points.InclusionProof{MSP: m.Home.MSP, Lane: clearing.CrossLaneFirst, Seq: never, Size: 1, Hashes: []string{}}
	return d
}
