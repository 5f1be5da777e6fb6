package clerk

import (
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// AlarmKind says what is wrong.
type AlarmKind string

// The kinds of alarm.
const (
	AlarmDisclosure AlarmKind = "disclosure" // The own pair's tallies aren't what its obligations add up to: nothing is disclosed.
	AlarmPosition   AlarmKind = "position"   // The netting isn't what the own data make of it: the position isn't signed.
	AlarmGap        AlarmKind = "gap"        // The own peer hasn't delivered a pair's data: neither is done until it has.
)

// Alarm is something that the clerk leaves to people.
type Alarm struct {
	Kind     AlarmKind
	Currency string
	Window   int64
	Member   string // For whom, or with whom.
	Text     string
	Since    int64 // Unix seconds.
}

// alarms keeps those that stand.
type alarms struct {
	mu    sync.Mutex
	all   []Alarm
	gauge prometheus.Gauge
}

func newAlarms(registry prometheus.Registerer) *alarms {
	a := &alarms{gauge: prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tally_clerk_alarms", Help: "What the clerk of clearing leaves to people: positions that it didn't sign, nets that it didn't disclose.",
	})}
	registry.MustRegister(a.gauge)
	return a
}

func (a *alarms) list() []Alarm {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all)
}

// raise adds an alarm; false when it stands already.
func (a *alarms) raise(alarm Alarm) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := a.find(&alarm); i >= 0 {
		a.all[i].Text = alarm.Text
		return false
	}
	a.all = append(a.all, alarm)
	a.gauge.Set(float64(len(a.all)))
	return true
}

// lift ends what there is of alarms about something.
func (a *alarms) lift(about Alarm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := a.find(&about); i >= 0 {
		a.all = slices.Delete(a.all, i, i+1)
		a.gauge.Set(float64(len(a.all)))
	}
}

func (a *alarms) find(about *Alarm) int {
	return slices.IndexFunc(a.all, func(x Alarm) bool {
		return x.Kind == about.Kind && x.Currency == about.Currency && x.Window == about.Window && x.Member == about.Member
	})
}
