package points

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
)

// Limits of freezes.
const (
	MaxFreezeSeconds      = 30 * secondsPerDay // Longest freeze from one decision; a freeze that names no end has this one.
	FreezeDecisionSeconds = 7 * secondsPerDay  // How long a request waits for the issuer's decision, then it has lapsed.
	ObjectionSeconds      = 30 * secondsPerDay // In which the issuer answers an objection: the month of the GDPR's Article 12(3).
)

// FreezeStatus is the state of a brand's request to freeze an account.
type FreezeStatus string

// The states of a request: asked leads to accepted, declined or lapsed; accepted to applied or lapsed.
const (
	FreezeAsked    FreezeStatus = "ASKED"    // Waits for the issuer.
	FreezeAccepted FreezeStatus = "ACCEPTED" // The issuer's gateway freezes the account next.
	FreezeDeclined FreezeStatus = "DECLINED"
	FreezeApplied  FreezeStatus = "APPLIED" // An operation froze the account by it, once.
	FreezeLapsed   FreezeStatus = "LAPSED"  // Its time is over; never recorded, see StatusAt.
)

// DeclineReason is why an issuer declines a request.
type DeclineReason string

// The reasons to decline.
const (
	DeclineEvidence      DeclineReason = "evidence"      // What was shown doesn't bear it out.
	DeclineResolved      DeclineReason = "resolved"      // The matter is settled.
	DeclineDisproportion DeclineReason = "disproportion" // A freeze would be more than the matter asks for.
)

// DeclineReasons lists every reason to decline in a stable order.
func DeclineReasons() []DeclineReason {
	return []DeclineReason{DeclineEvidence, DeclineResolved, DeclineDisproportion}
}

// FreezeReasons lists the reasons for which a brand can ask for a freeze, in a stable order.
func FreezeReasons() []Reason { return []Reason{ReasonFraud, ReasonTakeover, ReasonAbuse, ReasonCourt} }

// FreezeRequest is a brand's request that the issuer freeze an account, and what the issuer decided. It says nothing of the person: what the asking brand knows it shows to the
// issuer outside the ledger, and its salted hash stands here.
type FreezeRequest struct {
	V         int           `json:"v"` // Record version, 1.
	ID        OperationID   `json:"id"`
	Account   AccountID     `json:"account"`
	Reason    Reason        `json:"reason"`   // One of FreezeReasons.
	Evidence  string        `json:"evidence"` // Salted SHA-256, hex.
	Until     int64         `json:"until"`    // Unix seconds: the end that is asked for.
	MSP       string        `json:"msp"`      // Of who asks.
	At        int64         `json:"at"`       // Unix seconds, as are the times that follow.
	Status    FreezeStatus  `json:"status"`
	Decided   int64         `json:"decided,omitzero"`
	End       int64         `json:"end,omitzero"`        // Of the freeze, as the issuer accepted it.
	Declined  DeclineReason `json:"declined,omitempty"`  // Why.
	Operation OperationID   `json:"operation,omitempty"` // The freeze that followed.
}

// Validate returns INVALID_VALUE unless this can be a new request at its time.
func (f *FreezeRequest) Validate() error {
	switch {
	case f.ID.Validate() != nil:
		return f.ID.Validate()
	case f.Account.Validate() != nil:
		return f.Account.Validate()
	case !slices.Contains(FreezeReasons(), f.Reason):
		return fault.New(fault.InvalidValue, "reason must be one of %v", FreezeReasons())
	case !isHex(f.Evidence, hashLength):
		return fault.New(fault.InvalidValue, "evidence must be the %d lower-case hex digits of a salted hash", hashLength)
	case !freezeEnds(f.At, f.Until):
		return fault.New(fault.InvalidValue, "until must lie in the next %d days", MaxFreezeSeconds/secondsPerDay)
	}
	return nil
}

// freezeEnds says whether a freeze that is decided at a time can have this end.
func freezeEnds(at, until int64) bool { return until > at && until <= at+MaxFreezeSeconds }

// openUntil is when a request that nobody decides lapses, Unix seconds.
func (f *FreezeRequest) openUntil() int64 { return min(f.At+FreezeDecisionSeconds, f.Until) }

// StatusAt is the request's state at a time (Unix seconds): what nobody decided, or used, in time has lapsed without anybody's doing.
func (f *FreezeRequest) StatusAt(now int64) FreezeStatus {
	if f.Status == FreezeAsked && now >= f.openUntil() || f.Status == FreezeAccepted && now >= f.End {
		return FreezeLapsed
	}
	return f.Status
}

// Accept is the issuer's decision to freeze until an end that is no later than what was asked for. PROPOSAL_CLOSED once it is decided or has lapsed, INVALID_VALUE for
// another end.
func (f *FreezeRequest) Accept(end, now int64) error {
	if f.StatusAt(now) != FreezeAsked {
		return fault.New(fault.ProposalClosed, "the request is %s", f.StatusAt(now))
	}
	if end <= now || end > f.Until {
		return fault.New(fault.InvalidValue, "the freeze can end from now on until the end that was asked for")
	}
	f.Status, f.Decided, f.End = FreezeAccepted, now, end
	return nil
}

// Decline is the issuer's decision not to. PROPOSAL_CLOSED once it is decided or has lapsed, INVALID_VALUE for another reason than one of DeclineReasons.
func (f *FreezeRequest) Decline(why DeclineReason, now int64) error {
	if f.StatusAt(now) != FreezeAsked {
		return fault.New(fault.ProposalClosed, "the request is %s", f.StatusAt(now))
	}
	if !slices.Contains(DeclineReasons(), why) {
		return fault.New(fault.InvalidValue, "declined must be one of %v", DeclineReasons())
	}
	f.Status, f.Decided, f.Declined = FreezeDeclined, now, why
	return nil
}

// ObjectionOutcome is what the issuer answers to an objection.
type ObjectionOutcome string

// The outcomes.
const (
	ObjectionOpen      ObjectionOutcome = ""          // Not answered yet.
	ObjectionUpheld    ObjectionOutcome = "UPHELD"    // The customer is right: what was decided is undone, by operations of their own.
	ObjectionDismissed ObjectionOutcome = "DISMISSED" // It stands.
)

// Objection is that a customer objects to what was decided about an account without its holder: a freeze, or a refusal of the gateway's. The words stay with the issuer, the
// ledger has their salted hash and that a human answered.
type Objection struct {
	V        int              `json:"v"` // Record version, 1.
	ID       OperationID      `json:"id"`
	Account  AccountID        `json:"account"`
	Decision OperationID      `json:"decision"` // The operation or the decision objected to.
	Hash     string           `json:"hash"`     // Salted SHA-256 of the customer's words, hex.
	At       int64            `json:"at"`       // Unix seconds, as are the times that follow.
	AnswerBy int64            `json:"answerBy"` // The issuer answers until then.
	Outcome  ObjectionOutcome `json:"outcome,omitempty"`
	Answer   string           `json:"answer,omitempty"` // Salted SHA-256 of the answer's words, hex.
	Answered int64            `json:"answered,omitzero"`
}

// Validate returns INVALID_VALUE unless this can be a new objection.
func (o *Objection) Validate() error {
	for _, id := range []OperationID{o.ID, o.Decision} {
		if err := id.Validate(); err != nil {
			return err
		}
	}
	if err := o.Account.Validate(); err != nil {
		return err
	}
	if !isHex(o.Hash, hashLength) {
		return fault.New(fault.InvalidValue, "hash must have %d lower-case hex digits", hashLength)
	}
	return nil
}

// Resolve records the issuer's answer. PROPOSAL_CLOSED when there is one, INVALID_VALUE for another outcome or hash.
func (o *Objection) Resolve(outcome ObjectionOutcome, answer string, now int64) error {
	if o.Outcome != ObjectionOpen {
		return fault.New(fault.ProposalClosed, "the objection was answered before")
	}
	if outcome != ObjectionUpheld && outcome != ObjectionDismissed || !isHex(answer, hashLength) {
		return fault.New(fault.InvalidValue, "outcome must be %s or %s, answer %d lower-case hex digits", ObjectionUpheld, ObjectionDismissed, hashLength)
	}
	o.Outcome, o.Answer, o.Answered = outcome, answer, now
	return nil
}

// StatusAt is the account's state at a time (Unix seconds): a freeze whose end has passed is over without anybody's doing.
func (a *Account) StatusAt(now int64) Status {
	if a.Status == StatusFrozen && a.FrozenUntil != 0 && now >= a.FrozenUntil {
		return StatusActive
	}
	return a.Status
}

// At is the account as it stands at a time: once a freeze is over, what waited in suspense is free. The account itself stays as it is until an operation touches it.
func (a *Account) At(now int64) *Account {
	if a.StatusAt(now) == a.Status {
		return a
	}
	thawed := a.clone()
	thawed.Status, thawed.FrozenUntil = StatusActive, 0
	if list, ok := joined(thawed.Lots, thawed.Suspense); ok {
		thawed.Lots, thawed.Suspense = list, nil
	}
	return thawed
}

// freeze stops an active account from spending until an end. What another brand asked for, and the issuer accepted, ends as the issuer decided, and goes on with a freeze that
// is under way; without a new decision none is prolonged.
func (t *trial) freeze() fault.Code {
	if !t.book.Programme.has(engineGuards) {
		return t.freezeForGood()
	}
	request, code := t.requested()
	if code != fault.OK {
		return code
	}
	if t.account.Status == StatusClosed || t.account.Status == StatusFrozen && request == nil {
		return fault.AccountFrozen
	}
	until, code := t.freezeUntil(request)
	if code != fault.OK {
		return code
	}
	t.account.Status, t.account.FrozenUntil = StatusFrozen, max(t.account.FrozenUntil, until)
	t.receipt.Until = t.account.FrozenUntil
	return fault.OK
}

// freezeForGood is how the first engine froze: until somebody unfreezes.
func (t *trial) freezeForGood() fault.Code {
	if t.op.Request != "" || t.op.Until != 0 {
		return fault.FreezePeriod
	}
	if t.account.Status != StatusActive {
		return fault.AccountFrozen
	}
	t.account.Status = StatusFrozen
	return fault.OK
}

// requested is the accepted request that the operation names, which is used up by it; nil when it names none.
func (t *trial) requested() (*FreezeRequest, fault.Code) {
	if t.op.Request == "" {
		return nil, fault.OK
	}
	known := t.book.Freezes[t.op.Request]
	if known == nil || known.Account != t.op.Account || known.Reason != t.op.Reason || known.StatusAt(t.book.Now) != FreezeAccepted {
		return nil, fault.FreezeUndecided
	}
	used := *known
	used.Status, used.Operation = FreezeApplied, t.op.ID
	t.freezing = &used
	return &used, fault.OK
}

// freezeUntil is the end of the freeze.
func (t *trial) freezeUntil(request *FreezeRequest) (int64, fault.Code) {
	now, until := t.book.Now, t.op.Until
	switch {
	case request != nil && until != 0 && until != request.End:
		return 0, fault.FreezePeriod
	case request != nil:
		return request.End, fault.OK
	case until == 0:
		return now + MaxFreezeSeconds, fault.OK
	case !freezeEnds(now, until):
		return 0, fault.FreezePeriod
	}
	return until, fault.OK
}

// unfreeze makes a frozen account active again; what it was credited meanwhile leaves suspense.
func (t *trial) unfreeze() fault.Code {
	if t.account.Status != StatusFrozen {
		return fault.AccountNotFrozen
	}
	t.account.Status, t.account.FrozenUntil = StatusActive, 0
	suspended := t.account.Suspense
	t.account.Suspense = nil
	return t.from.put(suspended)
}

// thaw ends a freeze whose end has passed. What is in suspense becomes free; where there is no room for it among the lots it waits there for the next operation, and doesn't
// stop the account.
func (s *side) thaw() {
	a := s.account
	if a.StatusAt(s.trial.book.Now) != a.Status {
		a.Status, a.FrozenUntil = StatusActive, 0
		s.thawed = true
	}
	if a.Status != StatusActive || len(a.Suspense) == 0 {
		return
	}
	if list, ok := joined(a.Lots, a.Suspense); ok {
		a.Lots, a.Suspense = list, nil
		s.thawed = true
	}
}

// joined puts lots among others; ok is false when there is no room for them.
func joined(list, more []lots.Lot) (all []lots.Lot, ok bool) {
	for _, l := range more {
		var err error
		if list, err = lots.Add(list, l); err != nil {
			return nil, false
		}
	}
	return list, true
}
