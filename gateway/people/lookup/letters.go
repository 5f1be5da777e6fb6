package lookup

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/gateway/people/vault"
)

// Reader reads what the vault has of a person: vault.Vault.
type Reader interface {
	Read(ctx context.Context, person vault.PersonID, names []string, access vault.Access) ([]vault.Attribute, error)
}

// Letters write challenges to customers. A message goes only where the customer has shown that messages arrive: what the brand's staff typed in may be a stranger's number.
type Letters struct {
	Vault Reader
	// Proved gives those of a person's addresses that the person has proved, the best first, and whether the person ever proved one.
	Proved func(ctx context.Context, person vault.PersonID, addresses []vault.Identifier) (proved []vault.Identifier, ever bool, err error)
	// Send has an entry for each kind of address that can be written to; subject is empty for a phone.
	Send map[vault.Kind]func(ctx context.Context, to vault.Identifier, subject, text string) error
	// Unproved lets messages go to addresses that nobody proved, to who never proved any.
	Unproved bool
}

// lettersActor is how the access log names the desk when it looks where a customer can be written to.
const lettersActor = "job/lookup"

// Challenge implements Messenger. Who can't be written to is asked in the wallet alone, and the till is told nothing of that.
func (l Letters) Challenge(ctx context.Context, person string, asked Question, m Message) error {
	known, err := l.Vault.Read(ctx, vault.PersonID(person), vault.ContactAttributes, vault.Access{Actor: lettersActor, Purpose: "identification"})
	if err != nil {
		return err
	}
	language, addresses := vault.Contact(known)
	addresses = slices.DeleteFunc(addresses, func(a vault.Identifier) bool { return l.Send[a.Kind] == nil })
	to, err := l.choose(ctx, vault.PersonID(person), addresses, vault.Identifier{Kind: vault.Kind(asked.Kind), Value: asked.Value})
	if err != nil || to.Value == "" {
		return err
	}
	subject, text := Compose(m, language, time.Now())
	if to.Kind == vault.Phone {
		subject = ""
		text, _, _ = strings.Cut(text, "\n")
	}
	return l.Send[to.Kind](ctx, to, subject, text)
}

// choose gives the address that was asked for where the person has proved it, else another one that was; nothing when there is none.
func (l Letters) choose(ctx context.Context, person vault.PersonID, addresses []vault.Identifier, asked vault.Identifier) (vault.Identifier, error) {
	may, ever, err := l.Proved(ctx, person, addresses)
	if err != nil {
		return vault.Identifier{}, err
	}
	if !ever && l.Unproved {
		may = addresses
	}
	switch {
	case slices.Contains(may, asked):
		return asked, nil
	case len(may) > 0:
		return may[0], nil
	default:
		return vault.Identifier{}, nil
	}
}
