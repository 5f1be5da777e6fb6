package api

import (
	"context"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/abuse"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// ListFreezes lists requests to freeze accounts of a programme.
func (s *Server) ListFreezes(ctx context.Context, r ListFreezesRequestObject) (ListFreezesResponseObject, error) {
	records, next, err := recordsOf[points.FreezeRequest](ctx, s.reader, recordPage{
		programme: r.Name, object: engine.ObjectFreeze, after: r.Params.After, limit: r.Params.Limit,
	})
	if err != nil {
		return nil, err
	}
	list := make([]Freeze, len(records))
	for i := range records {
		list[i] = freezeOf(&records[i])
	}
	return ListFreezes200JSONResponse{Freezes: list, Next: next}, nil
}

// GetFreeze tells one request.
func (s *Server) GetFreeze(ctx context.Context, r GetFreezeRequestObject) (GetFreezeResponseObject, error) {
	if err := checkID("id", r.Id); err != nil {
		return nil, err
	}
	var record points.FreezeRequest
	if err := s.readRecord(ctx, r.Name, engine.ObjectFreeze, r.Id, &record); err != nil {
		return nil, err
	}
	return GetFreeze200JSONResponse(freezeOf(&record)), nil
}

// RequestFreeze asks a programme's issuer for a freeze.
func (s *Server) RequestFreeze(ctx context.Context, r RequestFreezeRequestObject) (RequestFreezeResponseObject, error) {
	if s.people.Compliance == nil {
		return nil, errNoCompliance()
	}
	if _, err := s.reader.Programme(ctx, r.Name); err != nil {
		return nil, err
	}
	b := r.Body
	kept, err := s.people.Compliance.RequestFreeze(ctx, r.Name, wire.NewFreeze{
		ID: points.OperationID(b.Id), Account: points.AccountID(b.Account), Reason: points.Reason(b.Reason), Evidence: b.Evidence, Until: b.Until,
	})
	if err != nil {
		return nil, err
	}
	return RequestFreeze200JSONResponse(freezeOf(&kept)), nil
}

// DecideFreeze decides on a request to freeze an account of the own programme.
func (s *Server) DecideFreeze(ctx context.Context, r DecideFreezeRequestObject) (DecideFreezeResponseObject, error) {
	if s.people.Compliance == nil {
		return nil, errNoCompliance()
	}
	if err := checkID("id", r.Id); err != nil {
		return nil, err
	}
	if r.Name != s.programme {
		return nil, fault.New(fault.Forbidden, "the issuer decides, at its own gateway")
	}
	kept, err := s.people.Compliance.DecideFreeze(ctx, r.Name, wire.FreezeDecision{
		ID: points.OperationID(r.Id), Until: valueOr(r.Body.Until, 0), Declined: points.DeclineReason(valueOr(r.Body.Declined, "")),
	})
	if err != nil {
		return nil, err
	}
	return DecideFreeze200JSONResponse(freezeOf(&kept)), nil
}

func errNoCompliance() error {
	return fault.New(fault.Forbidden, "this gateway has no compliance identity: it neither asks for freezes nor decides on them")
}

// freezeOf is how the API tells a request as it stands now.
func freezeOf(f *points.FreezeRequest) Freeze {
	return Freeze{
		Id: string(f.ID), Account: string(f.Account), Reason: string(f.Reason), Evidence: f.Evidence, Until: f.Until, Brand: f.MSP, At: f.At,
		Status: string(f.StatusAt(time.Now().Unix())), Decided: given(f.Decided), End: given(f.End), Declined: given(string(f.Declined)), Operation: given(string(f.Operation)),
	}
}

// given is a pointer to a value, nil for the zero one.
func given[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// abuseDesk gives the desk; NOT_FOUND without one.
func (s *Server) abuseDesk() (Abuse, error) {
	if s.people.Abuse == nil {
		return nil, fault.New(fault.NotFound, "this gateway keeps no customers' data: its configuration has no people")
	}
	return s.people.Abuse, nil
}

// ListFlags lists accounts that met a rule.
func (s *Server) ListFlags(ctx context.Context, r ListFlagsRequestObject) (ListFlagsResponseObject, error) {
	desk, err := s.abuseDesk()
	if err != nil {
		return nil, err
	}
	limit := min(max(valueOr(r.Params.Limit, DefaultPage), 1), abuse.MaxPage)
	flags, err := desk.Flags(ctx, abuse.FlagState(valueOr(r.Params.State, string(abuse.FlagOpen))), valueOr(r.Params.After, ""), limit)
	if err != nil {
		return nil, err
	}
	list := make([]Flag, len(flags))
	for i := range flags {
		f := &flags[i]
		list[i] = Flag{
			Id: f.ID, Account: string(f.Account), Rule: f.Rule, Reason: string(f.Reason), Action: string(f.Action), State: string(f.State), Times: f.Times,
			First: f.First, Last: f.Last, Decided: given(f.Decided), DecidedBy: given(f.DecidedBy),
		}
	}
	out := ListFlags200JSONResponse{Flags: list}
	if len(list) == limit {
		out.Next = &list[limit-1].Id
	}
	return out, nil
}

// DecideFlag confirms or dismisses a flag.
func (s *Server) DecideFlag(ctx context.Context, r DecideFlagRequestObject) (DecideFlagResponseObject, error) {
	desk, err := s.abuseDesk()
	if err != nil {
		return nil, err
	}
	if err := checkID("id", r.Id); err != nil {
		return nil, err
	}
	return DecideFlag204Response{}, desk.DecideFlag(ctx, r.Id, abuse.FlagState(r.Body.State), callerIn(ctx))
}

// ListObjections lists what waits for an answer.
func (s *Server) ListObjections(ctx context.Context, _ ListObjectionsRequestObject) (ListObjectionsResponseObject, error) {
	desk, err := s.abuseDesk()
	if err != nil {
		return nil, err
	}
	all, err := desk.Objections(ctx)
	if err != nil {
		return nil, err
	}
	list, now := make([]FiledObjection, len(all)), time.Now().Unix()
	for i := range all {
		list[i] = waitingOf(&all[i], now)
	}
	return ListObjections200JSONResponse{Objections: list}, nil
}

func filedOf(o *abuse.Objection) FiledObjection {
	return FiledObjection{
		Id: string(o.ID), Account: string(o.Account), Words: o.Words, At: o.At, AnswerBy: o.AnswerBy, Recorded: o.Recorded,
		Outcome: given(string(o.Outcome)), Answer: given(o.Answer), Answered: given(o.Answered),
	}
}

const secondsPerDay = 86400

// waitingOf is an objection with how long it has waited, Unix seconds.
func waitingOf(o *abuse.Objection, now int64) FiledObjection {
	f := filedOf(o)
	age, overdue := int(max(now-o.At, 0)/secondsPerDay), now >= o.AnswerBy
	f.AgeDays, f.Overdue = &age, &overdue
	return f
}

// AnswerObjection answers a customer.
func (s *Server) AnswerObjection(ctx context.Context, r AnswerObjectionRequestObject) (AnswerObjectionResponseObject, error) {
	desk, err := s.abuseDesk()
	if err != nil {
		return nil, err
	}
	if err := checkID("id", r.Id); err != nil {
		return nil, err
	}
	return AnswerObjection204Response{}, desk.Answer(ctx, points.OperationID(r.Id), points.ObjectionOutcome(r.Body.Outcome), r.Body.Words, callerIn(ctx))
}

// ownAccounts are the accounts of the customer who is signed in, in the own programme.
func (s *Server) ownAccounts(ctx context.Context, person vault.PersonID) ([]points.AccountID, error) {
	links, err := s.people.Vault.Accounts(ctx, person)
	if err != nil {
		return nil, err
	}
	accounts := []points.AccountID{}
	for _, l := range links {
		if l.Programme == s.programme {
			accounts = append(accounts, l.Account)
		}
	}
	return accounts, nil
}

// ListMyNotices tells a customer what was decided about their accounts.
func (s *Server) ListMyNotices(ctx context.Context, _ ListMyNoticesRequestObject) (ListMyNoticesResponseObject, error) {
	desk, err := s.abuseDesk()
	if err != nil {
		return nil, err
	}
	accounts, err := s.ownAccounts(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	notices, err := desk.Notices(ctx, accounts, abuse.MaxPage)
	if err != nil {
		return nil, err
	}
	list := make([]Notice, len(notices))
	for i := range notices {
		n := &notices[i]
		list[i] = Notice{
			Id: n.ID, Account: string(n.Account), Kind: string(n.Kind), Decision: string(n.Decision), Reason: string(n.Reason), Words: abuse.WordsFor(n.Reason), Until: given(n.Until), At: n.At,
		}
		if n.Objection != nil {
			filed := filedOf(n.Objection)
			list[i].Objection = &filed
		}
	}
	security, err := s.securityEvents(ctx)
	if err != nil {
		return nil, err
	}
	told := slices.DeleteFunc(security, func(e SecurityEvent) bool { return !e.Told })
	return ListMyNotices200JSONResponse{Notices: list, Security: &told}, nil
}

// ObjectToNotice takes a customer's objection.
func (s *Server) ObjectToNotice(ctx context.Context, r ObjectToNoticeRequestObject) (ObjectToNoticeResponseObject, error) {
	desk, err := s.abuseDesk()
	if err != nil {
		return nil, err
	}
	if err := checkID("id", r.Id); err != nil {
		return nil, err
	}
	accounts, err := s.ownAccounts(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	id, err := desk.Object(ctx, string(personIn(ctx)), accounts, r.Id, r.Body.Words)
	if err != nil {
		return nil, err
	}
	return ObjectToNotice200JSONResponse{Id: string(id)}, nil
}
