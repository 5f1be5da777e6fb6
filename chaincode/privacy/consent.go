package privacy

import (
	"regexp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/webauthn"
)

// ConsentID is a random 128-bit id in 32 lower-case hex digits; it is drawn for the consent and has nothing to do with accounts and persons.
type ConsentID string

// Validate returns INVALID_VALUE unless this can be a consent's id.
func (id ConsentID) Validate() error {
	if !isHex(string(id), idDigits) {
		return fault.New(fault.InvalidValue, "a consent's id has %d lower-case hex digits", idDigits)
	}
	return nil
}

// Limits of a consent.
const (
	MaxConsentAttributes = 32
	MaxConsentSeconds    = 5 * 365 * 86400 // From its beginning to its end.
	MaxPlaceLength       = 128             // Bytes of Storage and Withdrawal.
	idDigits             = 32
	hashDigits           = 64
)

// LegalBasisConsent is the only basis on which data are shared here.
const LegalBasisConsent = "consent"

// Method says how the customer gave the consent.
type Method string

// The ways of giving a consent, one per kind of controller.
const (
	MethodWallet        Method = "wallet"        // Signed with the account's own key.
	MethodPasskey       Method = "passkey"       // Signed with the account's passkey.
	MethodAuthenticated Method = "authenticated" // The brand's custodian signed for a customer whom it had authenticated.
)

// ConsentBody is what the customer agrees to, with the fields of a consent record of ISO/IEC TS 27560: its private half. What is signed and, as a hash, public is its
// canonical JSON; the salt keeps the hash from being guessed.
type ConsentBody struct {
	V            int              `json:"v"`    // 1: the schema's version.
	Salt         string           `json:"salt"` // 64 lower-case hex digits: fresh random bytes.
	ID           ConsentID        `json:"id"`
	Genesis      string           `json:"genesis"`    // The channel: hash of its genesis block, hex.
	Account      points.AccountID `json:"account"`    // PII principal: the customer's account of this programme.
	Brand        string           `json:"brand"`      // PII controller: the owner of the data.
	Grantee      string           `json:"grantee"`    // Recipient: the brand that may read.
	Attributes   []string         `json:"attributes"` // Ascending, each once.
	Purpose      string           `json:"purpose"`    // A code of the data policy.
	LegalBasis   string           `json:"legalBasis"` // LegalBasisConsent.
	From         int64            `json:"from"`       // Unix seconds.
	Until        int64            `json:"until"`      // Unix seconds; not shared from then on.
	Policy       int              `json:"policy"`     // Version of the data policy
	PolicyHash   string           `json:"policyHash"` // and its hash.
	Notice       string           `json:"notice"`     // SHA-256 of the words that the customer was shown, hex;
	Language     string           `json:"language"`   // in this language (BCP 47).
	Given        int64            `json:"given"`      // When the customer agreed, Unix seconds.
	Method       Method           `json:"method"`
	Storage      string           `json:"storage,omitempty"`      // Where the recipient's copy is kept.
	Withdrawal   string           `json:"withdrawal,omitempty"`   // Where and how it is withdrawn.
	Jurisdiction string           `json:"jurisdiction,omitempty"` // ISO 3166-1 alpha-2.
}

var (
	brandForm        = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	attributeForm    = regexp.MustCompile(`^[a-z][a-z0-9]*([.-][a-z0-9]+)*$`)
	codeForm         = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	languageForm     = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)
	jurisdictionForm = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Limits of names, in bytes.
const (
	MaxAttributeName = 48
	MaxPurposeCode   = 32
)

// ValidAttribute says whether this can be an attribute's name: lower-case words, joined by dots or hyphens.
func ValidAttribute(name string) bool {
	return len(name) <= MaxAttributeName && attributeForm.MatchString(name)
}

// Validate returns INVALID_VALUE or TOO_LARGE unless the body is complete and holds together.
func (b *ConsentBody) Validate() error {
	if b.V != 1 || !isHex(b.Salt, saltDigits) {
		return fault.New(fault.InvalidValue, "a consent's body has v 1 and a salt of %d lower-case hex digits", saltDigits)
	}
	if err := b.ID.Validate(); err != nil {
		return err
	}
	if err := b.Account.Validate(); err != nil {
		return err
	}
	if !isHex(b.Genesis, hashDigits) || !isHex(b.PolicyHash, hashDigits) || !isHex(b.Notice, hashDigits) {
		return fault.New(fault.InvalidValue, "genesis, policyHash and notice are %d lower-case hex digits", hashDigits)
	}
	if !brandForm.MatchString(b.Brand) || !brandForm.MatchString(b.Grantee) || b.Brand == b.Grantee {
		return fault.New(fault.InvalidValue, "brand and grantee are two members' names")
	}
	if err := b.validateTerms(); err != nil {
		return err
	}
	return b.validateTime()
}

func (b *ConsentBody) validateTerms() error {
	if err := validAttributes(b.Attributes); err != nil {
		return err
	}
	if !validCode(b.Purpose) || b.Policy < 1 || b.Policy > points.MaxPublications {
		return fault.New(fault.InvalidValue, "a consent names a purpose and a version of the data policy")
	}
	if b.LegalBasis != LegalBasisConsent || !languageForm.MatchString(b.Language) {
		return fault.New(fault.InvalidValue, "a consent has the legal basis %s, and the language of the words that were shown", LegalBasisConsent)
	}
	switch b.Method {
	case MethodWallet, MethodPasskey, MethodAuthenticated:
	default:
		return fault.New(fault.InvalidValue, "method must be %s, %s or %s", MethodWallet, MethodPasskey, MethodAuthenticated)
	}
	if len(b.Storage) > MaxPlaceLength || len(b.Withdrawal) > MaxPlaceLength || b.Jurisdiction != "" && !jurisdictionForm.MatchString(b.Jurisdiction) {
		return fault.New(fault.InvalidValue, "storage and withdrawal have at most %d bytes, a jurisdiction has two capital letters", MaxPlaceLength)
	}
	return nil
}

func validAttributes(names []string) error {
	if len(names) == 0 || len(names) > MaxConsentAttributes {
		return fault.New(fault.TooLarge, "a consent names 1 to %d attributes", MaxConsentAttributes)
	}
	for i, name := range names {
		if !ValidAttribute(name) || i > 0 && names[i-1] >= name {
			return fault.New(fault.InvalidValue, "attributes are lower-case names in ascending order, each once")
		}
	}
	return nil
}

func validCode(code string) bool { return len(code) <= MaxPurposeCode && codeForm.MatchString(code) }

// validateTime checks that the consent isn't given after it begins, and ends within its limit.
func (b *ConsentBody) validateTime() error {
	if b.Given < 1 || b.From < b.Given {
		return fault.New(fault.InvalidValue, "a consent doesn't begin before it is given")
	}
	return validPeriod(b.From, b.Until)
}

func validPeriod(from, until int64) error {
	if from < 1 || until <= from || until-from > MaxConsentSeconds {
		return fault.New(fault.InvalidValue, "a consent ends after it begins, and at most %d seconds later", MaxConsentSeconds)
	}
	return nil
}

// Authentication says how the brand knew the customer for whom its custodian signed.
type Authentication struct {
	Method    string `json:"method"`    // A code, such as email-code or sms-code.
	Challenge string `json:"challenge"` // SHA-256 of the challenge that was answered, with a salt of the brand's; 64 hex digits.
	At        int64  `json:"at"`        // Unix seconds.
}

// SignedConsent is a consent's body with the signature of the account's controller. Signature is over SHA-256 of the body's canonical JSON, or over the assertion
// with that as its challenge.
type SignedConsent struct {
	Body           ConsentBody         `json:"body"`
	Controller     points.Controller   `json:"controller"`               // As it stands in the account.
	Custodian      int                 `json:"custodian,omitzero"`       // Version of the custodian's key that signed, of a custody account.
	Signature      string              `json:"signature"`                // r||s, low-S, base64url without padding.
	WebAuthn       *webauthn.Assertion `json:"webauthn,omitempty"`       // Of a passkey.
	Authentication *Authentication     `json:"authentication,omitempty"` // Of a custody account.
}

// Validate returns INVALID_VALUE unless body, controller and what goes with its kind have their form.
func (s *SignedConsent) Validate() error {
	if err := s.Body.Validate(); err != nil {
		return err
	}
	if err := s.Controller.Validate(); err != nil {
		return err
	}
	custody := s.Controller.Kind == points.ControllerCustodian
	if custody != (s.Custodian > 0) || custody != (s.Authentication != nil) || (s.Controller.Kind == points.ControllerWebAuthn) != (s.WebAuthn != nil) {
		return fault.New(fault.InvalidValue, "a passkey comes with an assertion, a custodian with its key's version and the customer's authentication, and nothing else with either")
	}
	if s.Body.Method != methodOf(s.Controller.Kind) {
		return fault.New(fault.InvalidValue, "the method is not that of the controller")
	}
	if s.WebAuthn != nil {
		return s.WebAuthn.Validate()
	}
	if a := s.Authentication; a != nil && (!validCode(a.Method) || !isHex(a.Challenge, hashDigits) || a.At < 1) {
		return fault.New(fault.InvalidValue, "an authentication has a method, the hash of its challenge in %d hex digits, and a time", hashDigits)
	}
	return nil
}

func methodOf(kind points.ControllerKind) Method {
	switch kind {
	case points.ControllerP256:
		return MethodWallet
	case points.ControllerWebAuthn:
		return MethodPasskey
	default:
		return MethodAuthenticated
	}
}
