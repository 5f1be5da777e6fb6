package clearing_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
)

// windowSteps are all steps of the table, each once.
func windowSteps() []clearing.Step {
	var steps []clearing.Step
	for _, row := range clearing.WindowSteps() {
		if !slices.Contains(steps, row.Step) {
			steps = append(steps, row.Step)
		}
	}
	return steps
}

func TestWindowTakesExactlyTheStepsOfTheTable(t *testing.T) {
	for _, from := range clearing.WindowStatuses() {
		for _, step := range windowSteps() {
			for _, to := range clearing.WindowStatuses() {
				inTable := slices.ContainsFunc(clearing.WindowSteps(), func(r clearing.WindowStep) bool { return r.From == from && r.Step == step && r.To == to })
				w := clearing.Window{Currency: "GBP", Number: 1, Status: from}
				err := w.Take(step, to)
				if inTable && (err != nil || w.Status != to) {
					t.Errorf("%s --%s--> %s: %v", from, step, to, err)
				}
				if !inTable && (fault.CodeOf(err) != fault.WindowStatus || w.Status != from) {
					t.Errorf("%s --%s--> %s is taken", from, step, to)
				}
			}
		}
	}
}

func TestEveryStepHasOneSetOfRolesAndSaysWhatMustHold(t *testing.T) {
	for _, row := range clearing.WindowSteps() {
		if row.Holds == "" || row.Party == "" || len(row.Roles) == 0 {
			t.Errorf("%+v doesn't say who may and what must hold", row)
		}
		if !slices.Equal(row.Roles, clearing.RolesFor(row.Step)) {
			t.Errorf("%s is open to different roles", row.Step)
		}
	}
	if clearing.RolesFor("NoSuchStep") != nil {
		t.Error("a step that isn't there has roles")
	}
}

func TestEveryStatusCanBeReachedAndLeftButTheLast(t *testing.T) {
	reached := map[clearing.WindowStatus]bool{clearing.WindowNone: true}
	for range clearing.WindowStatuses() {
		for _, row := range clearing.WindowSteps() {
			reached[row.To] = reached[row.To] || reached[row.From]
		}
	}
	for _, s := range clearing.WindowStatuses() {
		left := slices.ContainsFunc(clearing.WindowSteps(), func(r clearing.WindowStep) bool { return r.From == s && r.To != s })
		if !reached[s] || left == (s == clearing.WindowSettled) {
			t.Errorf("%q: reached %v, left %v", s, reached[s], left)
		}
	}
	statuses := clearing.WindowStatuses()
	for _, row := range clearing.WindowSteps() {
		if slices.Index(statuses, row.To) < slices.Index(statuses, row.From) {
			t.Errorf("%s leads back from %s to %s", row.Step, row.From, row.To)
		}
	}
}

// table is the table of windows as docs/windows.md shows it.
func table() string {
	var b strings.Builder
	b.WriteString("| from | function | to | roles | of | what must hold |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, row := range clearing.WindowSteps() {
		from := string(row.From)
		if row.From == clearing.WindowNone {
			from = "-"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s |\n", from, row.Step, row.To, strings.Join(row.Roles, ", "), row.Party, row.Holds)
	}
	return b.String()
}

func TestThePageHasTheTableOfWindows(t *testing.T) {
	page, err := os.ReadFile("../../docs/windows.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), table()) {
		t.Errorf("docs/windows.md is to have this table:\n%s", table())
	}
}

// afterRoll is a closing window and the one that it opened, with a calendar.
func afterRoll(t *testing.T) (closing, next *clearing.Window, c *clearing.Calendar) {
	t.Helper()
	c = clearing.DefaultCalendar("GBP")
	closing, err := clearing.OpenFirst(c, 1000)
	if err != nil {
		t.Fatal(err)
	}
	next, err = closing.RollOver(clearing.Roll{At: 2000, MSP: "AirlineMSP", Reason: "test"}, c)
	if err != nil {
		t.Fatal(err)
	}
	return closing, next, c
}

func TestNoMomentIsBetweenTwoWindows(t *testing.T) {
	closing, next, c := afterRoll(t)
	if closing.Status != clearing.WindowClosing || next.Status != clearing.WindowOpen || next.OpenedAt != closing.Roll.At || next.Number != 2 {
		t.Errorf("%+v is followed by %+v", closing, next)
	}
	if closing.DiscloseBy != 2000+c.DisclosureSeconds || next.ClosesAt != closing.ClosesAt {
		t.Errorf("terms are %d and %d", closing.DiscloseBy, next.ClosesAt)
	}
	if _, err := closing.RollOver(clearing.Roll{At: 3000, Reason: "test"}, c); fault.CodeOf(err) != fault.WindowStatus {
		t.Errorf("rolled twice: %v", err)
	}
	last := *next
	last.Number = clearing.MaxWindow
	if _, err := last.RollOver(clearing.Roll{At: 3000, Reason: "test"}, c); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("rolled over the last number: %v", err)
	}
}

func TestTermsEndWhenTheySay(t *testing.T) {
	missing := []clearing.Pair{{A: "airline", B: "hotel"}}
	w, _, c := afterRoll(t)
	if err := w.Shut(missing, w.DiscloseBy-1); fault.CodeOf(err) != fault.TooEarly || w.Status != clearing.WindowClosing {
		t.Errorf("shut before the term is over: %v", err)
	}
	if err := w.Shut(nil, 2000); err != nil {
		t.Errorf("not shut when everybody has disclosed: %v", err)
	}
	w, _, _ = afterRoll(t)
	if err := w.Shut(missing, w.DiscloseBy); err != nil || len(w.Undisclosed) != 1 {
		t.Errorf("not shut after the term: %v", err)
	}
	if err := w.Net(nil, c, 9000); err != nil || w.SignBy != 9000+c.SigningSeconds {
		t.Errorf("netted %+v, %v", w, err)
	}
	unsigned := []clearing.Position{{Member: "airline"}}
	result := &clearing.Netting{Payments: []netting.Payment{{From: "airline", To: "hotel", Amount: 5}}}
	if _, err := w.Settle(result, unsigned, c, w.SignBy-1); fault.CodeOf(err) != fault.TooEarly {
		t.Errorf("settled before members have signed: %v", err)
	}
	legs, err := w.Settle(result, unsigned, c, w.SignBy)
	if err != nil || len(legs) != 1 || legs[0].Due != w.SignBy+c.PaymentSeconds || legs[0].Status != clearing.LegNotified || len(w.Legs) != 1 {
		t.Errorf("legs are %+v, %v", legs, err)
	}
}

func TestWindowIsNettedAfterTheOneBefore(t *testing.T) {
	first, second, c := afterRoll(t)
	if _, err := second.RollOver(clearing.Roll{At: 3000, Reason: "test"}, c); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*clearing.Window{first, second} {
		if err := w.Shut(nil, 4000); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.Net(first, c, 5000); fault.CodeOf(err) != fault.WindowOrder {
		t.Errorf("netted before its predecessor: %v", err)
	}
	if err := second.Net(nil, c, 5000); fault.CodeOf(err) != fault.WindowOrder {
		t.Errorf("netted without a predecessor: %v", err)
	}
	if err := first.Net(nil, c, 5000); err != nil {
		t.Fatal(err)
	}
	if err := second.Net(first, c, 5000); err != nil {
		t.Error(err)
	}
}

func TestCalendarsAreBounded(t *testing.T) {
	for name, change := range map[string]func(*clearing.Calendar){
		"another version":              func(c *clearing.Calendar) { c.V = 2 },
		"no currency":                  func(c *clearing.Calendar) { c.Currency = "" },
		"no length":                    func(c *clearing.Calendar) { c.LengthSeconds = 0 },
		"too long":                     func(c *clearing.Calendar) { c.PaymentSeconds = clearing.MaxTermSeconds + 1 },
		"shortest longer than regular": func(c *clearing.Calendar) { c.ShortestSeconds = c.LengthSeconds + 1 },
		"too many disputes":            func(c *clearing.Calendar) { c.DisputesPerWindow = clearing.MaxDisputesPerWindow + 1 },
		"due too late":                 func(c *clearing.Calendar) { c.DisputeDue = clearing.MaxDisputeDue + 1 },
		"due at once":                  func(c *clearing.Calendar) { c.DisputeDue = 0 },
		"more than everything":         func(c *clearing.Calendar) { c.DisputeShare.Num = c.DisputeShare.Den + 1 },
		"a share of none":              func(c *clearing.Calendar) { c.DisputeShare.Den = 0 },
	} {
		c := clearing.DefaultCalendar("GBP")
		if err := c.Validate(); err != nil {
			t.Fatalf("the default calendar: %v", err)
		}
		if change(c); fault.CodeOf(c.Validate()) != fault.InvalidValue {
			t.Errorf("%s: %v", name, c.Validate())
		}
	}
}
