package erasure

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// TestLegalHoldsAreDecidedInOnePlace walks every kind of hold against everybody who may be told.
func TestLegalHoldsAreDecidedInOnePlace(t *testing.T) {
	const now = 1_000
	open, quiet := LegalHold{Until: now + 1, Told: true}, LegalHold{Until: now + 1}
	over, lifted := LegalHold{Until: now, Told: true}, LegalHold{Until: now + 1, LiftedAt: now - 1, Told: true}
	for name, c := range map[string]struct {
		holds []LegalHold
		count int
		told  bool
	}{
		"none":                      {nil, 0, false},
		"one":                       {[]LegalHold{open}, 1, true},
		"one that isn't told":       {[]LegalHold{quiet}, 1, false},
		"one of two is told":        {[]LegalHold{quiet, open}, 2, true},
		"ended by itself":           {[]LegalHold{over}, 0, false},
		"lifted":                    {[]LegalHold{lifted}, 0, false},
		"ended ones beside a quiet": {[]LegalHold{over, quiet, lifted}, 1, false},
		"ended ones beside a told":  {[]LegalHold{lifted, over, open}, 1, true},
	} {
		is := holdingOf(c.holds, now)
		if is.count != c.count || is.told != c.told || is.stops() != (c.count > 0) {
			t.Errorf("%s: they come to %+v", name, is)
		}
		for who, one := range map[string]struct {
			got     error
			refused bool
		}{"the desk": {is.refusalTo("desk"), c.count > 0}, "the customer": {is.refusalTo(vault.ActorPerson), c.told}, "a step": {is.refusal(), c.count > 0}} {
			if (one.got != nil) != one.refused || one.refused && fault.CodeOf(one.got) != fault.LegalHold {
				t.Errorf("%s: %s is told %v", name, who, one.got)
			}
		}
	}
}
