package points

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Kind names what an operation does.
type Kind string

// The kinds of operation.
const (
	KindOpen     Kind = "open"     // A new account under a controller.
	KindEarn     Kind = "earn"     // Accrual: points for a purchase, at the rate of the terms in force.
	KindRedeem   Kind = "redeem"   // Redemption: points are burned. A debit.
	KindTransfer Kind = "transfer" // From one account of the programme to another. A debit.
	KindReturn   Kind = "return"   // Points for a returned purchase are taken back; what the account lacks becomes debt.
)

// Kinds lists every kind in a stable order.
func Kinds() []Kind { return []Kind{KindOpen, KindEarn, KindRedeem, KindTransfer, KindReturn} }

// HasPurchase says whether operations of this kind carry the amount of a purchase in their details.
func (k Kind) HasPurchase() bool { return k == KindEarn || k == KindReturn }

// Operation is the public part of what somebody asks for. Which fields a kind has: open has controller; redeem has points and authorisation;
// transfer has to, points and authorisation; return has either original, proof and batch, or (where the terms allow it) authorisation.
type Operation struct {
	ID            OperationID     `json:"id"`
	Kind          Kind            `json:"kind"`
	Account       AccountID       `json:"account"`
	To            AccountID       `json:"to,omitempty"`
	Points        quantity.Points `json:"points,omitzero"`
	Controller    *Controller     `json:"controller,omitempty"`
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

// Details is the private part of an operation, kept in the brand's collection `details`. Strings that an operation doesn't need are empty.
type Details struct {
	Operation   OperationID `json:"operation"`
	AmountMinor int64       `json:"amountMinor"` // Minor units, not negative; of a return: the amount given back.
	Currency    string      `json:"currency"`
	OccurredAt  string      `json:"occurredAt"` // The till's time, RFC 3339.
	Merchant    string      `json:"merchant"`
	Store       string      `json:"store"`
	Terminal    string      `json:"terminal"`
	PlaceSalt   string      `json:"placeSalt"`   // Random; salts the place in the mandate (PlaceHash). Empty without an authorisation.
	Reference   string      `json:"reference"`   // The till's receipt number.
	Challenge   string      `json:"challenge"`   // How a custody customer was authenticated and the challenge's hash, "method:hex".
	Natural     string      `json:"natural"`     // Keyed hashes with which a gateway rebuilds its index: of (member, store, terminal, reference, kind),
	Idempotency string      `json:"idempotency"` // of the caller and its idempotency key,
	Request     string      `json:"request"`     // of the request's body,
	Lookup      string      `json:"lookup"`      // and of the customer's reference, for an opening.
}

// Limits of operations and details.
const (
	MaxTextLength  = 128 // Bytes of each text field of Details.
	MaxProofHashes = 16  // Longest audit path: batches have at most 2^16 leaves.
	idLength       = 32  // Hex digits of an id.
	hashLength     = 64  // Hex digits of a SHA-256 value.
)

// Validate returns INVALID_VALUE or OUT_OF_RANGE when the operation's form is wrong: such a document is refused as a whole, it is not a refusal with a receipt.
func (o *Operation) Validate() error {
	if !isHex(string(o.ID), idLength) || !isHex(string(o.Account), idLength) {
		return fault.New(fault.InvalidValue, "id and account must be %d lower-case hex digits", idLength)
	}
	rule, ok := shapes[o.Kind]
	if !ok {
		return fault.New(fault.InvalidValue, "kind must be one of %v", Kinds())
	}
	return rule(o)
}

var shapes = map[Kind]func(*Operation) error{
	KindOpen: func(o *Operation) error {
		if o.Controller == nil || o.To != "" || o.Points != 0 || o.Authorisation != nil || o.Original != nil {
			return fault.New(fault.InvalidValue, "open takes a controller and nothing else")
		}
		return o.Controller.Validate()
	},
	KindEarn: func(o *Operation) error {
		if o.Controller != nil || o.To != "" || o.Points != 0 || o.Authorisation != nil || o.Original != nil {
			return fault.New(fault.InvalidValue, "earn takes no public fields besides id, kind and account: its points follow from the details")
		}
		return nil
	},
	KindRedeem: func(o *Operation) error {
		if o.Controller != nil || o.To != "" || o.Original != nil {
			return fault.New(fault.InvalidValue, "redeem takes points and an authorisation")
		}
		return validDebit(o)
	},
	KindTransfer: func(o *Operation) error {
		if o.Controller != nil || o.Original != nil {
			return fault.New(fault.InvalidValue, "transfer takes to, points and an authorisation")
		}
		if !isHex(string(o.To), idLength) {
			return fault.New(fault.InvalidValue, "to must be %d lower-case hex digits", idLength)
		}
		return validDebit(o)
	},
	KindReturn: func(o *Operation) error {
		if o.Controller != nil || o.To != "" || o.Points != 0 || (o.Original != nil && o.Authorisation != nil) {
			return fault.New(fault.InvalidValue, "return takes either the original receipt or an authorisation")
		}
		if o.Authorisation != nil {
			return o.Authorisation.validate()
		}
		if o.Original != nil {
			return o.Original.validate()
		}
		return nil
	},
}

func validDebit(o *Operation) error {
	if o.Points <= 0 || o.Points > quantity.MaxPoints {
		return fault.New(fault.OutOfRange, "points must lie between 1 and %d", int64(quantity.MaxPoints))
	}
	if o.Authorisation != nil {
		return o.Authorisation.validate()
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

// Validate returns INVALID_VALUE or OUT_OF_RANGE when a field is too long, the amount is negative, or the time can't be read.
func (d *Details) Validate(k Kind) error {
	for _, s := range []string{d.Merchant, d.Store, d.Terminal, d.PlaceSalt, d.Reference, d.Challenge, d.Natural, d.Idempotency, d.Request, d.Lookup} {
		if len(s) > MaxTextLength {
			return fault.New(fault.InvalidValue, "a text in the details is longer than %d bytes", MaxTextLength)
		}
	}
	if !k.HasPurchase() {
		return nil
	}
	if err := (quantity.Money{Minor: d.AmountMinor, Currency: d.Currency}).Valid(); err != nil {
		return err
	}
	_, err := d.occurredOn()
	return err
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
