package audit

import (
	"encoding/hex"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// standIn is a salt for input that isn't known: what depends on it is not compared.
var standIn = strings.Repeat("0", wire.SaltLength)

// rerunClearing replays a call of clearing. Those about a pair are replayed from what the pair's collection got, where it is held, and as observers see them elsewhere.
func (a *Auditor) rerunClearing(t *blocks.Transaction, call engine.Call, find findFunc) (*rerun, *Finding) {
	switch call.Function {
	case wire.FnExchange:
		return a.rerunExchange(t, call, find)
	case wire.FnProposeAgreement:
		return a.rerunProposal(t, call, find)
	case wire.FnMoveSlice:
		return a.rerunSlice(t, call, find)
	}
	r, err := a.execute(call, full)
	switch {
	case err == nil:
		return r, nil
	case unavailable(err) && call.Function == wire.FnAcceptAgreement:
		return a.observeAcceptance(t, call, find)
	case unavailable(err):
		return a.observe(call, find)
	default:
		return nil, refused(call, err, find)
	}
}

// observe replays a call whose private input isn't held, up to where it looks at private data: that somebody may make it, and that its public part has its form, is seen by
// then. Afterwards the expected private writes are these. A query that was submitted as a transaction has none, and what it answered isn't known.
func (a *Auditor) observe(call engine.Call, find findFunc, wants ...privateWant) (*rerun, *Finding) {
	x := a.newExecution(call)
	x.blind = true
	if _, err := x.run(); !unavailable(err) {
		return nil, refused(call, err, find)
	}
	f := x.at(call.Chaincode)
	f.unseen, f.private = true, wants
	return &rerun{execution: x, by: public, unanswered: len(wants) == 0}, nil
}

// rerunProposal replays ProposeAgreement: the agreement that was proposed is what was written.
func (a *Auditor) rerunProposal(t *blocks.Transaction, call engine.Call, find findFunc) (*rerun, *Finding) {
	var doc wire.PairQuery
	if err := wire.Decode(call.Document, engine.MaxQuery, &doc); err != nil {
		return nil, refused(call, err, find)
	}
	collection := clearing.PairCollection(doc.A, doc.B)
	var proposal wire.AgreementProposal
	if raw := privateValue(t, collection, engine.ProposedKey()); raw != nil {
		if err := wire.DecodeRecord(raw, &proposal); err != nil {
			return nil, find(CheckPrivateWriteSet, "the proposal can't be read").at(call.Chaincode+"/"+collection, engine.ProposedKey())
		}
	} else {
		proposal.Agreement.A, proposal.Agreement.B = doc.A, doc.B
	}
	if f := giveTransient(&call, wire.AgreementTransient, proposal.Agreement, find); f != nil {
		return nil, f
	}
	if proposal.V > 0 {
		r, err := a.execute(call, full)
		if !unavailable(err) {
			return r, refusedIf(call, err, find)
		}
	}
	return a.observe(call, find, unknownValue(collection, engine.ProposedKey()))
}

// observeAcceptance replays AcceptAgreement as somebody sees it who isn't in the pair: the proposal that is accepted is the one whose hash is on the channel, and what customers
// get follows, in both programmes, from the offers as committed.
func (a *Auditor) observeAcceptance(t *blocks.Transaction, call engine.Call, find findFunc) (*rerun, *Finding) {
	var doc wire.Acceptance
	if err := wire.Decode(call.Document, engine.MaxQuery, &doc); err != nil {
		return nil, refused(call, err, find)
	}
	collection := clearing.PairCollection(doc.A, doc.B)
	proposed := a.world.hashed[collectionRef{call.Chaincode, collection}][keyHash(engine.ProposedKey())].hash
	if hex.EncodeToString(proposed) != doc.Hash {
		return nil, find(CheckExecution, "it accepts another proposal than the one that waits").at(call.Chaincode+"/"+collection, engine.ProposedKey())
	}
	r, f := a.observe(call, find, unknownValue(collection, engine.AgreementKey(doc.Version)), unknownValue(collection, engine.PairKey()),
		privateWant{privateRef: privateRef{collection, engine.ProposedKey()}, deleted: true})
	if f != nil {
		return nil, f
	}
	for _, pair := range [][2]string{{doc.A, doc.B}, {doc.B, doc.A}} {
		if f := a.observeOffer(t, r, pair[0], pair[1], doc.Version, find); f != nil {
			return nil, f
		}
	}
	return r, nil
}

// observeOffer publishes an offer anew in the programme of a brand.
func (a *Auditor) observeOffer(t *blocks.Transaction, r *rerun, brand, partner string, version int, find findFunc) *Finding {
	namespace, key := engine.PointsPrefix+brand, engine.OfferKey(partner, version)
	var offer clearing.Offer
	if err := wire.DecodeRecord(publicWrite(t, namespace, key), &offer); err != nil {
		return find(CheckWriteSet, "the offer isn't written, or can't be read").at(namespace, key)
	}
	consortium, err := a.consortium()
	if err != nil {
		return refused(r.call, err, find)
	}
	member, err := consortium.Find(partner)
	if err != nil {
		return refused(r.call, err, find)
	}
	document, err := wire.Encode(wire.OfferCall{Partner: partner, PartnerMSP: member.MSP, Offer: offer})
	if err == nil {
		_, err = (&view{r.execution, engine.ClearingChaincode}).Invoke(namespace, wire.FnPutOffer, document)
	}
	return refusedIf(r.call, err, find)
}

// rerunSlice replays MoveSlice. Its salt isn't written, so the move is found from what it did to the lanes, and the salts of these are taken as they are.
func (a *Auditor) rerunSlice(t *blocks.Transaction, call engine.Call, find findFunc) (*rerun, *Finding) {
	var doc wire.PairQuery
	if err := wire.Decode(call.Document, engine.MaxQuery, &doc); err != nil {
		return nil, refused(call, err, find)
	}
	collection := clearing.PairCollection(doc.A, doc.B)
	written, f := writtenLanes(t, collection, find)
	if f != nil {
		return nil, f
	}
	if len(written) == 2 {
		r, err := a.findMove(call, collection, written, find)
		if r != nil || err != nil {
			return r, err
		}
	}
	return a.observeSlice(call, &doc, collection, find)
}

// writtenLanes are the lanes that a transaction wrote, as far as they are held.
func writtenLanes(t *blocks.Transaction, collection string, find findFunc) ([]clearing.PairLane, *Finding) {
	var lanes []clearing.PairLane
	for _, w := range t.PrivateWrites(engine.ClearingChaincode, collection) {
		var lane clearing.PairLane
		if err := wire.DecodeRecord(w.Value, &lane); err != nil || w.Key != engine.PairLaneKey(lane.MSP, lane.N) || len(lane.Salt) != wire.SaltLength {
			return nil, find(CheckPrivateWriteSet, "it is no lane's record").at(engine.ClearingChaincode+"/"+collection, w.Key)
		}
		lanes = append(lanes, lane)
	}
	return lanes, nil
}

// findMove looks for the move that gives the lanes as they were written; nothing when earlier values that it needs aren't held.
func (a *Auditor) findMove(call engine.Call, collection string, written []clearing.PairLane, find findFunc) (*rerun, *Finding) {
	for _, move := range a.possibleMoves(collection, written) {
		if f := giveTransient(&call, wire.SliceTransient, move, find); f != nil {
			return nil, f
		}
		r, err := a.execute(call, full)
		if unavailable(err) {
			return nil, nil
		}
		if err == nil && resalt(r, written) {
			return r, nil
		}
	}
	return nil, find(CheckPrivateWriteSet, "no move between the two lanes that the rules allow gives what was written").
		at(call.Chaincode+"/"+collection, engine.PairLaneKey(written[0].MSP, written[0].N))
}

// possibleMoves are moves either way, in either direction of what is owed, of the amount that the receiving lane says it got.
func (a *Auditor) possibleMoves(collection string, written []clearing.PairLane) []wire.SliceMove {
	var moves []wire.SliceMove
	for i, to := range written {
		from := written[1-i]
		for direction := range to.Slice {
			of := to.Of[direction]
			before := clearing.PairLane{}
			if raw, _ := a.world.private(collectionRef{engine.ClearingChaincode, collection}, engine.PairLaneKey(to.MSP, to.N)); raw != nil {
				if wire.DecodeRecord(raw, &before) != nil {
					continue
				}
			}
			amount := to.Slice[direction] - before.SliceOf(direction, of)
			if amount > 0 {
				moves = append(moves, wire.SliceMove{
					Salt: standIn, From: clearing.LanePlace{MSP: from.MSP, N: from.N}, To: clearing.LanePlace{MSP: to.MSP, N: to.N}, Direction: direction, Amount: amount,
				})
			}
		}
	}
	return moves
}

// resalt gives the expected lanes the salts that were written, and says whether they are then what was written.
func resalt(r *rerun, written []clearing.PairLane) bool {
	f := r.at(engine.ClearingChaincode)
	f.private = f.private[:0]
	for _, w := range r.effects.Private {
		var lane clearing.PairLane
		if wire.DecodeRecord(w.Value, &lane) != nil {
			return false
		}
		same := false
		for _, other := range written {
			if other.MSP == lane.MSP && other.N == lane.N {
				lane.Salt = other.Salt
				same = lane == other
			}
		}
		raw, err := wire.Encode(lane)
		if err != nil || !same {
			return false
		}
		w.Value = raw
		f.private = append(f.private, wantOf(w))
	}
	return true
}

// observeSlice replays MoveSlice as somebody sees it who isn't in the pair: two of the pair's lanes are written, and nothing else.
func (a *Auditor) observeSlice(call engine.Call, doc *wire.PairQuery, collection string, find findFunc) (*rerun, *Finding) {
	consortium, err := a.consortium()
	if err != nil {
		return nil, refused(call, err, find)
	}
	first, err := consortium.Find(doc.A)
	if err != nil {
		return nil, refused(call, err, find)
	}
	second, err := consortium.Find(doc.B)
	if err != nil {
		return nil, refused(call, err, find)
	}
	lanes := clearing.CrossLanes(first, second)
	if f := giveTransient(&call, wire.SliceTransient, wire.SliceMove{Salt: standIn, From: lanes[0], To: lanes[1]}, find); f != nil {
		return nil, f
	}
	var wants []privateWant
	for _, lane := range lanes {
		want := unknownValue(collection, engine.PairLaneKey(lane.MSP, lane.N))
		want.optional = true
		wants = append(wants, want)
	}
	r, f := a.observe(call, find, wants...)
	if f == nil {
		r.at(call.Chaincode).count = 2
	}
	return r, f
}

func giveTransient(call *engine.Call, field string, document any, find findFunc) *Finding {
	raw, err := wire.Encode(document)
	if err != nil {
		return refused(*call, err, find)
	}
	call.Transient = map[string][]byte{field: raw}
	return nil
}

func refusedIf(call engine.Call, err error, find findFunc) *Finding {
	if err == nil {
		return nil
	}
	return refused(call, err, find)
}

// unknownValue is a private write of which the key is known and not the value.
func unknownValue(collection, key string) privateWant {
	return privateWant{privateRef: privateRef{collection, key}}
}

// privateValue is what a transaction wrote under a key of a pair's collection, when it is held.
func privateValue(t *blocks.Transaction, collection, key string) []byte {
	for _, w := range t.PrivateWrites(engine.ClearingChaincode, collection) {
		if w.Key == key && !w.Delete {
			return w.Value
		}
	}
	return nil
}

// publicWrite is what a transaction wrote under a public key; nil without it.
func publicWrite(t *blocks.Transaction, namespace, key string) []byte {
	if n := t.Namespace(namespace); n != nil {
		for _, w := range n.Writes {
			if w.Key == key && !w.Delete {
				return w.Value
			}
		}
	}
	return nil
}
