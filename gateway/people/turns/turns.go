// Package turns lets one goroutine at a time do something about one person, one consent, or whatever else has an id, while others do it about others.
// It imports nothing of this module; the packages under gateway/people may import it.
package turns

import (
	"cmp"
	"sync"
)

// Turns are those of all ids that somebody has or waits for; others take no memory. The zero Turns are ready for use.
type Turns[ID cmp.Ordered] struct {
	mu   sync.Mutex
	held map[ID]*turn
}

// turn is one id's, with how many wait for it or have it.
type turn struct {
	mu    sync.Mutex
	users int
}

// Take waits for an id's turn and returns what ends it.
func (t *Turns[ID]) Take(id ID) (done func()) {
	one := t.join(id)
	one.mu.Lock()
	return func() {
		one.mu.Unlock()
		t.leave(id, one)
	}
}

// TakeBoth takes two ids' turns in the order of the ids, so that two callers can't wait for each other; one when they are the same.
func (t *Turns[ID]) TakeBoth(a, b ID) (done func()) {
	first := t.Take(min(a, b))
	if a == b {
		return first
	}
	second := t.Take(max(a, b))
	return func() { second(); first() }
}

func (t *Turns[ID]) join(id ID) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		t.held = map[ID]*turn{}
	}
	one := t.held[id]
	if one == nil {
		one = &turn{}
		t.held[id] = one
	}
	one.users++
	return one
}

func (t *Turns[ID]) leave(id ID, one *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one.users--; one.users == 0 {
		delete(t.held, id)
	}
}
