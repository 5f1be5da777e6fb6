package ledgertest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"fmt"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Item is an operation with its private details.
type Item struct {
	Operation points.Operation
	Details   points.Details
}

// NewID gives ids that no other call gives.
func (p *Programme) NewID() string {
	p.ids++
	return fmt.Sprintf("%x%031x", p.Brand.Name[0]%16, p.ids)
}

// item is an operation under a new id, with the keyed hashes that a gateway gives it.
func (p *Programme) item(o points.Operation) Item {
	o.ID = points.OperationID(p.NewID())
	return Item{o, points.Details{Operation: o.ID, Idempotency: "key-" + string(o.ID), Request: "request-" + string(o.ID)}}
}

// atTill is an operation that a till asks for.
func (p *Programme) atTill(o points.Operation) Item {
	item := p.item(o)
	d, id := &item.Details, string(item.Operation.ID)
	d.Merchant, d.Store, d.Terminal, d.PlaceSalt, d.Reference, d.Natural = "shop", "1", "2", "salt", id, "natural-"+id
	if o.Shop != "" {
		d.Merchant = o.Shop
	}
	return item
}

// purchase is an operation with the amount of a purchase, in minor units.
func (p *Programme) purchase(o points.Operation, minor int64) Item {
	item := p.atTill(o)
	item.Details.AmountMinor, item.Details.Currency, item.Details.OccurredAt = minor, "GBP", p.at
	return item
}

// sign gives an operation the signature of its account's controller, good for at most so many points.
func (p *Programme) sign(item Item, most quantity.Points) Item {
	o, d := &item.Operation, &item.Details
	by, own := p.signers[o.Account]
	if !own {
		by = signer{p.Custodian, p.custodian}
	}
	mandate := points.Mandate{
		Format: points.MandateFormat, Genesis: p.ledger.Genesis, Programme: p.Brand.Name, Account: o.Account, ControllerVersion: by.version, Operation: o.Kind,
		Place: points.PlaceHash(d.PlaceSalt, d.Merchant, d.Store, d.Terminal), Receiver: o.To, MaxPoints: most, Subject: points.SubjectHash(o), ID: p.NewID(), NotAfter: p.Now + 60,
	}
	digest, err := wire.MandateDigest(&mandate)
	must(p.ledger.t, err)
	r, s, err := ecdsa.Sign(rand.Reader, by.key, digest)
	must(p.ledger.t, err)
	o.Authorisation = &points.Authorisation{Mandate: mandate, Signature: points.SignatureOver(r, s)}
	return item
}

// Open is a new account under custody, with a lookup as a gateway sets it.
func (p *Programme) Open() Item { return p.OpenAs(points.HolderCustomer) }

// OpenAs is Open for a holder of any kind.
func (p *Programme) OpenAs(h points.Holder) Item {
	item := p.item(points.Operation{
		Kind: points.KindOpen, Account: points.AccountID(p.NewID()), Holder: h, Controller: &points.Controller{Kind: points.ControllerCustodian},
	})
	item.Details.Lookup = "lookup-" + string(item.Operation.ID)
	return item
}

// OpenWithKey is a new account under a key of its own, which signs for it from then on.
func (p *Programme) OpenWithKey() Item {
	account := points.AccountID(p.NewID())
	controller, key := p.nextKey(account)
	p.signers[account] = key
	return p.item(points.Operation{Kind: points.KindOpen, Account: account, Controller: controller})
}

// nextKey makes the account's next controller.
func (p *Programme) nextKey(account points.AccountID) (*points.Controller, signer) {
	next := signer{newKey(p.ledger.t), p.signers[account].version + 1}
	encoded, err := points.EncodePublicKey(&next.key.PublicKey)
	must(p.ledger.t, err)
	return &points.Controller{Kind: points.ControllerP256, Version: next.version, Key: encoded}, next
}

// Earn is a purchase of so many minor units.
func (p *Programme) Earn(account points.AccountID, minor int64) Item {
	return p.purchase(points.Operation{Kind: points.KindEarn, Account: account}, minor)
}

// EarnInShop is a purchase in a sponsored shop.
func (p *Programme) EarnInShop(account points.AccountID, shop string, minor int64) Item {
	return p.purchase(points.Operation{Kind: points.KindEarn, Account: account, Shop: shop}, minor)
}

// Refer pays a referral to the account and to its referrer.
func (p *Programme) Refer(account, referrer points.AccountID) Item {
	item := p.purchase(points.Operation{Kind: points.KindRefer, Account: account, To: referrer}, 0)
	item.Details.Currency = ""
	return item
}

// ClaimLate is a purchase that was anonymous at first, under the keyed hash of its receipt.
func (p *Programme) ClaimLate(account points.AccountID, claim string, minor int64) Item {
	return p.purchase(points.Operation{Kind: points.KindEarn, Account: account, Claim: claim}, minor)
}

// Redeem spends points; each buys a minor unit.
func (p *Programme) Redeem(account points.AccountID, n quantity.Points) Item {
	return p.sign(p.discount(points.Operation{Kind: points.KindRedeem, Account: account, Points: n}), n)
}

// RedeemInShop is Redeem in a sponsored shop.
func (p *Programme) RedeemInShop(account points.AccountID, shop string, n quantity.Points) Item {
	return p.sign(p.discount(points.Operation{Kind: points.KindRedeem, Account: account, Shop: shop, Points: n}), n)
}

// discount is an operation at a till whose points buy a minor unit each.
func (p *Programme) discount(o points.Operation) Item {
	item := p.atTill(o)
	item.Details.AmountMinor, item.Details.Currency = int64(o.Points), "GBP"
	return item
}

// Hold pins points for so many seconds.
func (p *Programme) Hold(account points.AccountID, n quantity.Points, seconds int64) Item {
	return p.sign(p.atTill(points.Operation{Kind: points.KindHold, Account: account, Points: n, Until: p.Now + seconds}), n)
}

// Capture redeems points out of a hold.
func (p *Programme) Capture(hold Item, n quantity.Points) Item {
	return p.discount(points.Operation{Kind: points.KindCapture, Account: hold.Operation.Account, Hold: hold.Operation.ID, Points: n})
}

// Void ends a hold.
func (p *Programme) Void(hold Item) Item {
	return p.sign(p.atTill(points.Operation{Kind: points.KindVoid, Account: hold.Operation.Account, Hold: hold.Operation.ID}), 0)
}

// Transfer sends points to another account.
func (p *Programme) Transfer(account, to points.AccountID, n quantity.Points) Item {
	return p.sign(p.item(points.Operation{Kind: points.KindTransfer, Account: account, To: to, Points: n}), n)
}

// Gift pins points for whoever has the code.
func (p *Programme) Gift(account points.AccountID, code string, n quantity.Points) Item {
	return p.sign(p.item(points.Operation{Kind: points.KindGift, Account: account, Points: n, Claim: points.ClaimHash(account, code)}), n)
}

// Accept takes what was transferred or, with its code, given.
func (p *Programme) Accept(account points.AccountID, sent Item, code string) Item {
	o := points.Operation{Kind: points.KindAccept, Account: account, To: sent.Operation.Account, Hold: sent.Operation.ID, Claim: sent.Operation.Claim}
	item := p.item(o)
	item.Details.ClaimCode = code
	return p.sign(item, 0)
}

// Return takes a purchase back, by amount, against its receipt in a committed batch.
func (p *Programme) Return(event *wire.BatchEvent, index int, minor int64) Item {
	original := p.Original(event, index)
	return p.purchase(points.Operation{Kind: points.KindReturn, Account: original.Receipt.Account, Original: original}, minor)
}

// ReturnWhole takes everything that is left of an accrual back.
func (p *Programme) ReturnWhole(event *wire.BatchEvent, index int) Item {
	original := p.Original(event, index)
	return p.purchase(points.Operation{Kind: points.KindReturn, Account: original.Receipt.Account, Original: original, Whole: true}, 0)
}

// GiveBack returns points of a redemption against its receipt in a committed batch.
func (p *Programme) GiveBack(event *wire.BatchEvent, index int, n quantity.Points) Item {
	original := p.Original(event, index)
	return p.purchase(points.Operation{Kind: points.KindReturn, Account: original.Receipt.Account, Original: original, Points: n}, 0)
}

// Original is a receipt of a committed batch with the proof that it is there.
func (p *Programme) Original(event *wire.BatchEvent, index int) *points.Original {
	leaves, err := wire.Leaves(event.Receipts)
	must(p.ledger.t, err)
	path, err := wire.Prove(leaves, index)
	must(p.ledger.t, err)
	return &points.Original{
		Receipt: event.Receipts[index],
		Proof:   points.InclusionProof{MSP: event.MSP, Lane: event.Lane, Seq: event.Seq, Index: index, Size: len(event.Receipts), Hashes: path},
	}
}

// Expire sweeps an account.
func (p *Programme) Expire(account points.AccountID) Item {
	return p.item(points.Operation{Kind: points.KindExpire, Account: account})
}

// Adjust credits points, or debits them when they are negative; it needs an approval.
func (p *Programme) Adjust(account points.AccountID, n quantity.Points) Item {
	return p.item(points.Operation{Kind: points.KindAdjust, Account: account, Points: n, Reason: points.ReasonGoodwill})
}

// Rekey gives the account a key of its own, which signs for it from then on.
func (p *Programme) Rekey(account points.AccountID) Item {
	controller, key := p.nextKey(account)
	item := p.sign(p.item(points.Operation{Kind: points.KindRekey, Account: account, Controller: controller}), 0)
	p.signers[account] = key
	return item
}

// Recover asks for a new key for an account; it needs an approval.
func (p *Programme) Recover(account points.AccountID) Item {
	controller, key := p.nextKey(account)
	p.recovering[account] = key
	return p.item(points.Operation{Kind: points.KindRecover, Account: account, Controller: controller})
}

// Veto ends a recovery.
func (p *Programme) Veto(account points.AccountID) Item {
	return p.sign(p.item(points.Operation{Kind: points.KindVeto, Account: account}), 0)
}

// Complete puts a recovery's key in force, which signs from then on.
func (p *Programme) Complete(account points.AccountID) Item {
	p.signers[account] = p.recovering[account]
	return p.item(points.Operation{Kind: points.KindComplete, Account: account})
}

// Freeze stops an account from spending.
func (p *Programme) Freeze(account points.AccountID) Item {
	return p.item(points.Operation{Kind: points.KindFreeze, Account: account, Reason: points.ReasonFraud})
}

// Unfreeze lets it spend again.
func (p *Programme) Unfreeze(account points.AccountID) Item {
	return p.item(points.Operation{Kind: points.KindUnfreeze, Account: account, Reason: points.ReasonResolution})
}

// Close ends an account that has so many points left.
func (p *Programme) Close(account points.AccountID, left quantity.Points) Item {
	return p.sign(p.item(points.Operation{Kind: points.KindClose, Account: account, Points: left}), left)
}
