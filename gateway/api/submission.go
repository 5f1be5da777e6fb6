package api

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/sequencer"
	"github.com/tallystick/tallystick/gateway/store"
)

// How long a call waits for receipts.
const (
	DefaultWait = 10 * time.Second
	MaxWait     = 30 * time.Second
)

// item is one operation on its way through a call. An item with an err is left alone by everything that follows.
type item struct {
	key     string
	at      string // JSON pointer of the request within the body.
	request *OperationRequest
	intake  sequencer.Intake
	ticket  sequencer.Ticket
	answer  Operation
	err     error
}

func itemsOf(b *BulkRequest) []item {
	items := make([]item, len(b.Operations))
	seen := make(map[string]bool, len(items))
	for i := range b.Operations {
		o := &b.Operations[i]
		at := "/operations/" + strconv.Itoa(i)
		items[i] = item{key: o.IdempotencyKey, at: at + "/operation", request: &o.Operation}
		switch {
		case !usableKey(o.IdempotencyKey):
			items[i].err = wrong(fault.IdempotencyMissing, at+"/idempotencyKey", "it needs 1 to %d printable ASCII characters", MaxKeyLength)
		case seen[o.IdempotencyKey]:
			items[i].err = wrong(fault.InvalidValue, at+"/idempotencyKey", "the key is in this call twice")
		}
		seen[o.IdempotencyKey] = true
	}
	return items
}

// waitOf reads a Prefer header (RFC 7240). Preferences that it doesn't know are ignored, as the RFC wants.
func waitOf(prefer *Prefer) (time.Duration, error) {
	wait := DefaultWait
	for _, p := range strings.Split(valueOr(prefer, ""), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch strings.ToLower(name) {
		case "respond-async":
			return 0, nil
		case "wait":
			seconds, err := strconv.Atoi(value)
			if err != nil || seconds < 0 || seconds > int(MaxWait/time.Second) {
				return 0, wrong(fault.InvalidValue, "Prefer", "wait must lie between 0 and %d seconds", int(MaxWait/time.Second))
			}
			wait = time.Duration(seconds) * time.Second
		}
	}
	return wait, nil
}

// record checks the items and hands the good ones to the sequencer: openings first, so that others can name the references that they open.
func (s *Server) record(ctx context.Context, items []item) {
	var openings, others []*item
	for i := range items {
		it := &items[i]
		if it.err != nil {
			continue
		}
		if it.err = checkRequest(it.request, it.at); it.err != nil {
			continue
		}
		if it.request.Kind == KindOpen {
			openings = append(openings, it)
		} else {
			others = append(others, it)
		}
	}
	s.accept(ctx, openings)
	s.resolve(ctx, others)
	s.accept(ctx, others)
}

// accept builds what the sequencer takes and stores its answers in the items.
func (s *Server) accept(ctx context.Context, items []*item) {
	p := prover{reader: s.reader, leaves: map[batchPlace][][]byte{}}
	var ready []*item
	var intakes []sequencer.Intake
	for _, it := range items {
		if it.err != nil {
			continue
		}
		if it.err = s.build(ctx, it, &p); it.err == nil {
			ready, intakes = append(ready, it), append(intakes, it.intake)
		}
	}
	if len(intakes) == 0 {
		return
	}
	for i, result := range s.recorder.AcceptAll(ctx, intakes) {
		ready[i].ticket, ready[i].err = result.Ticket, result.Err
	}
}

// resolve finds the accounts of customers' references. An account that is being opened counts.
func (s *Server) resolve(ctx context.Context, items []*item) {
	var lookups []string
	for _, it := range items {
		if it.err == nil && it.request.Reference != nil {
			lookups = append(lookups, s.hasher.Lookup(*it.request.Reference))
		}
	}
	if len(lookups) == 0 {
		return
	}
	accounts, err := s.reader.Lookups(ctx, lookups)
	for _, it := range items {
		if it.err != nil || it.request.Reference == nil {
			continue
		}
		if err != nil {
			it.err = err
			continue
		}
		account, known := accounts[s.hasher.Lookup(*it.request.Reference)]
		if !known {
			it.err = wrong(fault.AccountUnknown, it.at+"/reference", "no account has this reference: open one first")
			continue
		}
		it.intake.Operation.Account = account
	}
}

// build completes an item's intake.
func (s *Server) build(ctx context.Context, it *item, p *prover) (err error) {
	r, in := it.request, &it.intake
	in.Caller, in.IdempotencyKey = callerIn(ctx), it.key
	if in.RequestHash, err = requestHash(r); err != nil {
		return err
	}
	in.Details = s.detailsOf(r)
	o := &in.Operation
	o.Kind, o.To, o.Authorisation, o.Original = points.Kind(r.Kind), points.AccountID(valueOr(r.To, "")), r.Authorisation, r.Original
	if r.Account != nil {
		o.Account = points.AccountID(*r.Account)
	}
	switch r.Kind {
	case KindOpen:
		o.Controller = controllerOf(r.Controller)
		in.Lookup = s.hasher.Lookup(valueOr(r.Reference, ""))
		return nil
	case KindRedeem, KindTransfer:
		o.Points = quantity.Points(*r.Points)
		in.Custody = r.Authorisation == nil
		return nil
	case KindReturn:
		return s.buildReturn(ctx, it, p)
	}
	return nil
}

// buildReturn attaches the receipt that a return refers to. A return without one is a debit: custody signs it, unless the account has a key of its own.
func (s *Server) buildReturn(ctx context.Context, it *item, p *prover) error {
	r, o := it.request, &it.intake.Operation
	if r.OriginalOperation != nil {
		original, err := p.prove(ctx, points.OperationID(*r.OriginalOperation))
		if fault.CodeOf(err) == fault.NotFound {
			return wrong(fault.NotFound, it.at+"/originalOperation", "there is no committed receipt of this operation")
		}
		if err != nil {
			return err
		}
		o.Original = &points.Original{Receipt: original.Receipt, Proof: original.Proof}
		return nil
	}
	if r.Original != nil || r.Authorisation != nil {
		return nil
	}
	var err error
	it.intake.Custody, err = s.inCustody(ctx, o.Account)
	return err
}

// inCustody says whether the brand's custodian signs an account's debits. One that isn't on the ledger yet is taken to be in custody; the ledger decides.
func (s *Server) inCustody(ctx context.Context, id points.AccountID) (bool, error) {
	position, err := s.reader.Account(ctx, id)
	if fault.CodeOf(err) == fault.AccountUnknown {
		return true, nil
	}
	return position.Account.Controller.Kind == points.ControllerCustodian, err
}

// settle waits until the recorded items are committed, or for as long as the caller wants, and puts what became of them into their answers.
func (s *Server) settle(ctx context.Context, items []item, wait time.Duration) error {
	await(ctx, items, wait)
	var ids []points.OperationID
	for i := range items {
		if items[i].err == nil {
			ids = append(ids, items[i].ticket.Operation.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	known, err := s.reader.Operations(ctx, ids)
	if err != nil {
		return err
	}
	for i := range items {
		it := &items[i]
		if it.err != nil {
			continue
		}
		k, there := known[it.ticket.Operation.ID]
		if !there {
			return fault.New(fault.Internal, "operation %s was recorded and can't be read", it.ticket.Operation.ID)
		}
		it.answer = s.operationOf(k)
		it.answer.Duplicate = it.ticket.Duplicate
		it.err = refusal(k, &it.answer)
	}
	return nil
}

// refusal is the failure that tells a committed refusal, with the receipt that proves it.
func refusal(k store.Known, o *Operation) error {
	if !k.Done || k.Code == fault.OK {
		return nil
	}
	return &failure{coded: fault.New(k.Code, "the ledger refused operation %s; operation.receipt proves it", k.ID), operation: o}
}

func await(ctx context.Context, items []item, wait time.Duration) {
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for i := range items {
		if items[i].err != nil {
			continue
		}
		select {
		case <-items[i].ticket.Done:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
