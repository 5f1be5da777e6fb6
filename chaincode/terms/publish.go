package terms

import (
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// AdmitNext checks the terms that are to follow a history (ordered by version) when they are published on business date today.
//
// The first version is 1 and in force at once. A later one has the next version number, takes effect today or later and not before any version published so far. When it
// devalues against the version that it follows (see Devalues), it takes effect only after the notice: the longest that the terms in force today or any published for later
// name, counted from today. NOTICE_TOO_SHORT names the parameters and the first day; every other fault is INVALID_VALUE.
func AdmitNext(history []Terms, next *Terms, today quantity.Day) error {
	if err := next.Validate(); err != nil {
		return err
	}
	if len(history) == 0 {
		return admitFirst(next.Version, next.Effective, today)
	}
	last := &history[len(history)-1]
	if err := admitOrder(last.Version, last.Effective, next.Version, next.Effective, today); err != nil {
		return err
	}
	return AdmitNotice(Devalues(last, next), next.Effective, today, Notice(history, today))
}

// Notice is the number of days that a devaluing change published today must wait: the longest that the terms in force or scheduled name.
func Notice(history []Terms, today quantity.Day) int {
	days := 0
	for i := len(history) - 1; i >= 0; i-- {
		days = max(days, history[i].NoticeDays)
		if history[i].Effective <= today {
			break
		}
	}
	return days
}

// On returns the terms in force on a day: the highest version that is effective by then. Nil when there was none yet. The history is ordered by version.
func On(history []Terms, day quantity.Day) *Terms {
	for i := len(history) - 1; i >= 0; i-- {
		if history[i].Effective <= day {
			return &history[i]
		}
	}
	return nil
}

// Find returns the terms of a version, or nil. The history starts with version 1 and has no gaps.
func Find(history []Terms, version int) *Terms {
	if version < 1 || version > len(history) {
		return nil
	}
	return &history[version-1]
}

func admitFirst(version int, effective, today quantity.Day) error {
	if version != 1 {
		return fault.New(fault.InvalidValue, "the first version is version 1")
	}
	if effective > today {
		return fault.New(fault.InvalidValue, "the first version is effective at once, on %s or before", today)
	}
	return nil
}

func admitOrder(lastVersion int, lastEffective quantity.Day, version int, effective, today quantity.Day) error {
	if version != lastVersion+1 {
		return fault.New(fault.InvalidValue, "the next version is version %d", lastVersion+1)
	}
	if first := max(today, lastEffective); effective < first {
		return fault.New(fault.InvalidValue, "version %d can take effect from %s on", version, first)
	}
	return nil
}

// AdmitNotice returns NOTICE_TOO_SHORT unless what takes something from holders, named by worse, takes effect at least days of notice (see Notice) after today.
func AdmitNotice(worse []string, effective, today quantity.Day, days int) error {
	first := later(today, days)
	if len(worse) == 0 || effective >= first {
		return nil
	}
	return fault.New(fault.NoticeTooShort, "%s: takes effect on %s at the earliest", named(worse), first)
}

// maxNamed bounds how many parameters or items a refusal names.
const maxNamed = 20

func named(names []string) string {
	if len(names) <= maxNamed {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:maxNamed], ", ") + ", ..."
}
