package terms_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// catalogue sells discounts at 1.5 points per penny, 300 points or more, and three items.
func catalogue() terms.PriceList {
	return terms.PriceList{
		Version: 1, Effective: 15000, Discount: quantity.Ratio{Num: 3, Den: 2}, MinPoints: 300,
		Items: []terms.Item{
			{ID: "book-token", Kind: terms.ItemGiftCard, Points: 1500, Name: map[string]string{"en": "Book token over £10"}},
			{ID: "mug", Kind: terms.ItemGood, Points: 700, Name: map[string]string{"en": "Mug", "de": "Becher"}},
			{ID: "two-off", Kind: terms.ItemDiscount, Points: 280, Name: map[string]string{"en": "£2 off"}},
		},
	}
}

func TestEveryFieldOfAPriceListHasItsBounds(t *testing.T) {
	items := func(n int) []terms.Item {
		list := make([]terms.Item, n)
		for i := range list {
			list[i] = terms.Item{ID: fmt.Sprintf("i%05d", i), Kind: terms.ItemGood, Points: 1, Name: map[string]string{"en": "x"}}
		}
		return list
	}
	cases := []struct {
		name   string
		change func(*terms.PriceList)
		code   fault.Code
	}{
		{"the catalogue", func(*terms.PriceList) {}, fault.OK},
		{"nothing for sale", func(l *terms.PriceList) { l.Discount, l.MinPoints, l.Items = quantity.Ratio{Den: 1}, 0, nil }, fault.OK},
		{"version 0", func(l *terms.PriceList) { l.Version = 0 }, fault.InvalidValue},
		{"version over the last", func(l *terms.PriceList) { l.Version = terms.MaxVersion + 1 }, fault.InvalidValue},
		{"effective before 1970", func(l *terms.PriceList) { l.Effective = -1 }, fault.InvalidValue},
		{"effective after the last day", func(l *terms.PriceList) { l.Effective = quantity.LastDay + 1 }, fault.InvalidValue},
		{"no discount ratio", func(l *terms.PriceList) { l.Discount = quantity.Ratio{} }, fault.InvalidValue},
		{"negative minimum", func(l *terms.PriceList) { l.MinPoints = -1 }, fault.InvalidValue},
		{"most items", func(l *terms.PriceList) { l.Items = items(terms.MaxItems) }, fault.OK},
		{"too many items", func(l *terms.PriceList) { l.Items = items(terms.MaxItems + 1) }, fault.TooLarge},
		{"items out of order", func(l *terms.PriceList) { slices.Reverse(l.Items) }, fault.InvalidValue},
		{"an item twice", func(l *terms.PriceList) { l.Items[1] = l.Items[0] }, fault.InvalidValue},
		{"an item without an id", func(l *terms.PriceList) { l.Items[0].ID = "" }, fault.InvalidValue},
		{"longest id", func(l *terms.PriceList) { l.Items[2].ID = strings.Repeat("x", 32) }, fault.OK},
		{"id too long", func(l *terms.PriceList) { l.Items[2].ID = strings.Repeat("x", 33) }, fault.InvalidValue},
		{"capitals in an id", func(l *terms.PriceList) { l.Items[0].ID = "Book" }, fault.InvalidValue},
		{"unknown kind", func(l *terms.PriceList) { l.Items[0].Kind = "service" }, fault.InvalidValue},
		{"an item for nothing", func(l *terms.PriceList) { l.Items[0].Points = 0 }, fault.InvalidValue},
		{"an item beyond points", func(l *terms.PriceList) { l.Items[0].Points = quantity.MaxPoints + 1 }, fault.InvalidValue},
		{"an item without a name", func(l *terms.PriceList) { l.Items[0].Name = nil }, fault.InvalidValue},
		{"longest name", func(l *terms.PriceList) { l.Items[0].Name["en"] = strings.Repeat("x", terms.MaxItemName) }, fault.OK},
		{"name too long", func(l *terms.PriceList) { l.Items[0].Name["en"] = strings.Repeat("x", terms.MaxItemName+1) }, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := catalogue()
			c.change(&l)
			wantCode(t, l.Validate(), c.code)
		})
	}
}

func TestDiscountsAreRoundedUpOncePerRedemption(t *testing.T) {
	cases := []struct {
		name  string
		minor int64
		want  quantity.Points
		code  fault.Code
	}{
		{"exact", 200, 300, fault.OK},
		{"rounded up", 201, 302, fault.OK},
		{"under the minimum", 199, 0, fault.PriceMismatch},
		{"nothing", 0, 0, fault.OutOfRange},
		{"negative", -1, 0, fault.OutOfRange},
		{"more points than there can be", quantity.MaxMinor, 0, fault.OutOfRange},
		{"more money than there can be", quantity.MaxMinor + 1, 0, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := catalogue()
			got, err := l.DiscountPrice(c.minor)
			wantCode(t, err, c.code)
			if err != nil {
				return
			}
			if got != c.want {
				t.Errorf("asks for %d", got)
			}
			wantCode(t, l.CheckDiscount(c.minor, c.want), fault.OK)
			wantCode(t, l.CheckDiscount(c.minor, c.want-1), fault.PriceMismatch)
			wantCode(t, l.CheckDiscount(c.minor, c.want+1), fault.PriceMismatch)
		})
	}
	none := terms.PriceList{Discount: quantity.Ratio{Den: 1}}
	_, err := none.DiscountPrice(100)
	wantCode(t, err, fault.PriceUnknown)
	wantCode(t, none.CheckDiscount(100, 0), fault.PriceUnknown)
}

func TestItemsHaveAPriceByThePiece(t *testing.T) {
	l := catalogue()
	l.Items[0].Points = quantity.MaxPoints / 2
	cases := []struct {
		name, id string
		pieces   int
		want     quantity.Points
		code     fault.Code
	}{
		{"first", "book-token", 1, quantity.MaxPoints / 2, fault.OK},
		{"middle", "mug", 3, 2100, fault.OK},
		{"last", "two-off", 1, 280, fault.OK},
		{"as many as there can be", "mug", terms.MaxItemQuantity, 7_000_000, fault.OK},
		{"more pieces than there can be", "mug", terms.MaxItemQuantity + 1, 0, fault.OutOfRange},
		{"no pieces", "mug", 0, 0, fault.OutOfRange},
		{"as many points as there can be", "book-token", 2, quantity.MaxPoints - 1, fault.OK},
		{"more points than there can be", "book-token", 3, 0, fault.OutOfRange},
		{"unknown", "cup", 1, 0, fault.PriceUnknown},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := l.ItemPrice(c.id, c.pieces)
			wantCode(t, err, c.code)
			if got != c.want {
				t.Errorf("asks for %d", got)
			}
			if err == nil {
				wantCode(t, l.CheckItem(c.id, c.pieces, c.want), fault.OK)
				wantCode(t, l.CheckItem(c.id, c.pieces, c.want-1), fault.PriceMismatch)
			}
		})
	}
	wantCode(t, l.CheckItem("cup", 1, 0), fault.PriceUnknown)
}

func TestDearerPricesAreNamed(t *testing.T) {
	cases := []struct {
		name   string
		change func(*terms.PriceList)
		want   []string
	}{
		{"the same", func(*terms.PriceList) {}, nil},
		{"dearer discount", func(l *terms.PriceList) { l.Discount = quantity.Ratio{Num: 2, Den: 1} }, []string{"discount"}},
		{"cheaper discount", func(l *terms.PriceList) { l.Discount = quantity.Ratio{Num: 1, Den: 1} }, nil},
		{"no discount", func(l *terms.PriceList) { l.Discount = quantity.Ratio{Den: 1} }, []string{"discount"}},
		{"higher minimum", func(l *terms.PriceList) { l.MinPoints++ }, []string{"minPoints"}},
		{"lower minimum", func(l *terms.PriceList) { l.MinPoints-- }, nil},
		{"dearer item", func(l *terms.PriceList) { l.Items[1].Points++ }, []string{"items.mug"}},
		{"cheaper item", func(l *terms.PriceList) { l.Items[1].Points-- }, nil},
		{"items gone", func(l *terms.PriceList) { l.Items = l.Items[1:2] }, []string{"items.book-token", "items.two-off"}},
		{"another kind", func(l *terms.PriceList) { l.Items[1].Kind = terms.ItemDiscount }, []string{"items.mug"}},
		{"another name", func(l *terms.PriceList) { l.Items[1].Name["en"] = "Egg cup" }, []string{"items.mug"}},
		{"a language gone", func(l *terms.PriceList) { delete(l.Items[1].Name, "de") }, []string{"items.mug"}},
		{"a language more", func(l *terms.PriceList) { l.Items[1].Name["zh"] = "馬克杯" }, nil},
		{"an item more", func(l *terms.PriceList) {
			l.Items = append(l.Items, terms.Item{ID: "zebra", Kind: terms.ItemGood, Points: 9, Name: map[string]string{"en": "Zebra"}})
		}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			old, next := catalogue(), catalogue()
			c.change(&next)
			if got := terms.DearerThan(&old, &next); !slices.Equal(got, c.want) {
				t.Errorf("named %v, want %v", got, c.want)
			}
		})
	}
	old, next := catalogue(), catalogue()
	old.Discount.Num = 0
	next.MinPoints = 1000
	if got := terms.DearerThan(&old, &next); got != nil {
		t.Errorf("a discount that wasn't sold became dearer: %v", got)
	}
}

func TestPriceListsFollowEachOther(t *testing.T) {
	const today, noticeDays = 15100, 60
	list := func(n int, effective quantity.Day, points quantity.Points) terms.PriceList {
		l := catalogue()
		l.Version, l.Effective, l.Items[1].Points = n, effective, points
		return l
	}
	history := []terms.PriceList{list(1, 15000, 700)}
	cases := []struct {
		name    string
		history []terms.PriceList
		next    terms.PriceList
		code    fault.Code
	}{
		{"first", nil, list(1, today, 700), fault.OK},
		{"first, later", nil, list(1, today+500, 700), fault.OK},
		{"first, yesterday", nil, list(1, today-1, 700), fault.InvalidValue},
		{"first with another number", nil, list(2, today, 700), fault.InvalidValue},
		{"invalid", history, list(2, today, 0), fault.InvalidValue},
		{"cheaper, at once", history, list(2, today, 699), fault.OK},
		{"cheaper, yesterday", history, list(2, today-1, 699), fault.InvalidValue},
		{"version left out", history, list(3, today, 699), fault.InvalidValue},
		{"dearer, a day too early", history, list(2, today+noticeDays-1, 701), fault.NoticeTooShort},
		{"dearer, after the notice", history, list(2, today+noticeDays, 701), fault.OK},
		{"before what is scheduled", []terms.PriceList{list(1, 15000, 700), list(2, today+60, 800)}, list(3, today+59, 700), fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantCode(t, terms.AdmitNextPrices(c.history, &c.next, today, noticeDays), c.code) })
	}
	var many []terms.Item
	for i := range 30 {
		many = append(many, terms.Item{ID: fmt.Sprintf("item-%02d", i), Kind: terms.ItemGood, Points: 1, Name: map[string]string{"en": "x"}})
	}
	next := list(2, today, 700)
	history[0].Items = many
	err := terms.AdmitNextPrices(history, &next, today, noticeDays)
	wantCode(t, err, fault.NoticeTooShort)
	if s := err.Error(); !strings.Contains(s, "item-19, ...") || strings.Contains(s, "item-20") {
		t.Errorf("the refusal doesn't stop after 20 names: %s", s)
	}
	two := []terms.PriceList{list(1, 100, 1), list(2, 200, 2)}
	for on, want := range map[quantity.Day]int{99: 0, 100: 1, 199: 1, 200: 2} {
		if got := terms.PricesOn(two, on); want == 0 && got != nil || want != 0 && (got == nil || got.Version != want) {
			t.Errorf("on day %d there is %+v", on, got)
		}
	}
}

func TestNoPurchaseBecomesDearerUnlessItIsNamed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ratio := func(name string) quantity.Ratio {
			return quantity.Ratio{Num: rapid.Int64Range(1, 50).Draw(t, name), Den: rapid.Int64Range(1, 50).Draw(t, name)}
		}
		old, next := catalogue(), catalogue()
		old.Discount, old.MinPoints, next.MinPoints = ratio("old"), 0, 0
		next.Discount = ratio("next")
		minor := rapid.Int64Range(1, 1<<40).Draw(t, "minor")
		before, err := old.DiscountPrice(minor)
		if err != nil {
			t.Fatal(err)
		}
		exact := new(big.Rat).SetFrac64(old.Discount.Num, old.Discount.Den)
		exact.Mul(exact, new(big.Rat).SetInt64(minor))
		gap := new(big.Rat).Sub(new(big.Rat).SetInt64(int64(before)), exact)
		if gap.Sign() < 0 || gap.Cmp(big.NewRat(1, 1)) >= 0 {
			t.Fatalf("%d at %v costs %d", minor, old.Discount, before)
		}
		after, err := next.DiscountPrice(minor)
		if err != nil {
			t.Fatal(err)
		}
		if after > before && len(terms.DearerThan(&old, &next)) == 0 {
			t.Fatalf("%d minor units cost %d, then %d", minor, before, after)
		}
	})
}
