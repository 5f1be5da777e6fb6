package erasure

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// Rules is what the customer is told before confirming, and what the desk does. docs/erasure.md has the same list.
var Rules = []string{
	"Everything the brand keeps about you as a person is erased: your profile, phone numbers, e-mail addresses, cards, sign-in, sessions, consents, and who read your data. Copies that you let other brands have are taken back.",
	"The history of your accounts stays on the ledger under random ids, without your name, so that everybody's totals still balance.",
	"Open holds come first: for up to 14 days the erasure waits until they are captured, voided or have lapsed. You can take the request back until then.",
	"Points that you have sent as a gift stay claimable until the gift's own time is over. What isn't claimed is forfeited; it comes back to nobody.",
	"An account in the brand's custody is closed, and the points that are left on it are forfeited, those included that still arrive. You confirm the number. Redeem or send them before, if you want to keep them.",
	"An account that has open holds or gifts after 14 days, or a debt, isn't closed then: it stays without anybody's name, and is closed when nothing is open any more. A debt is not forgiven by an erasure.",
	"An account under your own key stays yours: only you can use it, and nobody knows any more whose it is.",
	"It ends within a month of your request. A legal hold can keep the brand from erasing; you are told, unless the law forbids it.",
	"Backups of the brand's databases are overwritten within their own retention. They hold your data only encrypted, and the key is destroyed.",
}

// Outcome says what becomes of an account.
type Outcome string

// The outcomes of an account.
const (
	ToClose   Outcome = "close"     // It will be closed and what is left forfeited.
	Kept      Outcome = "kept"      // Under the customer's own key: it stays.
	Elsewhere Outcome = "elsewhere" // Of another brand's programme: the link is erased here, nothing else.
	Closed    Outcome = "closed"
	Unsettled Outcome = "unsettled" // Not closed yet: a hold, gift or debt is open. It is closed when it can be.
	AsItWas   Outcome = "ended"     // Had been closed before.
	NotOpened Outcome = "unknown"   // The ledger doesn't know it.
)

// Deadline is the time after which a request is late: one month (Art. 12(3) GDPR), counted as 30 days.
const Deadline = 30 * 24 * time.Hour

// AccountPlan is what will become of one account.
type AccountPlan struct {
	Programme string           `json:"programme"`
	Account   points.AccountID `json:"account"`
	Outcome   Outcome          `json:"outcome"`
	Forfeit   quantity.Points  `json:"forfeit"` // What would be forfeited now: free, held, given and waiting points.
	Held      quantity.Points  `json:"held"`    // Part of it that till's holds pin.
	Gifts     quantity.Points  `json:"gifts"`   // Part of it that gifts pin, and that somebody else may still claim.
	Debt      quantity.Points  `json:"debt"`
	Arriving  quantity.Points  `json:"arriving"` // Part of what would be forfeited: credits from outside that no batch has folded in yet.
}

// open says whether something keeps the account from being closed.
func (a *AccountPlan) open() bool { return a.Held > 0 || a.Gifts > 0 || a.Debt > 0 || a.Arriving > 0 }

// Plan is what an erasure would do now.
type Plan struct {
	Rules    []string
	Accounts []AccountPlan
	Forfeit  quantity.Points // Over all accounts: the customer confirms this number.
	Values   int             // Of attributes, each in an entry of its own.
	Held     bool            // A legal hold stops it that the customer may know of.
	Deadline time.Time       // If it were asked for now.
}

// Plan says what an erasure of the person would do. PERSON_UNKNOWN when the vault doesn't have it.
func (d *Desk) Plan(ctx context.Context, person vault.PersonID) (Plan, error) {
	p := Plan{Rules: Rules, Deadline: d.Now().Add(Deadline)}
	links, err := d.Vault.Accounts(ctx, person)
	if err != nil {
		return p, err
	}
	entries, err := d.Vault.Entries(ctx, person, nil)
	if err != nil {
		return p, err
	}
	p.Values = len(entries)
	for _, l := range links {
		a, err := d.planAccount(ctx, l)
		if err != nil {
			return p, err
		}
		p.Accounts = append(p.Accounts, a)
		if p.Forfeit, err = quantity.Sum(p.Forfeit, a.Forfeit); err != nil {
			return p, err
		}
	}
	now, err := d.holding(ctx, person)
	p.Held = now.told
	return p, err
}

func (d *Desk) planAccount(ctx context.Context, l vault.Link) (AccountPlan, error) {
	a := AccountPlan{Programme: l.Programme, Account: l.Account, Outcome: Elsewhere}
	if l.Programme != d.Brand {
		return a, nil
	}
	position, err := d.Positions.Account(ctx, l.Account)
	if fault.CodeOf(err) == fault.AccountUnknown {
		a.Outcome = NotOpened
		return a, nil
	}
	if err != nil {
		return a, err
	}
	account := &position.Account
	for i := range account.Holds {
		h := &account.Holds[i]
		if h.Purpose == points.PurposeGift || h.Purpose == points.PurposeTransfer {
			a.Gifts += h.Points // Bounded by the account's held points.
		} else {
			a.Held += h.Points
		}
	}
	a.Debt, a.Arriving = account.Debt, position.Waiting
	switch {
	case account.Status == points.StatusClosed:
		a.Outcome = AsItWas
	case account.Controller.Kind != points.ControllerCustodian:
		a.Outcome = Kept
	default:
		a.Outcome = ToClose
		a.Forfeit, err = leftOn(position)
	}
	return a, err
}

// leftOn is what is forfeited when the account is closed with all that is on it or on its way.
func leftOn(p Position) (quantity.Points, error) {
	total, err := p.Account.Total()
	if err != nil {
		return 0, err
	}
	return quantity.Sum(total, p.Waiting)
}
