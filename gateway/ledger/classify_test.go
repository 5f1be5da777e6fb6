package ledger

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/tallystick/tallystick/chaincode/fault"
)

const own, partnerMSP = "AirlineMSP", "HotelMSP"

// said is an error as a peer's gateway service gives it, with what each endorser said.
func said(code codes.Code, message string, details ...string) error {
	st := status.New(code, message)
	var all []protoadapt.MessageV1
	for i := 0; i+1 < len(details); i += 2 {
		all = append(all, protoadapt.MessageV1Of(&gateway.ErrorDetail{Address: "127.0.0.1:1", MspId: details[i], Message: details[i+1]}))
	}
	st, err := st.WithDetails(all...)
	if err != nil {
		panic(err)
	}
	return st.Err()
}

func TestEveryFailureHasAClassAndACode(t *testing.T) {
	const collect = "failed to collect enough transaction endorsements, see attached details for more info"
	for name, c := range map[string]struct {
		err   error
		at    stage
		class Class
		code  fault.Code
	}{
		"both peers say that the lane has moved": {
			said(codes.Aborted, collect, partnerMSP, "chaincode response 500, LANE_SEQUENCE: lane 1 of AirlineMSP stands at 4", own, "chaincode response 500, LANE_SEQUENCE: lane 1 of AirlineMSP stands at 4"),
			atEndorse, LaneMoved, fault.LaneSequence},
		"only the co-endorser says that the lane has moved": {
			said(codes.Aborted, collect, partnerMSP, "chaincode response 500, LANE_SEQUENCE: lane 1 of AirlineMSP stands at 3"), atEndorse, Retry, fault.LedgerUnavailable},
		"the orderer finds it too large": {
			said(codes.Aborted, "received unsuccessful response from orderer: status=BAD_REQUEST, info=message payload is 1100 bytes and exceeds maximum allowed 1000 bytes"),
			atSubmit, Refused, fault.TooLarge},
		"an orderer that was asked last finds it too large": {
			said(codes.Unavailable, "no orderers could successfully process transaction", "OrdererMSP", "message payload is 1100 bytes and exceeds maximum allowed 1000 bytes"),
			atSubmit, Refused, fault.TooLarge},
		"the issuer refuses": {
			said(codes.Aborted, collect, own, "chaincode response 500, INVALID_VALUE: no"), atEndorse, Refused, fault.InvalidValue},
		"only the co-endorser refuses": {
			said(codes.Aborted, collect, partnerMSP, "chaincode response 500, CLOCK_SKEW: no"), atEndorse, CoEndorser, fault.LedgerUnavailable},
		"a record is corrupt": {
			said(codes.Aborted, collect, own, "chaincode response 500, STATE_CORRUPT: no"), atEndorse, Fatal, fault.StateCorrupt},
		"the answers differ": {
			said(codes.Aborted, collect, partnerMSP, "ProposalResponsePayloads do not match"), atEndorse, Retry, fault.LedgerUnavailable},
		"the issuer's answer came second and differs": {
			said(codes.Aborted, collect, own, "ProposalResponsePayloads do not match"), atEndorse, Retry, fault.LedgerUnavailable},
		"the co-endorser's peer is dead": {
			said(codes.Aborted, collect, partnerMSP, "rpc error: code = Unavailable desc = connection error: connection refused"), atEndorse, CoEndorser, fault.LedgerUnavailable},
		"the issuer's chaincode is down": {
			said(codes.Aborted, collect, own, "failed to execute transaction tx: could not launch chaincode"), atEndorse, Retry, fault.LedgerUnavailable},
		"both have trouble": {
			said(codes.Aborted, collect, partnerMSP, "connection refused", own, "connection refused"), atEndorse, Retry, fault.LedgerUnavailable},
		"no live peer of the co-endorser": {
			said(codes.Unavailable, "failed to find any endorsing peers for org(s): HotelMSP"), atEndorse, CoEndorser, fault.LedgerUnavailable},
		"no live peer of the issuer": {
			said(codes.Unavailable, "failed to find any endorsing peers for org(s): HotelMSP, AirlineMSP"), atEndorse, Retry, fault.LedgerUnavailable},
		"the own peer is unreachable":       {said(codes.Unavailable, "connection refused"), atEndorse, Retry, fault.LedgerUnavailable},
		"the own peer is at its limit":      {said(codes.ResourceExhausted, "too many requests"), atEndorse, Retry, fault.LedgerUnavailable},
		"no endorsement in time":            {said(codes.DeadlineExceeded, "endorsement timeout expired"), atEndorse, CoEndorser, fault.LedgerUnavailable},
		"the call's own time ran out":       {context.DeadlineExceeded, atEndorse, CoEndorser, fault.LedgerUnavailable},
		"no answer to a query in time":      {said(codes.DeadlineExceeded, "evaluate timeout expired"), atEvaluate, Retry, fault.LedgerUnavailable},
		"no orderer":                        {said(codes.Unavailable, "no orderers could successfully process transaction", "OrdererMSP", "SERVICE_UNAVAILABLE"), atSubmit, Retry, fault.LedgerUnavailable},
		"no answer from the orderer":        {said(codes.DeadlineExceeded, "submit timeout expired"), atSubmit, Retry, fault.LedgerUnavailable},
		"nobody evaluates":                  {said(codes.FailedPrecondition, "no peers available to evaluate chaincode points-airline in channel loyalty"), atEvaluate, Retry, fault.LedgerUnavailable},
		"a query for what isn't there":      {said(codes.Unknown, "evaluate call to endorser returned error: chaincode response 500, NOT_FOUND: account", own, "chaincode response 500, NOT_FOUND: account"), atEvaluate, Refused, fault.NotFound},
		"an identity that may not propose":  {said(codes.Aborted, collect, own, "error validating proposal: access denied: channel [loyalty] creator org [RegulatorMSP]"), atEndorse, Refused, fault.Forbidden},
		"an identity that is refused":       {said(codes.PermissionDenied, "no"), atSubmit, Refused, fault.Forbidden},
		"a malformed request":               {said(codes.InvalidArgument, "no"), atEndorse, Fatal, fault.Internal},
		"the caller has lost its patience":  {fmt.Errorf("wrapped: %w", context.Canceled), atEndorse, Retry, fault.LedgerUnavailable},
		"an error that nobody has heard of": {errors.New("?"), atEndorse, Fatal, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			err := classify(c.err, c.at, own)
			if ClassOf(err) != c.class || fault.CodeOf(err) != c.code {
				t.Errorf("got class %s, code %s (%v), want %s, %s", ClassOf(err), fault.CodeOf(err), err, c.class, c.code)
			}
			if !errors.Is(err, c.err) {
				t.Error("the cause is lost")
			}
		})
	}
	if classify(nil, atSubmit, own) != nil {
		t.Error("nothing failed, but there is a failure")
	}
	if ClassOf(errors.New("of another package")) != Fatal {
		t.Error("an error of another package must be fatal")
	}
}

func TestOnlyConflictsAreTriedAgainAfterCommit(t *testing.T) {
	for code := range peer.TxValidationCode_name {
		want := Fatal
		if c := peer.TxValidationCode(code); c == peer.TxValidationCode_MVCC_READ_CONFLICT || c == peer.TxValidationCode_PHANTOM_READ_CONFLICT {
			want = Retry
		}
		if got := ClassOfValidation(peer.TxValidationCode(code)); got != want {
			t.Errorf("%s is %s, want %s", peer.TxValidationCode(code), got, want)
		}
	}
}

func TestOnlyAnUnreachableOwnPeerSendsTheCallToAnother(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"nothing failed":                   {nil, false},
		"connection refused":               {said(codes.Unavailable, "connection refused"), true},
		"the peer knows of no co-endorser": {said(codes.Unavailable, "failed to find any endorsing peers for org(s): HotelMSP"), false},
		"an endorser failed":               {said(codes.Unavailable, "x", partnerMSP, "y"), false},
		"a refusal":                        {said(codes.Aborted, "x"), false},
	} {
		if got := unreachable(c.err); got != c.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
