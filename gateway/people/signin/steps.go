package signin

import (
	"time"

	"github.com/tallystick/tallystick/gateway/sqlite"
)

// stage is what has been begun and waits for its next part.
type stage string

// The stages. Each is kept under the hash of a token that only who began it has.
const (
	awaitsCode         stage = "code"          // Of sign-in.
	awaitsStepUp       stage = "step-up"       // A code for a fresh proof.
	awaitsAddress      stage = "address"       // A code for a further address.
	awaitsRegistration stage = "registration"  // Who is new says who they are.
	awaitsFactor       stage = "second-factor" // Who has one shows it.
	awaitsPasskey      stage = "passkey"       // A passkey signs a challenge.
	awaitsNewPasskey   stage = "new-passkey"   // A passkey is made.
	awaitsLink         stage = "link"          // An account's key signs a challenge.
)

// lifetimes say how long each stage waits.
var lifetimes = map[stage]time.Duration{
	awaitsCode: 10 * time.Minute, awaitsStepUp: 10 * time.Minute, awaitsAddress: 10 * time.Minute, awaitsRegistration: 20 * time.Minute,
	awaitsFactor: 10 * time.Minute, awaitsPasskey: 5 * time.Minute, awaitsNewPasskey: 5 * time.Minute, awaitsLink: 5 * time.Minute,
}

// begun is one row of what has been begun.
type begun struct {
	id      string // Digest of the token.
	stage   stage
	person  PersonID // Empty when nobody is known yet.
	address string   // Keyed hash of the address that is or was proved; may be empty.
	device  string   // The device that asks, when it is known; may be empty.
	bound   string   // What the device is bound to where that isn't the address. Isn't kept.
	data    []byte   // Of the stage.
	tries   int
}

// begin keeps a stage and gives its token. What has lapsed is cleared away first.
func (s *Service) begin(tx *sqlite.Tx, b begun) (token string, expires time.Time, err error) {
	now := s.now()
	if _, err := tx.Exec("DELETE FROM signin_begun WHERE expires <= ?", now.Unix()); err != nil {
		return "", time.Time{}, err
	}
	token, expires = drawToken(), now.Add(lifetimes[b.stage]).Truncate(time.Second)
	_, err = tx.Exec("INSERT INTO signin_begun (id, stage, person, address, device, data, tries, expires) VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
		digest(token), b.stage, b.person, b.address, b.device, b.data, expires.Unix())
	return token, expires, err
}

// resume finds what a token began and counts a try of it. SIGN_IN_REFUSED when it has lapsed, is another stage's or was tried too often; it is gone then.
func (s *Service) resume(tx *sqlite.Tx, token string, wanted stage) (begun, error) {
	b := begun{id: digest(token)}
	var expires int64
	known, err := tx.QueryRow("SELECT stage, person, address, device, data, tries, expires FROM signin_begun WHERE id = ?", []any{b.id},
		&b.stage, &b.person, &b.address, &b.device, &b.data, &b.tries, &expires)
	if err != nil {
		return begun{}, err
	}
	if !known || b.stage != wanted || s.now().Unix() >= expires {
		return begun{}, refused()
	}
	if b.tries++; b.tries > Tries {
		return begun{}, firstError(s.finish(tx, b), refused())
	}
	_, err = tx.Exec("UPDATE signin_begun SET tries = ? WHERE id = ?", b.tries, b.id)
	return b, err
}

// finish forgets what was begun: it has served.
func (s *Service) finish(tx *sqlite.Tx, b begun) error {
	_, err := tx.Exec("DELETE FROM signin_begun WHERE id = ?", b.id)
	return err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
