package points

import "slices"

// Kind names what an operation does.
type Kind string

// The kinds of operation.
const (
	KindOpen     Kind = "open"     // A new account under a controller.
	KindEarn     Kind = "earn"     // Accrual: points for a purchase or another event, at the rules in force.
	KindRefer    Kind = "refer"    // Accrual for a referral: to the account that was referred and to the referrer.
	KindRedeem   Kind = "redeem"   // Redemption: points are burned. A debit.
	KindHold     Kind = "hold"     // Points are pinned for a redemption. A debit.
	KindCapture  Kind = "capture"  // Redemption out of a hold.
	KindVoid     Kind = "void"     // A hold is given up: its points are free again.
	KindTransfer Kind = "transfer" // From one account of the programme to another. A debit.
	KindGift     Kind = "gift"     // Points are pinned for whoever has a code. A debit.
	KindAccept   Kind = "accept"   // The receiver takes what was transferred or given.
	KindReturn   Kind = "return"   // Points of a returned purchase are taken back, those of a returned redemption come back.
	KindExpire   Kind = "expire"   // What is due is expired, holds whose time is over lapse.
	KindAdjust   Kind = "adjust"   // A credit or debit for a reason, approved by another organisation.
	KindRekey    Kind = "rekey"    // A new controller, signed by the old one.
	KindRecover  Kind = "recover"  // A new controller after a wait, approved by another organisation.
	KindVeto     Kind = "veto"     // The old controller ends a recovery.
	KindComplete Kind = "complete" // The wait is over: the recovery's controller is in force.
	KindFreeze   Kind = "freeze"
	KindUnfreeze Kind = "unfreeze"
	KindClose    Kind = "close"   // The account ends; what is left is forfeited.
	KindAward    Kind = "award"   // Accrual by a partner: a credit that waits in the inbox.
	KindSwap     Kind = "swap"    // Points become the partner's, on an account there. A debit.
	KindDeposit  Kind = "deposit" // The credit that a swap at a partner, or the return of one, makes here. Made by clearing alone.
	KindFold     Kind = "fold"    // Credits that wait in the inbox become the account's.
	KindRefund   Kind = "refund"  // A partner gets back what it paid for an award, as far as its return was recovered since.
	KindOptOut   Kind = "optout"  // The customer wants nothing to do with a partner,
	KindOptIn    Kind = "optin"   // or does again.
)

// Kinds lists every kind in a stable order.
func Kinds() []Kind { return append(HomeKinds(), ExchangeKinds()...) }

// HomeKinds lists those that a programme has for itself.
func HomeKinds() []Kind {
	return []Kind{
		KindOpen, KindEarn, KindRefer, KindRedeem, KindHold, KindCapture, KindVoid, KindTransfer, KindGift, KindAccept, KindReturn, KindExpire,
		KindAdjust, KindRekey, KindRecover, KindVeto, KindComplete, KindFreeze, KindUnfreeze, KindClose,
	}
}

// ExchangeKinds lists those that follow from partners. Some of the others can be done at a partner too.
func ExchangeKinds() []Kind {
	return []Kind{KindAward, KindSwap, KindDeposit, KindFold, KindRefund, KindOptOut, KindOptIn}
}

// HasPurchase says whether operations of this kind carry an event or the amount of a purchase in their details.
func (k Kind) HasPurchase() bool { return k == KindEarn || k == KindRefer || k == KindReturn }

// Redeems says whether operations of this kind burn points for a discount or an item.
func (k Kind) Redeems() bool { return k == KindRedeem || k == KindCapture }

// Blind says whether operations of this kind credit an account's inbox without looking at the account: only that it exists.
func (k Kind) Blind() bool { return k == KindAward || k == KindDeposit }

// offered says whether operations of this kind take what a partner's offer gives. Those that continue or undo an earlier one go by the version of that.
func (k Kind) offered() bool {
	return k == KindRedeem || k == KindHold || k == KindAward || k == KindSwap
}

// ChoosesPartners says whether operations of this kind are the customer's choice of partners, and not an operation with one.
func (k Kind) ChoosesPartners() bool { return k == KindOptOut || k == KindOptIn }

// returnedByPoints says whether an operation of this kind is returned by points or whole, and not by the amount or the lines of a purchase.
func (k Kind) returnedByPoints() bool { return k.Redeems() || k.Blind() }

// NeedsApproval says whether another organisation has to approve operations of this kind before.
func (k Kind) NeedsApproval() bool { return k == KindAdjust || k == KindRecover }

// debits says whether the controller gives points away with operations of this kind: a frozen account and one that was just recovered can't.
func (k Kind) debits() bool {
	return slices.Contains([]Kind{KindRedeem, KindHold, KindTransfer, KindGift, KindRekey, KindClose, KindSwap}, k)
}

// signed says whether operations of this kind always need the controller's signature.
func (k Kind) signed() bool {
	return k.debits() || k == KindAccept || k == KindVeto || k.ChoosesPartners()
}

// afterClosing says whether operations of this kind apply to closed accounts.
func (k Kind) afterClosing() bool {
	return slices.Contains([]Kind{KindReturn, KindExpire, KindAdjust, KindFold, KindRefund}, k)
}

// CrossBrand says whether a cross-brand batch can ask for operations of this kind. Deposits are made by clearing itself.
func (k Kind) CrossBrand() bool {
	return slices.Contains([]Kind{KindRedeem, KindHold, KindCapture, KindVoid, KindReturn, KindAward, KindSwap, KindRefund}, k)
}

// AtHome says whether operations of this kind can take place without another brand.
func (k Kind) AtHome() bool {
	return !slices.Contains([]Kind{KindAward, KindSwap, KindDeposit, KindRefund}, k)
}
