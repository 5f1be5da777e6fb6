package audit

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// checkPairs checks, for every pair whose data is held whole, what its lines, lanes and reservations must agree in.
func (a *Auditor) checkPairs(r *clearingRecords) *Finding {
	for _, ref := range a.clearing.refs() {
		if ref.currency != r.currency || !a.clearing.held(ref) {
			continue
		}
		for _, check := range []func(*clearingRecords, pairRef) (string, error){a.disclosedFollowsLines, a.usedFollowsLines, a.reservedFollowsHolds} {
			if key, err := check(r, ref); err != nil {
				return blockFinding(CheckInvariant, a.Height()-1, "%v", err).at(engine.ClearingChaincode+"/"+clearing.PairCollection(ref.a, ref.b), key)
			}
		}
	}
	return nil
}

// held says whether all of a pair's transactions were replayed from its data.
func (b *clearingBook) held(ref pairRef) bool {
	counts := b.replays[clearing.PairCollection(ref.a, ref.b)]
	return counts[full] > 0 && counts[public] == 0
}

// disclosedFollowsLines: every window that the pair disclosed has the sum of its lines.
func (a *Auditor) disclosedFollowsLines(r *clearingRecords, ref pairRef) (string, error) {
	for _, d := range r.netsOf(clearing.Pair{A: ref.a, B: ref.b}) {
		sum, err := a.clearing.pair(ref).window(d.Window).sum()
		if err != nil {
			return "", err
		}
		if sum != d.Sum {
			return engine.PairNetsKey(ref.currency, d.Window, ref.a, ref.b), broken("DisclosedFollowsLines: %d millionths were disclosed for window %d, lines add up to %d",
				int64(d.Sum), d.Window, int64(sum))
		}
	}
	return "", nil
}

// usedFollowsLines: what a lane uses is what it booked in windows that it hasn't released, of each direction and window what is above zero.
func (a *Auditor) usedFollowsLines(_ *clearingRecords, ref pairRef) (string, error) {
	account := a.clearing.pair(ref)
	for place, l := range account.lanes {
		var used [2]quantity.Micro
		for number, w := range account.booked {
			booked := w.lanes[place]
			if number <= l.Released || booked == nil {
				continue
			}
			for i := range used {
				used[i] += max(booked.owed[i], 0)
			}
		}
		if used != l.Used {
			return engine.PairLaneKey(place.MSP, place.N), broken("UsedFollowsLines: the lane uses %v millionths, its lines add up to %v", l.Used, used)
		}
	}
	return "", nil
}

// reservedFollowsHolds: what lanes reserve is what the open reservations are worth.
func (a *Auditor) reservedFollowsHolds(_ *clearingRecords, ref pairRef) (string, error) {
	collection := collectionRef{engine.ClearingChaincode, clearing.PairCollection(ref.a, ref.b)}
	var want, got [2]quantity.Micro
	for _, e := range a.world.hashed[collection] {
		object, _, err := engine.ParseKey(e.key)
		if err != nil || object != engine.ObjectReserve {
			continue
		}
		worth, err := a.worth(ref, e.value)
		if err != nil {
			return e.key, err
		}
		for i := range want {
			want[i] += worth[i]
		}
	}
	for _, l := range a.clearing.pair(ref).lanes {
		for i := range got {
			got[i] += l.Reserved[i]
		}
	}
	if want != got {
		return "", broken("ReservedFollowsHolds: lanes reserve %v millionths, the reservations are worth %v", got, want)
	}
	return "", nil
}

// worth is what a reservation keeps, by direction, at its agreement's version.
func (a *Auditor) worth(ref pairRef, raw []byte) (worth [2]quantity.Micro, err error) {
	var r clearing.Reservation
	if err := wire.DecodeRecord(raw, &r); err != nil {
		return worth, err
	}
	value, _ := a.world.private(collectionRef{engine.ClearingChaincode, clearing.PairCollection(ref.a, ref.b)}, engine.AgreementKey(r.Agreement))
	var g clearing.Agreement
	if err := wire.DecodeRecord(value, &g); err != nil {
		return worth, err
	}
	o, err := g.Price(r.Issuer, clearing.ServiceRedemption, r.Points)
	if err != nil {
		return worth, err
	}
	for _, part := range []struct {
		debtor string
		micro  quantity.Micro
	}{{o.Debtor, o.Micro}, {o.FeeDebtor, o.Fee}} {
		if part.debtor != "" {
			worth[directionOf(ref, part.debtor)] += part.micro
		}
	}
	return worth, nil
}

// directionOf is the direction of what a member of the pair owes.
func directionOf(ref pairRef, debtor string) int {
	if debtor == ref.b {
		return clearing.BOwesA
	}
	return clearing.AOwesB
}
