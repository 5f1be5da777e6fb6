package engine

import (
	"encoding/hex"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// publicCall is a call that changes clearing's public state. It writes nothing else, so that a majority of the brands endorses it.
type publicCall struct {
	Call
	state   State
	members *clearing.Consortium
	writes  []Write
}

// document is what a call's document can be held against before anything is read.
type document interface{ Validate() error }

// openPublic decodes and checks a call's document and reads who the members are.
func openPublic(c Call, s State, doc document) (*publicCall, error) {
	if err := wire.Decode(c.Document, wire.MaxDocument, doc); err != nil {
		return nil, err
	}
	if err := doc.Validate(); err != nil {
		return nil, err
	}
	return &publicCall{Call: c, state: s, members: c.admitted.members}, nil
}

// read decodes the record under a key; NOT_FOUND when there is none.
func (p *publicCall) read(key string, v any) error {
	there, err := read(p.state, key, v)
	if err == nil && !there {
		err = fault.New(fault.NotFound, "%s", ReadableKey(key))
	}
	return err
}

// put adds a public write.
func (p *publicCall) put(key string, v any) error {
	w, err := write(key, v)
	p.writes = append(p.writes, w)
	return err
}

// effects are the writes, an answer, and the event that names what was written.
func (p *publicCall) effects(answered any) (Effects, error) {
	e, err := answer(answered)
	if err != nil {
		return Effects{}, err
	}
	event := wire.ClearingEvent{V: 1, Function: p.Function, Keys: []string{}}
	for _, w := range p.writes {
		event.Keys = append(event.Keys, ReadableKey(w.Key))
	}
	slices.Sort(event.Keys)
	e.Writes, e.EventName = p.writes, wire.EventClearing
	e.EventPayload, err = wire.Encode(event)
	return e, err
}

// records decodes the records under keys, nil for those that are absent.
func records[T any](s State, keys []string) ([]*T, error) {
	values, err := s.Get(keys)
	if err != nil {
		return nil, err
	}
	out := make([]*T, len(keys))
	for i, raw := range values {
		if raw == nil {
			continue
		}
		out[i] = new(T)
		if err := wire.DecodeRecord(raw, out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// window reads a window's record.
func (p *publicCall) window(currency string, number int64) (*clearing.Window, error) {
	w := new(clearing.Window)
	return w, p.read(WindowKey(currency, number), w)
}

// openWindow is the number of a currency's open window; 0 when no window was ever opened.
func (p *publicCall) openWindow(currency string) (int64, error) {
	var pointer clearing.WindowPointer
	_, err := read(p.state, WindowPointerKey(currency), &pointer)
	return pointer.Number, err
}

// calendar reads a currency's calendar.
func (p *publicCall) calendar(currency string) (*clearing.Calendar, error) {
	return readCalendar(p.state, currency)
}

func readCalendar(s State, currency string) (*clearing.Calendar, error) {
	c := clearing.DefaultCalendar(currency)
	_, err := read(s, CalendarKey(currency), c)
	return c, err
}

// today is the UTC day of the transaction's time.
func (p *publicCall) today() quantity.Day { return quantity.DayOf(p.Time) }

// digestOf is the SHA-256 of a document's canonical JSON: what is signed.
func digestOf(v any) ([]byte, error) {
	hash, err := wire.Hash(v)
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(hash)
}

// pairKeys maps pairs to keys.
func pairKeys(pairs []clearing.Pair, key func(a, b string) string) []string {
	keys := make([]string, len(pairs))
	for i, p := range pairs {
		keys[i] = key(p.A, p.B)
	}
	return keys
}

// memberKeys maps names of members to keys.
func memberKeys(names []string, key func(name string) string) []string {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = key(name)
	}
	return keys
}
