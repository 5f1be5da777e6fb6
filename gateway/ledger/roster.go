package ledger

import (
	"sync"
	"time"

	"github.com/tallystick/tallystick/gateway/config"
)

// How long a co-endorser that failed is passed over: doubled with each failure in a row, up to the longest.
const (
	firstRest   = 2 * time.Second
	longestRest = 30 * time.Second
)

// roster chooses co-endorsers: in turn, those that failed lately last.
type roster struct {
	mu       sync.Mutex
	partners []*partner
	next     int
	now      func() time.Time
}

type partner struct {
	msp   string
	rest  time.Duration // 0 while it works.
	until time.Time
}

// coEndorsers are the MSP ids of the other brands. A regulator never endorses.
func coEndorsers(brands []config.Member, own string) []string {
	var msps []string
	for _, b := range brands {
		if b.MSP != own {
			msps = append(msps, b.MSP)
		}
	}
	return msps
}

func newRoster(msps []string) *roster {
	r := &roster{now: time.Now}
	for _, msp := range msps {
		r.partners = append(r.partners, &partner{msp: msp})
	}
	return r
}

// order gives all partners in the order in which to try them: first, in turn, those that work or have rested, then the others, the longest rested first.
func (r *roster) order() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	var ready, resting []*partner
	for i := range r.partners {
		p := r.partners[(r.next+i)%len(r.partners)]
		if p.until.After(now) {
			resting = insertByRest(resting, p)
			continue
		}
		ready = append(ready, p)
	}
	if len(r.partners) > 0 {
		r.next = (r.next + 1) % len(r.partners)
	}
	msps := make([]string, 0, len(r.partners))
	for _, p := range append(ready, resting...) {
		msps = append(msps, p.msp)
	}
	return msps
}

func insertByRest(sorted []*partner, p *partner) []*partner {
	at := len(sorted)
	for at > 0 && sorted[at-1].until.After(p.until) {
		at--
	}
	sorted = append(sorted, nil)
	copy(sorted[at+1:], sorted[at:])
	sorted[at] = p
	return sorted
}

// failed lets a partner rest.
func (r *roster) failed(msp string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for _, p := range r.partners {
		if p.msp != msp || p.until.After(now) {
			continue // Calls that were under way at its first failure don't make the rest longer.
		}
		p.rest = min(max(2*p.rest, firstRest), longestRest)
		p.until = now.Add(p.rest)
	}
}

// worked ends a partner's rest.
func (r *roster) worked(msp string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.partners {
		if p.msp == msp {
			p.rest, p.until = 0, time.Time{}
		}
	}
}
