package vault

// ContactAttributes are what has to be read to write to a person; Contact takes it apart.
var ContactAttributes = []string{Language, string(Email), string(Phone)}

// Contact is the language that a person wants to be written to in, empty for none, and where: e-mail addresses and phones in the order in which they were read.
func Contact(known []Attribute) (language string, addresses []Identifier) {
	for _, a := range known {
		switch kind := Kind(a.Name); {
		case a.Name == Language:
			language = a.Value
		case kind == Email || kind == Phone:
			addresses = append(addresses, Identifier{Kind: kind, Value: a.Value})
		}
	}
	return language, addresses
}
