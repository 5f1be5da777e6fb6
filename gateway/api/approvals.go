package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// ListApprovals lists the operations of a programme that another brand has approved.
func (s *Server) ListApprovals(ctx context.Context, r ListApprovalsRequestObject) (ListApprovalsResponseObject, error) {
	approvals, next, err := recordsOf[points.Approval](ctx, s.reader, recordPage{
		programme: r.Name, object: engine.ObjectApproval, after: r.Params.After, limit: r.Params.Limit,
	})
	if err != nil {
		return nil, err
	}
	return ListApprovals200JSONResponse{Approvals: approvals, Next: next}, nil
}

// GetApproval tells the approval of one operation.
func (s *Server) GetApproval(ctx context.Context, r GetApprovalRequestObject) (GetApprovalResponseObject, error) {
	if err := checkID("operation", r.Operation); err != nil {
		return nil, err
	}
	var approval points.Approval
	if err := s.readRecord(ctx, r.Name, engine.ObjectApproval, r.Operation, &approval); err != nil {
		return nil, err
	}
	return GetApproval200JSONResponse(approval), nil
}

// ApproveOperation gives this brand's consent to an operation of another brand.
func (s *Server) ApproveOperation(ctx context.Context, r ApproveOperationRequestObject) (ApproveOperationResponseObject, error) {
	if s.approver == nil {
		return nil, errNoOperator()
	}
	if r.Name == s.programme {
		return nil, fault.New(fault.Forbidden, "an operation in the programme %s is approved by another brand, at its gateway", s.programme)
	}
	if _, err := s.reader.Programme(ctx, r.Name); err != nil {
		return nil, err
	}
	if err := checkApproval(&r.Body.Operation); err != nil {
		return nil, err
	}
	approval, err := s.approver.Approve(ctx, r.Name, *r.Body)
	if err != nil {
		return nil, err
	}
	return ApproveOperation200JSONResponse(approval), nil
}

func checkApproval(o *points.Operation) error {
	if err := o.Validate(); err != nil {
		return wrong(fault.CodeOf(err), "/operation", "%s", detailOf(err))
	}
	if !o.Kind.NeedsApproval() {
		return wrong(fault.InvalidValue, "/operation/kind", "%s needs no approval", o.Kind)
	}
	return nil
}
