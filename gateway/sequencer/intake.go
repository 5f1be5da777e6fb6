package sequencer

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/store"
)

// maxOperation bounds one operation and its details, in bytes of canonical JSON: every operation must fit a batch of its own.
const maxOperation = 64 << 10

// Random values: ids have 16 bytes, salts 32.
const (
	idBytes     = 16
	secondBytes = 4 // Of an operation's id: Unix seconds, good until 2106.
	saltBytes   = 32
)

// Intake is what a caller wants done.
type Intake struct {
	Caller         string            // Whose idempotency key it is.
	IdempotencyKey string            // Empty: only the natural id protects against doing it twice.
	RequestHash    [sha256.Size]byte // Of the request's content: the same for the same content, however it was sent.
	Operation      points.Operation  // Without an id, unless it was approved under one; an opening may be without an account id, too.
	Details        points.Details    // Without Operation, Natural, Idempotency, Request and Lookup, which are filled in here.
	Custody        bool              // The custodian key signs it; its Authorisation is nil.
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

// prepare is fillIn for an intake that is to be recorded: its route is open, and whoever has to approve it has.
func (s *Sequencer) prepare(ctx context.Context, in *Intake) (*prepared, error) {
	p, err := s.fillIn(ctx, in)
	if err != nil {
		return nil, err
	}
	if _, err := s.passable(partnerOf(&p.operation)); err != nil {
		return nil, err
	}
	return p, s.checkApproval(ctx, &p.operation)
}

// fillIn fills an intake in and checks its form: what it lets through, the chaincode takes into a batch.
func (s *Sequencer) fillIn(ctx context.Context, in *Intake) (*prepared, error) {
	p := &prepared{operation: in.Operation, details: in.Details}
	if err := p.identify(s.now()); err != nil {
		return nil, err
	}
	if err := s.checkCustody(in); err != nil {
		return nil, err
	}
	o, d := &p.operation, &p.details
	if in.Custody && d.PlaceSalt == "" {
		d.PlaceSalt = random.Hex(idBytes)
	}
	if err := s.recall(ctx, o, d); err != nil {
		return nil, err
	}
	d.Operation = o.ID
	d.Natural = s.hasher.NaturalOf(s.settings.Programme, o, d)
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
	return p, p.encode(s.settings.Programme, in)
}

// identify gives the operation an id, and an opening an account id. What another organisation has approved comes under the id that it has approved.
func (p *prepared) identify(now time.Time) error {
	o := &p.operation
	if o.Kind.NeedsApproval() != (o.ID != "") {
		return fault.New(fault.InvalidValue, "an operation that was approved has the id under which it was; the gateway chooses the ids of all others")
	}
	if o.ID == "" {
		o.ID = operationID(now)
	}
	if o.Kind == points.KindOpen && o.Account == "" {
		o.Account = points.AccountID(random.Hex(idBytes))
	}
	return nil
}

// checkApproval refuses with APPROVAL_MISSING what nobody has approved exactly as it is: nothing is recorded, and it can come again when somebody has. On the ledger it would
// be refused for good, and its id and the approval would be lost.
func (s *Sequencer) checkApproval(ctx context.Context, o *points.Operation) error {
	if !o.Kind.NeedsApproval() {
		return nil
	}
	raw, err := s.settings.Records.Record(ctx, s.settings.Programme, engine.ObjectApproval, string(o.ID))
	if fault.CodeOf(err) == fault.NotFound {
		return fault.New(fault.ApprovalMissing, "no other organisation has approved operation %s yet", o.ID)
	}
	if err != nil {
		return err
	}
	var approval points.Approval
	if err := wire.DecodeRecord(raw, &approval); err != nil {
		return err
	}
	if s.now().Unix() > approval.At+points.ApprovalSeconds {
		return fault.New(fault.ApprovalMissing, "the approval of operation %s has lapsed: prepare it again", o.ID)
	}
	digest, err := wire.Hash(o)
	if err == nil && digest != approval.Digest {
		return fault.New(fault.ApprovalMissing, "what was approved as operation %s says something else", o.ID)
	}
	return err
}

func (s *Sequencer) checkCustody(in *Intake) error {
	o := &in.Operation
	if in.Custody && s.settings.Signer == nil {
		return fault.New(fault.InvalidValue, "customers of %s are in custody there: this gateway can't sign for them", s.settings.Programme)
	}
	if in.Lookup != "" && o.Kind != points.KindOpen {
		return fault.New(fault.InvalidValue, "only an opening takes a lookup")
	}
	if in.Custody && (!custodySigns(o) || o.Authorisation != nil) {
		return fault.New(fault.InvalidValue, "custody signs what takes an authorisation and has none of its own")
	}
	return nil
}

func (p *prepared) encode(programme string, in *Intake) error {
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
		ID: o.ID, Kind: o.Kind, Programme: programme, Partner: partnerOf(o), Account: o.Account, To: o.To, Shop: o.Shop,
		Natural: d.Natural, Idempotency: d.Idempotency, Request: d.Request, Lookup: d.Lookup,
		Document: document, Details: details, Custody: in.Custody,
	}
	return nil
}

// operationID draws an id that begins with the second in which it was drawn: operations that are accepted together stand together in every database's index,
// so that a batch changes a few of its pages and not one for each operation. The other 96 bits are random, and the second is no news: blocks tell it anyway.
func operationID(now time.Time) points.OperationID {
	return points.OperationID(fmt.Sprintf("%08x", uint32(now.Unix())) + random.Hex(idBytes-secondBytes))
}

// DrawnAt is when an operation's id says that it was drawn; the zero time for what isn't drawn by a gateway.
func DrawnAt(id points.OperationID) time.Time {
	if len(id) != 2*idBytes {
		return time.Time{}
	}
	second, err := strconv.ParseUint(string(id[:2*secondBytes]), 16, 32)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(int64(second), 0)
}

// partnerOf is the other brand of a cross-brand operation; empty for one that takes place at home.
func partnerOf(o *points.Operation) string {
	if o.Kind.ChoosesPartners() {
		return ""
	}
	return o.Partner
}
