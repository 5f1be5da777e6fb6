package sequencer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// maxOperation bounds one operation and its details, in bytes of canonical JSON: every operation must fit a batch of its own.
const maxOperation = 64 << 10

// Random values: ids have 16 bytes, salts 32.
const (
	idBytes   = 16
	saltBytes = 32
)

// Intake is what a caller wants done.
type Intake struct {
	Caller         string            // Whose idempotency key it is.
	IdempotencyKey string            // Empty: only the natural id protects against doing it twice.
	RequestHash    [sha256.Size]byte // Of the request's content: the same for the same content, however it was sent.
	Operation      points.Operation  // Without an id; an opening may be without an account id, too.
	Details        points.Details    // Without Operation, Natural, Idempotency, Request and Lookup, which are filled in here.
	Custody        bool              // A debit that the custodian key signs; its Authorisation is nil.
	Lookup         string            // Of an opening: keyed hash of the customer's reference (fingerprint.Hasher.Lookup); empty without one.
}

// Ticket stands for an operation that has been accepted, now or earlier.
type Ticket struct {
	Operation store.Operation // As it was when this call looked.
	Duplicate bool            // It had been accepted before.
	Done      <-chan struct{} // Closed when its outcome is in the database.
}

// Result is the answer to one Intake: a ticket, or an error with a code.
type Result struct {
	Ticket Ticket
	Err    error
}

// prepared is an intake with everything filled in.
type prepared struct {
	record    store.NewOperation
	operation points.Operation
	details   points.Details
}

// prepare fills an intake in and checks its form: what it lets through, the chaincode takes into a batch.
func (s *Sequencer) prepare(in *Intake) (*prepared, error) {
	p := &prepared{operation: in.Operation, details: in.Details}
	o, d := &p.operation, &p.details
	if o.ID != "" {
		return nil, fault.New(fault.InvalidValue, "the gateway chooses operation ids")
	}
	o.ID = points.OperationID(randomHex(idBytes))
	if o.Kind == points.KindOpen && o.Account == "" {
		o.Account = points.AccountID(randomHex(idBytes))
	}
	if err := checkCustody(in); err != nil {
		return nil, err
	}
	if in.Custody && d.PlaceSalt == "" {
		d.PlaceSalt = randomHex(idBytes)
	}
	d.Operation = o.ID
	d.Natural = s.hasher.Natural(o.Kind, d)
	if o.Kind == points.KindOpen {
		d.Natural = s.hasher.Opening(in.Lookup)
		d.Lookup = in.Lookup
	}
	d.Idempotency = s.hasher.Idempotency(in.Caller, in.IdempotencyKey)
	d.Request = s.hasher.Request(in.RequestHash)
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := d.Validate(o.Kind); err != nil {
		return nil, err
	}
	return p, p.encode(in)
}

func checkCustody(in *Intake) error {
	o := &in.Operation
	if in.Lookup != "" && o.Kind != points.KindOpen {
		return fault.New(fault.InvalidValue, "only an opening takes a lookup")
	}
	if !in.Custody {
		return nil
	}
	debit := o.Kind == points.KindRedeem || o.Kind == points.KindTransfer || o.Kind == points.KindReturn && o.Original == nil
	if !debit || o.Authorisation != nil {
		return fault.New(fault.InvalidValue, "custody signs debits that have no authorisation of their own")
	}
	return nil
}

func (p *prepared) encode(in *Intake) error {
	document, err := wire.Encode(&p.operation)
	if err != nil {
		return err
	}
	details, err := wire.Encode(&p.details)
	if err != nil {
		return err
	}
	if len(document)+len(details) > maxOperation {
		return fault.New(fault.TooLarge, "an operation and its details have at most %d bytes", maxOperation)
	}
	o, d := &p.operation, &p.details
	p.record = store.NewOperation{
		ID: o.ID, Kind: o.Kind, Account: o.Account, To: o.To, Natural: d.Natural, Idempotency: d.Idempotency, Request: d.Request, Lookup: d.Lookup,
		Document: document, Details: details, Custody: in.Custody,
	}
	return nil
}

// match says whether the earlier operation is the same as p, so that it answers for it.
func (p *prepared) match(a *store.Admission) error {
	earlier := &a.Operation
	if a.ByIdempotency {
		if earlier.Request != p.record.Request {
			return fault.New(fault.IdempotencyConflict, "the key was used for another request")
		}
		return nil
	}
	if p.operation.Kind == points.KindOpen {
		return nil // One customer, one account: whatever else the second opening says.
	}
	same, err := p.sameContent(earlier)
	if err != nil {
		return err
	}
	if !same {
		return fault.New(fault.NaturalConflict, "operation %s has this receipt number", earlier.ID)
	}
	return nil
}

// sameContent compares what was asked for, apart from ids, hashes, salts and signatures, which differ from one request to the next.
func (p *prepared) sameContent(earlier *store.Operation) (bool, error) {
	var o points.Operation
	if err := wire.DecodeRecord(earlier.Document, &o); err != nil {
		return false, err
	}
	var d points.Details
	if err := wire.DecodeRecord(earlier.Details, &d); err != nil {
		return false, err
	}
	return contentOf(&o, &d) == contentOf(&p.operation, &p.details), nil
}

// content is what an operation asks for.
type content struct {
	kind     points.Kind
	account  points.AccountID
	to       points.AccountID
	points   int64
	original points.OperationID
	amount   int64
	currency string
	occurred string
}

func contentOf(o *points.Operation, d *points.Details) content {
	c := content{kind: o.Kind, account: o.Account, to: o.To, points: int64(o.Points), amount: d.AmountMinor, currency: d.Currency, occurred: d.OccurredAt}
	if o.Original != nil {
		c.original = o.Original.Receipt.Operation
	}
	return c
}

func randomHex(bytes int) string {
	raw := make([]byte, bytes)
	_, _ = rand.Read(raw) // Never fails: crypto/rand ends the program instead.
	return hex.EncodeToString(raw)
}
