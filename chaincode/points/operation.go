package points

import (
	"slices"
	"strings"

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
	Until         int64           `json:"until,omitzero"`    // Unix seconds at which a hold lapses.
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
	KindRedeem:   {must: []string{"points"}, may: []string{"authorisation", "shop"}},
	KindHold:     {must: []string{"points", "until"}, may: []string{"authorisation", "purpose"}},
	KindCapture:  {must: []string{"points", "hold"}, may: []string{"shop"}},
	KindVoid:     {must: []string{"hold"}, may: []string{"authorisation"}},
	KindTransfer: {must: []string{"points", "to"}, may: []string{"authorisation"}},
	KindGift:     {must: []string{"points", "claim"}, may: []string{"authorisation"}},
	KindAccept:   {must: []string{"to", "hold"}, may: []string{"authorisation", "claim"}},
	KindReturn:   {may: []string{"original", "authorisation", "points", "whole", "lines"}},
	KindExpire:   {},
	KindAdjust:   {must: []string{"points", "reason"}},
	KindRekey:    {must: []string{"controller"}, may: []string{"authorisation"}},
	KindRecover:  {must: []string{"controller"}},
	KindVeto:     {may: []string{"authorisation"}},
	KindComplete: {},
	KindFreeze:   {must: []string{"reason"}},
	KindUnfreeze: {must: []string{"reason"}},
	KindClose:    {may: []string{"authorisation", "points"}},
}

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
	if o.To != "" && !isHex(string(o.To), idLength) || o.Hold != "" && !isHex(string(o.Hold), idLength) {
		return fault.New(fault.InvalidValue, "to and hold must be %d lower-case hex digits", idLength)
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
	return o.validateParts()
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
	if o.Original != nil && o.Points != 0 && !o.Original.Receipt.Kind.Redeems() {
		return fault.New(fault.InvalidValue, "a purchase is returned whole, by lines or by amount; points are given for the return of a redemption")
	}
	if o.Original != nil && o.Original.Receipt.Kind.Redeems() && !o.Whole && o.Points == 0 {
		return fault.New(fault.InvalidValue, "the return of a redemption is whole or names points")
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

// Touched lists the accounts an operation reads or writes.
func (o *Operation) Touched() []AccountID {
	if o.To != "" {
		return []AccountID{o.Account, o.To}
	}
	return []AccountID{o.Account}
}

// Reverses names the accrual or redemption whose reversal record the operation reads and writes, if any.
func (o *Operation) Reverses() (OperationID, bool) {
	if o.Kind != KindReturn || o.Original == nil {
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
