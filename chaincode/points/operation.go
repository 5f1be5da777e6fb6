package points

import (
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Operation is the public part of what somebody asks for. Which fields a kind has to have, and which it can have, is said in shapes.
type Operation struct {
	ID            OperationID     `json:"id"`
	Kind          Kind            `json:"kind"`
	Account       AccountID       `json:"account"`
	To            AccountID       `json:"to,omitempty"`    // The second account: see Receipt.
	Points        quantity.Points `json:"points,omitzero"` // Of an adjustment: negative for a debit. Of a return of a redemption: what comes back. Of a closing: what is forfeited.
	Controller    *Controller     `json:"controller,omitempty"`
	Holder        Holder          `json:"holder,omitempty"`
	Hold          OperationID     `json:"hold,omitempty"`    // The hold captured, voided or accepted.
	Until         int64           `json:"until,omitzero"`    // Unix seconds at which a hold lapses, or a freeze ends.
	Request       OperationID     `json:"request,omitempty"` // Of a freeze: the accepted FreezeRequest that it follows.
	Purpose       Purpose         `json:"purpose,omitempty"` // Of a hold.
	Claim         string          `json:"claim,omitempty"`   // Of a gift: ClaimHash of its code. Of an accrual: keyed hash of the anonymous receipt that is claimed late. 64 hex digits.
	Reason        Reason          `json:"reason,omitempty"`
	Shop          string          `json:"shop,omitempty"`     // Id of the sponsored shop that awards or accepts.
	Whole         bool            `json:"whole,omitzero"`     // Of a return: everything that is left of the original.
	Lines         []int           `json:"lines,omitempty"`    // Of a return: lines of the purchase, counted from 0, ascending.
	Partner       string          `json:"partner,omitempty"`  // Member name of the other brand of a cross-brand operation; of an opt-out: EveryPartner for all.
	Agreement     int             `json:"agreement,omitzero"` // Version of the offer that was quoted; 0 for the one in force.
	Entries       []InboxPlace    `json:"entries,omitempty"`  // Credits that are folded, 1 to MaxFold, each once.
	Authorisation *Authorisation  `json:"authorisation,omitempty"`
	Original      *Original       `json:"original,omitempty"`
}

// Original is the receipt that a return refers to, with the proof that it is in its batch.
type Original struct {
	Receipt Receipt        `json:"receipt"`
	Proof   InclusionProof `json:"proof"`
}

// InclusionProof says where a receipt stands: leaf Index of the RFC 6962 tree of Size leaves whose root is kept under (MSP, Lane, Seq).
type InclusionProof struct {
	MSP    string   `json:"msp"`
	Lane   int      `json:"lane"`
	Seq    int64    `json:"seq"`
	Index  int      `json:"index"`
	Size   int      `json:"size"`
	Hashes []string `json:"hashes"` // Audit path, 64 hex digits each, leaf's sibling first.
}

// Limits of operations.
const (
	MaxProofHashes = 16  // Longest audit path: batches have at most 2^16 leaves.
	MaxLines       = 200 // Lines of a purchase.
	idLength       = 32  // Hex digits of an id.
	hashLength     = 64  // Hex digits of a SHA-256 value.
)

// shape says which fields an operation of a kind must have and which it may have, besides id, kind and account.
type shape struct{ must, may []string }

var shapes = map[Kind]shape{
	KindOpen:     {must: []string{"controller"}, may: []string{"holder"}},
	KindEarn:     {may: []string{"claim", "shop"}}, // Its points follow from the details.
	KindRefer:    {must: []string{"to"}},
	KindRedeem:   {must: []string{"points"}, may: []string{"authorisation", "shop", "partner", "agreement"}},
	KindHold:     {must: []string{"points", "until"}, may: []string{"authorisation", "purpose", "partner", "agreement"}},
	KindCapture:  {must: []string{"points", "hold"}, may: []string{"shop", "partner"}},
	KindVoid:     {must: []string{"hold"}, may: []string{"authorisation", "partner"}},
	KindTransfer: {must: []string{"points", "to"}, may: []string{"authorisation"}},
	KindGift:     {must: []string{"points", "claim"}, may: []string{"authorisation"}},
	KindAccept:   {must: []string{"to", "hold"}, may: []string{"authorisation", "claim"}},
	KindReturn:   {may: []string{"original", "authorisation", "points", "whole", "lines", "partner"}},
	KindExpire:   {},
	KindAdjust:   {must: []string{"points", "reason"}},
	KindRekey:    {must: []string{"controller"}, may: []string{"authorisation"}},
	KindRecover:  {must: []string{"controller"}},
	KindVeto:     {may: []string{"authorisation"}},
	KindComplete: {},
	KindFreeze:   {must: []string{"reason"}, may: []string{"until", "request"}},
	KindUnfreeze: {must: []string{"reason"}},
	KindClose:    {may: []string{"authorisation", "points"}},
	KindAward:    {must: []string{"points", "partner"}, may: []string{"agreement"}},
	KindSwap:     {must: []string{"points", "to", "partner"}, may: []string{"agreement", "authorisation"}},
	KindFold:     {must: []string{"entries"}},
	KindRefund:   {must: []string{"original", "partner"}},
	KindOptOut:   {must: []string{"partner"}, may: []string{"authorisation"}},
	KindOptIn:    {must: []string{"partner"}, may: []string{"authorisation"}},
} // A deposit is no document: see Book.Deposit.

// fields lists the fields that are set, besides id, kind and account.
func (o *Operation) fields() []string {
	var set []string
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"to", o.To != ""}, {"points", o.Points != 0}, {"controller", o.Controller != nil}, {"holder", o.Holder != ""}, {"hold", o.Hold != ""},
		{"until", o.Until != 0}, {"purpose", o.Purpose != ""}, {"claim", o.Claim != ""}, {"reason", o.Reason != ""}, {"shop", o.Shop != ""},
		{"whole", o.Whole}, {"lines", len(o.Lines) > 0}, {"authorisation", o.Authorisation != nil}, {"original", o.Original != nil},
		{"partner", o.Partner != ""}, {"agreement", o.Agreement != 0}, {"entries", len(o.Entries) > 0}, {"request", o.Request != ""},
	} {
		if f.set {
			set = append(set, f.name)
		}
	}
	return set
}

// Validate returns INVALID_VALUE or OUT_OF_RANGE when the operation's form is wrong: such a document is refused as a whole, it is not a refusal with a receipt.
func (o *Operation) Validate() error {
	if !isHex(string(o.ID), idLength) || !isHex(string(o.Account), idLength) {
		return fault.New(fault.InvalidValue, "id and account must be %d lower-case hex digits", idLength)
	}
	rule, ok := shapes[o.Kind]
	if !ok {
		return fault.New(fault.InvalidValue, "kind must be one of %v", Kinds())
	}
	set := o.fields()
	for _, name := range rule.must {
		if !slices.Contains(set, name) {
			return fault.New(fault.InvalidValue, "%s needs %s", o.Kind, strings.Join(rule.must, ", "))
		}
	}
	for _, name := range set {
		if !slices.Contains(rule.must, name) && !slices.Contains(rule.may, name) {
			return fault.New(fault.InvalidValue, "%s has no %s", o.Kind, name)
		}
	}
	if err := o.validateFields(); err != nil {
		return err
	}
	return o.validateReturn()
}

func (o *Operation) validateFields() error {
	for _, id := range []string{string(o.To), string(o.Hold), string(o.Request)} {
		if id != "" && !isHex(id, idLength) {
			return fault.New(fault.InvalidValue, "to, hold and request must be %d lower-case hex digits", idLength)
		}
	}
	least := quantity.Points(0)
	if o.Kind == KindAdjust {
		least = -quantity.MaxPoints
	}
	if o.Points < least || o.Points > quantity.MaxPoints {
		return fault.New(fault.OutOfRange, "points must lie between 1 and %d", int64(quantity.MaxPoints))
	}
	if o.Claim != "" && !isHex(o.Claim, hashLength) {
		return fault.New(fault.InvalidValue, "claim must be %d lower-case hex digits", hashLength)
	}
	if o.Holder != HolderCustomer && o.Holder != HolderMerchant {
		return fault.New(fault.InvalidValue, "holder must be %s, or left out for a customer", HolderMerchant)
	}
	if o.Purpose != PurposeRedemption && o.Purpose != PurposeAllowance {
		return fault.New(fault.InvalidValue, "purpose must be %s, or left out for a redemption", PurposeAllowance)
	}
	if o.Reason != "" && !slices.Contains(Reasons(), o.Reason) {
		return fault.New(fault.InvalidValue, "reason must be one of %v", Reasons())
	}
	if o.Shop != "" && !ValidShopID(o.Shop) {
		return fault.New(fault.InvalidValue, "shop must be %d to %d lower-case letters, digits and hyphens", MinShopID, MaxShopID)
	}
	if o.Until < 0 {
		return fault.New(fault.InvalidValue, "until is a time in Unix seconds")
	}
	if err := o.validateCrossing(); err != nil {
		return err
	}
	return o.validateParts()
}

// validateCrossing checks what an operation says of a partner, and of credits that wait.
func (o *Operation) validateCrossing() error {
	all := o.Kind.ChoosesPartners() && o.Partner == clearing.EveryPartner
	if o.Partner != "" && !all && !clearing.ValidName(o.Partner) {
		return fault.New(fault.InvalidValue, "partner must be the name of a member; optout and optin take %s for all of them", clearing.EveryPartner)
	}
	if o.Partner != "" && o.Shop != "" {
		return fault.New(fault.InvalidValue, "a sponsored shop is the programme's own: it takes part in no operation at a partner")
	}
	if o.Agreement < 0 || o.Agreement > clearing.MaxVersion || o.Agreement != 0 && o.Partner == "" {
		return fault.New(fault.InvalidValue, "agreement is a version of 1 to %d of the partner's offer, or left out for the one in force", clearing.MaxVersion)
	}
	if len(o.Entries) > MaxFold {
		return fault.New(fault.TooLarge, "at most %d credits are folded at once", MaxFold)
	}
	for i, e := range o.Entries {
		if !e.valid() || slices.Contains(o.Entries[:i], e) {
			return fault.New(fault.InvalidValue, "entries need msp, lane >= 0, seq >= 1 and n >= 0, each entry once")
		}
	}
	return nil
}

func (o *Operation) validateParts() error {
	if o.Controller != nil {
		if err := o.Controller.Validate(); err != nil {
			return err
		}
		if err := o.Controller.validateFirst(); err != nil && o.Kind == KindOpen {
			return err
		}
	}
	if o.Authorisation != nil {
		if err := o.Authorisation.validate(); err != nil {
			return err
		}
	}
	if o.Original != nil {
		return o.Original.validate()
	}
	return nil
}

// validateReturn checks that a return says in one way how much is returned: the whole, lines of a purchase, points of a redemption, or (with none of them) an amount in its details.
func (o *Operation) validateReturn() error {
	if o.Kind != KindReturn {
		return nil
	}
	ways := 0
	for _, set := range []bool{o.Whole, len(o.Lines) > 0, o.Points != 0} {
		if set {
			ways++
		}
	}
	if o.Original == nil && ways > 0 {
		return fault.New(fault.InvalidValue, "a return without the original receipt is by the amount in its details")
	}
	if o.Original != nil && o.Authorisation != nil {
		return fault.New(fault.InvalidValue, "return takes either the original receipt or an authorisation")
	}
	if ways > 1 {
		return fault.New(fault.InvalidValue, "a return is whole, by lines, by points, or by amount")
	}
	if o.Original != nil && o.Points != 0 && !o.Original.Receipt.Kind.returnedByPoints() {
		return fault.New(fault.InvalidValue, "a purchase is returned whole, by lines or by amount; points are given for the return of a redemption, an award or a deposit")
	}
	if o.Original != nil && o.Original.Receipt.Kind.returnedByPoints() && !o.Whole && o.Points == 0 {
		return fault.New(fault.InvalidValue, "the return of a redemption, an award or a deposit is whole or names points")
	}
	if len(o.Lines) > MaxLines {
		return fault.New(fault.TooLarge, "a purchase has at most %d lines", MaxLines)
	}
	for i, n := range o.Lines {
		if n < 0 || n >= MaxLines || i > 0 && n <= o.Lines[i-1] {
			return fault.New(fault.InvalidValue, "lines are counted from 0, below %d, ascending", MaxLines)
		}
	}
	return nil
}

func (o *Original) validate() error {
	if err := o.Receipt.Operation.Validate(); err != nil {
		return err
	}
	p := o.Proof
	if !ValidMSP(p.MSP) {
		return fault.New(fault.InvalidValue, "the proof's msp must be 1 to %d letters and digits", maxMSPLength)
	}
	if p.Index < 0 || p.Index >= p.Size || p.Lane < 0 || p.Seq < 1 || len(p.Hashes) > MaxProofHashes {
		return fault.New(fault.InvalidValue, "the proof needs 0 <= index < size, lane >= 0, seq >= 1 and at most %d hashes", MaxProofHashes)
	}
	for _, h := range p.Hashes {
		if !isHex(h, hashLength) {
			return fault.New(fault.InvalidValue, "hashes must be %d lower-case hex digits each", hashLength)
		}
	}
	return nil
}

// Touched lists the accounts an operation reads or writes: those of the programme. A swap's receiver is another programme's, and a credit to an inbox touches nobody.
func (o *Operation) Touched() []AccountID {
	switch {
	case o.Kind.Blind():
		return nil
	case o.To != "" && o.Kind != KindSwap:
		return []AccountID{o.Account, o.To}
	default:
		return []AccountID{o.Account}
	}
}

// Exists lists the accounts of which an operation needs to know that they exist, and nothing else: see Book.Exists. A swap's is the partner programme's.
func (o *Operation) Exists() []AccountID {
	switch {
	case o.Kind.Blind():
		return []AccountID{o.Account}
	case o.Kind == KindSwap:
		return []AccountID{o.To}
	default:
		return nil
	}
}

// Reverses names the operation whose reversal record this one reads and writes, if any.
func (o *Operation) Reverses() (OperationID, bool) {
	if o.Kind != KindReturn && o.Kind != KindRefund || o.Original == nil {
		return "", false
	}
	return o.Original.Receipt.Operation, true
}

// Validate returns INVALID_VALUE unless the id has its form.
func (id AccountID) Validate() error {
	if !isHex(string(id), idLength) {
		return fault.New(fault.InvalidValue, "an account id has %d lower-case hex digits", idLength)
	}
	return nil
}

// Validate returns INVALID_VALUE unless the id has its form.
func (id OperationID) Validate() error {
	if !isHex(string(id), idLength) {
		return fault.New(fault.InvalidValue, "an operation id has %d lower-case hex digits", idLength)
	}
	return nil
}

// maxMSPLength bounds an MSP id where one goes into a key.
const maxMSPLength = 64

// ValidMSP says whether s can be an MSP id within a state key: letters and digits only.
func ValidMSP(s string) bool {
	if s == "" || len(s) > maxMSPLength {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
