package engine

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
)

// The objects of the ledger's state. Every state key is a composite key of Fabric's form, and every one is built here.
const (
	ObjectProgramme  = "programme"
	ObjectAccount    = "account"
	ObjectExists     = "exists"
	ObjectLane       = "lane"
	ObjectBatch      = "batch"
	ObjectReversal   = "reversal"
	ObjectDetails    = "details"
	ObjectConsortium = "consortium"
	ObjectTerms      = "terms"
	ObjectRuleSet    = "ruleset"
	ObjectPrices     = "prices"
	ObjectShop       = "shop"
	ObjectApproval   = "approval"
	ObjectClaim      = "claim"
	ObjectFreeze     = "freeze"
	ObjectFreezes    = "freezes"
	ObjectObjection  = "objection"
	ObjectWindow     = "window"
	ObjectCurrencies = "currencies"
	ObjectCalendar   = "calendar"
	ObjectVote       = "vote"
	ObjectCap        = "cap"
	ObjectPairBook   = "pairbook"
	ObjectPairNets   = "pairnets"
	ObjectNetting    = "netting"
	ObjectDeferred   = "deferred"
	ObjectPosition   = "position"
	ObjectLeg        = "leg"
	ObjectStanding   = "standing"
	ObjectDispute    = "dispute"
	ObjectCustodian  = "custodian"
	ObjectAttested   = "attested"
	ObjectFinal      = "final"
	ObjectAllocation = "allocation"
	ObjectTally      = "tally"
	ObjectPartner    = "partner"
	ObjectOffer      = "offer"
	ObjectInbox      = "inbox"
	ObjectOptOut     = "optout"
	ObjectPair       = "pair"
	ObjectAgreement  = "agreement"
	ObjectProposed   = "proposed"
	ObjectLines      = "lines"
	ObjectPairLane   = "pairlane"
	ObjectGross      = "gross"
	ObjectReserve    = "reserve"

	ObjectDataPolicies = "datapolicies"
	ObjectDataPolicy   = "datapolicy"
	ObjectConsent      = "consent"
	ObjectErasures     = "erasures"
	ObjectEntry        = "entry"
	ObjectConsentBody  = "consentbody"
	ObjectShare        = "share"
)

const separator = "\x00"

// ProgrammeKey holds the Programme of a points namespace.
func ProgrammeKey() string { return compose(ObjectProgramme) }

// AccountKey holds an Account.
func AccountKey(id points.AccountID) string { return compose(ObjectAccount, string(id)) }

// ExistsKey marks that an account exists; immutable, read where only existence matters.
func ExistsKey(id points.AccountID) string { return compose(ObjectExists, string(id)) }

// LaneKey holds a Lane: lane n of the submitter with this MSP id.
func LaneKey(msp string, n int) string { return compose(ObjectLane, msp, laneNumber(n)) }

// BatchKey holds a Batch.
func BatchKey(msp string, lane int, seq int64) string {
	return compose(ObjectBatch, msp, laneNumber(lane), sequence(seq))
}

// ReversalKey holds a Reversal: what was taken back of one accrual.
func ReversalKey(id points.OperationID) string { return compose(ObjectReversal, string(id)) }

// TermsKey holds a version of the terms with its prose.
func TermsKey(version int) string { return compose(ObjectTerms, versionNumber(version)) }

// RuleSetKey holds a version of the rule set.
func RuleSetKey(version int) string { return compose(ObjectRuleSet, versionNumber(version)) }

// PricesKey holds a version of the price list.
func PricesKey(version int) string { return compose(ObjectPrices, versionNumber(version)) }

// ShopKey holds a sponsored shop.
func ShopKey(id string) string { return compose(ObjectShop, id) }

// ApprovalKey holds another organisation's approval of one operation.
func ApprovalKey(id points.OperationID) string { return compose(ObjectApproval, string(id)) }

// FreezeKey holds a brand's request to freeze an account.
func FreezeKey(id points.OperationID) string { return compose(ObjectFreeze, string(id)) }

// OpenFreezesKey holds the requests of one brand to freeze accounts that wait for the issuer.
func OpenFreezesKey(msp string) string { return compose(ObjectFreezes, msp) }

// ObjectionKey holds a customer's objection to what was decided about an account.
func ObjectionKey(id points.OperationID) string { return compose(ObjectObjection, string(id)) }

// ClaimKey marks that an anonymous receipt was claimed, by its keyed hash.
func ClaimKey(hash string) string { return compose(ObjectClaim, hash) }

// DetailsKey holds the private details of one batch, in CollectionDetails.
func DetailsKey(msp string, lane int, seq int64) string {
	return compose(ObjectDetails, msp, laneNumber(lane), sequence(seq))
}

// ConsortiumKey holds the Consortium, in the clearing namespace.
func ConsortiumKey() string { return compose(ObjectConsortium) }

// WindowPointerKey holds the WindowPointer of a currency.
func WindowPointerKey(currency string) string { return compose(ObjectWindow, currency) }

// WindowKey holds a Window.
func WindowKey(currency string, number int64) string {
	return compose(ObjectWindow, currency, windowNumber(number))
}

// AllocationKey holds the Allocation of a pair, given by name in either order, in one currency.
func AllocationKey(a, b, currency string) string {
	return compose(ObjectAllocation, min(a, b), max(a, b), currency)
}

// TallyKey holds, in the pair's collection, the Tally of one lane in one window.
func TallyKey(currency string, window int64, msp string, lane int) string {
	return compose(ObjectTally, currency, windowNumber(window), msp, laneNumber(lane))
}

// PartnerKey holds, in a points namespace, the Partner: what the programme's customers get at another brand.
func PartnerKey(brand string) string { return compose(ObjectPartner, brand) }

// OfferKey holds one version of what the programme's customers get at another brand.
func OfferKey(brand string, version int) string {
	return compose(ObjectOffer, brand, versionNumber(version))
}

// InboxKey holds a credit that waits for an account.
func InboxKey(id points.AccountID, p points.InboxPlace) string {
	return compose(ObjectInbox, string(id), p.MSP, laneNumber(p.Lane), sequence(p.Seq), laneNumber(p.N))
}

// OptOutKey says which partners an account's customer wants nothing to do with.
func OptOutKey(id points.AccountID) string { return compose(ObjectOptOut, string(id)) }

// CurrenciesKey holds the currencies in which windows were opened.
func CurrenciesKey() string { return compose(ObjectCurrencies) }

// CalendarKey holds the Calendar of a currency, once the brands have voted one.
func CalendarKey(currency string) string { return compose(ObjectCalendar, currency) }

// VoteKey holds a Proposal.
func VoteKey(id clearing.ProposalID) string { return compose(ObjectVote, string(id)) }

// CapKey holds a member's Cap.
func CapKey(member, currency string) string { return compose(ObjectCap, member, currency) }

// PairBookKey holds the PairBook of a pair, given by name in either order.
func PairBookKey(a, b, currency string) string {
	return compose(ObjectPairBook, min(a, b), max(a, b), currency)
}

// PairNetsKey holds what of a pair goes into the netting of a window.
func PairNetsKey(currency string, window int64, a, b string) string {
	return compose(ObjectPairNets, currency, windowNumber(window), min(a, b), max(a, b))
}

// NettingKey holds the result of netting a window.
func NettingKey(currency string, window int64) string {
	return compose(ObjectNetting, currency, windowNumber(window))
}

// DeferredKey holds what votes deferred since the last netting.
func DeferredKey(currency string) string { return compose(ObjectDeferred, currency) }

// PositionKey holds a member's Position of a window.
func PositionKey(currency string, window int64, member string) string {
	return compose(ObjectPosition, currency, windowNumber(window), member)
}

// LegKey holds a Leg of a window.
func LegKey(currency string, window int64, from, to string) string {
	return compose(ObjectLeg, currency, windowNumber(window), from, to)
}

// StandingKey holds a member's Standing.
func StandingKey(member, currency string) string { return compose(ObjectStanding, member, currency) }

// DisputeKey holds a Dispute.
func DisputeKey(currency, programme string, id points.OperationID) string {
	return compose(ObjectDispute, currency, programme, string(id))
}

// CustodianKey holds a reserve custodian's record.
func CustodianKey(id string) string { return compose(ObjectCustodian, id) }

// AttestedKey holds a member's Reserve: what a custodian attested of it.
func AttestedKey(member, currency string) string { return compose(ObjectAttested, member, currency) }

// FinalStatementKey holds the FinalStatement of a member that has gone.
func FinalStatementKey(member string) string { return compose(ObjectFinal, member) }

// DataPoliciesKey holds the Policies of a programme: what versions there are.
func DataPoliciesKey() string { return compose(ObjectDataPolicies) }

// DataPolicyKey holds a version of the data policy with its prose.
func DataPolicyKey(version int) string { return compose(ObjectDataPolicy, versionNumber(version)) }

// ConsentKey holds a consent's public record.
func ConsentKey(id privacy.ConsentID) string { return compose(ObjectConsent, string(id)) }

// ErasuresKey holds the evidence of erasures.
func ErasuresKey(id privacy.ErasureID) string { return compose(ObjectErasures, string(id)) }

// EntryKey holds an Entry of the vault, in CollectionCustomers.
func EntryKey(k privacy.EntryKey) string { return compose(ObjectEntry, string(k)) }

// ConsentBodyKey holds, in a shared collection, the SharedBody of a consent.
func ConsentBodyKey(id privacy.ConsentID) string { return compose(ObjectConsentBody, string(id)) }

// ShareKey holds, in a shared collection, the copy of an Entry under a consent.
func ShareKey(id privacy.ConsentID, k privacy.EntryKey) string {
	return compose(ObjectShare, string(id), string(k))
}

// The following keys stand in a pair's collection of the clearing namespace.

// PairKey holds the PairRecord.
func PairKey() string { return compose(ObjectPair) }

// AgreementKey holds a version of the Agreement.
func AgreementKey(version int) string { return compose(ObjectAgreement, versionNumber(version)) }

// ProposedKey holds the AgreementProposal that waits for the other member.
func ProposedKey() string { return compose(ObjectProposed) }

// LinesKey holds the PairLines of one cross-brand batch.
func LinesKey(home, msp string, lane int, seq int64) string {
	return compose(ObjectLines, home, msp, laneNumber(lane), sequence(seq))
}

// PairLaneKey holds what one lane of the pair may and does owe.
func PairLaneKey(msp string, lane int) string { return compose(ObjectPairLane, msp, laneNumber(lane)) }

// GrossKey holds what one lane booked in one window, in each direction.
func GrossKey(currency string, window int64, msp string, lane int) string {
	return compose(ObjectGross, currency, windowNumber(window), msp, laneNumber(lane))
}

// ReserveKey holds what an open hold keeps of the pair's limits.
func ReserveKey(hold points.OperationID) string { return compose(ObjectReserve, string(hold)) }

// Key holds the record of an object under these attributes, as ParseKey takes a key apart.
func Key(object string, attributes ...string) string {
	return compose(append([]string{object}, attributes...)...)
}

// ParseKey takes a composite key apart; INVALID_VALUE when it is none.
func ParseKey(key string) (object string, attributes []string, err error) {
	if len(key) < 3 || !strings.HasPrefix(key, separator) || !strings.HasSuffix(key, separator) {
		return "", nil, fault.New(fault.InvalidValue, "not a composite key")
	}
	parts := strings.Split(key[1:len(key)-1], separator)
	return parts[0], parts[1:], nil
}

// ReadableKey gives a composite key in a form for people: object/attribute/attribute.
func ReadableKey(key string) string {
	object, attributes, err := ParseKey(key)
	if err != nil {
		return strconv.Quote(key)
	}
	return strings.Join(append([]string{object}, attributes...), "/")
}

// compose builds Fabric's composite key: U+0000, then each part followed by U+0000. Parts are ours or were validated, so none contains U+0000 or U+10FFFF.
func compose(parts ...string) string { return separator + strings.Join(parts, separator) + separator }

func versionNumber(n int) string { return fmt.Sprintf("%04d", n) }

// laneNumber and sequence are padded so that keys sort as numbers do.
func laneNumber(n int) string { return fmt.Sprintf("%04d", n) }

func windowNumber(n int64) string { return fmt.Sprintf("%09d", n) }

func sequence(seq int64) string { return fmt.Sprintf("%019d", seq) }
