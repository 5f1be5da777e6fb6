package lookup

import (
	"context"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/gateway/people/vault"
)

// records are a vault, a list of what was proved, and a post.
type records struct {
	known  []vault.Attribute
	proved []vault.Identifier
	ever   bool
	sent   []vault.Identifier
}

func (r *records) Read(context.Context, vault.PersonID, []string, vault.Access) ([]vault.Attribute, error) {
	return r.known, nil
}

func (r *records) letters() Letters {
	send := func(_ context.Context, to vault.Identifier, _, _ string) error {
		r.sent = append(r.sent, to)
		return nil
	}
	return Letters{
		Vault: r, Send: map[vault.Kind]func(context.Context, vault.Identifier, string, string) error{vault.Email: send, vault.Phone: send},
		Proved: func(_ context.Context, _ vault.PersonID, addresses []vault.Identifier) ([]vault.Identifier, bool, error) {
			return slices.DeleteFunc(slices.Clone(r.proved), func(one vault.Identifier) bool { return !slices.Contains(addresses, one) }), r.ever, nil
		},
	}
}

func TestAChallengeGoesOnlyWhereTheCustomerHasProvedToBe(t *testing.T) {
	mail, phone, other := vault.Identifier{Kind: vault.Email, Value: "ada@example.com"}, vault.Identifier{Kind: vault.Phone, Value: known}, vault.Identifier{Kind: vault.Email, Value: "b@example.com"}
	all := []vault.Attribute{{Name: "email", Value: mail.Value}, {Name: "email", Value: other.Value}, {Name: "phone", Value: phone.Value}}
	nothing := vault.Identifier{}
	for name, c := range map[string]struct {
		asked    vault.Identifier
		proved   []vault.Identifier
		ever     bool
		unproved bool
		want     vault.Identifier
	}{
		"the number that was asked for and proved":     {phone, []vault.Identifier{mail, phone}, true, false, phone},
		"another address, since staff typed this in":   {phone, []vault.Identifier{mail}, true, false, mail},
		"the same where the setting allows more":       {phone, []vault.Identifier{mail}, true, true, mail},
		"a card is asked for: the one proved first":    {vault.Identifier{Kind: vault.Card, Value: "4539148803436467"}, []vault.Identifier{other, phone}, true, false, other},
		"nothing was ever proved":                      {phone, nil, false, false, nothing},
		"nothing was ever proved, and that is allowed": {phone, nil, false, true, phone},
		"what was proved is gone":                      {phone, nil, true, true, nothing},
	} {
		r := &records{known: all, proved: c.proved, ever: c.ever}
		l := r.letters()
		l.Unproved = c.unproved
		if err := l.Challenge(t.Context(), alice.Person, Question{string(c.asked.Kind), c.asked.Value}, Message{Asker: hotel, Code: "123456"}); err != nil {
			t.Fatal(err)
		}
		if got := append(r.sent, nothing)[0]; got != c.want || len(r.sent) > 1 {
			t.Errorf("%s: sent to %v", name, r.sent)
		}
	}
}

func TestATillSeesNoDifferenceBetweenWhoCanBeWrittenToAndWhoCant(t *testing.T) {
	r := &records{known: []vault.Attribute{{Name: "phone", Value: known}}}
	talk := func(proved []vault.Identifier, asked string) []string {
		f := newFixture(t)
		r.proved, r.ever, r.sent = proved, proved != nil, nil
		f.messenger = r.letters()
		c := f.ask(hotel, asked)
		f.settle()
		var said []string
		for _, pin := range []string{"", "000000", "000001", "000002", "000003", "000004", ""} {
			got, err := f.Answer(t.Context(), hotel, c.ID, pin)
			text := string(got.Status)
			if err != nil {
				text = err.Error()
			}
			said = append(said, text)
		}
		return said
	}
	reached, unreached, nobody := talk([]vault.Identifier{{Kind: vault.Phone, Value: known}}, known), talk(nil, known), talk(nil, "+441632960099")
	if !slices.Equal(reached, unreached) || !slices.Equal(reached, nobody) {
		t.Errorf("a till tells them apart:\n%q\n%q\n%q", reached, unreached, nobody)
	}
}
