package api

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sequencer"
)

// claimCodeBytes are the random bytes of a gift's code.
const claimCodeBytes = 16

// builder makes operations of the requests of one call. It keeps what it has looked up.
type builder struct {
	*Server
	prover prover
	known  map[string]*points.Programme // Those that were needed, by name.
}

func (s *Server) newBuilder() *builder {
	return &builder{Server: s, prover: prover{reader: s.reader, leaves: map[batchPlace][][]byte{}}, known: map[string]*points.Programme{}}
}

// build completes an item's intake.
func (b *builder) build(ctx context.Context, it *item) error {
	return run(ctx, it, b.begin, b.discount, b.consent, b.controller, b.sender, b.claim, b.original)
}

// draft completes what there is of an intake before the controller has agreed.
func (b *builder) draft(ctx context.Context, it *item) error {
	return run(ctx, it, b.begin, b.discount, b.controller, b.sender, b.claim, b.original)
}

// run takes one step after the other until one fails.
func run(ctx context.Context, it *item, steps ...func(context.Context, *item) error) error {
	for _, step := range steps {
		if err := step(ctx, it); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) begin(ctx context.Context, it *item) (err error) {
	r, in := it.request, &it.intake
	in.Caller, in.IdempotencyKey = originatorIn(ctx), it.key
	if in.RequestHash, err = requestHash(requestedBy(ctx, r)); err != nil {
		return err
	}
	in.Details = detailsOf(r, it.way.merchant)
	fill(&in.Operation, r)
	in.Operation.Partner = it.way.partner
	if r.HoldSeconds != nil {
		in.Operation.Until = time.Now().Unix() + *r.HoldSeconds
	}
	if r.Kind == KindOpen {
		in.Lookup = b.hasher.Lookup(valueOr(r.Reference, ""))
	}
	return nil
}

// discount refuses one in another currency: price lists count in the programme's, and name none.
func (b *builder) discount(ctx context.Context, it *item) error {
	r := it.request
	if r.Currency == nil || points.Kind(r.Kind).HasPurchase() {
		return nil
	}
	p, err := b.home(ctx, it)
	if err != nil || p.Currency == *r.Currency {
		return err
	}
	return wrong(fault.CurrencyMismatch, it.at+"/currency", "a discount is in the programme's currency, %s", p.Currency)
}

// consent attaches the controller's signature, or asks custody for it.
func (b *builder) consent(ctx context.Context, it *item) error {
	r, in := it.request, &it.intake
	in.Operation.Authorisation, in.Custody = r.Authorisation, r.Authentication != nil
	if r.SpendCode != nil {
		if err := b.readSpendCode(ctx, it); err != nil {
			return err
		}
	}
	if a := in.Operation.Authorisation; a != nil && in.Operation.Account == "" {
		in.Operation.Account = a.Mandate.Account
	}
	return nil
}

// readSpendCode takes the signed mandate from the text of the wallet's QR code.
func (b *builder) readSpendCode(ctx context.Context, it *item) error {
	p, err := b.home(ctx, it)
	if err != nil {
		return err
	}
	a, err := wire.DecodeSpendCode(*it.request.SpendCode, p.Genesis, p.Brand)
	if err != nil {
		return wrong(fault.CodeOf(err), it.at+"/spendCode", "%s", detailOf(err))
	}
	if (a.Mandate.Place != "") != (it.request.PlaceSalt != nil) && forms[it.request.Kind].till != never {
		return wrong(fault.InvalidValue, it.at+"/placeSalt", "goes with a mandate that names a place, as it was prepared")
	}
	it.intake.Operation.Authorisation = a
	return nil
}

// home is the programme on whose accounts the item's operation is.
func (b *builder) home(ctx context.Context, it *item) (*points.Programme, error) {
	if p := b.known[it.way.home]; p != nil {
		return p, nil
	}
	p, err := b.reader.Programme(ctx, it.way.home)
	if err != nil {
		return nil, err
	}
	b.known[it.way.home] = &p
	return &p, nil
}

// controller numbers the controller of a new account, or the one that is to follow an account's.
func (b *builder) controller(ctx context.Context, it *item) error {
	r, o := it.request, &it.intake.Operation
	switch {
	case r.Kind == KindOpen && r.Controller == nil:
		o.Controller = &points.Controller{Kind: points.ControllerCustodian}
	case r.Kind == KindOpen:
		o.Controller = controllerOf(r.Controller, 1)
	case r.Controller != nil:
		position, err := b.account(ctx, it)
		if err != nil {
			return err
		}
		o.Controller = controllerOf(r.Controller, position.Controller.Version+1)
	}
	return nil
}

// account reads the item's account, which must be one of the programme that the item is about and on the ledger.
func (b *builder) account(ctx context.Context, it *item) (*points.Account, error) {
	position, err := b.reader.Account(ctx, it.intake.Operation.Account)
	if fault.CodeOf(err) == fault.AccountUnknown {
		return nil, wrong(fault.AccountUnknown, it.at+"/account", "the account is not on the ledger, or not yet")
	}
	if err != nil {
		return nil, err
	}
	if position.Programme != it.way.home {
		return nil, wrong(fault.AccountUnknown, it.at+"/account", "the account belongs to another programme: name it as programme")
	}
	return &position.Account, nil
}

// sender finds whose transfer or gift is accepted.
func (b *builder) sender(ctx context.Context, it *item) error {
	o := &it.intake.Operation
	if it.request.Kind != KindAccept || o.To != "" {
		return nil
	}
	known, err := b.reader.Operation(ctx, o.Hold)
	if fault.CodeOf(err) == fault.NotFound {
		return wrong(fault.HoldUnknown, it.at+"/hold", "this gateway doesn't know who sent it: give to")
	}
	o.To = known.Account
	return err
}

// claim hashes what is claimed: an anonymous receipt, or a gift by its code. The code of a gift is the gateway's own unless the caller gave one: the same for the same call,
// so that it is told again when the call is sent again.
func (b *builder) claim(_ context.Context, it *item) error {
	r, o, d := it.request, &it.intake.Operation, &it.intake.Details
	switch {
	case r.Kind == KindEarn && valueOr(r.LateClaim, false):
		o.Claim = b.hasher.Claim(d.Merchant, d.Store, d.Terminal, d.Reference)
	case r.Kind == KindGift && r.ClaimCode == nil:
		it.claimCode = b.claimCode(it)
		o.Claim = points.ClaimHash(o.Account, it.claimCode)
	case r.Kind == KindGift:
		o.Claim = points.ClaimHash(o.Account, *r.ClaimCode)
	case r.Kind == KindAccept && r.ClaimCode != nil:
		o.Claim, d.ClaimCode = points.ClaimHash(o.To, *r.ClaimCode), *r.ClaimCode
	}
	return nil
}

func (b *builder) claimCode(it *item) string {
	if it.key != "" {
		return b.hasher.ClaimCode(it.intake.Caller, it.key)
	}
	return base64.RawURLEncoding.EncodeToString(random.Bytes(claimCodeBytes))
}

// travelTime is how long an operation that a gateway accepted may take to be seen by all others: to be ordered, and for their peers to have the block.
const travelTime = time.Minute

// notSeen says that an operation isn't known here. Another brand's gateway may have answered for it a moment ago, so that what is young is NOT_READY: the same request is right
// once the block has come.
func notSeen(id points.OperationID, at string, now time.Time) error {
	if age := now.Sub(sequencer.DrawnAt(id)); age.Abs() < travelTime {
		return fault.New(fault.NotReady, "the operation that is returned was made a moment ago, and this gateway has not seen its receipt yet")
	}
	return wrong(fault.NotFound, at, "there is no committed receipt of this operation")
}

// original attaches the receipt that a return refers to.
func (b *builder) original(ctx context.Context, it *item) error {
	r, o := it.request, &it.intake.Operation
	o.Original = r.Original
	if r.Original != nil {
		return b.checkReturned(it, r.Original.Receipt.Kind)
	}
	if r.OriginalOperation == nil {
		return nil
	}
	original, err := b.prover.proveIn(ctx, it.way.home, points.OperationID(*r.OriginalOperation))
	if fault.CodeOf(err) == fault.NotFound {
		return notSeen(points.OperationID(*r.OriginalOperation), it.at+"/originalOperation", time.Now())
	}
	if err != nil {
		return err
	}
	o.Original = &points.Original{Receipt: original.Receipt, Proof: original.Proof}
	if err := b.checkReturned(it, original.Receipt.Kind); err != nil {
		return err
	}
	c := &checker{at: it.at}
	c.checkOriginal(r, original.Receipt.Kind)
	return c.failure()
}
