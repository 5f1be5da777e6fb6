package membership

import (
	"cmp"
	"slices"
)

// Standing is what the brands have voted on each other since the consortium was founded, as far as policies and collections
// follow it. The zero value is a consortium whose members all speak for themselves. The ledger is the authority: whoever
// changes the channel reads it there.
type Standing struct {
	// Administrators names, by a member that failed, the brand that acts for it.
	Administrators map[string]string
	// Left are members that have gone.
	Left []string
}

// Check returns MEMBERSHIP_INVALID unless the standing can be carried out: at least two brands speak for themselves, and
// every administrator is one of them.
func (m *Membership) Check(s Standing) error {
	speaking := m.Speaking(s)
	if len(speaking) < MinBrands {
		return invalid("%d brands speak for themselves: want %d, as no brand's points are written by one brand alone", len(speaking), MinBrands)
	}
	for failed, administrator := range s.Administrators {
		if member, known := m.Member(failed); !known || !member.IsBrand() || m.hasLeft(s, failed) {
			return invalid("%s is no brand of the consortium, or has left: nobody acts for it", failed)
		}
		if !slices.ContainsFunc(speaking, func(b Member) bool { return b.Name == administrator }) {
			return invalid("%s can't act for %s: an administrator is a brand that speaks for itself", administrator, failed)
		}
	}
	for _, name := range s.Left {
		if member, known := m.Member(name); !known || !member.IsBrand() {
			return invalid("%s is no brand of the consortium", name)
		}
	}
	return nil
}

// Remaining are the brands that have not left, in the file's order. Majorities are counted among them, as clearing counts.
func (m *Membership) Remaining(s Standing) []Member {
	return slices.DeleteFunc(m.Brands(), func(b Member) bool { return m.hasLeft(s, b.Name) })
}

// Speaking are the brands that speak for themselves: neither gone nor administered, in the file's order.
func (m *Membership) Speaking(s Standing) []Member {
	return slices.DeleteFunc(m.Remaining(s), func(b Member) bool { return s.Administrators[b.Name] != "" })
}

func (m *Membership) hasLeft(s Standing, name string) bool { return slices.Contains(s.Left, name) }

// Speaker is who acts for a brand: itself, or its administrator. False for a brand that has left.
func (m *Membership) Speaker(s Standing, brand Member) (Member, bool) {
	if m.hasLeft(s, brand.Name) {
		return Member{}, false
	}
	if administrator, failed := s.Administrators[brand.Name]; failed {
		return m.Member(administrator)
	}
	return brand, true
}

// PairSpeakers are who acts for the two brands of a pair, two different brands always: where one would act for both, or the
// partner of a failed brand is its administrator, the first other brand by name that speaks for itself stands in for the
// failed one. A pair of which a member has left has its own members: nothing is written for it any more.
func (m *Membership) PairSpeakers(s Standing, a, b Member) (Member, Member) {
	first, aThere := m.Speaker(s, a)
	second, bThere := m.Speaker(s, b)
	if !aThere || !bThere {
		return a, b
	}
	if first.Name != second.Name {
		return first, second
	}
	stand := m.standIn(s, first)
	if second.Name == b.Name {
		return stand, second
	}
	return first, stand
}

// standIn is the first brand by name, other than one, that speaks for itself.
func (m *Membership) standIn(s Standing, other Member) Member {
	candidates := slices.DeleteFunc(m.Speaking(s), func(b Member) bool { return b.Name == other.Name })
	slices.SortFunc(candidates, func(a, b Member) int { return cmp.Compare(a.Name, b.Name) })
	return candidates[0]
}

// MajorityOf is how many of these members are more than half of them.
func MajorityOf(of []Member) int { return len(of)/2 + 1 }
