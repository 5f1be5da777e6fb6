//go:build network

package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/tallystick/tallystick/test-network/canary"
)

// guest is a person whose data are canaries.
type guest struct {
	label    string
	id       string
	account  string
	name     string
	phone    string
	email    string
	card     string
	birthday string
	extra    []canary.Canary // Values that were replaced, or came with a merger.
}

// drawnGuests counts the guests that were drawn, of which distinctGuests have nothing in common.
var drawnGuests int

const distinctGuests = 7

// newGuest draws a guest. Numbers are of ranges that are reserved for tests; each card passes Luhn's check. Birthdays lie before any date that a machine writes by itself.
func newGuest(label string) guest {
	nth := drawnGuests % distinctGuests
	drawnGuests++
	n := 1000*(nth+1) + rand.IntN(1000)
	return guest{
		label: label, name: fmt.Sprintf("Zoë%s Ångström-Quillfeather%d", label, n),
		phone: fmt.Sprintf("+4477009%d%04d", nth, rand.IntN(10_000)), email: fmt.Sprintf("%s.quillfeather.%d%d@canary.example", strings.ToLower(label), n, rand.IntN(1_000_000)),
		card: luhnCard(), birthday: fmt.Sprintf("19%02d-%02d-%02d", 41+4*nth+rand.IntN(4), 1+rand.IntN(12), 1+rand.IntN(28)),
	}
}

func luhnCard() string {
	digits := fmt.Sprintf("4929%04d%04d%03d", rand.IntN(10_000), rand.IntN(10_000), rand.IntN(1000))
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}

func (g *guest) canaries() []canary.Canary {
	all := append([]canary.Canary{
		{Kind: canary.Name, Label: "name", Value: g.name}, {Kind: canary.Phone, Label: "phone", Value: g.phone}, {Kind: canary.Email, Label: "e-mail", Value: g.email},
		{Kind: canary.Card, Label: "card", Value: g.card}, {Kind: canary.Birthday, Label: "birthday", Value: g.birthday},
	}, g.extra...)
	for i := range all {
		all[i].Label = g.label + "'s " + all[i].Label
	}
	return all
}
