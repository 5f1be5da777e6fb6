package api

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sequencer"
)

// What is about another programme's accounts goes one of two ways, and nothing may take effect by both.
//
// Issuer's way: the issuer's gateway sequences it, under a key that this gateway makes of the caller's, and answers the same for the same key whatever was lost before.
// Own way: this gateway's own small batches, and its own outbox.
//
// A credit takes the own way, the return of a redemption among them: the ledger takes from this member alone what it loses by, and so it does the void of a hold that a till of
// this member relies on. So does the capture of a hold that took it, and that of an allowance that was made for this member. Everything else takes the issuer's.
// While the issuer gives no answer, what the customer's own key has signed takes the own way after all, though the issuer may have it too: a signature serves once on the ledger,
// so one of the two is refused as AUTH_REPLAYED. It is noted before it is sent, so that the same receipt or key doesn't take the own way with another signature. When the refused
// one is ours, only the issuer can say whether the other one is the same request. It is asked, and until it answers nobody is told anything but ISSUER_UNAVAILABLE. Nothing else
// can be sent both ways.

// maxPassedOn bounds the operations of one call to an issuer, so that a bulk call that fits here fits there, where keys are longer.
const maxPassedOn = 250

// askWait is what a call that has no time left still has to learn from the issuer what became of an operation.
const askWait = 2 * time.Second

// acceptAway sees to items about other programmes' accounts.
func (s *Server) acceptAway(ctx context.Context, items []*item, deadline time.Time) {
	groups := map[string][]*item{}
	for _, it := range s.build(ctx, items) {
		it.intake.Custody = false // The issuer's custodian signs, not this member's.
		groups[it.way.home] = append(groups[it.way.home], it)
	}
	var running sync.WaitGroup
	for home, group := range groups {
		partner := s.partners[home]
		running.Go(func() {
			defer s.recoverDeal(group)
			s.deal(ctx, &partner, group, deadline)
		})
	}
	running.Wait()
}

// recoverDeal answers INTERNAL for items whose handling panicked: the process goes on, as it does when a handler panics.
func (s *Server) recoverDeal(items []*item) {
	if cause := recover(); cause != nil {
		s.log.Error("panic", "panic", cause, "stack", string(debug.Stack()))
		fail(items, fault.New(fault.Internal, "the log has the cause"))
	}
}

// deal sees to items about one programme's accounts, in their order on either way.
func (s *Server) deal(ctx context.Context, partner *Brand, items []*item, deadline time.Time) {
	var own, issuers []*item
	for _, it := range items {
		mine, err := s.isOwn(ctx, partner, it)
		switch {
		case err != nil:
			it.err = err
		case mine:
			own = append(own, it)
		default:
			issuers = append(issuers, it)
		}
	}
	if partner.Recorder == nil {
		fail(own, fault.New(fault.Forbidden, "this gateway brings no operations of this programme to the ledger"))
	} else {
		hand(ctx, partner.Recorder, own)
	}
	for part := range slices.Chunk(issuers, maxPassedOn) {
		s.passOn(ctx, partner, part, deadline)
	}
}

func fail(items []*item, err error) {
	for _, it := range items {
		it.err = err
	}
}

// isOwn says whether an item takes the own way, and whatever took it before does.
func (s *Server) isOwn(ctx context.Context, partner *Brand, it *item) (bool, error) {
	o := &it.intake.Operation
	if o.Kind == points.KindAward || o.Kind == points.KindVoid {
		return true, nil
	}
	if partner.Recorder == nil {
		return false, nil
	}
	if _, found, err := partner.Recorder.Find(ctx, &it.intake); err != nil || found {
		return found, err
	}
	switch {
	case o.Kind == points.KindCapture:
		if went, err := s.wentOwn(ctx, o.Hold); err != nil || went {
			return went, err
		}
		return s.isAllowance(ctx, o)
	case o.Kind == points.KindReturn && o.Original != nil && o.Original.Receipt.Kind.Redeems():
		return true, nil
	}
	return false, nil
}

// wentOwn says whether an earlier operation took the own way.
func (s *Server) wentOwn(ctx context.Context, id points.OperationID) (bool, error) {
	_, err := s.reader.Document(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

// isAllowance says whether a capture is of an allowance that was made for this member: the issuer has set its points aside, and nobody else captures it.
func (s *Server) isAllowance(ctx context.Context, o *points.Operation) (bool, error) {
	position, err := s.reader.Account(ctx, o.Account)
	if fault.CodeOf(err) == fault.AccountUnknown {
		return false, nil
	}
	return slices.ContainsFunc(position.Account.Holds, func(h points.Hold) bool {
		return h.ID == o.Hold && h.Purpose == points.PurposeAllowance && h.Partner == s.member
	}), err
}

// passOn sends items to the issuer. Those that it gave no answer to take the own way where that does no harm.
func (s *Server) passOn(ctx context.Context, partner *Brand, items []*item, deadline time.Time) {
	items = note(ctx, partner, items)
	if len(items) == 0 {
		return
	}
	unanswered := slices.DeleteFunc(s.forward(ctx, partner, items, time.Until(deadline)), func(it *item) bool { return !mayFallBack(partner, it) })
	if len(unanswered) == 0 {
		return
	}
	s.metrics.fallbacks.WithLabelValues(unanswered[0].way.home).Add(float64(len(unanswered)))
	give(unanswered, func(intakes []sequencer.Intake) []sequencer.Result {
		return partner.Recorder.AcceptPassedOn(ctx, intakes)
	})
}

// mayFallBack says whether an item can be recorded here when the issuer gives no answer.
func mayFallBack(partner *Brand, it *item) bool { return partner.Recorder != nil && signed(it.request) }

// note notes what is sent and could be recorded here later, and gives the items that are to be sent.
func note(ctx context.Context, partner *Brand, items []*item) []*item {
	var noted []*item
	for _, it := range items {
		if mayFallBack(partner, it) {
			noted = append(noted, it)
		}
	}
	give(noted, func(intakes []sequencer.Intake) []sequencer.Result { return partner.Recorder.PassOn(ctx, intakes) })
	return slices.DeleteFunc(slices.Clone(items), func(it *item) bool { return it.err != nil || it.ticket.Done != nil })
}

// forward sends items to the issuer and stores its answers in them; it gives those that have none, whose error is ISSUER_UNAVAILABLE.
func (s *Server) forward(ctx context.Context, partner *Brand, items []*item, wait time.Duration) []*item {
	if partner.Issuer == nil {
		fail(items, fault.New(fault.IssuerUnavailable, "no gateway of the issuer is configured"))
		return items
	}
	results, err := s.send(ctx, partner.Issuer, items, max(wait, 0))
	if err != nil {
		fail(items, err)
		if fault.CodeOf(err) == fault.IssuerUnavailable {
			return items
		}
		return nil
	}
	var unanswered []*item
	for i, it := range items {
		if it.take(&results[i], i); fault.CodeOf(it.err) == fault.IssuerUnavailable {
			unanswered = append(unanswered, it)
		}
	}
	return unanswered
}

func (s *Server) send(ctx context.Context, issuer Issuer, items []*item, wait time.Duration) ([]BulkResult, error) {
	var bulk BulkRequest
	for _, it := range items {
		key := s.hasher.Idempotency(it.intake.Caller, it.key)
		bulk.Operations = append(bulk.Operations, BulkItem{IdempotencyKey: key, Operation: it.forwarded()})
	}
	body, err := json.Marshal(bulk)
	if err != nil {
		return nil, fault.New(fault.Internal, "a request can't be encoded: %v", err)
	}
	raw, err := issuer.Submit(ctx, body, wait)
	if err != nil {
		return nil, err
	}
	var answer BulkResponse
	if err := json.Unmarshal(raw, &answer); err != nil || len(answer.Results) != len(items) {
		return nil, fault.New(fault.IssuerUnavailable, "the issuer's gateway gave an answer that can't be read")
	}
	return answer.Results, nil
}

// forwarded is the request as the issuer gets it: the same whenever it is sent. What this gateway alone knows is given.
func (it *item) forwarded() OperationRequest {
	r, o := *it.request, &it.intake.Operation
	r.Programme, r.Partner = &it.way.home, &it.way.partner
	if r.ToReference != nil {
		to := string(o.To)
		r.To, r.ToReference = &to, nil
	}
	return r
}

// take stores what the issuer answered to its n-th item.
func (it *item) take(r *BulkResult, n int) {
	switch p := r.Problem; {
	case p == nil && r.Operation != nil:
		it.answered, it.answer, it.err = true, *r.Operation, nil
	case p == nil || p.Class == Retry:
		it.err = fault.New(fault.IssuerUnavailable, "the issuer's gateway can't take it now")
	default:
		it.err = it.problem(p, fmt.Sprintf("/operations/%d/operation", n))
	}
}

// problem is the issuer's problem as this gateway tells it: fields have the pointers that the caller knows.
func (it *item) problem(p *Problem, at string) error {
	f := &failure{coded: fault.New(fault.Code(p.Code), "%s", p.Detail), operation: p.Operation}
	for _, e := range valueOr(p.Errors, nil) {
		f.fields = append(f.fields, FieldError{Pointer: it.at + strings.TrimPrefix(e.Pointer, at), Detail: e.Detail})
	}
	return f
}

// contested are the refusals of an operation that the issuer may have carried out under the same authorisation, which lapses too.
func contested(code fault.Code) bool { return code == fault.AuthReplayed || code == fault.AuthExpired }

// ask has the issuer say what became of an item whose authorisation was used up before it came to the ledger from here.
func (s *Server) ask(ctx context.Context, it *item, deadline time.Time) {
	partner := s.partners[it.way.home]
	it.answered, it.err = false, nil
	s.forward(ctx, &partner, []*item{it}, max(time.Until(deadline), askWait))
}

// lookAt tells what became of an operation. Of one that this gateway doesn't have, the issuers are asked.
func (s *Server) lookAt(ctx context.Context, id points.OperationID) (Operation, error) {
	if member := memberIn(ctx); member != "" {
		return s.lookAtFor(ctx, member, id)
	}
	k, err := s.reader.Operation(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return s.askIssuers(ctx, id, err)
	}
	if err != nil {
		return Operation{}, err
	}
	o := s.operationOf(k)
	if o.Programme == s.programme || !contested(k.Code) {
		return o, nil
	}
	return o, s.checkContested(ctx, &o, id)
}

// lookAtFor is lookAt for a member's gateway, which sees what that member has part in.
func (s *Server) lookAtFor(ctx context.Context, member string, id points.OperationID) (Operation, error) {
	unknown := fault.New(fault.NotFound, "this gateway knows no operation %s in which %s has part", id, member)
	k, err := s.reader.Operation(ctx, id)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return Operation{}, unknown
	case err != nil:
		return Operation{}, err
	case k.Receipt != nil && k.Receipt.Partner == member:
		return s.operationOf(k), nil
	}
	o, err := s.reader.Document(ctx, id)
	if fault.CodeOf(err) == fault.NotFound || err == nil && o.Partner != member {
		return Operation{}, unknown
	}
	return s.operationOf(k), err
}

// askIssuers asks every issuer for an operation that it may have and that no block has told of yet. unknown is the answer when none knows it.
func (s *Server) askIssuers(ctx context.Context, id points.OperationID, unknown error) (Operation, error) {
	for _, partner := range s.partners {
		if partner.Issuer == nil {
			continue
		}
		raw, err := partner.Issuer.Operation(ctx, id)
		if fault.CodeOf(err) == fault.IssuerUnavailable {
			unknown = err
		}
		var o Operation
		if err == nil && json.Unmarshal(raw, &o) == nil && o.Id == string(id) {
			return o, nil
		}
	}
	return Operation{}, unknown
}

// checkContested is ISSUER_UNAVAILABLE, with the operation, when the authorisation of an operation that was refused here has served elsewhere: the issuer may have carried the
// same request out. Sent again under its key, the request is answered with what became of it.
func (s *Server) checkContested(ctx context.Context, o *Operation, id points.OperationID) error {
	doc, err := s.reader.Document(ctx, id)
	if fault.CodeOf(err) == fault.NotFound || err == nil && doc.Authorisation == nil {
		return nil
	}
	if err != nil {
		return err
	}
	used, err := s.isUsed(ctx, doc.Account, doc.Authorisation.Mandate.ID)
	if err != nil || !used {
		return err
	}
	return &failure{coded: fault.New(fault.IssuerUnavailable, "its authorisation served elsewhere: send it again under its key, and the issuer says whether it is the same"), operation: o}
}

// isUsed says whether one of the account's last receipts says that it used an authorisation up and was applied.
func (s *Server) isUsed(ctx context.Context, account points.AccountID, authorisation string) (bool, error) {
	entries, _, err := s.reader.History(ctx, account, nil, contestedPage)
	for i := range entries {
		if r := &entries[i].Receipt; r.Authorisation == authorisation && r.Outcome == points.Accepted {
			return true, nil
		}
	}
	return false, err
}

// contestedPage is how many receipts back an authorisation is looked for: an account remembers far fewer at once, and they live for minutes.
const contestedPage = 4 * points.MaxUsedAuthorisations
