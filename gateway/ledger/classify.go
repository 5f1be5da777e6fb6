package ledger

import (
	"context"
	"errors"
	"strings"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Class says what follows from a failed call.
type Class string

// The classes of failure.
const (
	Retry      Class = "retry"       // Same pin again after a pause: conflict, peers at different heights, something unreachable, time-out.
	CoEndorser Class = "co_endorser" // The co-endorser failed: again with another one at once.
	LaneMoved  Class = "lane_moved"  // The lane has advanced: the blocks tell whose attempt won.
	Refused    Class = "refused"     // The chaincode or a peer refuses this call with a code; unchanged it will be refused again.
	Fatal      Class = "fatal"       // Something is broken or misconfigured that an operator has to see.
)

// Failure is the error of every call of this package.
type Failure struct {
	Class Class
	Code  fault.Code // LEDGER_UNAVAILABLE for what may go better later.
	Text  string
	cause error
}

// Error gives "CODE: text".
func (f *Failure) Error() string { return string(f.Code) + ": " + f.Text }

// Unwrap makes fault.CodeOf and errors.Is see the code and the cause.
func (f *Failure) Unwrap() []error {
	coded := fault.New(f.Code, "%s", f.Text)
	if f.cause == nil {
		return []error{coded}
	}
	return []error{coded, f.cause}
}

// ClassOf gives the class of an error of this package; Fatal for any other error.
func ClassOf(err error) Class {
	var f *Failure
	if errors.As(err, &f) {
		return f.Class
	}
	return Fatal
}

// Texts of peers that have no code of their own.
const (
	textMismatch   = "ProposalResponsePayloads do not match"
	textNoPeers    = "failed to find any endorsing peers for org(s)"
	textNoEndorser = "no peers available to evaluate"
	textDenied     = "access denied"
	textTooLarge   = "exceeds maximum allowed" // The orderer's: "message payload is 1100 bytes and exceeds maximum allowed 1000 bytes".
)

// stage is where a call failed; a time-out while endorsing is put down to the co-endorser, since the own peer answers or can't be reached.
type stage int

const (
	atEvaluate stage = iota
	atEndorse
	atSubmit
)

// classify says what an error of the Fabric client means for issuer, the caller's own organisation.
func classify(err error, at stage, issuer string) error {
	if err == nil {
		return nil
	}
	var commit *client.CommitError
	if errors.As(err, &commit) {
		return &Failure{ClassOfValidation(commit.Code), fault.LedgerUnavailable, "the transaction was invalidated: " + commit.Code.String(), err}
	}
	if errors.Is(err, context.Canceled) {
		return &Failure{Retry, fault.LedgerUnavailable, "the call was cancelled", err}
	}
	st := status.Convert(err)
	details := errorDetails(st)
	if at == atSubmit {
		if f := tooLarge(err, st, details); f != nil {
			return f
		}
	} else if len(details) > 0 {
		return fromDetails(err, details, issuer)
	}
	return fromStatus(err, st, at, issuer)
}

// tooLarge finds the orderer's refusal of a transaction that is over the channel's limit, in the status or in the details; nil otherwise.
func tooLarge(err error, st *status.Status, details []*gateway.ErrorDetail) error {
	texts := []string{st.Message()}
	for _, d := range details {
		texts = append(texts, d.GetMessage())
	}
	for _, text := range texts {
		if strings.Contains(text, textTooLarge) {
			return &Failure{Refused, fault.TooLarge, text, err}
		}
	}
	return nil
}

func errorDetails(st *status.Status) []*gateway.ErrorDetail {
	var details []*gateway.ErrorDetail
	for _, d := range st.Details() {
		if detail, ok := d.(*gateway.ErrorDetail); ok {
			details = append(details, detail)
		}
	}
	return details
}

// fromDetails weighs what the endorsers said. The issuer's own word counts first: it holds the lane and the details. A refusal by the co-endorser alone
// means that it stands at another height, or that something is wrong with it.
func fromDetails(err error, details []*gateway.ErrorDetail, issuer string) error {
	for _, d := range details {
		if d.GetMspId() != issuer {
			continue
		}
		if coded := parse(d.GetMessage()); coded != nil {
			return coded.failure(err)
		}
	}
	for _, d := range details {
		if strings.Contains(d.GetMessage(), textMismatch) {
			return &Failure{Retry, fault.LedgerUnavailable, "the endorsers stand at different heights", err}
		}
	}
	for _, d := range details {
		if d.GetMspId() == issuer {
			return &Failure{Retry, fault.LedgerUnavailable, "a peer of " + issuer + " failed: " + d.GetMessage(), err}
		}
	}
	d := details[0]
	if coded := parse(d.GetMessage()); coded != nil && coded.Code == fault.LaneSequence {
		return &Failure{Retry, fault.LedgerUnavailable, d.GetMspId() + " stands at another height", err}
	}
	return &Failure{CoEndorser, fault.LedgerUnavailable, d.GetMspId() + " failed: " + d.GetMessage(), err}
}

func fromStatus(err error, st *status.Status, at stage, issuer string) error {
	text := st.Message()
	switch {
	case strings.Contains(text, textNoPeers):
		return noPeers(err, text, issuer)
	case st.Code() == codes.DeadlineExceeded || errors.Is(err, context.DeadlineExceeded):
		class := Retry
		if at == atEndorse {
			class = CoEndorser
		}
		return &Failure{class, fault.LedgerUnavailable, "no answer in time", err}
	case st.Code() == codes.Unavailable || st.Code() == codes.ResourceExhausted || strings.Contains(text, textNoEndorser):
		return &Failure{Retry, fault.LedgerUnavailable, text, err}
	}
	if coded := parse(text); coded != nil {
		return coded.failure(err)
	}
	if st.Code() == codes.PermissionDenied || st.Code() == codes.Unauthenticated {
		return &Failure{Refused, fault.Forbidden, text, err}
	}
	if st.Code() == codes.Aborted || st.Code() == codes.FailedPrecondition {
		return &Failure{Retry, fault.LedgerUnavailable, text, err}
	}
	return &Failure{Fatal, fault.Internal, text, err}
}

// noPeers reads which organisations have no live peer: "failed to find any endorsing peers for org(s): HotelMSP, GrocerMSP".
func noPeers(err error, text, issuer string) error {
	_, list, _ := strings.Cut(text, textNoPeers+": ")
	for _, msp := range strings.Split(list, ", ") {
		if strings.TrimSpace(msp) == issuer {
			return &Failure{Retry, fault.LedgerUnavailable, "no live peer of " + issuer, err}
		}
	}
	return &Failure{CoEndorser, fault.LedgerUnavailable, "no live peer of " + list, err}
}

// coded is a code that came back in a peer's text.
type coded fault.Error

func parse(message string) *coded {
	if strings.Contains(message, textDenied) {
		return &coded{Code: fault.Forbidden, Detail: "the peers refuse this identity"}
	}
	return (*coded)(fault.Parse(message))
}

func (c *coded) failure(cause error) error {
	class := Refused
	switch {
	case c.Code == fault.LaneSequence:
		class = LaneMoved
	case fault.Lookup(c.Code).Class == fault.ClassInternal:
		class = Fatal
	}
	return &Failure{class, c.Code, c.Detail, cause}
}

// ClassOfValidation says what a transaction's invalidation means: conflicts are tried again, anything else points to a mistake in policies or keys.
func ClassOfValidation(code peer.TxValidationCode) Class {
	switch code {
	case peer.TxValidationCode_MVCC_READ_CONFLICT, peer.TxValidationCode_PHANTOM_READ_CONFLICT:
		return Retry
	default:
		return Fatal
	}
}

// unreachable says whether a call never got through to the own peer, so that another own peer may be asked.
func unreachable(err error) bool {
	if err == nil {
		return false
	}
	st := status.Convert(err)
	return st.Code() == codes.Unavailable && len(errorDetails(st)) == 0 && !strings.Contains(st.Message(), textNoPeers)
}
