package api

import (
	"bytes"
	"context"
	"io"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/bankfiles"
	"github.com/tallystick/tallystick/gateway/store"
	"github.com/tallystick/tallystick/gateway/treasury"
)

// StepLeg marks a leg.
func (s *Server) StepLeg(ctx context.Context, r StepLegRequestObject) (StepLegResponseObject, error) {
	if err := window(r.Currency, r.Number); err != nil {
		return nil, err
	}
	if s.clearing.Treasurer == nil {
		return nil, errNoTreasurer()
	}
	leg, err := s.stepLeg(ctx, &r)
	if err != nil {
		return nil, err
	}
	return StepLeg200JSONResponse(leg), nil
}

func (s *Server) stepLeg(ctx context.Context, r *StepLegRequestObject) (clearing.Leg, error) {
	leg := wire.LegQuery{Currency: r.Currency, Window: r.Number, From: r.From, To: r.To}
	reference, amount, reason := valueOr(r.Body.Reference, ""), quantity.Minor(valueOr(r.Body.AmountMinor, 0)), valueOr(r.Body.Reason, "")
	c := &checker{}
	moves := r.Body.Step == "pay" || r.Body.Step == "receive"
	c.must(claim{(amount > 0) == moves, fault.InvalidValue, "amountMinor", "is more than nothing for pay and receive, and left out otherwise"})
	c.must(claim{(reference != "") == (r.Body.Step != "finalise" && r.Body.Step != "late"), fault.InvalidValue, "reference", "names the payment for pay, receive and reverse"})
	c.must(claim{(reason != "") == (r.Body.Step == "reverse"), fault.InvalidValue, "reason", "is given for reverse"})
	if err := c.failure(); err != nil {
		return clearing.Leg{}, err
	}
	t := s.clearing.Treasurer
	switch r.Body.Step {
	case "pay":
		return t.Pay(ctx, wire.LegPayment{Leg: leg, Reference: reference, Amount: amount})
	case "receive":
		return t.Receive(ctx, wire.LegPayment{Leg: leg, Reference: reference, Amount: amount})
	case "reverse":
		return t.Reverse(ctx, wire.EntryReversal{Leg: leg, Reference: reference, Reason: reason, Member: s.member})
	case "finalise":
		return t.Finalise(ctx, leg)
	case "late":
		return t.MarkLate(ctx, leg)
	}
	return clearing.Leg{}, wrong(fault.InvalidValue, "/step", "must be pay, receive, reverse, finalise or late")
}

// GetPaymentInitiation gives the bank file that pays what is left of the own legs.
func (s *Server) GetPaymentInitiation(ctx context.Context, r GetPaymentInitiationRequestObject) (GetPaymentInitiationResponseObject, error) {
	reads, err := s.windowReads(r.Currency, r.Number)
	if err != nil {
		return nil, err
	}
	if s.clearing.Bank.Accounts == nil {
		return nil, errNoTreasurer()
	}
	in, err := s.clearing.Bank.Initiation(ctx, reads, s.member, r.Currency, r.Number)
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if err := bankfiles.WriteInitiation(&file, in); err != nil {
		return nil, err
	}
	return GetPaymentInitiation200ApplicationxmlCharsetUtf8Response{Body: &file, ContentLength: int64(file.Len())}, nil
}

// ReadBankFile says what a bank's file says of the own legs, and enters it on the ledger when that is asked for.
func (s *Server) ReadBankFile(ctx context.Context, r ReadBankFileRequestObject) (ReadBankFileResponseObject, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, err
	}
	if s.clearing.Bank.Accounts == nil || s.clearing.Treasurer == nil {
		return nil, errNoTreasurer()
	}
	file, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fault.New(fault.Malformed, "the body could not be read")
	}
	report, err := s.clearing.Bank.Read(ctx, reads, s.member, file)
	if err != nil {
		return nil, err
	}
	if valueOr(r.Params.Record, false) {
		s.enterAll(ctx, report)
	}
	return ReadBankFile200JSONResponse(bankReport(report)), nil
}

// enterAll enters what the ledger doesn't have yet; what it refuses is told beside the leg.
func (s *Server) enterAll(ctx context.Context, report *treasury.BankReport) {
	for i := range report.Legs {
		l := &report.Legs[i]
		for n := range l.Steps {
			step := &l.Steps[n]
			if step.Done {
				continue
			}
			enter := s.clearing.Treasurer.Pay
			if step.Step == clearing.StepReceive {
				enter = s.clearing.Treasurer.Receive
			}
			if _, err := enter(ctx, l.Document(step)); err != nil {
				l.Problems = append(l.Problems, err.Error())
				continue
			}
			step.Done = true
		}
	}
}

func bankReport(r *treasury.BankReport) BankReport {
	out := BankReport{Message: r.Message, Id: r.ID, Legs: []BankLeg{}, Findings: []BankFinding{}}
	for i := range r.Legs {
		out.Legs = append(out.Legs, bankLeg(&r.Legs[i]))
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		out.Findings = append(out.Findings, BankFinding{
			Reason: string(f.Reason), Leg: unlessEmpty(f.Leg), Account: f.Entry.Account, AmountMinor: f.Entry.Amount.Minor, Currency: f.Entry.Amount.Currency,
			Direction: string(f.Entry.Direction), Reference: unlessEmpty(f.Entry.Reference()), EndToEnd: unlessEmpty(f.Entry.EndToEndID),
		})
	}
	return out
}

func bankLeg(l *treasury.ReportedLeg) BankLeg {
	paid, received := &l.Settlement.Paid, &l.Settlement.Received
	out := BankLeg{
		Leg: l.ID, Window: l.Leg.Window, From: l.Leg.From, To: l.Leg.To, AmountMinor: int64(l.Leg.Amount), Paid: string(paid.State), PaidMinor: paid.Net.Minor,
		Received: string(received.State), ReceivedMinor: received.Net.Minor, BankStatus: unlessEmpty(string(l.Status)),
	}
	if len(l.Reasons) > 0 {
		out.BankReasons = &l.Reasons
	}
	if len(l.Problems) > 0 {
		out.Problems = &l.Problems
	}
	if len(l.Steps) > 0 {
		records := make([]BankRecord, len(l.Steps))
		for i, step := range l.Steps {
			records[i] = BankRecord{Step: "pay", Reference: step.Reference, AmountMinor: int64(step.Amount), Done: step.Done}
			if step.Step == clearing.StepReceive {
				records[i].Step = "receive"
			}
		}
		out.Recorded = &records
	}
	return out
}

func unlessEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// ListDisputes lists a currency's disputed lines.
func (s *Server) ListDisputes(ctx context.Context, r ListDisputesRequestObject) (ListDisputesResponseObject, error) {
	reads, err := s.windowReads(r.Params.Currency, 1)
	if err != nil {
		return nil, err
	}
	list := store.ClearingList{Object: engine.ObjectDispute, Prefix: r.Params.Currency + "/"}
	disputes, next, err := clearingPage[clearing.Dispute](ctx, reads, list, r.Params.Limit, r.Params.After)
	if err != nil {
		return nil, err
	}
	return ListDisputes200JSONResponse{Disputes: disputes, Next: next}, nil
}

// FileDispute sets a line aside, with evidence from the own store.
func (s *Server) FileDispute(ctx context.Context, r FileDisputeRequestObject) (FileDisputeResponseObject, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, err
	}
	if s.clearing.Treasurer == nil {
		return nil, errNoTreasurer()
	}
	if err := checkID("operation", r.Body.Operation); err != nil {
		return nil, err
	}
	if err := clearing.ValidReason(r.Body.Reason); err != nil {
		return nil, wrong(fault.InvalidValue, "/reason", "%s", detailOf(err))
	}
	doc, err := treasury.Evidence(ctx, reads, s.clearing.Receipts, points.OperationID(r.Body.Operation))
	if err != nil {
		return nil, err
	}
	doc.Reason, doc.Netting = r.Body.Reason, valueOr(r.Body.Netting, 0)
	dispute, err := s.clearing.Treasurer.Dispute(ctx, doc)
	if err != nil {
		return nil, err
	}
	return FileDispute200JSONResponse(dispute), nil
}

// StepDispute withdraws a dispute or agrees with it.
func (s *Server) StepDispute(ctx context.Context, r StepDisputeRequestObject) (StepDisputeResponseObject, error) {
	if err := window(r.Currency, 1); err != nil {
		return nil, err
	}
	if err := checkID("operation", r.Operation); err != nil {
		return nil, err
	}
	member, err := s.memberOr(r.Body.Member)
	if err != nil {
		return nil, err
	}
	if s.clearing.Treasurer == nil {
		return nil, errNoTreasurer()
	}
	take := s.clearing.Treasurer.Withdraw
	switch r.Body.Step {
	case "withdraw":
	case "uphold":
		take = s.clearing.Treasurer.Uphold
	default:
		return nil, wrong(fault.InvalidValue, "/step", "must be withdraw or uphold")
	}
	dispute, err := take(ctx, wire.DisputeStep{Currency: r.Currency, Programme: r.Name, Operation: points.OperationID(r.Operation), Member: member})
	if err != nil {
		return nil, err
	}
	return StepDispute200JSONResponse(dispute), nil
}
