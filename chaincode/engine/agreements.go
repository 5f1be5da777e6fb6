package engine

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// pairCall is a call about a pair by one of its members.
type pairCall struct {
	a, b       clearing.Member
	caller     clearing.Member
	collection string
}

// ofPair is a document about a pair of members.
type ofPair interface{ Pair() (a, b string) }

// openPair decodes a call's document, which names a pair's members in order, and finds which of them calls; FORBIDDEN unless one of them does, where the table asks
// for that.
func openPair(c Call, s State, doc ofPair) (*pairCall, error) {
	if err := wire.Decode(c.Document, MaxQuery, doc); err != nil {
		return nil, err
	}
	members, err := c.consortium(s)
	if err != nil {
		return nil, err
	}
	a, b := doc.Pair()
	if a >= b {
		return nil, fault.New(fault.InvalidValue, "a pair has two members, ordered by name")
	}
	p := &pairCall{collection: clearing.PairCollection(a, b)}
	if p.a, err = findBrand(members, a); err != nil {
		return nil, err
	}
	if p.b, err = findBrand(members, b); err != nil {
		return nil, err
	}
	p.caller = p.a
	if c.Caller.MSP == p.b.MSP || !p.a.SpokenForBy(c.Caller.MSP) {
		p.caller = p.b
	}
	if access := c.admitted.access; access.Party == clearing.PartyPair && !p.caller.SpokenForBy(c.Caller.MSP) {
		return p, access.forbid()
	}
	return p, nil
}

// requireVoices returns MEMBER_STATUS unless both members are active: an administrator could agree with itself otherwise.
func (p *pairCall) requireVoices() error {
	for _, m := range []*clearing.Member{&p.a, &p.b} {
		if !m.Is(clearing.StatusActive) {
			return fault.New(fault.MemberStatus, "%s is %s and makes no agreements", m.Name, m.State())
		}
	}
	return nil
}

func (p *pairCall) other() clearing.Member {
	if p.caller == p.a {
		return p.b
	}
	return p.a
}

// proposeAgreement keeps a version of the pair's agreement for the other member to accept; a later proposal takes the place of an earlier one.
func proposeAgreement(c Call, s State) (Effects, error) {
	var doc wire.PairQuery
	p, err := openPair(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	if err := p.requireVoices(); err != nil {
		return Effects{}, err
	}
	proposal := wire.AgreementProposal{V: 1, Proposer: p.caller.Name}
	if err := wire.Decode(c.Transient[wire.AgreementTransient], wire.MaxDocument, &proposal.Agreement); err != nil {
		return Effects{}, err
	}
	if proposal.Agreement.A != doc.A || proposal.Agreement.B != doc.B {
		return Effects{}, fault.New(fault.InvalidValue, "the agreement is not of %s and %s", doc.A, doc.B)
	}
	if _, err := p.admit(c, s, &proposal.Agreement); err != nil {
		return Effects{}, err
	}
	raw, err := wire.Encode(proposal)
	if err != nil {
		return Effects{}, err
	}
	return Effects{Private: []PrivateWrite{{Collection: p.collection, Key: ProposedKey(), Value: raw}}}, nil
}

// admit holds an agreement against the pair's last version, and gives the pair's record with the agreement in it.
func (p *pairCall) admit(c Call, s State, g *clearing.Agreement) (*wire.PairRecord, error) {
	pair := wire.PairRecord{V: 1, Currency: g.Currency}
	if _, err := readPrivate(s, p.collection, PairKey(), &pair); err != nil {
		return nil, err
	}
	var last *clearing.Agreement
	if n := len(pair.Starts); n > 0 {
		last = new(clearing.Agreement)
		if _, err := readPrivate(s, p.collection, AgreementKey(n), last); err != nil {
			return nil, err
		}
	}
	if err := g.AdmitNext(last, c.Time); err != nil {
		return nil, err
	}
	pair.Starts = append(pair.Starts, g.From)
	return &pair, nil
}

// acceptAgreement puts the proposed version in force from its beginning on: the other member than the proposer says so, by the hash of what it has read. What customers get is
// published in both programmes by the same transaction.
func acceptAgreement(c Call, s State) (Effects, error) {
	var doc wire.Acceptance
	p, err := openPair(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	if err := p.requireVoices(); err != nil {
		return Effects{}, err
	}
	g, err := p.proposed(s, &doc)
	if err != nil {
		return Effects{}, err
	}
	pair, err := p.admit(c, s, g)
	if err != nil {
		return Effects{}, err
	}
	if err := p.publish(s, g); err != nil {
		return Effects{}, err
	}
	return p.accepted(g, pair)
}

// proposed is the agreement that is accepted: the one that was proposed by the other member, and whose private value has the hash that the acceptance names.
func (p *pairCall) proposed(s State, doc *wire.Acceptance) (*clearing.Agreement, error) {
	values, err := s.Private(p.collection, []string{ProposedKey()})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(values[0])
	if values[0] == nil || hex.EncodeToString(sum[:]) != doc.Hash {
		return nil, fault.New(fault.ProposalMismatch, "no proposal with this hash waits for acceptance")
	}
	var proposal wire.AgreementProposal
	if err := wire.DecodeRecord(values[0], &proposal); err != nil {
		return nil, err
	}
	if proposal.Proposer == p.caller.Name {
		return nil, fault.New(fault.Forbidden, "the proposal of %s is accepted by %s", proposal.Proposer, p.other().Name)
	}
	if proposal.Agreement.Version != doc.Version {
		return nil, fault.New(fault.ProposalMismatch, "the proposal is of version %d", proposal.Agreement.Version)
	}
	return &proposal.Agreement, nil
}

func (p *pairCall) publish(s State, g *clearing.Agreement) error {
	for i, m := range []clearing.Member{p.a, p.b} {
		other := p.b
		if i == 1 {
			other = p.a
		}
		raw, err := wire.Encode(wire.OfferCall{Partner: other.Name, PartnerMSP: other.MSP, Offer: g.Sides[i].Offer})
		if err != nil {
			return err
		}
		if _, err := s.Invoke(PointsPrefix+m.Name, wire.FnPutOffer, raw); err != nil {
			return err
		}
	}
	return nil
}

// accepted are the writes of an acceptance. The salts of the pair's record and of the agreement follow from the agreement's own, which both members know.
func (p *pairCall) accepted(g *clearing.Agreement, pair *wire.PairRecord) (Effects, error) {
	salt, err := hex.DecodeString(g.Salt)
	if err != nil {
		return Effects{}, fault.New(fault.InvalidValue, "the salt is not hex")
	}
	w := &privateWriter{collection: p.collection, salt: salt}
	w.put(AgreementKey(g.Version), func(string) any { return g })
	w.put(PairKey(), func(salt string) any { pair.Salt = salt; return pair })
	w.writes = append(w.writes, PrivateWrite{Collection: p.collection, Key: ProposedKey(), Delete: true})
	return Effects{Private: w.writes}, w.err
}

// moveSlice moves a part of what one lane may owe to another lane of the pair.
func moveSlice(c Call, s State) (Effects, error) {
	var doc wire.PairQuery
	p, err := openPair(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	var move wire.SliceMove
	if err := wire.Decode(c.Transient[wire.SliceTransient], MaxQuery, &move); err != nil {
		return Effects{}, err
	}
	salt, err := hex.DecodeString(move.Salt)
	if err != nil || len(move.Salt) != wire.SaltLength || move.From == move.To {
		return Effects{}, fault.New(fault.InvalidValue, "a part moves between two lanes, with a salt of %d hex digits", wire.SaltLength)
	}
	lanes, err := p.lanes(s, &move)
	if err != nil {
		return Effects{}, err
	}
	var allocation clearing.Allocation
	if _, err := read(s, AllocationKey(doc.A, doc.B, lanes[0].Currency), &allocation); err != nil {
		return Effects{}, err
	}
	if move.Direction != clearing.AOwesB && move.Direction != clearing.BOwesA {
		return Effects{}, fault.New(fault.InvalidValue, "direction is %d or %d", clearing.AOwesB, clearing.BOwesA)
	}
	of := clearing.MicroOf(allocation.Amount[move.Direction])
	if err := clearing.MoveSlice(&lanes[0], &lanes[1], move.Direction, move.Amount, of); err != nil {
		return Effects{}, err
	}
	w := &privateWriter{collection: p.collection, salt: salt}
	for i := range lanes {
		w.put(PairLaneKey(lanes[i].MSP, lanes[i].N), func(salt string) any { lanes[i].Salt = salt; return lanes[i] })
	}
	return Effects{Private: w.writes}, w.err
}

// lanes reads the two lanes of a move, which must be lanes of the pair.
func (p *pairCall) lanes(s State, move *wire.SliceMove) ([]clearing.PairLane, error) {
	var pair wire.PairRecord
	there, err := readPrivate(s, p.collection, PairKey(), &pair)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, fault.New(fault.AgreementMissing, "%s and %s have no agreement", p.a.Name, p.b.Name)
	}
	known := map[clearing.LanePlace]bool{}
	for _, place := range clearing.CrossLanes(p.a, p.b) {
		known[place] = true
	}
	lanes := make([]clearing.PairLane, 2)
	for i, place := range []clearing.LanePlace{move.From, move.To} {
		if !known[place] {
			return nil, fault.New(fault.InvalidValue, "lane %d of %s is none of the pair's", place.N, place.MSP)
		}
		lanes[i] = clearing.PairLane{V: 1, Currency: pair.Currency, MSP: place.MSP, N: place.N}
		if _, err := readPrivate(s, p.collection, PairLaneKey(place.MSP, place.N), &lanes[i]); err != nil {
			return nil, err
		}
	}
	return lanes, nil
}

// The queries of a pair's data are answered by members' peers to members' clients only: Fabric sees to that.

func getPair(c Call, s State) (Effects, error) { return answerPair(c, s, PairKey()) }

func getProposed(c Call, s State) (Effects, error) { return answerPair(c, s, ProposedKey()) }

func answerPair(c Call, s State, key string) (Effects, error) {
	var doc wire.PairQuery
	p, err := openPair(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	return answerPrivate(s, p.collection, key)
}

func answerPrivate(s State, collection, key string) (Effects, error) {
	values, err := s.Private(collection, []string{key})
	if err != nil {
		return Effects{}, err
	}
	if values[0] == nil {
		return Effects{}, fault.New(fault.NotFound, "%s in %s", ReadableKey(key), collection)
	}
	return Effects{Response: values[0]}, nil
}

func getAgreement(c Call, s State) (Effects, error) {
	var doc wire.AgreementQuery
	p, err := openPair(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	if doc.Version < 1 || doc.Version > clearing.MaxVersion {
		return Effects{}, fault.New(fault.InvalidValue, "version must lie between 1 and %d", clearing.MaxVersion)
	}
	return answerPrivate(s, p.collection, AgreementKey(doc.Version))
}

func getReservation(c Call, s State) (Effects, error) {
	var doc wire.ReservationQuery
	p, err := openPair(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	if err := doc.Hold.Validate(); err != nil {
		return Effects{}, err
	}
	return answerPrivate(s, p.collection, ReserveKey(doc.Hold))
}

func getLines(c Call, s State) (Effects, error) {
	var doc wire.LinesQuery
	p, err := openPair(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	if err := validMSP(doc.MSP); err != nil {
		return Effects{}, err
	}
	if doc.Lane < clearing.CrossLaneFirst || doc.Lane > wire.MaxLane || doc.Seq < 1 || !clearing.ValidName(doc.Home) {
		return Effects{}, fault.New(fault.InvalidValue, "name a place of the pair: home, msp, lane from %d on, seq", clearing.CrossLaneFirst)
	}
	return answerPrivate(s, p.collection, LinesKey(doc.Home, doc.MSP, doc.Lane, doc.Seq))
}

// getPairLanes answers with all lanes of the pair.
func getPairLanes(c Call, s State) (Effects, error) {
	var doc wire.PairQuery
	p, err := openPair(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	var pair wire.PairRecord
	if there, err := readPrivate(s, p.collection, PairKey(), &pair); err != nil || !there {
		if err != nil {
			return Effects{}, err
		}
		return Effects{}, fault.New(fault.AgreementMissing, "%s and %s have no agreement", doc.A, doc.B)
	}
	places := clearing.CrossLanes(p.a, p.b)
	lanes := make([]clearing.PairLane, len(places))
	err = p.each(s, places, PairLaneKey, func(i int, raw []byte) error {
		lanes[i] = clearing.PairLane{V: 1, Currency: pair.Currency, MSP: places[i].MSP, N: places[i].N}
		if raw == nil {
			return nil
		}
		return wire.DecodeRecord(raw, &lanes[i])
	})
	if err != nil {
		return Effects{}, err
	}
	return answer(lanes)
}

// getTallies answers with what the lanes of the pair booked in a window; lanes that booked nothing are left out.
func getTallies(c Call, s State) (Effects, error) {
	var doc wire.TalliesQuery
	p, err := openPair(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	tallies := []clearing.Tally{}
	key := func(msp string, lane int) string { return TallyKey(doc.Currency, doc.Window, msp, lane) }
	err = p.each(s, clearing.CrossLanes(p.a, p.b), key, func(_ int, raw []byte) error {
		if raw == nil {
			return nil
		}
		tallies = append(tallies, clearing.Tally{})
		return wire.DecodeRecord(raw, &tallies[len(tallies)-1])
	})
	if err != nil {
		return Effects{}, err
	}
	return answer(tallies)
}

// each reads one private value for every lane.
func (p *pairCall) each(s State, places []clearing.LanePlace, key func(msp string, lane int) string, take func(i int, raw []byte) error) error {
	keys := make([]string, len(places))
	for i, place := range places {
		keys[i] = key(place.MSP, place.N)
	}
	values, err := s.Private(p.collection, keys)
	if err != nil {
		return err
	}
	for i, raw := range values {
		if err := take(i, raw); err != nil {
			return err
		}
	}
	return nil
}

// operationSeal hashes the obligation of an operation under the operation's own salt, as its receipt shows it.
func operationSeal(salt []byte, id points.OperationID) func(*clearing.Obligation) (string, error) {
	own := wire.OperationSalt(salt, id)
	return func(o *clearing.Obligation) (string, error) { return wire.ObligationHash(own, o) }
}
