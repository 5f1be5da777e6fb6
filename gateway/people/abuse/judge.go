package abuse

import (
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Device is the keyed hash of what a wallet or a till is known by; zero for none.
type Device [16]byte

// Attempt is an operation that somebody wants recorded.
type Attempt struct {
	Account  points.AccountID
	Kind     points.Kind
	Points   quantity.Points
	Device   Device
	Terminal Device
	Strong   bool   // The customer's own key signed, or a second factor was used.
	Key      uint64 // Of the caller's idempotency key: what is sent again isn't counted again.
	At       int64  // Unix seconds.
}

// Verdict is what a judge says of an attempt. ActionNone and ActionFlag let it pass.
type Verdict struct {
	Action Action
	Reason Reason
	rule   string
}

// Sizes of what a judge remembers. What is forgotten is counted from anew.
const (
	shards        = 64
	maxSubjects   = 1 << 14 // In one shard.
	recentKeys    = 16      // Idempotency keys of one subject.
	MaxDevices    = 8       // Of one account; the one that has been known longest gives way.
	maxAccountsOf = 1 << 14 // Accounts with devices in one shard.
)

// debits are the kinds by which points leave an account.
var debits = []points.Kind{points.KindRedeem, points.KindHold, points.KindTransfer, points.KindGift, points.KindSwap, points.KindClose}

// subject is one account, device or terminal.
type subject struct {
	per Subject
	id  [16]byte
}

type tally struct {
	counters []counter // One for each rule of its kind of subject.
	recent   [recentKeys]uint64
	next     int
	last     int64
}

type shard struct {
	mu      sync.Mutex
	tallies map[subject]*tally
	devices map[[16]byte][]known // By account.
	changed map[[16]byte]int64   // When an account's controller was last changed, Unix seconds.
}

type known struct {
	device Device
	first  int64
}

// rule is a velocity rule and its place among those of its kind of subject.
type rule struct {
	*Velocity
	index int
}

// Judge looks at attempts before they are recorded. It may be used by several goroutines; a look costs a few map lookups and no I/O.
type Judge struct {
	rules  *Rules
	idle   bool // There is no rule for attempts.
	by     map[Subject]map[points.Kind][]rule
	number map[Subject]int
	parts  [shards]shard
	found  func(Finding)
	met    func(points.AccountID, Device, int64)
}

// Finding is a rule that was met.
type Finding struct {
	Account points.AccountID
	Rule    string
	Reason  Reason
	Action  Action
	At      int64 // Unix seconds.
}

// NewJudge makes a judge by rules that were validated. found is told of every rule that is met, met of every device that an account uses for the first time; neither may block.
func NewJudge(rules *Rules, found func(Finding), met func(points.AccountID, Device, int64)) *Judge {
	j := &Judge{rules: rules, by: map[Subject]map[points.Kind][]rule{}, number: map[Subject]int{}, found: found, met: met}
	for i := range rules.Velocity {
		v := &rules.Velocity[i]
		if j.by[v.Per] == nil {
			j.by[v.Per] = map[points.Kind][]rule{}
		}
		for _, k := range v.Kinds {
			j.by[v.Per][k] = append(j.by[v.Per][k], rule{v, j.number[v.Per]})
		}
		j.number[v.Per]++
	}
	j.idle = len(rules.Velocity) == 0 && rules.NewDevice.For == 0 && rules.NewController.For == 0 && rules.Referrals.Window == 0
	for i := range j.parts {
		j.parts[i] = shard{tallies: map[subject]*tally{}, devices: map[[16]byte][]known{}, changed: map[[16]byte]int64{}}
	}
	return j
}

// Check counts an attempt and says what becomes of it. Of the rules that are met, the sternest decides. Nobody is told before Tell: the attempt may be one that was recorded
// earlier, which only costs a look into the outbox when a rule is met.
func (j *Judge) Check(a *Attempt) Verdict {
	if j.idle {
		return Verdict{}
	}
	account, ok := idOf(a.Account)
	if !ok {
		return Verdict{}
	}
	verdict := j.count(subject{PerAccount, account}, a)
	if a.Device != (Device{}) {
		verdict = sterner(verdict, j.count(subject{PerDevice, a.Device}, a))
	}
	if a.Terminal != (Device{}) {
		verdict = sterner(verdict, j.count(subject{PerTerminal, a.Terminal}, a))
	}
	if slices.Contains(debits, a.Kind) {
		verdict = sterner(verdict, j.takeover(account, a))
	}
	if verdict.Action == ActionStepUp && a.Strong {
		verdict.Action = ActionNone
	}
	return verdict
}

// Tell makes a finding of what Check said of an attempt that is new.
func (j *Judge) Tell(a *Attempt, v Verdict) {
	if v.Action != ActionNone {
		j.found(Finding{Account: a.Account, Rule: v.rule, Reason: v.Reason, Action: v.Action, At: a.At})
	}
}

// IsStrong says whether a way of authentication in custody counts as a second factor.
func (j *Judge) IsStrong(method string) bool { return slices.Contains(j.rules.StrongMethods, method) }

// Committed counts a debit that another member brought to the ledger: it never came by here.
func (j *Judge) Committed(account points.AccountID, kind points.Kind, n quantity.Points, at int64) {
	if id, ok := idOf(account); ok {
		j.count(subject{PerAccount, id}, &Attempt{Account: account, Kind: kind, Points: n, At: at})
	}
}

// Changed notes that an account's controller was changed.
func (j *Judge) Changed(account points.AccountID, at int64) {
	id, ok := idOf(account)
	if !ok || j.rules.NewController.For == 0 {
		return
	}
	s := j.shardOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.changed) >= maxSubjects {
		limit := at - int64(j.rules.NewController.For/time.Second)
		for other, when := range s.changed {
			if when <= limit {
				delete(s.changed, other)
			}
		}
	}
	s.changed[id] = max(s.changed[id], at)
}

// Knows notes a device that an account used at some time.
func (j *Judge) Knows(account points.AccountID, device Device, first int64) {
	id, ok := idOf(account)
	if !ok {
		return
	}
	s := j.shardOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learn(id, known{device, first})
}

func idOf(account points.AccountID) (id [16]byte, ok bool) {
	n, err := hex.Decode(id[:], []byte(account))
	return id, err == nil && n == len(id)
}

func (j *Judge) shardOf(id [16]byte) *shard { return &j.parts[(id[0]^id[15])%shards] }

// count counts an attempt for a subject and gives the sternest rule that is met.
func (j *Judge) count(who subject, a *Attempt) (verdict Verdict) {
	rules := j.by[who.per][a.Kind]
	if len(rules) == 0 {
		return verdict
	}
	s := j.shardOf(who.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tallies[who]
	if t == nil {
		s.makeRoom(a.At)
		t = &tally{counters: make([]counter, j.number[who.per])}
		s.tallies[who] = t
	}
	if a.Key != 0 && slices.Contains(t.recent[:], a.Key) {
		return verdict
	}
	t.last = a.At
	blocked := false
	for _, r := range rules {
		count, sum := t.counters[r.index].with(a.At, int64(r.Window/time.Second), a.Points)
		if r.Count > 0 && count > r.Count || r.Points > 0 && sum > r.Points {
			verdict = sterner(verdict, Verdict{Action: r.Action, Reason: ReasonVelocity, rule: r.Name})
			blocked = blocked || r.Action == ActionRefuse || r.Action == ActionStepUp && !a.Strong
		}
	}
	if blocked {
		return verdict // What isn't taken doesn't count.
	}
	for _, r := range rules {
		t.counters[r.index].add(a.At, int64(r.Window/time.Second), a.Points)
	}
	if a.Key != 0 {
		t.recent[t.next] = a.Key
		t.next = (t.next + 1) % recentKeys
	}
	return verdict
}

// makeRoom forgets subjects that did nothing for the longest window, and failing that any, before another one comes. It makes room for many at once, so that it is seldom
// needed.
func (s *shard) makeRoom(at int64) {
	if len(s.tallies) < maxSubjects {
		return
	}
	for who, t := range s.tallies {
		if t.last < at-int64(MaxWindow/time.Second) {
			delete(s.tallies, who)
		}
	}
	for who := range s.tallies {
		if len(s.tallies) < maxSubjects-maxSubjects/8 {
			return
		}
		delete(s.tallies, who)
	}
}

// takeover looks at what is new about the account of a debit.
func (j *Judge) takeover(account [16]byte, a *Attempt) (verdict Verdict) {
	device, controller := &j.rules.NewDevice, &j.rules.NewController
	if device.For == 0 && controller.For == 0 && j.rules.Referrals.Window == 0 { // Referrals are held against the devices that are learnt here.
		return verdict
	}
	s := j.shardOf(account)
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Device != (Device{}) && s.isNew(account, a, int64(device.For/time.Second), j.met) && device.For > 0 && a.Points >= device.Points {
		verdict = Verdict{Action: device.Action, Reason: ReasonNewDevice, rule: "newDevice"}
	}
	if when, ok := s.changed[account]; ok && a.At < when+int64(controller.For/time.Second) && a.Points >= controller.Points {
		verdict = sterner(verdict, Verdict{Action: controller.Action, Reason: ReasonNewController, rule: "newController"})
	}
	return verdict
}

// isNew says whether the account, which has used others before, uses the device since less than so many seconds. The first device of an account is nothing new.
func (s *shard) isNew(account [16]byte, a *Attempt, seconds int64, met func(points.AccountID, Device, int64)) bool {
	list := s.devices[account]
	for i := range list {
		if list[i].device == a.Device {
			return len(list) > 1 && a.At < list[i].first+seconds && list[i].first > list[0].first
		}
	}
	first := known{a.Device, a.At}
	if len(list) == 0 {
		first.first = 0
	}
	s.learn(account, first)
	met(a.Account, a.Device, first.first)
	return len(list) > 0
}

// learn keeps the device that has been known longest in front; of too many the second goes.
func (s *shard) learn(account [16]byte, k known) {
	list := s.devices[account]
	if len(list) == 0 && len(s.devices) >= maxAccountsOf {
		for other := range s.devices {
			delete(s.devices, other)
			break
		}
	}
	if slices.ContainsFunc(list, func(o known) bool { return o.device == k.device }) {
		return
	}
	list = append(list, k)
	slices.SortStableFunc(list, func(a, b known) int { return int(min(max(a.first-b.first, -1), 1)) })
	if len(list) > MaxDevices {
		list = slices.Delete(list, 1, 2)
	}
	s.devices[account] = list
}

func sterner(a, b Verdict) Verdict {
	if severity[b.Action] > severity[a.Action] {
		return b
	}
	return a
}
