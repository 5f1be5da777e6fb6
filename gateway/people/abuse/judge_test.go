package abuse

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const start = int64(1_800_000_000)

func account(n int) points.AccountID { return points.AccountID(fmt.Sprintf("%032x", n)) }

func device(n byte) Device { return Device{n} }

// judging is a judge whose findings are kept.
func judging(rules Rules) (*Judge, *[]Finding) {
	var found []Finding
	return NewJudge(&rules, Hears{Found: func(f Finding) { found = append(found, f) }, Used: func(points.AccountID, Known) {}, Counted: func(Counted) {}}), &found
}

// look checks an attempt that is new, and tells what is said of it.
func (j *Judge) look(a *Attempt) Verdict {
	v := j.Check(a)
	j.Tell(a, v)
	return v
}

func spend(n quantity.Points, at int64) *Attempt {
	return &Attempt{Account: account(1), Kind: points.KindRedeem, Points: n, At: at}
}

func hourly(count int64, n quantity.Points, action Action) Rules {
	return Rules{Velocity: []Velocity{{Name: "burst", Kinds: []points.Kind{points.KindRedeem}, Per: PerAccount, Window: time.Hour, Count: count, Points: n, Action: action}}}
}

func TestMoreThanTheRuleLetsInAWindowIsRefusedAndCountsNotAtAll(t *testing.T) {
	j, found := judging(hourly(3, 0, ActionRefuse))
	for i := range int64(3) {
		if v := j.look(spend(5, start+i)); v.Action != ActionNone {
			t.Fatalf("attempt %d: %+v", i, v)
		}
	}
	for i := range int64(50) {
		if v := j.look(spend(5, start+10+i)); v.Action != ActionRefuse || v.Reason != ReasonVelocity {
			t.Fatalf("%+v", v)
		}
	}
	if len(*found) != 50 || (*found)[0].Rule != "burst" || (*found)[0].Account != account(1) {
		t.Errorf("%d findings", len(*found))
	}
	if v := j.look(&Attempt{Account: account(2), Kind: points.KindRedeem, Points: 5, At: start + 20}); v.Action != ActionNone {
		t.Errorf("another account: %+v", v)
	}
	if v := j.look(&Attempt{Account: account(1), Kind: points.KindEarn, Points: 5, At: start + 20}); v.Action != ActionNone {
		t.Errorf("another kind: %+v", v)
	}
	if v := j.look(spend(5, start+2*3600)); v.Action != ActionNone {
		t.Errorf("after the window: %+v", v)
	}
}

func TestPointsCountTogether(t *testing.T) {
	j, _ := judging(hourly(0, 100, ActionStepUp))
	j.look(spend(60, start))
	if v := j.look(spend(41, start+1)); v.Action != ActionStepUp {
		t.Errorf("%+v", v)
	}
	strong := spend(41, start+2)
	strong.Strong = true
	if v := j.look(strong); v.Action != ActionNone {
		t.Errorf("with a second factor: %+v", v)
	}
	if v := j.look(spend(1, start+3)); v.Action != ActionStepUp {
		t.Errorf("what a second factor let pass wasn't counted: %+v", v)
	}
}

func TestWhatIsSentAgainIsCountedOnce(t *testing.T) {
	j, _ := judging(hourly(2, 0, ActionRefuse))
	for i := range int64(10) {
		a := spend(5, start+i)
		a.Keys.Request = 77
		if v := j.look(a); v.Action != ActionNone {
			t.Fatalf("time %d: %+v", i, v)
		}
	}
	if v := j.look(spend(5, start+20)); v.Action != ActionNone {
		t.Errorf("%+v", v)
	}
	if v := j.look(spend(5, start+21)); v.Action != ActionRefuse {
		t.Errorf("%+v", v)
	}
}

func TestOneOperationIsCountedOnceWhateverItIsKnownBy(t *testing.T) {
	const request, receipt, mandate = "the request's key", "the till's receipt", "the mandate"
	for name, again := range map[string]struct {
		request, receipt, mandate string
		points                    quantity.Points
		counted                   bool
	}{
		"under the same key":                                   {request, "", "", 5, false},
		"with the same receipt under another key":              {"another", receipt, "", 5, false},
		"with the same mandate at another till":                {"another", "another", mandate, 5, false},
		"another operation":                                    {"another", "another", "another", 5, true},
		"an operation that is known by nothing":                {"", "", "", 5, true},
		"the same key with more points, if it wasn't recorded": {request, "", "", 6, true},
		"the same receipt with more points":                    {"another", receipt, "", 6, true},
		"what names it in another way":                         {receipt, request, "", 5, true},
	} {
		t.Run(name, func(t *testing.T) {
			j, _ := judging(hourly(2, 0, ActionRefuse))
			first, second := spend(5, start), spend(again.points, start+1)
			first.Keys = first.KeysOf(request, receipt, mandate)
			second.Keys = second.KeysOf(again.request, again.receipt, again.mandate)
			j.look(first)
			j.look(second)
			want := ActionNone
			if again.counted {
				want = ActionRefuse
			}
			if got := j.look(spend(1, start+2)).Action; got != want {
				t.Errorf("a third operation: %q, want %q", got, want)
			}
		})
	}
}

func TestABulkThatATillSendsAgainIsCountedOnce(t *testing.T) {
	j, found := judging(Rules{Velocity: []Velocity{{Name: "t", Kinds: []points.Kind{points.KindRedeem}, Per: PerTerminal, Window: time.Hour, Count: wire.MaxBatch, Action: ActionFlag}}})
	for range 3 {
		for n := range wire.MaxBatch {
			if v := j.look(&Attempt{Account: account(n), Kind: points.KindRedeem, Points: 1, Terminal: device(9), Keys: Keys{Request: uint64(n + 1)}, At: start}); v.Action != ActionNone {
				t.Fatalf("operation %d: %+v", n, v)
			}
		}
	}
	if v := j.look(&Attempt{Account: account(1), Kind: points.KindRedeem, Points: 1, Terminal: device(9), Keys: Keys{Request: 1 << 20}, At: start}); v.Action != ActionFlag || len(*found) != 1 {
		t.Errorf("one more: %+v", v)
	}
}

func TestOfManyKeysTheOldestIsForgotten(t *testing.T) {
	var kept tally
	for key := range uint64(2 * recentKeys) {
		kept.remember(key, recentKeys)
	}
	if len(kept.recent) != recentKeys || slices.Contains(kept.recent, recentKeys-1) || !slices.Contains(kept.recent, recentKeys) {
		t.Errorf("kept are %v", kept.recent)
	}
}

func TestAFlagLetsPass(t *testing.T) {
	j, found := judging(hourly(1, 0, ActionFlag))
	j.look(spend(5, start))
	if v := j.look(spend(5, start)); v.Action != ActionFlag || len(*found) != 1 {
		t.Errorf("%+v, %d findings", v, len(*found))
	}
}

func TestDevicesAndTerminalsAreCountedAcrossAccounts(t *testing.T) {
	j, _ := judging(Rules{Velocity: []Velocity{
		{Name: "d", Kinds: []points.Kind{points.KindRedeem}, Per: PerDevice, Window: time.Hour, Count: 2, Action: ActionRefuse},
		{Name: "t", Kinds: []points.Kind{points.KindRedeem}, Per: PerTerminal, Window: time.Hour, Count: 4, Action: ActionFlag},
	}})
	attempt := func(n int, d, terminal Device) Action {
		return j.look(&Attempt{Account: account(n), Kind: points.KindRedeem, Points: 1, Device: d, Terminal: terminal, At: start}).Action
	}
	for n := range 2 {
		if got := attempt(n, device(1), device(9)); got != ActionNone {
			t.Fatal(got)
		}
	}
	if got := attempt(3, device(1), device(8)); got != ActionRefuse {
		t.Errorf("a third account on a device: %s", got)
	}
	for n := range 2 {
		if got := attempt(10+n, device(2), device(9)); got != ActionNone {
			t.Error(got)
		}
	}
	if got := attempt(20, device(3), device(9)); got != ActionFlag {
		t.Errorf("a fifth operation at a till: %s", got)
	}
}

func TestALargeDebitFromANewDeviceWaitsForASecondFactor(t *testing.T) {
	j, _ := judging(Rules{NewDevice: Takeover{For: time.Hour, Points: 100, Action: ActionStepUp}})
	from := func(d Device, n quantity.Points, at int64) Action {
		return j.look(&Attempt{Account: account(1), Kind: points.KindRedeem, Points: n, Device: d, At: at}).Action
	}
	if got := from(device(1), 500, start); got != ActionNone {
		t.Errorf("the first device of an account: %s", got)
	}
	if got := from(device(2), 99, start+10); got != ActionNone {
		t.Errorf("a small debit: %s", got)
	}
	if got := from(device(2), 100, start+20); got != ActionStepUp {
		t.Errorf("a large debit: %s", got)
	}
	if got := from(device(1), 500, start+20); got != ActionNone {
		t.Errorf("the old device: %s", got)
	}
	if got := from(device(2), 100, start+10+3600); got != ActionNone {
		t.Errorf("an hour later: %s", got)
	}
	j.Knows(account(5), Known{Device: device(7)})
	if got := j.look(&Attempt{Account: account(5), Kind: points.KindRedeem, Points: 100, Device: device(8), At: start}).Action; got != ActionStepUp {
		t.Errorf("beside a device that was known before: %s", got)
	}
	for n := range byte(3 * MaxDevices) {
		from(device(100+n), 1, start+int64(n))
	}
	if got := from(device(1), 500, start+100); got != ActionNone {
		t.Errorf("the first device was forgotten for new ones: %s", got)
	}
}

func TestALargeDebitUnderANewControllerIsRefusedForAWhile(t *testing.T) {
	j, _ := judging(Rules{NewController: Takeover{For: time.Hour, Points: 100, Action: ActionRefuse}})
	j.Changed(account(1), start)
	strong := spend(100, start+3599)
	strong.Strong = true
	for n, want := range map[*Attempt]Action{spend(99, start+1): ActionNone, spend(100, start+1): ActionRefuse, strong: ActionRefuse, spend(100, start+3600): ActionNone} {
		if got := j.look(n).Action; got != want {
			t.Errorf("%+v: %s, want %s", n, got, want)
		}
	}
}

func TestNoMoreThanTheLimitPassesInAnyWindow(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		limit := rapid.Int64Range(1, 8).Draw(r, "limit")
		window := rapid.SampledFrom([]time.Duration{time.Minute, 10 * time.Minute, time.Hour, 24 * time.Hour}).Draw(r, "window")
		rules := hourly(limit, 0, ActionRefuse)
		rules.Velocity[0].Window = window
		j, _ := judging(rules)
		seconds := int64(window / time.Second)
		at := start
		var passed []int64
		for range rapid.IntRange(1, 60).Draw(r, "attempts") {
			at += rapid.Int64Range(0, seconds/3).Draw(r, "wait")
			within := int64(0)
			for _, p := range passed {
				if p > at-seconds {
					within++
				}
			}
			switch j.look(spend(1, at)).Action {
			case ActionNone:
				if passed = append(passed, at); within >= limit {
					r.Fatalf("%d passed within %s", within+1, window)
				}
			default:
				wide := int64(0)
				for _, p := range passed {
					if p > at-seconds-seconds/slots-1 {
						wide++
					}
				}
				if wide < limit {
					r.Fatalf("refused after %d in a window and a twelfth", wide)
				}
			}
		}
	})
}

func TestRulesThatCantBeAppliedAreRefused(t *testing.T) {
	good := hourly(1, 0, ActionRefuse)
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Rules){
		"no name": func(r *Rules) { r.Velocity[0].Name = "" }, "no kinds": func(r *Rules) { r.Velocity[0].Kinds = nil },
		"an unknown kind": func(r *Rules) { r.Velocity[0].Kinds = []points.Kind{"steal"} }, "nothing counted": func(r *Rules) { r.Velocity[0].Count = 0 },
		"too short": func(r *Rules) { r.Velocity[0].Window = time.Second }, "an unknown subject": func(r *Rules) { r.Velocity[0].Per = "person" },
		"an unknown action": func(r *Rules) { r.Velocity[0].Action = "ban" }, "the same name": func(r *Rules) { r.Velocity = append(r.Velocity, r.Velocity[0]) },
		"step-up by the new controller": func(r *Rules) { r.NewController = Takeover{For: time.Hour, Action: ActionStepUp} },
		"refused afterwards":            func(r *Rules) { r.Referrals = Referrals{Window: time.Hour, Action: ActionRefuse} },
		"no share":                      func(r *Rules) { r.Returns = Returns{Window: time.Hour, Action: ActionFlag} },
	} {
		r := hourly(1, 0, ActionRefuse)
		if spoil(&r); r.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// lookups is what a look is held against: a map of as many accounts, under a lock.
func BenchmarkOneMapLookup(b *testing.B) {
	m := map[points.AccountID]*tally{}
	ids := make([]points.AccountID, 100_000)
	for i := range ids {
		ids[i] = account(i)
		m[ids[i]] = &tally{}
	}
	i := 0
	for b.Loop() {
		m[ids[i%len(ids)]].last++
		i++
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, rules := range map[string]Rules{
		"no rules":     {},
		"one velocity": hourly(1<<40, 1<<40, ActionRefuse),
		"everything": {
			Velocity: append(append(hourly(1<<40, 0, ActionRefuse).Velocity, Velocity{Name: "day", Kinds: []points.Kind{points.KindRedeem}, Per: PerAccount, Window: 24 * time.Hour, Points: 1 << 40, Action: ActionFlag}),
				Velocity{Name: "d", Kinds: []points.Kind{points.KindRedeem}, Per: PerDevice, Window: time.Hour, Count: 1 << 40, Action: ActionFlag}),
			NewDevice: Takeover{For: time.Hour, Points: 1 << 40, Action: ActionFlag}, NewController: Takeover{For: time.Hour, Points: 1 << 40, Action: ActionFlag},
		},
	} {
		b.Run(name, func(b *testing.B) {
			j, _ := judging(rules)
			attempts := make([]Attempt, 100_000)
			for i := range attempts {
				attempts[i] = Attempt{Account: account(i * 2654435761), Kind: points.KindRedeem, Points: 5, Device: device(byte(i)), At: start, Keys: Keys{Request: uint64(i + 1)}}
			}
			i := 0
			for b.Loop() {
				a := &attempts[i%len(attempts)]
				a.At++
				a.Keys.Request += 1_000_003
				j.Check(a)
				i++
			}
		})
	}
}
