package engine

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// requestFreeze records that a brand asks the issuer to freeze an account. Of the account it reads only that it exists, so that it collides with nothing.
func requestFreeze(c Call, s State) (Effects, error) {
	var doc wire.NewFreeze
	p, err := decodeForProgramme(&c, &doc)
	if err != nil {
		return Effects{}, err
	}
	if !p.HasGuards() {
		return Effects{}, fault.New(fault.NotFounded, "the programme's engine is %d: its operator activates a later one first", p.Engine)
	}
	request := points.FreezeRequest{
		V: 1, ID: doc.ID, Account: doc.Account, Reason: doc.Reason, Evidence: doc.Evidence, Until: doc.Until,
		MSP: c.Caller.MSP, At: c.Time, Status: points.FreezeAsked,
	}
	if err := request.Validate(); err != nil {
		return Effects{}, err
	}
	key := FreezeKey(doc.ID)
	if err := requireNew(s, key, doc.Account); err != nil {
		return Effects{}, err
	}
	e, err := changed(key, request, wire.EventFreezeChanged)
	if err != nil || !isLimited(p, &request) {
		return e, err
	}
	var open points.OpenFreezes
	if _, err := read(s, OpenFreezesKey(request.MSP), &open); err != nil {
		return Effects{}, err
	}
	if err := open.Add(&request); err != nil {
		return Effects{}, err
	}
	return e.and(OpenFreezesKey(request.MSP), open)
}

// isLimited says whether a request is among those that its brand can have a limited number of open.
func isLimited(p *points.Programme, f *points.FreezeRequest) bool {
	return p.LimitsFreezes() && f.MSP != p.MSP
}

// and adds a record that is written with the effects.
func (e Effects) and(key string, record any) (Effects, error) {
	w, err := write(key, record)
	e.Writes = append(e.Writes, w)
	return e, err
}

// requireNew returns ALREADY_EXISTS when there is something under the key, ACCOUNT_UNKNOWN when there is no such account.
func requireNew(s State, key string, account points.AccountID) error {
	values, err := s.Get([]string{key, ExistsKey(account)})
	switch {
	case err != nil:
		return err
	case values[0] != nil:
		return fault.New(fault.AlreadyExists, "%s", ReadableKey(key))
	case values[1] == nil:
		return fault.New(fault.AccountUnknown, "the programme has no such account")
	}
	return nil
}

// decideFreeze records the issuer's decision. The account is frozen by an operation that names the request.
func decideFreeze(c Call, s State) (Effects, error) {
	var doc wire.FreezeDecision
	p, err := decodeForProgramme(&c, &doc)
	if err != nil {
		return Effects{}, err
	}
	var request points.FreezeRequest
	key, err := readNamed(s, FreezeKey, doc.ID, &request)
	if err != nil {
		return Effects{}, err
	}
	switch {
	case (doc.Until == 0) == (doc.Declined == ""):
		err = fault.New(fault.InvalidValue, "a decision has an end, or why the request is declined")
	case doc.Declined != "":
		err = request.Decline(doc.Declined, c.Time)
	default:
		err = request.Accept(doc.Until, c.Time)
	}
	if err != nil {
		return Effects{}, err
	}
	e, err := changed(key, request, wire.EventFreezeChanged)
	if err != nil || !isLimited(p, &request) {
		return e, err
	}
	var open points.OpenFreezes
	if _, err := read(s, OpenFreezesKey(request.MSP), &open); err != nil {
		return Effects{}, err
	}
	if !open.Remove(request.ID) {
		return e, nil
	}
	return e.and(OpenFreezesKey(request.MSP), open)
}

// readNamed reads the record under an id: INVALID_VALUE, NOT_FOUND.
func readNamed(s State, keyOf func(points.OperationID) string, id points.OperationID, record any) (key string, err error) {
	if err := id.Validate(); err != nil {
		return "", err
	}
	key = keyOf(id)
	there, err := read(s, key, record)
	if err == nil && !there {
		err = fault.New(fault.NotFound, "%s", ReadableKey(key))
	}
	return key, err
}

// recordObjection records that a customer objects to a decision about an account.
func recordObjection(c Call, s State) (Effects, error) {
	var doc wire.NewObjection
	if _, err := decodeForProgramme(&c, &doc); err != nil {
		return Effects{}, err
	}
	objection := points.Objection{
		V: 1, ID: doc.ID, Account: doc.Account, Decision: doc.Decision, Hash: doc.Hash, At: c.Time, AnswerBy: c.Time + points.ObjectionSeconds,
	}
	if err := objection.Validate(); err != nil {
		return Effects{}, err
	}
	key := ObjectionKey(doc.ID)
	if err := requireNew(s, key, doc.Account); err != nil {
		return Effects{}, err
	}
	return changed(key, objection, wire.EventObjectionChanged)
}

// answerObjection records what the issuer's people answered.
func answerObjection(c Call, s State) (Effects, error) {
	var doc wire.ObjectionAnswer
	if _, err := decodeForProgramme(&c, &doc); err != nil {
		return Effects{}, err
	}
	var objection points.Objection
	key, err := readNamed(s, ObjectionKey, doc.ID, &objection)
	if err != nil {
		return Effects{}, err
	}
	if err := objection.Resolve(doc.Outcome, doc.Answer, c.Time); err != nil {
		return Effects{}, err
	}
	return changed(key, objection, wire.EventObjectionChanged)
}

func getFreeze(c Call, s State) (Effects, error) {
	var doc wire.FreezeQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if err := doc.ID.Validate(); err != nil {
		return Effects{}, err
	}
	return answerRecord(s, FreezeKey(doc.ID))
}

func getObjection(c Call, s State) (Effects, error) {
	var doc wire.ObjectionQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if err := doc.ID.Validate(); err != nil {
		return Effects{}, err
	}
	return answerRecord(s, ObjectionKey(doc.ID))
}
