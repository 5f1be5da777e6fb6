package clearing

import "github.com/tallystick/tallystick/chaincode/fault"

// Speaker is the brand that acts for a member: itself, or its administrator. FORBIDDEN for one that has left.
func (c *Consortium) Speaker(name string) (Member, error) {
	m, err := c.Find(name)
	if err != nil {
		return m, err
	}
	switch {
	case m.Is(StatusExited):
		return m, fault.New(fault.Forbidden, "%s has left: nobody acts for it", name)
	case m.Is(StatusAdministered):
		return c.Organisation(m.Administrator)
	}
	return m, nil
}

// Endorsers are the two brands whose peers endorse what is written for a pair, in the order in which its members are named. They are its members, or who acts for them; where
// that would be one brand for both, or the partner of a failed member is its administrator, the first other brand by name that acts for itself stands in for the failed one.
// The collection's members follow from the same rule (see network/membership). FORBIDDEN when one of the two has left.
func (c *Consortium) Endorsers(a, b string) (first, second Member, err error) {
	if first, err = c.Speaker(a); err != nil {
		return first, second, err
	}
	if second, err = c.Speaker(b); err != nil || first.Name != second.Name {
		return first, second, err
	}
	stand, err := c.standIn(first.Name)
	if second.Name == b {
		return stand, second, err
	}
	return first, stand, err
}

func (c *Consortium) standIn(other string) (Member, error) {
	for _, m := range c.Brands() {
		if m.Name != other && !m.Is(StatusAdministered) {
			return m, nil
		}
	}
	return Member{}, fault.New(fault.Forbidden, "no other brand acts for itself")
}
