package signin

import (
	"context"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Asked is what who asks for a code is told, whoever the address belongs to.
type Asked struct {
	Token   string // Goes with the code.
	Expires time.Time
}

// Ask is a request for a code.
type Ask struct {
	Address  vault.Identifier // Phone or Email.
	Language string           // Of the message.
	Device   string           // What the browser kept of an earlier sign-in; may be empty, or anything.
}

// address brings an address into its one form, with its keyed hash.
func (s *Service) address(id vault.Identifier) (vault.Identifier, string, error) {
	if id.Kind != vault.Phone && id.Kind != vault.Email {
		return id, "", fault.New(fault.InvalidValue, "a code is sent to a phone or an e-mail address")
	}
	normal, err := id.Normalise(s.region)
	if err != nil {
		return id, "", err
	}
	return normal, s.addressHash(normal), nil
}

// addressHash is the keyed hash of an address in its one form.
func (s *Service) addressHash(normal vault.Identifier) string {
	return s.keys.hash("address", string(normal.Kind), strings.ToLower(normal.Value))
}

// AskCode sends a code for signing in or registering to an address. ATTEMPTS_LIMITED when too many were asked for, OVERLOADED when messages pile up; nothing else depends on the address.
func (s *Service) AskCode(ctx context.Context, ask Ask) (Asked, error) {
	return s.ask(ctx, ask, begun{stage: awaitsCode})
}

func (s *Service) ask(ctx context.Context, ask Ask, b begun) (Asked, error) {
	to, address, err := s.address(ask.Address)
	if err != nil {
		return Asked{}, err
	}
	code, err := drawCode()
	if err != nil {
		return Asked{}, err
	}
	b.address, b.device = address, s.knownDevice(ask.Device, address)
	var asked Asked
	err = s.db.Write(ctx, func(tx *sqlite.Tx) error {
		if err := s.take(tx, codeBucket(address, b.device), codeLimit); err != nil {
			return err
		}
		if asked.Token, asked.Expires, err = s.begin(tx, b); err != nil {
			return err
		}
		return s.keepCode(tx, b, code, asked.Expires)
	})
	if err != nil {
		return Asked{}, err
	}
	return asked, s.post.queue(letter{to: to, language: ask.Language, purpose: b.stage, code: code, issuer: s.issuer})
}

// keepCode makes a code the only live one of its address and purpose. It serves every request under way for them, so that a stranger who asks for another one
// keeps nobody from signing in: the newest message has the right code.
func (s *Service) keepCode(tx *sqlite.Tx, b begun, code string, expires time.Time) error {
	if _, err := tx.Exec("DELETE FROM signin_codes WHERE expires <= ?", s.now().Unix()); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT OR REPLACE INTO signin_codes (address, purpose, code, expires) VALUES (?, ?, ?, ?)", b.address, b.stage, s.codeHash(b, code), expires.Unix())
	return err
}

func (s *Service) codeHash(b begun, code string) string {
	return s.keys.hash("code", b.address, string(b.stage), code)
}

// useCode uses the address's code up and ends what was begun for it.
func (s *Service) useCode(tx *sqlite.Tx, b begun, code string) error {
	var kept string
	var expires int64
	known, err := tx.QueryRow("SELECT code, expires FROM signin_codes WHERE address = ? AND purpose = ?", []any{b.address, b.stage}, &kept, &expires)
	if err != nil {
		return err
	}
	plain := strings.ReplaceAll(code, " ", "")
	if right := same(kept, s.codeHash(b, plain)); !known || !right || s.now().Unix() >= expires {
		return refused()
	}
	if _, err := tx.Exec("DELETE FROM signin_codes WHERE address = ? AND purpose = ?", b.address, b.stage); err != nil {
		return err
	}
	return s.finish(tx, b)
}

// deviceSize is the length of the random part of what a browser keeps, in bytes.
const deviceSize = 12

// deviceToken is what a browser keeps once somebody has signed in there: its own name, which stays, or is drawn when it has none, and what binds it to the address, or to a
// person who has proved none. It opens nothing: it moves the browser's attempts into a bucket of their own, and tells that it isn't new.
func (s *Service) deviceToken(name, bound string) string {
	if name == "" {
		name = random.Hex(deviceSize)
	}
	return name + "." + s.keys.hash("device", bound, name)
}

// knownDevice gives the device's own name when it is bound to the address or the person, else nothing.
func (s *Service) knownDevice(kept, bound string) string {
	name, mac, found := strings.Cut(kept, ".")
	if !found || !same(mac, s.keys.hash("device", bound, name)) {
		return ""
	}
	return name
}

// DeviceName is the part of what a browser keeps that stays the same from one sign-in to the next.
func DeviceName(kept string) string {
	name, _, _ := strings.Cut(kept, ".")
	return name
}

// boundToPerson is what devices are bound to of a person who has proved no address: never the hash of one.
func boundToPerson(person PersonID) string { return "person " + string(person) }

// deviceOfPerson gives the name of the device when somebody has signed in there as the person before, with whichever address, and what it is, or is to be, bound to.
func (s *Service) deviceOfPerson(ctx context.Context, person PersonID, kept string) (name, bound string, err error) {
	all, err := list(ctx, s.db.Reader(), func(row scanner) (address string, err error) {
		err = row.Scan(&address)
		return address, err
	}, "SELECT address FROM signin_proved WHERE person = ? AND gone = 0 ORDER BY at, address", person)
	if err != nil {
		return "", "", err
	}
	all = append(all, boundToPerson(person))
	for _, one := range all {
		if name := s.knownDevice(kept, one); name != "" {
			return name, one, nil
		}
	}
	return "", all[0], nil
}
