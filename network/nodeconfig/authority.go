package nodeconfig

import "github.com/tallystick/tallystick/network/membership"

// Attribute of an identity as a CA's configuration writes it; a value that ends in ":ecert" goes into every enrolment
// certificate.
type Attribute struct{ Name, Value string }

// Enrollee is an identity that a CA knows from its start.
type Enrollee struct {
	Name string
	// Type is the organisational unit: admin, client, peer or orderer.
	Type string
	// Affiliation becomes a further organisational unit; empty for none.
	Affiliation string
	Secret      string
	Attributes  []Attribute
}

// Authority renders a member's fabric-ca-server configuration.
func Authority(m *membership.Membership, member membership.Member, enrollees []Enrollee) ([]byte, error) {
	listen, operations := m.CAPorts(member.Name)
	return render("fabric-ca-server-config.yaml.tmpl", map[string]any{
		"Member":     member.Name,
		"Name":       membership.CANode(member.Name),
		"MSP":        member.MSP(),
		"Host":       membership.Host,
		"Port":       listen,
		"Operations": membership.Address(operations),
		"Identities": enrollees,
		"Units":      []string{membership.WritersUnit},
	})
}
