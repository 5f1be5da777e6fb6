package terms

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Limits of price lists.
const (
	MaxItems        = 500    // Items of one list.
	MaxItemName     = 120    // Bytes of an item's name in one language.
	MaxItemQuantity = 10_000 // Pieces of one item in one redemption.
)

// ItemKind says what an item is.
type ItemKind string

// The kinds of item.
const (
	ItemDiscount ItemKind = "discount" // A voucher of fixed worth.
	ItemGood     ItemKind = "good"
	ItemGiftCard ItemKind = "giftcard"
)

// PriceList is one version of what a programme's points buy: discounts by amount, and items. It is public and never overwritten.
type PriceList struct {
	Version   int             `json:"version"`   // 1, 2, ... without a gap.
	Effective quantity.Day    `json:"effective"` // The first business date on which this version is in force.
	Discount  quantity.Ratio  `json:"discount"`  // Points per minor unit of discount, rounded up per redemption; 0/1 when discounts by amount aren't sold.
	MinPoints quantity.Points `json:"minPoints"` // Fewest points of one discount by amount; 0 sets no minimum.
	Items     []Item          `json:"items"`     // Ordered by id, at most MaxItems.
}

// Item is something that points buy by the piece.
type Item struct {
	ID     string            `json:"id"` // 1 to 32 lower-case letters, digits and hyphens.
	Kind   ItemKind          `json:"kind"`
	Points quantity.Points   `json:"points"` // Price of one piece, 1 or more.
	Name   map[string]string `json:"name"`   // Language tag to name, 1 to MaxItemName bytes each.
}

var itemForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// Validate returns INVALID_VALUE or TOO_LARGE unless every field lies within its bounds. It doesn't look at other versions: AdmitNextPrices does.
func (l *PriceList) Validate() error {
	if err := within([]bound{
		{"version", int64(l.Version), 1, MaxVersion},
		{"effective", int64(l.Effective), 0, int64(quantity.LastDay)},
		{"minPoints", int64(l.MinPoints), 0, quantity.MaxPoints},
	}); err != nil {
		return err
	}
	if err := l.Discount.Valid(); err != nil {
		return err
	}
	if len(l.Items) > MaxItems {
		return fault.New(fault.TooLarge, "a price list has at most %d items", MaxItems)
	}
	for i := range l.Items {
		if i > 0 && l.Items[i-1].ID >= l.Items[i].ID {
			return fault.New(fault.InvalidValue, "items must be ordered by id, each once")
		}
		if err := l.Items[i].validate(); err != nil {
			return err
		}
	}
	return nil
}

func (i *Item) validate() error {
	if !itemForm.MatchString(i.ID) {
		return fault.New(fault.InvalidValue, "an item's id is 1 to 32 lower-case letters, digits and hyphens")
	}
	if i.Kind != ItemDiscount && i.Kind != ItemGood && i.Kind != ItemGiftCard {
		return fault.New(fault.InvalidValue, "an item's kind must be %s, %s or %s", ItemDiscount, ItemGood, ItemGiftCard)
	}
	if err := within([]bound{{"points of item " + i.ID, int64(i.Points), 1, quantity.MaxPoints}}); err != nil {
		return err
	}
	return validWords("name of item "+i.ID, i.Name, MaxItemName)
}

// DiscountPrice is what a discount of minor units of the programme's currency (1 to MaxMinor) costs, rounded up. PRICE_UNKNOWN when discounts by amount aren't sold,
// PRICE_MISMATCH below MinPoints, OUT_OF_RANGE outside of what can be counted.
func (l *PriceList) DiscountPrice(minor int64) (quantity.Points, error) {
	if l.Discount.Num == 0 {
		return 0, fault.New(fault.PriceUnknown, "price list %d has no discounts by amount", l.Version)
	}
	if minor < 1 || minor > quantity.MaxMinor {
		return 0, fault.New(fault.OutOfRange, "a discount must lie between 1 and %d minor units", int64(quantity.MaxMinor))
	}
	price, err := l.Discount.Ceil(minor)
	if err != nil {
		return 0, err
	}
	if quantity.Points(price) < l.MinPoints {
		return 0, fault.New(fault.PriceMismatch, "a discount takes at least %d points, this one is worth %d", int64(l.MinPoints), price)
	}
	return quantity.Points(price), nil
}

// ItemPrice is what pieces (1 to MaxItemQuantity) of an item cost. PRICE_UNKNOWN when the list has no such item, OUT_OF_RANGE outside of what can be counted.
func (l *PriceList) ItemPrice(id string, pieces int) (quantity.Points, error) {
	item := l.find(id)
	if item == nil {
		return 0, fault.New(fault.PriceUnknown, "price list %d has no such item", l.Version)
	}
	if pieces < 1 || pieces > MaxItemQuantity {
		return 0, fault.New(fault.OutOfRange, "a redemption takes 1 to %d pieces of an item", MaxItemQuantity)
	}
	if item.Points > quantity.MaxPoints/quantity.Points(pieces) {
		return 0, fault.New(fault.OutOfRange, "%d pieces at %d points are more than can be counted", pieces, int64(item.Points))
	}
	return item.Points * quantity.Points(pieces), nil
}

// CheckDiscount returns PRICE_MISMATCH unless a discount of minor units costs exactly these points, or what DiscountPrice refuses with.
func (l *PriceList) CheckDiscount(minor int64, points quantity.Points) error {
	price, err := l.DiscountPrice(minor)
	return l.check(price, err, points)
}

// CheckItem returns PRICE_MISMATCH unless pieces of an item cost exactly these points, or what ItemPrice refuses with.
func (l *PriceList) CheckItem(id string, pieces int, points quantity.Points) error {
	price, err := l.ItemPrice(id, pieces)
	return l.check(price, err, points)
}

func (l *PriceList) check(price quantity.Points, err error, points quantity.Points) error {
	if err != nil {
		return err
	}
	if price != points {
		return fault.New(fault.PriceMismatch, "price list %d asks for %d points", l.Version, int64(price))
	}
	return nil
}

func (l *PriceList) find(id string) *Item {
	i, found := slices.BinarySearchFunc(l.Items, id, func(i Item, id string) int { return strings.Compare(i.ID, id) })
	if !found {
		return nil
	}
	return &l.Items[i]
}

// PricesOn returns the price list in force on a day: the highest version that is effective by then. Nil when there was none yet. The history is ordered by version.
func PricesOn(history []PriceList, day quantity.Day) *PriceList {
	for i := len(history) - 1; i >= 0; i-- {
		if history[i].Effective <= day {
			return &history[i]
		}
	}
	return nil
}

// DearerThan names every price by which points buy less under next than under old: discount, minPoints, and items that cost more, are gone, or are another thing now. An
// item is what it is called: one whose kind, or whose name in a language that it had, isn't the same is another thing.
func DearerThan(old, next *PriceList) []string {
	var changes []change
	if old.Discount.Num > 0 {
		changes = append(changes,
			change{"discount", next.Discount.Num == 0 || lessValue(next.Discount, old.Discount)},
			change{"minPoints", next.MinPoints > old.MinPoints})
	}
	for i := range old.Items {
		was := &old.Items[i]
		changes = append(changes, change{"items." + was.ID, was.dearerAs(next.find(was.ID))})
	}
	return worse(changes)
}

func (i *Item) dearerAs(now *Item) bool {
	if now == nil || now.Points > i.Points || now.Kind != i.Kind {
		return true
	}
	for tag, name := range i.Name { // The answer is the same in every order.
		if now.Name[tag] != name {
			return true
		}
	}
	return false
}

// AdmitNextPrices checks the price list that is to follow a history (ordered by version) when it is published on business date today. Versions and dates follow as those
// of terms do, except that the first list may be scheduled. A list that is dearer than the one that it follows (see DearerThan) takes effect noticeDays after today at the
// earliest (see Notice): NOTICE_TOO_SHORT names the prices and the first day; every other fault is what Validate returns, or INVALID_VALUE.
func AdmitNextPrices(history []PriceList, next *PriceList, today quantity.Day, noticeDays int) error {
	if err := next.Validate(); err != nil {
		return err
	}
	last := &PriceList{Discount: quantity.Ratio{Den: 1}}
	if len(history) > 0 {
		last = &history[len(history)-1]
	}
	if err := admitOrder(last.Version, last.Effective, next.Version, next.Effective, today); err != nil {
		return err
	}
	return AdmitNotice(DearerThan(last, next), next.Effective, today, noticeDays)
}
