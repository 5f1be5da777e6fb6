package tracing

import (
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// Names of the gateway's own spans. Those of requests are their method and their route's pattern, those of calls to a peer the method's.
const (
	Outbox    = "outbox"    // Operations are written where no crash can lose them.
	Operation = "operation" // From its acceptance to its outcome; linked to the batches that carried it.
	Batch     = "batch"     // A trace of its own, since operations of many requests share it; linked to them.
	Pin       = "pin"       // The batch's place is made durable.
	Endorse   = "endorse"   // With the calls to peers below it.
	Submit    = "submit"    // To the ordering service.
	Commit    = "commit"    // Until the projection has the block.
	Partner   = "partner"   // A call to another member's gateway.
)

// Attributes of the gateway's own spans.
const (
	keyCode       attribute.Key = "tally.code"       // Of the outcome, from the catalogue.
	keyClass      attribute.Key = "tally.class"      // Of a failed attempt: what is done about it.
	keyKind       attribute.Key = "tally.kind"       // Of the operation.
	keyProgramme  attribute.Key = "tally.programme"  // Whose points.
	keyPartner    attribute.Key = "tally.partner"    // The other member's name.
	keyLane       attribute.Key = "tally.lane"       // Number of the lane,
	keySeq        attribute.Key = "tally.seq"        // and of the batch in it.
	keyTx         attribute.Key = "tally.tx"         // The transaction's id, under which the ledger shows it to all members.
	keyOperations attribute.Key = "tally.operations" // How many.
	keyAttempt    attribute.Key = "tally.attempt"    // From 0.
	keyValidation attribute.Key = "tally.validation" // Fabric's validation code.
)

// Code says how something ended.
func Code(c fault.Code) attribute.KeyValue { return keyCode.String(string(c)) }

// Class says what is done about a failure.
func Class[C ~string](c C) attribute.KeyValue { return keyClass.String(string(c)) }

// Kind is an operation's.
func Kind(k points.Kind) attribute.KeyValue { return keyKind.String(string(k)) }

// Programme says whose points it is about.
func Programme(name string) attribute.KeyValue { return keyProgramme.String(name) }

// With names the other member; empty at home.
func With(partner string) attribute.KeyValue { return keyPartner.String(partner) }

// Lane is a lane's number.
func Lane(n int) attribute.KeyValue { return keyLane.Int(n) }

// Seq is a batch's number in its lane.
func Seq(n int64) attribute.KeyValue { return keySeq.Int64(n) }

// Tx is a transaction's id.
func Tx(id string) attribute.KeyValue { return keyTx.String(id) }

// Operations says how many there are.
func Operations(n int) attribute.KeyValue { return keyOperations.Int(n) }

// Attempt numbers attempts from 0.
func Attempt(n int) attribute.KeyValue { return keyAttempt.Int(n) }

// Validation is what the own peer says of a transaction.
func Validation(c peer.TxValidationCode) attribute.KeyValue { return keyValidation.String(c.String()) }

// Status is an HTTP answer's.
func Status(code int) attribute.KeyValue { return keyStatus.Int(code) }

// End ends a span; with an error as one that failed, with the error's code and nothing of its text.
func End(span trace.Span, err error) {
	if err != nil && span.IsRecording() {
		span.SetAttributes(Code(fault.CodeOf(err)))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
