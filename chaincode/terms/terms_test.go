package terms_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
)

func day(t testing.TB, text string) quantity.Day {
	t.Helper()
	d, err := quantity.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func wantCode(t testing.TB, err error, code fault.Code) {
	t.Helper()
	if code == fault.OK {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	if err == nil || fault.CodeOf(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

// usual are terms with every parameter in the middle of its range, so that each can become better and worse.
func usual() terms.Terms {
	return terms.Terms{
		Version: 1, Effective: 15000, Prose: map[string]string{"en": "A point is worth a penny.", "de": "Ein Punkt ist einen Penny wert."},
		Rate: quantity.Ratio{Num: 1, Den: 100}, MaxReceiptAgeDays: 30, PendingDays: 14, ReturnDays: 30,
		Expiry: lots.Expiry{Kind: lots.Rolling, Months: 24}, GraceDays: 30, Value: quantity.Ratio{Num: 1, Den: 1}, NoticeDays: 60,
		Transfers: terms.Transfers{Customer: true, Gift: true, Merchant: true, Trade: true, DailyLimit: 1000, LifetimeLimit: 50000, MinPoints: 10, AcceptDays: 14},
		Bearer:    500, HoldMaxSeconds: 3600, RecoveryWaitSeconds: 7 * 86400, CoolingOffSeconds: 86400,
	}
}

// languages gives n well-formed language tags.
func languages(n int) map[string]string {
	words := map[string]string{}
	for i := range n {
		words["e"+string(rune('a'+i))] = "words"
	}
	return words
}

func TestEveryFieldHasItsBounds(t *testing.T) {
	cases := []struct {
		name   string
		change func(*terms.Terms)
		code   fault.Code
	}{
		{"the usual", func(*terms.Terms) {}, fault.OK},
		{"version 0", func(x *terms.Terms) { x.Version = 0 }, fault.InvalidValue},
		{"last version", func(x *terms.Terms) { x.Version = terms.MaxVersion }, fault.OK},
		{"version over the last", func(x *terms.Terms) { x.Version = terms.MaxVersion + 1 }, fault.InvalidValue},
		{"effective before 1970", func(x *terms.Terms) { x.Effective = -1 }, fault.InvalidValue},
		{"effective on the last day", func(x *terms.Terms) { x.Effective = quantity.LastDay }, fault.OK},
		{"effective after the last day", func(x *terms.Terms) { x.Effective = quantity.LastDay + 1 }, fault.InvalidValue},
		{"no prose", func(x *terms.Terms) { x.Prose = nil }, fault.InvalidValue},
		{"empty prose", func(x *terms.Terms) { x.Prose["de"] = "" }, fault.InvalidValue},
		{"longest prose", func(x *terms.Terms) { x.Prose["de"] = strings.Repeat("x", terms.MaxProseLength) }, fault.OK},
		{"prose too long", func(x *terms.Terms) { x.Prose["de"] = strings.Repeat("x", terms.MaxProseLength+1) }, fault.InvalidValue},
		{"prose that is no text", func(x *terms.Terms) { x.Prose["de"] = "\xff" }, fault.InvalidValue},
		{"traditional Chinese", func(x *terms.Terms) { x.Prose["zh-Hant"] = "點數" }, fault.OK},
		{"capitals for a language", func(x *terms.Terms) { x.Prose["EN"] = "words" }, fault.InvalidValue},
		{"no language", func(x *terms.Terms) { x.Prose[""] = "words" }, fault.InvalidValue},
		{"language of one letter", func(x *terms.Terms) { x.Prose["e"] = "words" }, fault.InvalidValue},
		{"endless language", func(x *terms.Terms) { x.Prose["en-aa-bb-cc"] = "words" }, fault.InvalidValue},
		{"most languages", func(x *terms.Terms) { x.Prose = languages(terms.MaxLanguages) }, fault.OK},
		{"too many languages", func(x *terms.Terms) { x.Prose = languages(terms.MaxLanguages + 1) }, fault.InvalidValue},
		{"rate over zero", func(x *terms.Terms) { x.Rate.Den = 0 }, fault.InvalidValue},
		{"no value", func(x *terms.Terms) { x.Value.Num = 0 }, fault.OK},
		{"negative value", func(x *terms.Terms) { x.Value.Num = -1 }, fault.InvalidValue},
		{"negative age", func(x *terms.Terms) { x.MaxReceiptAgeDays = -1 }, fault.InvalidValue},
		{"greatest age", func(x *terms.Terms) { x.MaxReceiptAgeDays = terms.MaxReceiptAgeDays }, fault.OK},
		{"age over the greatest", func(x *terms.Terms) { x.MaxReceiptAgeDays = terms.MaxReceiptAgeDays + 1 }, fault.InvalidValue},
		{"negative pending", func(x *terms.Terms) { x.PendingDays = -1 }, fault.InvalidValue},
		{"longest pending", func(x *terms.Terms) { x.PendingDays, x.Expiry = terms.MaxPendingDays, lots.Expiry{Kind: lots.Never} }, fault.OK},
		{"pending too long", func(x *terms.Terms) {
			x.PendingDays, x.Expiry = terms.MaxPendingDays+1, lots.Expiry{Kind: lots.Never}
		}, fault.InvalidValue},
		{"negative return", func(x *terms.Terms) { x.ReturnDays = -1 }, fault.InvalidValue},
		{"longest return", func(x *terms.Terms) { x.ReturnDays = terms.MaxReturnDays }, fault.OK},
		{"return too long", func(x *terms.Terms) { x.ReturnDays = terms.MaxReturnDays + 1 }, fault.InvalidValue},
		{"unknown expiry", func(x *terms.Terms) { x.Expiry.Kind = "soon" }, fault.InvalidValue},
		{"negative grace", func(x *terms.Terms) { x.GraceDays = -1 }, fault.InvalidValue},
		{"longest grace", func(x *terms.Terms) { x.GraceDays = terms.MaxGraceDays }, fault.OK},
		{"grace too long", func(x *terms.Terms) { x.GraceDays = terms.MaxGraceDays + 1 }, fault.InvalidValue},
		{"negative notice", func(x *terms.Terms) { x.NoticeDays = -1 }, fault.InvalidValue},
		{"longest notice", func(x *terms.Terms) { x.NoticeDays = terms.MaxNoticeDays }, fault.OK},
		{"notice too long", func(x *terms.Terms) { x.NoticeDays = terms.MaxNoticeDays + 1 }, fault.InvalidValue},
		{"negative bearer code", func(x *terms.Terms) { x.Bearer = -1 }, fault.InvalidValue},
		{"largest bearer code", func(x *terms.Terms) { x.Bearer = terms.MaxBearer }, fault.OK},
		{"bearer code too large", func(x *terms.Terms) { x.Bearer = terms.MaxBearer + 1 }, fault.InvalidValue},
		{"negative hold", func(x *terms.Terms) { x.HoldMaxSeconds = -1 }, fault.InvalidValue},
		{"longest hold", func(x *terms.Terms) { x.HoldMaxSeconds = terms.MaxHoldSeconds }, fault.OK},
		{"hold too long", func(x *terms.Terms) { x.HoldMaxSeconds = terms.MaxHoldSeconds + 1 }, fault.InvalidValue},
		{"negative wait", func(x *terms.Terms) { x.RecoveryWaitSeconds = -1 }, fault.InvalidValue},
		{"longest wait", func(x *terms.Terms) { x.RecoveryWaitSeconds = terms.MaxRecoverySeconds }, fault.OK},
		{"wait too long", func(x *terms.Terms) { x.RecoveryWaitSeconds = terms.MaxRecoverySeconds + 1 }, fault.InvalidValue},
		{"negative cooling-off", func(x *terms.Terms) { x.CoolingOffSeconds = -1 }, fault.InvalidValue},
		{"longest cooling-off", func(x *terms.Terms) { x.CoolingOffSeconds = terms.MaxCoolingSeconds }, fault.OK},
		{"cooling-off too long", func(x *terms.Terms) { x.CoolingOffSeconds = terms.MaxCoolingSeconds + 1 }, fault.InvalidValue},
		{"negative daily limit", func(x *terms.Terms) { x.Transfers.DailyLimit = -1 }, fault.InvalidValue},
		{"negative lifetime limit", func(x *terms.Terms) { x.Transfers.LifetimeLimit = -1 }, fault.InvalidValue},
		{"negative minimum", func(x *terms.Terms) { x.Transfers.MinPoints = -1 }, fault.InvalidValue},
		{"daily limit beyond points", func(x *terms.Terms) { x.Transfers.DailyLimit = quantity.MaxPoints + 1 }, fault.InvalidValue},
		{"negative days to accept", func(x *terms.Terms) { x.Transfers.AcceptDays = -1 }, fault.InvalidValue},
		{"most days to accept", func(x *terms.Terms) { x.Transfers.AcceptDays = terms.MaxAcceptDays }, fault.OK},
		{"too many days to accept", func(x *terms.Terms) { x.Transfers.AcceptDays = terms.MaxAcceptDays + 1 }, fault.InvalidValue},
		{"gifts that nobody can claim", func(x *terms.Terms) { x.Transfers.AcceptDays = 0 }, fault.InvalidValue},
		{"credited at once", func(x *terms.Terms) { x.Transfers.AcceptDays, x.Transfers.Gift = 0, false }, fault.OK},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x := usual()
			c.change(&x)
			wantCode(t, x.Validate(), c.code)
		})
	}
}

func TestPointsCanBeSpentBeforeTheyAreGone(t *testing.T) {
	cases := []struct {
		name    string
		pending int
		expiry  lots.Expiry
		code    fault.Code
	}{
		{"February is the shortest month", 27, lots.Expiry{Kind: lots.Rolling, Months: 1}, fault.OK},
		{"pending for all of February", 28, lots.Expiry{Kind: lots.Rolling, Months: 1}, fault.InvalidValue},
		{"month's end leaves more", 28, lots.Expiry{Kind: lots.Rolling, Months: 1, MonthEnd: true}, fault.OK},
		{"inactivity", 27, lots.Expiry{Kind: lots.Inactivity, Months: 1}, fault.OK},
		{"inactive before they are free", 28, lots.Expiry{Kind: lots.Inactivity, Months: 1}, fault.InvalidValue},
		{"end of the year of accrual, free at once", 0, lots.Expiry{Kind: lots.Fixed, Month: 12, Day: 31}, fault.OK},
		{"end of the year of accrual, free a day later", 1, lots.Expiry{Kind: lots.Fixed, Month: 12, Day: 31}, fault.InvalidValue},
		{"end of the next year", 365, lots.Expiry{Kind: lots.Fixed, Years: 1, Month: 12, Day: 31}, fault.OK},
		{"end of the next year is too soon", 366, lots.Expiry{Kind: lots.Fixed, Years: 1, Month: 12, Day: 31}, fault.InvalidValue},
		{"never", terms.MaxPendingDays, lots.Expiry{Kind: lots.Never}, fault.OK},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x := usual()
			x.PendingDays, x.Expiry = c.pending, c.expiry
			wantCode(t, x.Validate(), c.code)
		})
	}
}

func TestRefusalsDontDependOnTheOrderOfAMap(t *testing.T) {
	x := usual()
	x.Prose = map[string]string{"BAD": "x", "WORSE": "x", "en": "", "de": "", "fr": ""}
	want := x.Validate().Error()
	for range 50 {
		x.Prose = maps.Clone(x.Prose)
		if got := x.Validate().Error(); got != want {
			t.Fatalf("%s, then %s", want, got)
		}
	}
}

func TestReturnPeriodEndsBeforePurchasePointsAreSent(t *testing.T) {
	const accrual = 10000
	cases := []struct {
		name                string
		pending, returnDays int
		last, from          quantity.Day // The last day of return, and the first on which the points can be sent.
	}{
		{"free at once, returned for 30 days", 0, 30, accrual + 30, accrual + 31},
		{"pending for half of the period", 14, 30, accrual + 30, accrual + 31},
		{"pending to the last day of the period", 30, 30, accrual + 30, accrual + 31},
		{"pending for longer", 31, 30, accrual + 30, accrual + 31},
		{"pending for much longer", 60, 30, accrual + 30, accrual + 60},
		{"returns without a limit", 14, 0, 0, accrual + 14},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x := usual()
			x.PendingDays, x.ReturnDays = c.pending, c.returnDays
			last, limited := x.LastReturn(accrual)
			if last != c.last || limited != (c.returnDays != 0) {
				t.Errorf("the last return is on %d (%v)", last, limited)
			}
			if got := x.TransferFrom(accrual + quantity.Day(c.pending)); got != c.from {
				t.Errorf("sent from %d on", got)
			}
		})
	}
	x := usual()
	if last, _ := x.LastReturn(quantity.LastDay); last != quantity.LastDay {
		t.Errorf("a return after the last day, %d", last)
	}
}
