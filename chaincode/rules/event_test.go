package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

type eventCase struct {
	ev   *rules.Event
	code fault.Code
}

func eventWith(change func(*rules.Event)) *rules.Event {
	ev := purchase(100)
	change(ev)
	return ev
}

func words(n, length int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%s%02d", strings.Repeat("w", length-2), i))
	}
	return list
}

func categories(n, length int) []rules.CategoryAmount {
	var list []rules.CategoryAmount
	for _, w := range words(n, length) {
		list = append(list, rules.CategoryAmount{Category: w, Minor: quantity.MaxMinor})
	}
	return list
}

// badEvents are events that each lie just beyond one bound.
func badEvents() map[string]eventCase {
	bad := map[string]eventCase{
		"no type":             {eventWith(func(e *rules.Event) { e.Type = "" }), fault.InvalidValue},
		"unknown type":        {eventWith(func(e *rules.Event) { e.Type = "Purchase" }), fault.InvalidValue},
		"negative amount":     {eventWith(func(e *rules.Event) { e.AmountMinor = -1 }), fault.OutOfRange},
		"amount too large":    {eventWith(func(e *rules.Event) { e.AmountMinor = quantity.MaxMinor + 1 }), fault.OutOfRange},
		"currency":            {eventWith(func(e *rules.Event) { e.Currency = "gbp" }), fault.InvalidValue},
		"long store":          {eventWith(func(e *rules.Event) { e.Store = strings.Repeat("s", rules.MaxTextLength+1) }), fault.InvalidValue},
		"long channel":        {eventWith(func(e *rules.Event) { e.Channel = strings.Repeat("s", rules.MaxTextLength+1) }), fault.InvalidValue},
		"too many categories": {eventWith(func(e *rules.Event) { e.Categories = categories(rules.MaxCategories+1, 9) }), fault.InvalidValue},
		"long category":       {eventWith(func(e *rules.Event) { e.Categories = categories(1, rules.MaxWordLength+1) }), fault.InvalidValue},
		"empty category":      {eventWith(func(e *rules.Event) { e.Categories = []rules.CategoryAmount{{}} }), fault.InvalidValue},
		"category twice": {eventWith(func(e *rules.Event) { e.Categories = []rules.CategoryAmount{{Category: "a"}, {Category: "a"}} }),
			fault.InvalidValue},
		"categories not in order": {eventWith(func(e *rules.Event) { e.Categories = []rules.CategoryAmount{{Category: "b"}, {Category: "a"}} }),
			fault.InvalidValue},
		"negative category": {eventWith(func(e *rules.Event) { e.Categories = []rules.CategoryAmount{{Category: "a", Minor: -1}} }), fault.OutOfRange},
		"category too large": {eventWith(func(e *rules.Event) {
			e.Categories = []rules.CategoryAmount{{Category: "a", Minor: quantity.MaxMinor + 1}}
		}),
			fault.OutOfRange},
		"too many tags":     {eventWith(func(e *rules.Event) { e.Tags = words(rules.MaxTags+1, 9) }), fault.InvalidValue},
		"long tag":          {eventWith(func(e *rules.Event) { e.Tags = words(1, rules.MaxWordLength+1) }), fault.InvalidValue},
		"empty tag":         {eventWith(func(e *rules.Event) { e.Tags = []string{""} }), fault.InvalidValue},
		"tag twice":         {eventWith(func(e *rules.Event) { e.Tags = []string{"a", "a"} }), fault.InvalidValue},
		"tags not in order": {eventWith(func(e *rules.Event) { e.Tags = []string{"b", "a"} }), fault.InvalidValue},
	}
	for _, at := range []string{
		"", "2026-03-07", "2026-03-07T12:00:00", "2026-03-07 12:00:00Z", "2026-03-07T12:00Z", "2026-02-29T12:00:00Z", "2026-03-07T24:00:00Z", "2026-03-07T12:00:60Z",
		"1969-12-31T23:59:59Z", "1970-01-01T00:59:59+01:00", "9999-12-31T23:59:59-01:00", "10000-01-01T00:00:00Z", "2026-03-07T1:00:00Z", "2026-03-07T12:00:00,5Z",
		"2026-03-07T12:00:00.1234567891+01:00", "2026-03-07T12:00:00Z ", "12026-03-07T12:00:00Z",
	} {
		bad["at "+at] = eventCase{eventWith(func(e *rules.Event) { e.OccurredAt = at }), fault.InvalidValue}
	}
	return bad
}

func TestEventsBeyondABoundAreInvalid(t *testing.T) {
	for name, c := range badEvents() {
		if err := c.ev.Valid(); err == nil || fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

func TestEventsAtTheirBoundsAreValid(t *testing.T) {
	good := map[string]func(*rules.Event){
		"no amount":             func(e *rules.Event) { e.AmountMinor = 0 },
		"largest amount":        func(e *rules.Event) { e.AmountMinor = quantity.MaxMinor },
		"no currency":           func(e *rules.Event) { e.Currency = "" },
		"longest store":         func(e *rules.Event) { e.Store = strings.Repeat("s", rules.MaxTextLength) },
		"longest channel":       func(e *rules.Event) { e.Channel = strings.Repeat("s", rules.MaxTextLength) },
		"most categories":       func(e *rules.Event) { e.Categories = categories(rules.MaxCategories, rules.MaxWordLength) },
		"most tags":             func(e *rules.Event) { e.Tags = words(rules.MaxTags, rules.MaxWordLength) },
		"tags in Chinese":       func(e *rules.Event) { e.Tags = []string{"会员", "春季"} },
		"first time":            func(e *rules.Event) { e.OccurredAt = "1970-01-01T00:00:00Z" },
		"first time, elsewhere": func(e *rules.Event) { e.OccurredAt = "1969-12-31T23:00:00-01:00" },
		"last time":             func(e *rules.Event) { e.OccurredAt = "9999-12-31T23:59:59.999999999Z" },
		"longest time":          func(e *rules.Event) { e.OccurredAt = "2026-03-07T12:00:00.123456789+01:00" },
	}
	for name, change := range good {
		if err := eventWith(change).Valid(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, kind := range rules.EventTypes() {
		if err := eventWith(func(e *rules.Event) { e.Type = kind }).Valid(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
