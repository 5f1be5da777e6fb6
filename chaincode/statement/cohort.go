package statement

import (
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Cohort is the fate of the points that expire in one month, since the programme began. Under rolling expiry it is what was issued in one month. Flows with Moved are
// Outstanding.
type Cohort struct {
	Month       string          `json:"month"` // As in ExpiryLine, by the expiry that the lots themselves name.
	Flows       Flows           `json:"flows"`
	Moved       quantity.Points `json:"moved"` // What came from other cohorts, or negative what went there: lots that were merged beyond the most that an account has.
	Outstanding quantity.Points `json:"outstanding"`
	Breakage    Share           `json:"breakage"` // Of the points whose fate is decided by use or loss, those that were lost.
}

// Share is Part out of Whole points. 0 of 0 says nothing.
type Share struct {
	Part  quantity.Points `json:"part"`
	Whole quantity.Points `json:"whole"`
}

// Usage is what became of the cohort's points so far, for Recognise.
func (c *Cohort) Usage() Usage {
	return Usage{Redeemed: c.Breakage.Whole - c.Breakage.Part, Lost: c.Breakage.Part, Outstanding: c.Outstanding}
}

func (s *sums) cohorts(st *Statement) error {
	for m := range s.maturing {
		at(s.matured, m)
	}
	for _, m := range slices.SortedFunc(maps.Keys(s.matured), byMonth) {
		c := Cohort{Month: m, Flows: *s.matured[m], Outstanding: s.maturing[m]}
		net, err := c.Flows.Net()
		if err != nil {
			return err
		}
		if c.Moved, err = c.Outstanding.Sub(net); err != nil {
			return err
		}
		if c.Breakage, err = breakage(&c.Flows); err != nil {
			return err
		}
		st.Cohorts = append(st.Cohorts, c)
	}
	return nil
}

// breakage counts what expired or was forfeited against that and what was redeemed for good, or swapped: the issuer paid for that as for a redemption. A redemption that was returned into another month can leave more restored
// than redeemed here: then nothing counts as redeemed.
func breakage(f *Flows) (Share, error) {
	lost, err := f.Expired.Add(f.Forfeited)
	if err != nil {
		return Share{}, err
	}
	whole, err := quantity.Sum(lost, max(f.Redeemed-f.Restored, 0), f.Swapped)
	return Share{Part: lost, Whole: whole}, err
}
