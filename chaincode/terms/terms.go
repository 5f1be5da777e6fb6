package terms

import (
	"maps"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Limits of terms.
const (
	MaxVersion         = 1000          // Versions that one programme can publish.
	MaxLanguages       = 16            // Languages of the prose or of a name.
	MaxProseLength     = 4000          // Bytes of the prose in one language.
	MaxReceiptAgeDays  = 36600         // Oldest purchase that terms may accept, in days before the business date: a hundred years, for simulated programmes.
	MaxPendingDays     = 3660          // Days from accrual until points can be spent.
	MaxReturnDays      = 3660          // Days for which a receipt can be returned.
	MaxGraceDays       = 3660          // Days given to restored points that have expired meanwhile.
	MaxNoticeDays      = 3660          // Days of notice before a devaluing change.
	MaxAcceptDays      = 366           // Days that a receiver has to claim a transfer.
	MaxHoldSeconds     = 31 * 86400    // Longest hold, in seconds: a hotel stay.
	MaxRecoverySeconds = 90 * 86400    // Longest waiting period of a recovery, in seconds.
	MaxCoolingSeconds  = 90 * 86400    // Longest cooling-off after a recovery, in seconds.
	MaxGuardSeconds    = 90 * 86400    // Longest guard after a change of controller, in seconds.
	MaxBearer          = 1_000_000_000 // Points of one offline bearer code.
)

// Terms are one version of what customers were promised, in words and in parameters. Points keep the version under which they were earned.
type Terms struct {
	Version             int               `json:"version"`             // 1, 2, ... without a gap.
	Effective           quantity.Day      `json:"effective"`           // The first business date on which this version is in force.
	Prose               map[string]string `json:"prose,omitempty"`     // Language tag (en, de, zh, zh-Hant) to the promise in words, 1 to MaxProseLength bytes each.
	Rate                quantity.Ratio    `json:"rate"`                // Points per minor unit of the currency, rounded down per receipt; used while no rule set is active.
	MaxReceiptAgeDays   int               `json:"maxReceiptAgeDays"`   // Oldest purchase that still earns, in days before the business date.
	UnreferencedReturns bool              `json:"unreferencedReturns"` // Returns without a receipt are accepted when the controller signs.
	PendingDays         int               `json:"pendingDays"`         // Points can be spent this many days after accrual; 0 is the same day.
	ReturnDays          int               `json:"returnDays"`          // See LastReturn and TransferFrom; 0 sets no limit and holds no transfer back.
	Expiry              lots.Expiry       `json:"expiry"`              // When points lapse.
	GraceDays           int               `json:"graceDays"`           // Restored points that have expired meanwhile can be spent this many days longer; 0 gives none.
	Value               quantity.Ratio    `json:"value"`               // Published value: minor units of the currency per point; the numerator may be 0.
	NoticeDays          int               `json:"noticeDays"`          // Days between the publication of a devaluing change and its effect.
	Transfers           Transfers         `json:"transfers"`
	Bearer              quantity.Points   `json:"bearer"`              // Most points that one offline bearer code can spend; 0 forbids them.
	HoldMaxSeconds      int64             `json:"holdMaxSeconds"`      // Longest time from hold to lapse; 0 forbids holds.
	RecoveryWaitSeconds int64             `json:"recoveryWaitSeconds"` // Time in which the old key can veto a recovery.
	CoolingOffSeconds   int64             `json:"coolingOffSeconds"`   // Time after a recovery in which the account can't be debited.
	Guard               Guard             `json:"guard,omitzero"`      // After a change of controller; left out for none.
}

// Guard says how much can leave an account in the time after its controller was changed, or a recovery was asked for.
type Guard struct {
	Seconds int64           `json:"seconds"` // 0 for no guard.
	Points  quantity.Points `json:"points"`  // Most points of all debits together in that time.
}

// Transfers are the rules for moving points between accounts of the programme.
type Transfers struct {
	Customer      bool            `json:"customer"`      // Customers may send to customers.
	Gift          bool            `json:"gift"`          // Customers may send to somebody without an account, who claims with a code.
	Merchant      bool            `json:"merchant"`      // Merchants may send to customers.
	Trade         bool            `json:"trade"`         // Merchants may send to merchants.
	DailyLimit    quantity.Points `json:"dailyLimit"`    // Most points that an account may send on one business date; 0 sets no limit.
	LifetimeLimit quantity.Points `json:"lifetimeLimit"` // Most points that an account may ever send; 0 sets no limit.
	MinPoints     quantity.Points `json:"minPoints"`     // Fewest points of one transfer; 0 sets no minimum.
	AcceptDays    int             `json:"acceptDays"`    // Days for the receiver to claim, then the points go back; 0 credits the receiver at once. Gifts need 1 or more.
}

// Any says whether points can be moved between accounts at all.
func (t *Transfers) Any() bool { return t.Customer || t.Gift || t.Merchant || t.Trade }

var languageForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$`)

// bound is a whole number and the range that it must lie in.
type bound struct {
	name            string
	value, min, max int64
}

func within(bounds []bound) error {
	for _, b := range bounds {
		if b.value < b.min || b.value > b.max {
			return fault.New(fault.InvalidValue, "%s must lie between %d and %d", b.name, b.min, b.max)
		}
	}
	return nil
}

// Validate returns INVALID_VALUE unless every field lies within its bounds. It doesn't look at other versions: AdmitNext does.
func (t *Terms) Validate() error {
	if err := validWords("prose", t.Prose, MaxProseLength); err != nil {
		return err
	}
	for _, r := range []quantity.Ratio{t.Rate, t.Value} {
		if err := r.Valid(); err != nil {
			return err
		}
	}
	if err := within(t.bounds()); err != nil {
		return err
	}
	if err := t.Expiry.Validate(); err != nil {
		return err
	}
	if life, ends := shortestLife(t.Expiry); ends && t.PendingDays >= life {
		return fault.New(fault.InvalidValue, "pendingDays: points that live %d days would be gone before they can be spent", life)
	}
	return t.Transfers.validate()
}

func (t *Terms) bounds() []bound {
	return []bound{
		{"version", int64(t.Version), 1, MaxVersion},
		{"effective", int64(t.Effective), 0, int64(quantity.LastDay)},
		{"maxReceiptAgeDays", int64(t.MaxReceiptAgeDays), 0, MaxReceiptAgeDays},
		{"pendingDays", int64(t.PendingDays), 0, MaxPendingDays},
		{"returnDays", int64(t.ReturnDays), 0, MaxReturnDays},
		{"graceDays", int64(t.GraceDays), 0, MaxGraceDays},
		{"noticeDays", int64(t.NoticeDays), 0, MaxNoticeDays},
		{"bearer", int64(t.Bearer), 0, MaxBearer},
		{"holdMaxSeconds", t.HoldMaxSeconds, 0, MaxHoldSeconds},
		{"recoveryWaitSeconds", t.RecoveryWaitSeconds, 0, MaxRecoverySeconds},
		{"coolingOffSeconds", t.CoolingOffSeconds, 0, MaxCoolingSeconds},
		{"guard.seconds", t.Guard.Seconds, 0, MaxGuardSeconds},
		{"guard.points", int64(t.Guard.Points), 0, quantity.MaxPoints},
	}
}

func (t *Transfers) validate() error {
	if err := within([]bound{
		{"transfers.dailyLimit", int64(t.DailyLimit), 0, quantity.MaxPoints},
		{"transfers.lifetimeLimit", int64(t.LifetimeLimit), 0, quantity.MaxPoints},
		{"transfers.minPoints", int64(t.MinPoints), 0, quantity.MaxPoints},
		{"transfers.acceptDays", int64(t.AcceptDays), 0, MaxAcceptDays},
	}); err != nil {
		return err
	}
	if t.Gift && t.AcceptDays == 0 {
		return fault.New(fault.InvalidValue, "gifts need transfers.acceptDays of 1 or more: somebody has to claim them")
	}
	return nil
}

// validWords checks words by language: at least one language, tags of a bounded form, 1 to longest bytes of UTF-8 each.
func validWords(field string, words map[string]string, longest int) error {
	if len(words) < 1 || len(words) > MaxLanguages {
		return fault.New(fault.InvalidValue, "%s needs words in 1 to %d languages", field, MaxLanguages)
	}
	for _, tag := range slices.Sorted(maps.Keys(words)) {
		if !languageForm.MatchString(tag) {
			return fault.New(fault.InvalidValue, "%s is keyed by language tags such as en, de, zh-Hant", field)
		}
		if text := words[tag]; len(text) < 1 || len(text) > longest || !utf8.ValidString(text) {
			return fault.New(fault.InvalidValue, "%s in %s needs 1 to %d bytes of text", field, tag, longest)
		}
	}
	return nil
}

// LastReturn is the last business date on which a receipt of the given business date can be returned; limited is false when there is no such date.
func (t *Terms) LastReturn(receipt quantity.Day) (last quantity.Day, limited bool) {
	if t.ReturnDays == 0 {
		return 0, false
	}
	return later(receipt, t.ReturnDays), true
}

// TransferFrom is the first business date on which purchase points that become spendable on the given date can be sent to another account: the day after their return
// period has ended, and not before they can be spent. A programme whose returns have no limit doesn't hold them back: what a return can't recover becomes debt.
func (t *Terms) TransferFrom(spendable quantity.Day) quantity.Day {
	if t.ReturnDays == 0 || t.ReturnDays < t.PendingDays {
		return spendable
	}
	return later(spendable, t.ReturnDays-t.PendingDays+1)
}

// later adds days and stops at the last day that can be written.
func later(d quantity.Day, days int) quantity.Day {
	return quantity.Day(min(int64(d)+int64(days), int64(quantity.LastDay)))
}
