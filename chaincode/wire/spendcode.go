package wire

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/webauthn"
)

// SpendCodePrefix begins every spend code; its digit is the version of the layout.
const SpendCodePrefix = "TALLY1:"

// Limits of a spend code, in characters.
const (
	MaxRawSpendCode = 500  // With a raw P-256 signature: below a QR code of version 14 at level M, which holds 528.
	MaxSpendCode    = 2400 // With a WebAuthn assertion of the largest size: a QR code of version 34 at level M. Browsers' assertions need version 15 to 18.
)

// The flags of a spend code say which optional parts follow, in the order of these lines, and that the mandate is a bearer's.
const (
	spendPlace = 1 << iota
	spendReceiver
	spendQuote
	spendSubject
	spendWebAuthn
	spendBearer
	spendKnown = spendBearer<<1 - 1
)

// Lengths of a spend code's parts, in bytes.
const (
	spendCheck     = 4 // Of the programme's check.
	spendID        = 16
	spendHash      = sha256.Size
	spendSignature = 64
	spendKind      = 32 // Longest name of an operation.
)

// maxSpendVersion bounds the version of a controller, so that it is an int everywhere.
const maxSpendVersion = 1<<31 - 1

// EncodeSpendCode gives a signed mandate as the text of a QR code in alphanumeric mode: SpendCodePrefix and, in base45, format, flags, check of the programme, account, id,
// operation, controller's version, maximum points, end, place, receiver, quote, subject, signature, assertion. The genesis block and the programme are not carried: the till's
// gateway knows them and the signature covers them. A raw signature gives at most MaxRawSpendCode characters, usually 230 to 390: a QR code of version 9 to 12 at level M.
// INVALID_VALUE names the part that isn't in its form.
func EncodeSpendCode(a *points.Authorisation) (string, error) {
	m := &a.Mandate
	if m.Format != points.MandateFormat || !slices.Contains(points.Kinds(), m.Operation) || len(m.Operation) > spendKind {
		return "", fault.New(fault.InvalidValue, "the mandate's format must be %d, its operation a known one", points.MandateFormat)
	}
	p := packer{raw: []byte{byte(m.Format), spendFlags(a)}}
	p.raw = append(p.raw, programmeCheck(m.Genesis, m.Programme)...)
	p.hex("account", string(m.Account), spendID)
	p.hex("id", m.ID, spendID)
	p.text(string(m.Operation))
	p.whole("controllerVersion", int64(m.ControllerVersion), maxSpendVersion)
	p.whole("maxPoints", int64(m.MaxPoints), quantity.MaxPoints)
	p.whole("notAfter", m.NotAfter, quantity.MaxPoints)
	p.optional("place", m.Place, spendHash)
	p.optional("receiver", string(m.Receiver), spendID)
	p.optional("quote", m.Quote, spendHash)
	p.optional("subject", m.Subject, spendHash)
	p.signature(a.Signature)
	p.assertion(a.WebAuthn)
	if p.err != nil {
		return "", p.err
	}
	return SpendCodePrefix + encodeBase45(p.raw), nil
}

// DecodeSpendCode reads a spend code that was made for this programme of this channel. AUTH_MISMATCH says that it was made for another, TOO_LARGE that it has more than
// MaxSpendCode characters, MALFORMED that it is no spend code. An authorisation has one code, and a code that is taken is that one. Nothing is said of the signature.
func DecodeSpendCode(text, genesis, programme string) (*points.Authorisation, error) {
	if len(text) > MaxSpendCode {
		return nil, fault.New(fault.TooLarge, "a spend code has at most %d characters", MaxSpendCode)
	}
	body, ok := strings.CutPrefix(text, SpendCodePrefix)
	if !ok {
		return nil, fault.New(fault.Malformed, "a spend code begins with %s", SpendCodePrefix)
	}
	raw, ok := decodeBase45(body)
	if !ok {
		return nil, fault.New(fault.Malformed, "a spend code is base45 after %s", SpendCodePrefix)
	}
	u := unpacker{rest: raw}
	format, flags := u.take(1), u.take(1)
	if u.failed || int(format[0]) != points.MandateFormat || flags[0] > spendKnown {
		return nil, fault.New(fault.Malformed, "the spend code's format is not known here")
	}
	if check := u.take(spendCheck); !u.failed && !slices.Equal(check, programmeCheck(genesis, programme)) {
		return nil, fault.New(fault.AuthMismatch, "the spend code was made for another programme")
	}
	a := u.authorisation(flags[0])
	a.Mandate.Genesis, a.Mandate.Programme = genesis, programme
	if u.failed || len(u.rest) > 0 {
		return nil, fault.New(fault.Malformed, "the spend code is cut off, or has something after its end")
	}
	if again, err := EncodeSpendCode(a); err != nil || again != text {
		return nil, fault.New(fault.Malformed, "the spend code is not in the one form that it has")
	}
	return a, nil
}

// programmeCheck lets a till tell a customer at once that a code is for another programme. It protects nothing: the signature does.
func programmeCheck(genesis, programme string) []byte {
	sum := sha256.Sum256([]byte(genesis + "|" + programme))
	return sum[:spendCheck]
}

func spendFlags(a *points.Authorisation) byte {
	var flags byte
	for flag, there := range [...]bool{
		a.Mandate.Place != "", a.Mandate.Receiver != "", a.Mandate.Quote != "", a.Mandate.Subject != "", a.WebAuthn != nil, a.Mandate.Bearer,
	} {
		if there {
			flags |= 1 << flag
		}
	}
	return flags
}

// packer collects a spend code's bytes until a part isn't in its form.
type packer struct {
	raw []byte
	err error
}

func (p *packer) fail(part string) {
	if p.err == nil {
		p.err = fault.New(fault.InvalidValue, "the authorisation's %s is not in its form", part)
	}
}

func (p *packer) hex(part, s string, n int) {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != n || hex.EncodeToString(raw) != s {
		p.fail(part)
		return
	}
	p.raw = append(p.raw, raw...)
}

func (p *packer) optional(part, s string, n int) {
	if s != "" {
		p.hex(part, s, n)
	}
}

func (p *packer) whole(part string, n, most int64) {
	if n < 0 || n > most {
		p.fail(part)
		return
	}
	p.raw = binary.AppendUvarint(p.raw, uint64(n))
}

func (p *packer) text(s string) {
	p.raw = append(binary.AppendUvarint(p.raw, uint64(len(s))), s...)
}

func (p *packer) signature(s string) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) != spendSignature || base64.RawURLEncoding.EncodeToString(raw) != s {
		p.fail("signature")
		return
	}
	p.raw = append(p.raw, raw...)
}

func (p *packer) assertion(a *webauthn.Assertion) {
	if a == nil {
		return
	}
	authenticatorData, clientDataJSON, err := a.Raw()
	if err != nil {
		p.fail("webauthn")
		return
	}
	p.text(string(authenticatorData))
	p.text(string(clientDataJSON))
}

// unpacker takes a spend code apart. After a part that isn't there it gives zeroes and failed is set.
type unpacker struct {
	rest   []byte
	failed bool
}

func (u *unpacker) authorisation(flags byte) *points.Authorisation {
	a := &points.Authorisation{Mandate: points.Mandate{Format: points.MandateFormat, Bearer: flags&spendBearer != 0}}
	m := &a.Mandate
	m.Account = points.AccountID(u.hex(spendID))
	m.ID = u.hex(spendID)
	m.Operation = points.Kind(u.text(spendKind))
	m.ControllerVersion = int(u.whole(maxSpendVersion))
	m.MaxPoints = quantity.Points(u.whole(quantity.MaxPoints))
	m.NotAfter = u.whole(quantity.MaxPoints)
	m.Place = u.optional(flags&spendPlace, spendHash)
	m.Receiver = points.AccountID(u.optional(flags&spendReceiver, spendID))
	m.Quote = u.optional(flags&spendQuote, spendHash)
	m.Subject = u.optional(flags&spendSubject, spendHash)
	a.Signature = base64.RawURLEncoding.EncodeToString(u.take(spendSignature))
	if flags&spendWebAuthn != 0 {
		authenticatorData, clientDataJSON := u.text(webauthn.MaxAuthenticatorData), u.text(webauthn.MaxClientData)
		a.WebAuthn = webauthn.NewAssertion([]byte(authenticatorData), []byte(clientDataJSON))
	}
	return a
}

func (u *unpacker) take(n int) []byte {
	if u.failed || len(u.rest) < n {
		u.failed = true
		return make([]byte, n)
	}
	part := u.rest[:n]
	u.rest = u.rest[n:]
	return part
}

func (u *unpacker) hex(n int) string { return hex.EncodeToString(u.take(n)) }

func (u *unpacker) optional(flag byte, n int) string {
	if flag == 0 {
		return ""
	}
	return u.hex(n)
}

func (u *unpacker) whole(most int64) int64 {
	n, length := binary.Uvarint(u.rest)
	if u.failed || length <= 0 || n > uint64(most) {
		u.failed = true
		return 0
	}
	u.rest = u.rest[length:]
	return int64(n)
}

func (u *unpacker) text(most int64) string { return string(u.take(int(u.whole(most)))) }
