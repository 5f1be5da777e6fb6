package signin

import (
	"bytes"
	"context"
	"encoding/base32"
	"image/png"
	"net/url"
	"strconv"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/skip2/go-qrcode"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// What authenticator apps all support (RFC 6238 with HMAC-SHA-1).
const (
	totpSeconds    = 30
	totpDigits     = otp.DigitsSix
	totpSecretSize = 20 // Bytes: the length of the hash, as RFC 4226 section 4 recommends.
	totpSkew       = 1  // Steps to either side that are taken, for clocks that differ.
	qrSize         = 416
)

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// Enrolment is what an authenticator app needs. It is shown once.
type Enrolment struct {
	Secret string // Base32, for typing.
	URI    string // otpauth://totp/...
	QR     []byte // The URI as a PNG.
}

// totpStep finds the step, later than after, whose code this is. Every step that may be is computed, so that its time tells nothing.
func totpStep(secret []byte, code string, now time.Time, after int64) (step int64, found bool) {
	current := now.Unix() / totpSeconds
	for candidate := current - totpSkew; candidate <= current+totpSkew; candidate++ {
		want, err := hotp.GenerateCodeCustom(base32Text.EncodeToString(secret), uint64(candidate), hotp.ValidateOpts{Digits: totpDigits, Algorithm: otp.AlgorithmSHA1})
		if err == nil && same(want, code) && candidate > after && !found {
			step, found = candidate, true
		}
	}
	return step, found
}

// BeginTOTP draws a secret for the person's authenticator app. It counts as a factor once a code of it was given: see ConfirmTOTP. ALREADY_EXISTS when there is one.
func (s *Service) BeginTOTP(ctx context.Context, person PersonID) (Enrolment, error) {
	secret := random.Bytes(totpSecretSize)
	err := s.db.Write(ctx, func(tx *sqlite.Tx) error {
		known, err := tx.QueryRow("SELECT 1 FROM signin_totp WHERE person = ? AND confirmed = 1", []any{person}, new(int))
		if err != nil {
			return err
		}
		if known {
			return fault.New(fault.AlreadyExists, "an authenticator app is set up: remove it first")
		}
		_, err = tx.Exec("INSERT OR REPLACE INTO signin_totp (person, secret, confirmed, step) VALUES (?, ?, 0, 0)", person, s.keys.seal(totpOwner(person), secret))
		return err
	})
	if err != nil {
		return Enrolment{}, err
	}
	return s.enrolment(secret)
}

func totpOwner(person PersonID) string { return "totp " + string(person) }

// enrolment puts a secret into the forms that apps read. The label names the programme only: nothing about the person leaves with it.
func (s *Service) enrolment(secret []byte) (Enrolment, error) {
	text := base32Text.EncodeToString(secret)
	query := url.Values{
		"secret": {text}, "issuer": {s.issuer}, "algorithm": {"SHA1"}, "digits": {strconv.Itoa(int(totpDigits))}, "period": {strconv.Itoa(totpSeconds)},
	}
	uri := "otpauth://totp/" + url.PathEscape(s.issuer+":wallet") + "?" + query.Encode()
	code, err := qrcode.New(uri, qrcode.Medium)
	if err != nil {
		return Enrolment{}, fault.New(fault.Internal, "a QR code can't be made: %v", err)
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, code.Image(qrSize)); err != nil {
		return Enrolment{}, fault.New(fault.Internal, "a QR code can't be drawn: %v", err)
	}
	return Enrolment{Secret: text, URI: uri, QR: picture.Bytes()}, nil
}

// ConfirmTOTP makes the secret that was begun a factor when the code is the app's, which proves that the person has it. SIGN_IN_REFUSED when it isn't.
func (s *Service) ConfirmTOTP(ctx context.Context, session *Session, code string) error {
	person := session.Person
	err := s.judge(ctx, func(tx *sqlite.Tx) error {
		if err := s.take(tx, factorBucket(person), factorLimit); err != nil {
			return err
		}
		if err := s.useTOTP(tx, person, code, unconfirmed); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE signin_totp SET confirmed = 1 WHERE person = ?", person); err != nil {
			return err
		}
		if err := s.prove(tx, session, ByTOTP); err != nil {
			return err
		}
		return s.note(tx, session.did(AuthenticatorAdded))
	})
	return s.noteLockedOut(ctx, person, session.Device, err)
}

// RemoveTOTP forgets the person's authenticator app. One that was only begun was no factor: that it goes is no event.
func (s *Service) RemoveTOTP(ctx context.Context, session *Session) error {
	person := session.Person
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		var was int
		if _, err := tx.QueryRow("DELETE FROM signin_totp WHERE person = ? RETURNING confirmed", []any{person}, &was); err != nil || was != confirmed {
			return err
		}
		return s.note(tx, session.did(AuthenticatorRemoved))
	})
}

// State of an authenticator app's secret.
const (
	unconfirmed = 0
	confirmed   = 1
)

// useTOTP uses a code up: neither it nor an earlier one is taken again (RFC 6238, section 5.2).
func (s *Service) useTOTP(tx *sqlite.Tx, person PersonID, code string, state int) error {
	var sealed []byte
	var last int64
	known, err := tx.QueryRow("SELECT secret, step FROM signin_totp WHERE person = ? AND confirmed = ?", []any{person, state}, &sealed, &last)
	if err != nil {
		return err
	}
	if !known {
		return refused()
	}
	secret, err := s.keys.open(totpOwner(person), sealed)
	if err != nil {
		return err
	}
	step, right := totpStep(secret, code, s.now(), last)
	if !right {
		return refused()
	}
	_, err = tx.Exec("UPDATE signin_totp SET step = ? WHERE person = ?", step, person)
	return err
}
