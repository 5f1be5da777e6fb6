package signin

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// limit is how often something may be done: so many times at once, and again one after each pause.
type limit struct {
	burst int
	pause time.Duration
}

// The limits that are kept in the database. Those of an address hold for whoever has never signed in with it from where they are; a device that has, has its own: a stranger
// who uses up the former keeps nobody out who has been there before, and others for one pause. Those of a person are reached only by who has proved the address.
var (
	codeLimit   = limit{burst: 4, pause: 10 * time.Minute}
	factorLimit = limit{burst: 10, pause: 3 * time.Minute}
)

// Tries is how many codes may be tried in one place before it has to be begun again.
const Tries = 5

// The limits of one peer address, IPv6 addresses by their /64. They are kept in memory.
const (
	peerBurst   = 40
	peerPause   = 1500 * time.Millisecond
	maxPeers    = 20_000
	prefixBits6 = 64
)

// Limited is ATTEMPTS_LIMITED with how long to wait.
type Limited struct {
	coded *fault.Error
	wait  time.Duration
}

func (l *Limited) Error() string { return l.coded.Error() }
func (l *Limited) Unwrap() error { return l.coded }

// RetryAfter is how long to wait, rounded up to seconds.
func (l *Limited) RetryAfter() time.Duration { return l.wait }

func limited(wait time.Duration) error {
	wait = (wait + time.Second - 1).Truncate(time.Second)
	return &Limited{coded: fault.New(fault.AttemptsLimited, "wait %d seconds", int(wait/time.Second)), wait: wait}
}

// take counts one use of a bucket (the generic cell rate algorithm: one time says everything), or says how long it is closed.
func (s *Service) take(tx *sqlite.Tx, bucket string, l limit) error {
	now := s.now().UnixMilli()
	pause := l.pause.Milliseconds()
	if _, err := tx.Exec("DELETE FROM signin_buckets WHERE due <= ?", now); err != nil {
		return err
	}
	var due int64
	if _, err := tx.QueryRow("SELECT due FROM signin_buckets WHERE name = ?", []any{bucket}, &due); err != nil {
		return err
	}
	next := max(due, now) + pause
	if over := next - now - int64(l.burst)*pause; over > 0 {
		return limited(time.Duration(over) * time.Millisecond)
	}
	_, err := tx.Exec("INSERT OR REPLACE INTO signin_buckets (name, due) VALUES (?, ?)", bucket, next)
	return err
}

func factorBucket(person PersonID) string { return "factor " + string(person) }

// codeBucket is the bucket of codes for an address as asked for by a device that signed in with it before, or else by strangers.
func codeBucket(address, device string) string {
	if device == "" {
		return "code " + address
	}
	return fmt.Sprintf("code %s %s", address, device)
}

// peers limits what one peer address does, whatever it is about.
type peers struct {
	mu       sync.Mutex
	limiters map[netip.Prefix]*rate.Limiter
}

// Admit counts a request of a peer address; ATTEMPTS_LIMITED when there were too many. Where more addresses come than are kept, all are forgotten: that needs a machine with
// thousands of them, which the other limits stop.
func (s *Service) Admit(peer netip.Addr) error {
	prefix := prefixOf(peer)
	s.peers.mu.Lock()
	defer s.peers.mu.Unlock()
	if len(s.peers.limiters) >= maxPeers {
		s.peers.limiters = map[netip.Prefix]*rate.Limiter{}
	}
	l := s.peers.limiters[prefix]
	if l == nil {
		l = rate.NewLimiter(rate.Every(peerPause), peerBurst)
		s.peers.limiters[prefix] = l
	}
	now := s.now()
	reservation := l.ReserveN(now, 1)
	if wait := reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return limited(wait)
	}
	return nil
}

func prefixOf(peer netip.Addr) netip.Prefix {
	peer = peer.Unmap().WithZone("")
	bits := peer.BitLen()
	if peer.Is6() {
		bits = prefixBits6
	}
	prefix, err := peer.Prefix(bits)
	if err != nil { // Of no address at all.
		return netip.Prefix{}
	}
	return prefix
}
