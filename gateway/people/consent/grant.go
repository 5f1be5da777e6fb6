package consent

import (
	"context"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
)

// maxDeliberation is how long a customer may take between reading the notice and agreeing.
const maxDeliberation = 15 * time.Minute

// Wish is a consent that a customer would give.
type Wish struct {
	Account    points.AccountID // One of the person's; the latest linked when empty.
	Grantee    string
	Attributes []string // In any order.
	Purpose    string
	From       time.Time // Zero: at once.
	Until      time.Time
	Language   string // BCP 47, one of the data policy's.
}

// Prepared is a consent that is ready to be agreed to.
type Prepared struct {
	Body       privacy.ConsentBody
	Canonical  []byte // What is signed.
	Digest     []byte // SHA-256 of it.
	Notice     Notice
	Controller points.ControllerKind // Whose signature it takes.
	Party      string                // Id of the relying party for which a passkey signs.
}

// Prepare says exactly what a customer agrees to, and keeps nothing. INVALID_VALUE names what can't be.
func (k *Keeper) Prepare(ctx context.Context, person string, w Wish) (Prepared, error) {
	account, err := k.accountOf(ctx, person, w.Account)
	if err != nil {
		return Prepared{}, err
	}
	holder, err := k.Chain.Account(ctx, account)
	if err != nil {
		return Prepared{}, err
	}
	programme, err := k.Chain.Programme(ctx)
	if err != nil {
		return Prepared{}, err
	}
	current, err := k.Policy(ctx)
	if err != nil {
		return Prepared{}, err
	}
	b := k.bodyOf(w, &current, &programme, &holder)
	names, err := k.Names(ctx)
	if err != nil {
		return Prepared{}, err
	}
	notice, err := names.noticeOf(&current.Policy, &b)
	if err != nil {
		return Prepared{}, err
	}
	b.Notice = notice.Hash
	if err := k.check(&b, names); err != nil {
		return Prepared{}, err
	}
	p := Prepared{Body: b, Notice: notice, Controller: holder.Controller.Kind, Party: programme.RelyingParty.ID}
	if p.Canonical, err = wire.Encode(b); err != nil {
		return Prepared{}, err
	}
	p.Digest, err = wire.ConsentDigest(&b)
	return p, err
}

// accountOf is the account that a person means: the one that is named, or the latest; ACCOUNT_UNKNOWN when it isn't the person's, or there is none.
func (k *Keeper) accountOf(ctx context.Context, person string, named points.AccountID) (points.AccountID, error) {
	accounts, err := k.vault.Accounts(ctx, person)
	if err != nil {
		return "", err
	}
	if named == "" && len(accounts) > 0 {
		return accounts[0], nil
	}
	if !slices.Contains(accounts, named) {
		return "", fault.New(fault.AccountUnknown, "the customer has no such account")
	}
	return named, nil
}

func (k *Keeper) bodyOf(w Wish, current *Published, programme *points.Programme, holder *points.Account) privacy.ConsentBody {
	now := k.now().Unix()
	b := privacy.ConsentBody{
		V: 1, Salt: random.Hex(32), ID: privacy.ConsentID(random.Hex(16)), Genesis: programme.Genesis, Account: holder.ID, Brand: k.Brand, Grantee: w.Grantee,
		Attributes: slices.Clone(w.Attributes), Purpose: w.Purpose, LegalBasis: privacy.LegalBasisConsent, From: now, Until: w.Until.Unix(),
		Policy: current.Policy.Version, PolicyHash: current.Hash, Language: w.Language, Given: now, Method: methodOf(holder.Controller.Kind),
		Storage: k.Storage, Withdrawal: k.Withdrawal, Jurisdiction: k.Jurisdiction,
	}
	if !w.From.IsZero() && w.From.Unix() > now {
		b.From = w.From.Unix()
	}
	slices.Sort(b.Attributes)
	return b
}

func methodOf(kind points.ControllerKind) privacy.Method {
	switch kind {
	case points.ControllerP256:
		return privacy.MethodWallet
	case points.ControllerWebAuthn:
		return privacy.MethodPasskey
	default:
		return privacy.MethodAuthenticated
	}
}

// check says whether a body is one that this keeper would have prepared for somebody at a time not long ago.
func (k *Keeper) check(b *privacy.ConsentBody, names Names) error {
	if err := b.Validate(); err != nil {
		return err
	}
	if b.Brand != k.Brand || !k.isGrantee(names, b.Grantee) {
		return fault.New(fault.InvalidValue, "grantee: must be another brand")
	}
	now := k.now()
	if given := time.Unix(b.Given, 0); given.After(now.Add(time.Minute)) || given.Before(now.Add(-maxDeliberation)) {
		return fault.New(fault.InvalidValue, "given: the consent was prepared more than %d minutes ago: prepare it again", int(maxDeliberation/time.Minute))
	}
	if !time.Unix(b.Until, 0).After(now) {
		return fault.New(fault.InvalidValue, "until: must lie in the future")
	}
	return nil
}

// Agreement is how a customer agrees to a prepared body: with a signature of the account's own key, or, an account in custody, by having been authenticated.
type Agreement struct {
	Body           privacy.ConsentBody
	Signature      string
	WebAuthn       *webauthn.Assertion
	Authentication *privacy.Authentication
}

// Grant takes a customer's consent and brings it on. It is durable once there is an answer; the view says whether the grantee has everything yet. SIGNATURE_REFUSED when
// somebody else signed, ACCOUNT_UNKNOWN when the account is another's, INVALID_VALUE when it has to be prepared again.
func (k *Keeper) Grant(ctx context.Context, person string, a Agreement) (View, error) {
	signed, err := k.accept(ctx, person, a)
	if err != nil {
		return View{}, err
	}
	b := &signed.Body
	r := &row{id: b.ID, person: person, grantee: b.Grantee, signed: *signed, starts: time.Unix(b.From, 0), ends: time.Unix(b.Until, 0), given: time.Unix(b.Given, 0)}
	if err := k.insert(ctx, r); err != nil {
		return View{}, err
	}
	return k.bringOn(ctx, person, b.ID)
}

// bringOn advances a consent and gives what has become of it. What failed and is tried again is no error to the customer, whose word is kept.
func (k *Keeper) bringOn(ctx context.Context, person string, id privacy.ConsentID) (View, error) {
	if err := k.advance(ctx, id); err != nil {
		k.complain(ctx, "a consent could not be brought on at once", err)
	}
	r, err := k.personal(ctx, person, id)
	if err != nil {
		return View{}, err
	}
	if r.step == Refused {
		return View{}, fault.New(r.trouble, "the ledger didn't take the consent: prepare it again")
	}
	names, err := k.Names(ctx)
	return k.view(r, names), err
}

// accept checks an agreement against everything that the ledger will check, so that it refuses nothing that the customer was told is done.
func (k *Keeper) accept(ctx context.Context, person string, a Agreement) (*privacy.SignedConsent, error) {
	b := &a.Body
	names, err := k.Names(ctx)
	if err != nil {
		return nil, err
	}
	if err := k.check(b, names); err != nil {
		return nil, err
	}
	account, err := k.accountOf(ctx, person, b.Account)
	if err != nil {
		return nil, err
	}
	if err := k.checkNotice(ctx, b, names); err != nil {
		return nil, err
	}
	holder, err := k.Chain.Account(ctx, account)
	if err != nil {
		return nil, err
	}
	programme, err := k.Chain.Programme(ctx)
	if err != nil {
		return nil, err
	}
	digest, err := wire.ConsentDigest(b)
	if err != nil {
		return nil, err
	}
	signed := &privacy.SignedConsent{Body: *b, Controller: holder.Controller, Signature: a.Signature, WebAuthn: a.WebAuthn}
	if holder.Controller.Kind == points.ControllerCustodian {
		if err := k.signFor(ctx, signed, &a, digest); err != nil {
			return nil, err
		}
	}
	if err := signed.Validate(); err != nil {
		return nil, err
	}
	return signed, signed.Verify(&programme, &holder, digest)
}

// checkNotice says whether the customer was shown the words that the data policy in force has for this.
func (k *Keeper) checkNotice(ctx context.Context, b *privacy.ConsentBody, names Names) error {
	current, err := k.Policy(ctx)
	if err != nil {
		return err
	}
	if b.Policy != current.Policy.Version || b.PolicyHash != current.Hash {
		return fault.New(fault.InvalidValue, "policy: version %d is in force: prepare the consent again", current.Policy.Version)
	}
	notice, err := names.noticeOf(&current.Policy, b)
	if err != nil {
		return err
	}
	if notice.Hash != b.Notice {
		return fault.New(fault.InvalidValue, "notice: these are not the words for this consent: prepare it again")
	}
	return nil
}

// signFor signs for a customer in custody whose authentication is known.
func (k *Keeper) signFor(ctx context.Context, signed *privacy.SignedConsent, a *Agreement, digest []byte) error {
	if k.Custodian == nil || a.Authentication == nil || a.Signature != "" {
		return fault.New(fault.InvalidValue, "the account is in the brand's custody: sign in, and agree without a signature")
	}
	version, signature, err := k.Custodian.Sign(ctx, digest)
	if err != nil {
		return err
	}
	signed.Custodian, signed.Signature, signed.Authentication = version, signature, a.Authentication
	return nil
}

// Withdraw ends a consent. From its return on nothing is handed out under it, whatever the ledger does; the view says whether the last copy is purged yet. What is
// ended already stays as it is.
func (k *Keeper) Withdraw(ctx context.Context, person string, id privacy.ConsentID) (View, error) {
	if _, err := k.personal(ctx, person, id); err != nil {
		return View{}, err
	}
	if _, err := k.aim(ctx, privacy.EndWithdrawn, "id = ? AND person = ?", string(id), person); err != nil {
		return View{}, err
	}
	return k.bringOn(ctx, person, id)
}
