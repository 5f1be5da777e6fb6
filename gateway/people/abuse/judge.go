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
	Strong   bool  // The customer's own key signed, or a second factor was used.
	Keys     Keys  // As KeysOf gives them.
	At       int64 // Unix seconds.
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
	maxSubjects   = 1 << 14         // In one shard.
	recentKeys    = keysEach * 16   // Of one account or device: of 16 operations at least.
	terminalKeys  = keysEach * 1024 // Of one terminal: a till that was offline sends a whole bulk again (wire.MaxBatch).
	MaxDevices    = 8               // Of one account; the one that has been known longest gives way.
	maxAccountsOf = 1 << 14         // Accounts with devices in one shard.
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
	recent   []uint64  // Grows to as many as are kept.
	next     int
	last     int64
}

type shard struct {
	mu      sync.Mutex
	tallies map[subject]*tally
	devices map[[16]byte][]Known // By account.
	changed map[[16]byte]int64   // When an account's controller was last changed, Unix seconds.
}

// Known is a device that an account has used.
type Known struct {
	Device Device
	First  int64 // Unix seconds; 0 for the first device of an account.
	Last   int64 // Unix seconds: when it was used first on the last day on which it was.
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
	hears  Hears
}

// Hears is told what a judge notices. None of it may block.
type Hears struct {
	Found   func(Finding)                 // A rule was met.
	Used    func(points.AccountID, Known) // An account used a device for the first time, or for the first time on a day.
	Counted func(Counted)                 // An attempt was counted.
}

// Counted is what was counted of an attempt: for the subjects that aren't zero. Recount counts it again.
type Counted struct {
	Kind     points.Kind
	Points   quantity.Points
	Keys     Keys  // As in Attempt.
	At       int64 // Unix seconds.
	Account  [16]byte
	Device   Device
	Terminal Device
}

// Finding is a rule that was met.
type Finding struct {
	Account points.AccountID
	Rule    string
	Reason  Reason
	Action  Action
	At      int64 // Unix seconds.
}

// NewJudge makes a judge by rules that were validated.
func NewJudge(rules *Rules, hears Hears) *Judge {
	j := &Judge{rules: rules, by: map[Subject]map[points.Kind][]rule{}, number: map[Subject]int{}, hears: hears}
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
		j.parts[i] = shard{tallies: map[subject]*tally{}, devices: map[[16]byte][]Known{}, changed: map[[16]byte]int64{}}
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
	counted := Counted{Kind: a.Kind, Points: a.Points, Keys: a.Keys, At: a.At}
	var byAccount, byDevice, byTerminal Verdict
	byAccount, counted.Account = j.count(subject{PerAccount, account}, a)
	byDevice, counted.Device = j.count(subject{PerDevice, a.Device}, a)
	byTerminal, counted.Terminal = j.count(subject{PerTerminal, a.Terminal}, a)
	verdict := sterner(sterner(byAccount, byDevice), byTerminal)
	if counted.Account != [16]byte{} || counted.Device != (Device{}) || counted.Terminal != (Device{}) {
		j.hears.Counted(counted)
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
		j.hears.Found(Finding{Account: a.Account, Rule: v.rule, Reason: v.Reason, Action: v.Action, At: a.At})
	}
}

// IsStrong says whether a way of authentication in custody counts as a second factor.
func (j *Judge) IsStrong(method string) bool { return slices.Contains(j.rules.StrongMethods, method) }

// Recount counts, whatever the rules would say, what another member brought to the ledger, and what a judge of an earlier process counted, in the order in which it was. What
// is known by one of its keys was counted, here as well.
func (j *Judge) Recount(c *Counted) {
	for _, who := range []subject{{PerAccount, c.Account}, {PerDevice, c.Device}, {PerTerminal, c.Terminal}} {
		rules := j.by[who.per][c.Kind]
		if who.id == [16]byte{} || len(rules) == 0 {
			continue
		}
		s := j.shardOf(who.id)
		s.mu.Lock()
		if t := s.tallyOf(who, j.number[who.per], c.At); !t.knows(c.Keys) {
			t.add(rules, c, keysOf(who.per))
		}
		s.mu.Unlock()
	}
}

// counts says whether there are rules for a kind that count by accounts.
func (j *Judge) counts(kind points.Kind) bool { return len(j.by[PerAccount][kind]) > 0 }

// kinds are those for which there are velocity rules.
func (j *Judge) kinds() (list []points.Kind) {
	for i := range j.rules.Velocity {
		list = append(list, j.rules.Velocity[i].Kinds...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// reach is how many seconds back the longest window of the velocity rules counts: a window's oldest part falls out as a whole.
func (j *Judge) reach() int64 {
	var longest int64
	for i := range j.rules.Velocity {
		longest = max(longest, int64(j.rules.Velocity[i].Window/time.Second))
	}
	return longest + width(longest)
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
func (j *Judge) Knows(account points.AccountID, device Known) {
	id, ok := idOf(account)
	if !ok {
		return
	}
	s := j.shardOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learn(id, device)
}

func idOf(account points.AccountID) (id [16]byte, ok bool) {
	n, err := hex.Decode(id[:], []byte(account))
	return id, err == nil && n == len(id)
}

func (j *Judge) shardOf(id [16]byte) *shard { return &j.parts[(id[0]^id[15])%shards] }

// count counts an attempt for a subject and gives the sternest rule that is met, and the subject's id if the attempt was counted now: what isn't taken isn't, nor what is sent
// again.
func (j *Judge) count(who subject, a *Attempt) (verdict Verdict, counted [16]byte) {
	rules := j.by[who.per][a.Kind]
	if len(rules) == 0 || who.id == counted {
		return verdict, counted
	}
	s := j.shardOf(who.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tallyOf(who, j.number[who.per], a.At)
	if t.knows(a.Keys) {
		return verdict, counted
	}
	blocked := false
	for _, r := range rules {
		count, sum := t.counters[r.index].with(a.At, int64(r.Window/time.Second), a.Points)
		if r.Count > 0 && count > r.Count || r.Points > 0 && sum > r.Points {
			verdict = sterner(verdict, Verdict{Action: r.Action, Reason: ReasonVelocity, rule: r.Name})
			blocked = blocked || r.Action == ActionRefuse || r.Action == ActionStepUp && !a.Strong
		}
	}
	if blocked {
		return verdict, counted
	}
	t.add(rules, &Counted{Points: a.Points, Keys: a.Keys, At: a.At}, keysOf(who.per))
	return verdict, who.id
}

// knows says whether one of the keys is among those that are remembered.
func (t *tally) knows(keys Keys) bool {
	for _, key := range keys.list() {
		if key != 0 && slices.Contains(t.recent, key) {
			return true
		}
	}
	return false
}

// add counts for one subject under its rules, and remembers the keys among at most so many.
func (t *tally) add(rules []rule, c *Counted, most int) {
	for _, r := range rules {
		t.counters[r.index].add(c.At, int64(r.Window/time.Second), c.Points)
	}
	for _, key := range c.Keys.list() {
		if key != 0 {
			t.remember(key, most)
		}
	}
}

// keysOf is how many keys of a subject are remembered.
func keysOf(per Subject) int {
	if per == PerTerminal {
		return terminalKeys
	}
	return recentKeys
}

// remember puts a key in the place of the oldest one of as many as are kept.
func (t *tally) remember(key uint64, most int) {
	if len(t.recent) < most {
		t.recent = append(t.recent, key)
		return
	}
	t.recent[t.next] = key
	t.next = (t.next + 1) % most
}

// tallyOf gives a subject's counters, one for each rule of its kind.
func (s *shard) tallyOf(who subject, rules int, at int64) *tally {
	t := s.tallies[who]
	if t == nil {
		s.makeRoom(at)
		t = &tally{counters: make([]counter, rules)}
		s.tallies[who] = t
	}
	t.last = max(t.last, at)
	return t
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
	if a.Device != (Device{}) && s.isNew(account, a, int64(device.For/time.Second), j.hears.Used) && device.For > 0 && a.Points >= device.Points {
		verdict = Verdict{Action: device.Action, Reason: ReasonNewDevice, rule: "newDevice"}
	}
	if when, ok := s.changed[account]; ok && a.At < when+int64(controller.For/time.Second) && a.Points >= controller.Points {
		verdict = sterner(verdict, Verdict{Action: controller.Action, Reason: ReasonNewController, rule: "newController"})
	}
	return verdict
}

// isNew says whether the account, which has used others before, uses the device since less than so many seconds. The first device of an account is nothing new.
func (s *shard) isNew(account [16]byte, a *Attempt, seconds int64, used func(points.AccountID, Known)) bool {
	list := s.devices[account]
	for i := range list {
		if list[i].Device == a.Device {
			if a.At/secondsPerDay > list[i].Last/secondsPerDay {
				list[i].Last = a.At
				used(a.Account, list[i])
			}
			return len(list) > 1 && a.At < list[i].First+seconds && list[i].First > list[0].First
		}
	}
	first := Known{Device: a.Device, First: a.At, Last: a.At}
	if len(list) == 0 {
		first.First = 0
	}
	s.learn(account, first)
	used(a.Account, first)
	return len(list) > 0
}

// learn keeps the device that has been known longest in front; of too many the second goes.
func (s *shard) learn(account [16]byte, k Known) {
	list := s.devices[account]
	if len(list) == 0 && len(s.devices) >= maxAccountsOf {
		for other := range s.devices {
			delete(s.devices, other)
			break
		}
	}
	if slices.ContainsFunc(list, func(o Known) bool { return o.Device == k.Device }) {
		return
	}
	list = append(list, k)
	slices.SortStableFunc(list, func(a, b Known) int { return int(min(max(a.First-b.First, -1), 1)) })
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
