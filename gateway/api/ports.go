package api

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sequencer"
	"github.com/tallystick/tallystick/gateway/store"
)

// Recorder takes operations durably and sees them to the ledger: the sequencer.
type Recorder interface {
	// AcceptAll records operations, each with its own answer in the same order.
	AcceptAll(ctx context.Context, all []sequencer.Intake) []sequencer.Result
	// Find gives what was recorded here before under the intake's idempotency key or natural id, and whether anything was; the errors are those of AcceptAll.
	Find(ctx context.Context, in *sequencer.Intake) (sequencer.Ticket, bool, error)
	// Sent gives what was recorded here before under a caller's idempotency key, whatever was asked for by it, and whether anything was.
	Sent(ctx context.Context, caller, key string) (store.Operation, bool, error)
	// Started returns NOT_READY before the ledger's past is known here: until then an account that is there would be taken for unknown.
	Started() error
}

// PartnerRecorder is a Recorder of a programme that another gateway sequences: what it takes, it brings to the ledger in small batches of this member's own.
type PartnerRecorder interface {
	Recorder
	// PassOn notes durably that signed intakes are sent to the issuer. A result with a ticket was recorded here before: it is not to be sent.
	PassOn(ctx context.Context, all []sequencer.Intake) []sequencer.Result
	// AcceptPassedOn is AcceptAll for what was passed on and not answered. ISSUER_UNAVAILABLE when the issuer may have the same under another signature.
	AcceptPassedOn(ctx context.Context, all []sequencer.Intake) []sequencer.Result
}

// Issuer is the gateway that sequences another programme: partners.Client. Bodies are those of this API in JSON. Errors are coded: ISSUER_UNAVAILABLE when the gateway wasn't
// reached, gave no answer or can't take anything now; it may have taken what it was sent all the same.
type Issuer interface {
	// Submit sends a BulkRequest and gives the BulkResponse; the issuer waits up to wait for receipts.
	Submit(ctx context.Context, bulk []byte, wait time.Duration) ([]byte, error)
	// Operation gives the Operation of this id; NOT_FOUND when the issuer knows none in which this member has part.
	Operation(ctx context.Context, id points.OperationID) ([]byte, error)
}

// ReadModel answers from the read model: store.Reads.
type ReadModel interface {
	Account(ctx context.Context, id points.AccountID) (store.Position, error)
	Operation(ctx context.Context, id points.OperationID) (store.Known, error)
	Operations(ctx context.Context, ids []points.OperationID) (map[points.OperationID]store.Known, error)
	Receipt(ctx context.Context, id points.OperationID) (store.Committed, error)
	History(ctx context.Context, id points.AccountID, after *store.Cursor, limit int) ([]store.Entry, *store.Cursor, error)
	Senders(ctx context.Context, to []points.AccountID, now int64, after *store.SenderPlace, limit int) ([]store.Position, *store.SenderPlace, error)
	Lookups(ctx context.Context, lookups []string) (map[string]points.AccountID, error)
	Programmes(ctx context.Context) ([]points.Programme, error)
	Programme(ctx context.Context, name string) (points.Programme, error)
	Totals(ctx context.Context, programme string) (points.Totals, error)
	Record(ctx context.Context, programme, object, id string) ([]byte, error)
	Disclosed(ctx context.Context, operation points.OperationID) (*points.Disclosed, error)
	Records(ctx context.Context, programme, object, after string, limit int) ([]store.Record, error)
	// SharedWith gives a page of the consents to a grantee that are in force.
	SharedWith(ctx context.Context, programme, grantee string, now int64, after privacy.ConsentID, limit int) ([]privacy.Consent, error)
	StatementBook(ctx context.Context, programme string, from quantity.Day) (*statement.Book, statement.Value, error)
	Events(ctx context.Context, programme string, limit int) ([]rules.DatedEvent, error)
	Block(ctx context.Context) (int64, error)
	// ReceiptIn is Receipt in one programme: a swap and the deposit that it makes in the partner's programme have one id.
	ReceiptIn(ctx context.Context, programme string, id points.OperationID) (store.Committed, error)
	// Document is an operation of this gateway's outbox as it was recorded; NOT_FOUND when it isn't there.
	Document(ctx context.Context, id points.OperationID) (points.Operation, error)
}

// Hasher makes keyed hashes with the gateway's secret: fingerprint.Hasher.
type Hasher interface {
	// Lookup is the hash under which a customer's reference is known.
	Lookup(reference string) string
	// Claim is the hash under which an anonymous receipt can be claimed once.
	Claim(merchant, store, terminal, number string) string
	// Idempotency is the name under which a caller's key is known to other gateways.
	Idempotency(caller, key string) string
	// NaturalOf is the name under which an operation of a programme is known by its till receipt; empty without one.
	NaturalOf(programme string, o *points.Operation, d *points.Details) string
	// ClaimCode is the code of a gift that a caller sends under an idempotency key.
	ClaimCode(caller, key string) string
	// Device is what a wallet is known by, Terminal what a till is, zero for none.
	Device(parts ...string) [16]byte
	Terminal(d *points.Details) [16]byte
}

// Administrator changes the gateway's own programme: the ledger facade with the operator's identity. Every call returns once it is committed, and is safe to repeat.
type Administrator interface {
	// AdvanceBusinessDate returns once the new date is committed; DATE_NOT_ALLOWED when the programme doesn't allow it.
	AdvanceBusinessDate(ctx context.Context, day quantity.Day) error
	// Programme reads the programme's record from the ledger itself.
	Programme(ctx context.Context) (points.Programme, error)
	// ActivateEngine makes a newer version of the domain's behaviour the programme's; asking for the active one changes nothing. INVALID_VALUE.
	ActivateEngine(ctx context.Context, version int) (points.Programme, error)
	PublishTerms(ctx context.Context, doc wire.NewTerms) (wire.Published, error)
	PublishRuleSet(ctx context.Context, doc wire.NewRuleSet) (wire.Published, error)
	PublishPrices(ctx context.Context, doc wire.NewPrices) (wire.Published, error)
	RotateCustodian(ctx context.Context, doc wire.NewCustodian) (points.CustodianKey, error)
	PutShop(ctx context.Context, doc wire.NewShop) (points.Shop, error)
	PublishDataPolicy(ctx context.Context, doc privacy.Policy) (wire.Published, error)
}

// Approver gives the own brand's consent to operations of other programmes: the ledger facade with the operator's identity.
type Approver interface {
	// Approve returns once the approval is committed; ALREADY_EXISTS when another operation was approved under the id, or by another brand.
	Approve(ctx context.Context, programme string, doc wire.Consent) (points.Approval, error)
}

// Quoter says what an operation would cost or award now: the ledger facade with the gateway's identity.
type Quoter interface {
	// Quote keeps nothing; the details are those of a batch of one, and reach the own peers only.
	Quote(ctx context.Context, query wire.QuoteQuery, details wire.BatchDetails) (wire.QuoteResult, error)
	// QuoteExchange is Quote of an operation between two brands: a cross-brand batch of one.
	QuoteExchange(ctx context.Context, doc wire.Exchange, details wire.BatchDetails) (wire.QuoteResult, error)
}

// Condition says what keeps the gateway from doing its work; nothing when it is ready.
type Condition interface {
	Reasons(ctx context.Context) []string
	// Troubles lists the partners with whom operations don't get to the ledger; everything else goes on.
	Troubles() []sequencer.PartnerTrouble
	// Warnings lists what somebody has to do soon.
	Warnings() []string
}
