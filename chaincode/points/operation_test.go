package points_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// fields sets each field of an operation, by the name in which the table of forms knows it.
var fields = map[string]func(*points.Operation){
	"to":            func(o *points.Operation) { o.To = accountID(2) },
	"points":        func(o *points.Operation) { o.Points = 1 },
	"controller":    func(o *points.Operation) { o.Controller = &points.Controller{Kind: points.ControllerCustodian} },
	"holder":        func(o *points.Operation) { o.Holder = points.HolderMerchant },
	"hold":          func(o *points.Operation) { o.Hold = operationID(2) },
	"until":         func(o *points.Operation) { o.Until = start },
	"request":       func(o *points.Operation) { o.Request = operationID(8) },
	"purpose":       func(o *points.Operation) { o.Purpose = points.PurposeAllowance },
	"claim":         func(o *points.Operation) { o.Claim = genesis },
	"reason":        func(o *points.Operation) { o.Reason = points.ReasonError },
	"shop":          func(o *points.Operation) { o.Shop = "corner" },
	"whole":         func(o *points.Operation) { o.Whole = true },
	"lines":         func(o *points.Operation) { o.Lines = []int{0} },
	"authorisation": func(o *points.Operation) { o.Authorisation = usualAuthorisation() },
	"original":      func(o *points.Operation) { o.Original = usualOriginal(points.KindEarn) },
	"partner":       func(o *points.Operation) { o.Partner = partner },
	"agreement":     func(o *points.Operation) { o.Partner, o.Agreement = partner, 1 }, // Nothing without a partner.
	"entries":       func(o *points.Operation) { o.Entries = []points.InboxPlace{{MSP: issuer, Lane: 1024, Seq: 1}} },
}

func usualAuthorisation() *points.Authorisation {
	return &points.Authorisation{Mandate: points.Mandate{Format: points.MandateFormat, ID: string(operationID(1))}}
}

func usualOriginal(kind points.Kind) *points.Original {
	return &points.Original{Receipt: points.Receipt{Operation: operationID(9), Kind: kind}, Proof: points.InclusionProof{MSP: issuer, Seq: 1, Size: 1}}
}

// forms repeats, as a table to be read beside the code, what each kind must and may have.
var forms = map[points.Kind]struct{ must, may string }{
	points.KindOpen:     {"controller", "holder"},
	points.KindEarn:     {"", "claim shop"},
	points.KindRefer:    {"to", ""},
	points.KindRedeem:   {"points", "authorisation shop partner agreement"},
	points.KindHold:     {"points until", "authorisation purpose partner agreement"},
	points.KindCapture:  {"points hold", "shop partner"},
	points.KindVoid:     {"hold", "authorisation partner"},
	points.KindTransfer: {"points to", "authorisation"},
	points.KindGift:     {"points claim", "authorisation"},
	points.KindAccept:   {"to hold", "authorisation claim"},
	points.KindReturn:   {"", "original authorisation points whole lines partner"},
	points.KindExpire:   {"", ""},
	points.KindAdjust:   {"points reason", ""},
	points.KindRekey:    {"controller", "authorisation"},
	points.KindRecover:  {"controller", ""},
	points.KindVeto:     {"", "authorisation"},
	points.KindComplete: {"", ""},
	points.KindFreeze:   {"reason", "until request"},
	points.KindUnfreeze: {"reason", ""},
	points.KindClose:    {"", "authorisation points"},
	points.KindAward:    {"points partner", "agreement"},
	points.KindSwap:     {"points to partner", "agreement authorisation"},
	points.KindFold:     {"entries", ""},
	points.KindRefund:   {"original partner", ""},
	points.KindOptOut:   {"partner", "authorisation"},
	points.KindOptIn:    {"partner", "authorisation"},
}

// documented are the kinds that a document can ask for: a deposit follows from a swap.
var documented = slices.DeleteFunc(points.Kinds(), func(k points.Kind) bool { return k == points.KindDeposit })

// least is an operation with the fields that its kind must have.
func least(kind points.Kind) *points.Operation {
	o := &points.Operation{ID: operationID(1), Kind: kind, Account: accountID(1)}
	for name := range strings.FieldsSeq(forms[kind].must) {
		fields[name](o)
	}
	return o
}

func TestOperationHasExactlyTheFieldsOfItsKind(t *testing.T) {
	if len(forms) != len(documented) {
		t.Fatalf("the table has %d kinds, there are %d", len(forms), len(documented))
	}
	wantCode(t, least(points.KindDeposit).Validate(), fault.InvalidValue)
	for _, kind := range documented {
		must, may := strings.Fields(forms[kind].must), strings.Fields(forms[kind].may)
		t.Run(string(kind), func(t *testing.T) {
			wantCode(t, least(kind).Validate(), fault.OK)
			for name, set := range fields {
				with := least(kind)
				set(with)
				switch {
				case slices.Contains(must, name):
					without := &points.Operation{ID: operationID(1), Kind: kind, Account: accountID(1)}
					for _, needed := range must {
						if needed != name {
							fields[needed](without)
						}
					}
					wantCode(t, without.Validate(), fault.InvalidValue)
				case !slices.Contains(may, name):
					wantCode(t, with.Validate(), fault.InvalidValue)
				case kind != points.KindReturn: // Its fields depend on each other.
					wantCode(t, with.Validate(), fault.OK)
				}
			}
		})
	}
}

func TestReturnSaysInOneWayHowMuch(t *testing.T) {
	cases := []struct {
		name     string
		original points.Kind // Empty: none.
		fields   string
		code     fault.Code
	}{
		{"nothing at all is by the amount", "", "", fault.OK},
		{"by the amount, signed", "", "authorisation", fault.OK},
		{"whole of nothing", "", "whole", fault.InvalidValue},
		{"lines of nothing", "", "lines", fault.InvalidValue},
		{"points of nothing", "", "points", fault.InvalidValue},
		{"purchase by amount", points.KindEarn, "", fault.OK},
		{"purchase whole", points.KindEarn, "whole", fault.OK},
		{"purchase by lines", points.KindEarn, "lines", fault.OK},
		{"purchase by points", points.KindEarn, "points", fault.InvalidValue},
		{"purchase whole and by lines", points.KindEarn, "whole lines", fault.InvalidValue},
		{"purchase signed", points.KindEarn, "authorisation", fault.InvalidValue},
		{"redemption whole", points.KindRedeem, "whole", fault.OK},
		{"redemption by points", points.KindRedeem, "points", fault.OK},
		{"capture by points", points.KindCapture, "points", fault.OK},
		{"redemption by amount", points.KindRedeem, "", fault.InvalidValue},
		{"redemption by lines", points.KindRedeem, "lines", fault.InvalidValue},
		{"capture by lines", points.KindCapture, "lines", fault.InvalidValue},
		{"redemption whole and by points", points.KindRedeem, "whole points", fault.InvalidValue},
		{"award by points", points.KindAward, "points", fault.OK},
		{"award by amount", points.KindAward, "", fault.InvalidValue},
		{"deposit whole", points.KindDeposit, "whole", fault.OK},
		{"deposit by lines", points.KindDeposit, "lines", fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := least(points.KindReturn)
			if c.original != "" {
				o.Original = usualOriginal(c.original)
			}
			for name := range strings.FieldsSeq(c.fields) {
				fields[name](o)
			}
			wantCode(t, o.Validate(), c.code)
		})
	}
}

func TestFieldsOfOperationsHaveTheirForms(t *testing.T) {
	upTo := func(n int) []int {
		var lines []int
		for i := range n {
			lines = append(lines, i)
		}
		return lines
	}
	cases := []struct {
		name   string
		kind   points.Kind
		change func(*points.Operation)
		code   fault.Code
	}{
		{"unknown kind", points.KindEarn, func(o *points.Operation) { o.Kind = "mint" }, fault.InvalidValue},
		{"kind in capitals", points.KindEarn, func(o *points.Operation) { o.Kind = "EARN" }, fault.InvalidValue},
		{"no id", points.KindEarn, func(o *points.Operation) { o.ID = "" }, fault.InvalidValue},
		{"id in capitals", points.KindEarn, func(o *points.Operation) { o.ID = points.OperationID(strings.Repeat("AB", 16)) }, fault.InvalidValue},
		{"account with a separator", points.KindEarn, func(o *points.Operation) { o.Account = points.AccountID(strings.Repeat("a", 31) + "\x00") }, fault.InvalidValue},
		{"short second account", points.KindTransfer, func(o *points.Operation) { o.To = "ab" }, fault.InvalidValue},
		{"short hold", points.KindVoid, func(o *points.Operation) { o.Hold = "ab" }, fault.InvalidValue},
		{"most points", points.KindRedeem, func(o *points.Operation) { o.Points = quantity.MaxPoints }, fault.OK},
		{"a point too many", points.KindRedeem, func(o *points.Operation) { o.Points = quantity.MaxPoints + 1 }, fault.OutOfRange},
		{"less than nothing", points.KindRedeem, func(o *points.Operation) { o.Points = -1 }, fault.OutOfRange},
		{"adjustment down", points.KindAdjust, func(o *points.Operation) { o.Points = -quantity.MaxPoints }, fault.OK},
		{"adjustment too far down", points.KindAdjust, func(o *points.Operation) { o.Points = -quantity.MaxPoints - 1 }, fault.OutOfRange},
		{"claim that is no hash", points.KindGift, func(o *points.Operation) { o.Claim = "code" }, fault.InvalidValue},
		{"another kind of holder", points.KindOpen, func(o *points.Operation) { o.Holder = "dog" }, fault.InvalidValue},
		{"hold for a transfer", points.KindHold, func(o *points.Operation) { o.Purpose = points.PurposeTransfer }, fault.InvalidValue},
		{"hold for a gift", points.KindHold, func(o *points.Operation) { o.Purpose = points.PurposeGift }, fault.InvalidValue},
		{"hold that ends before 1970", points.KindHold, func(o *points.Operation) { o.Until = -1 }, fault.InvalidValue},
		{"reason that isn't listed", points.KindFreeze, func(o *points.Operation) { o.Reason = "whim" }, fault.InvalidValue},
		{"shortest shop", points.KindEarn, func(o *points.Operation) { o.Shop = "ab" }, fault.OK},
		{"shop too short", points.KindEarn, func(o *points.Operation) { o.Shop = "a" }, fault.InvalidValue},
		{"longest shop", points.KindEarn, func(o *points.Operation) { o.Shop = strings.Repeat("a", points.MaxShopID) }, fault.OK},
		{"shop too long", points.KindEarn, func(o *points.Operation) { o.Shop = strings.Repeat("a", points.MaxShopID+1) }, fault.InvalidValue},
		{"shop in capitals", points.KindEarn, func(o *points.Operation) { o.Shop = "Corner" }, fault.InvalidValue},
		{"most lines", points.KindReturn, func(o *points.Operation) { o.Original, o.Lines = usualOriginal(points.KindEarn), upTo(points.MaxLines) }, fault.OK},
		{"a line too many", points.KindReturn, func(o *points.Operation) {
			o.Original, o.Lines = usualOriginal(points.KindEarn), upTo(points.MaxLines+1)
		}, fault.TooLarge},
		{"a line that can't be", points.KindReturn, func(o *points.Operation) {
			o.Original, o.Lines = usualOriginal(points.KindEarn), []int{points.MaxLines}
		}, fault.InvalidValue},
		{"a line before the first", points.KindReturn, func(o *points.Operation) { o.Original, o.Lines = usualOriginal(points.KindEarn), []int{-1} }, fault.InvalidValue},
		{"a line twice", points.KindReturn, func(o *points.Operation) { o.Original, o.Lines = usualOriginal(points.KindEarn), []int{1, 1} }, fault.InvalidValue},
		{"lines out of order", points.KindReturn, func(o *points.Operation) { o.Original, o.Lines = usualOriginal(points.KindEarn), []int{2, 1} }, fault.InvalidValue},
		{"opened with a later key", points.KindOpen, func(o *points.Operation) { o.Controller.Version = 1 }, fault.InvalidValue},
		{"rekeyed to a later one", points.KindRekey, func(o *points.Operation) { o.Controller.Version = 7 }, fault.OK},
		{"rekeyed to the last", points.KindRekey, func(o *points.Operation) { o.Controller.Version = points.MaxControllerVersion }, fault.OK},
		{"rekeyed beyond it", points.KindRekey, func(o *points.Operation) { o.Controller.Version = points.MaxControllerVersion + 1 }, fault.InvalidValue},
		{"rekeyed to no key", points.KindRekey, func(o *points.Operation) { o.Controller.Kind = points.ControllerP256 }, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := least(c.kind)
			c.change(o)
			wantCode(t, o.Validate(), c.code)
		})
	}
}

func TestMandatesHaveTheirForms(t *testing.T) {
	cases := []struct {
		name   string
		change func(*points.Mandate)
		code   fault.Code
	}{
		{"usual", func(*points.Mandate) {}, fault.OK},
		{"another format", func(m *points.Mandate) { m.Format = 2 }, fault.InvalidValue},
		{"no id", func(m *points.Mandate) { m.ID = "" }, fault.InvalidValue},
		{"less than nothing", func(m *points.Mandate) { m.MaxPoints = -1 }, fault.OutOfRange},
		{"most points", func(m *points.Mandate) { m.MaxPoints = quantity.MaxPoints }, fault.OK},
		{"a point too many", func(m *points.Mandate) { m.MaxPoints = quantity.MaxPoints + 1 }, fault.OutOfRange},
		{"hashes", func(m *points.Mandate) { m.Place, m.Subject, m.Quote = genesis, genesis, genesis }, fault.OK},
		{"a place that is no hash", func(m *points.Mandate) { m.Place = "elsewhere" }, fault.InvalidValue},
		{"a subject that is no hash", func(m *points.Mandate) { m.Subject = genesis[1:] }, fault.InvalidValue},
		{"a quote that is no hash", func(m *points.Mandate) { m.Quote = strings.ToUpper(genesis) }, fault.InvalidValue},
		{"bearer", func(m *points.Mandate) { m.Operation, m.Bearer = points.KindRedeem, true }, fault.OK},
		{"bearer of a transfer", func(m *points.Mandate) { m.Operation, m.Bearer = points.KindTransfer, true }, fault.InvalidValue},
		{"bearer at a place", func(m *points.Mandate) { m.Operation, m.Bearer, m.Place = points.KindRedeem, true, genesis }, fault.InvalidValue},
		{"bearer at a shop", func(m *points.Mandate) { m.Operation, m.Bearer, m.Subject = points.KindRedeem, true, genesis }, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := least(points.KindRedeem)
			o.Authorisation = usualAuthorisation()
			c.change(&o.Authorisation.Mandate)
			wantCode(t, o.Validate(), c.code)
		})
	}
	o := least(points.KindRedeem)
	o.Authorisation = signPasskey(custodian, usualAuthorisation().Mandate, origin)
	wantCode(t, o.Validate(), fault.OK)
	o.Authorisation.WebAuthn.ClientDataJSON = "?"
	wantCode(t, o.Validate(), fault.InvalidValue)
}

func TestProofsHaveTheirForms(t *testing.T) {
	cases := []struct {
		name   string
		change func(*points.Original)
		code   fault.Code
	}{
		{"usual", func(*points.Original) {}, fault.OK},
		{"a leaf beyond the tree", func(o *points.Original) { o.Proof.Index = 1 }, fault.InvalidValue},
		{"a leaf before the first", func(o *points.Original) { o.Proof.Index = -1 }, fault.InvalidValue},
		{"batch zero", func(o *points.Original) { o.Proof.Seq = 0 }, fault.InvalidValue},
		{"lane below zero", func(o *points.Original) { o.Proof.Lane = -1 }, fault.InvalidValue},
		{"most hashes", func(o *points.Original) { o.Proof.Hashes = slices.Repeat([]string{genesis}, points.MaxProofHashes) }, fault.OK},
		{"a hash too many", func(o *points.Original) { o.Proof.Hashes = slices.Repeat([]string{genesis}, points.MaxProofHashes+1) }, fault.InvalidValue},
		{"a word for a hash", func(o *points.Original) { o.Proof.Hashes = []string{"hash"} }, fault.InvalidValue},
		{"an organisation that could build another key", func(o *points.Original) { o.Proof.MSP = "Airline\x00MSP" }, fault.InvalidValue},
		{"no organisation", func(o *points.Original) { o.Proof.MSP = "" }, fault.InvalidValue},
		{"a receipt whose operation could build another key", func(o *points.Original) { o.Receipt.Operation = "a\x00b" }, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := least(points.KindReturn)
			o.Original = usualOriginal(points.KindEarn)
			c.change(o.Original)
			wantCode(t, o.Validate(), c.code)
		})
	}
}

func TestOperationsNameWhatTheyTouch(t *testing.T) {
	one, two := accountID(1), accountID(2)
	if got := least(points.KindEarn).Touched(); !slices.Equal(got, []points.AccountID{one}) {
		t.Errorf("an accrual touches %v", got)
	}
	if got := least(points.KindAccept).Touched(); !slices.Equal(got, []points.AccountID{one, two}) {
		t.Errorf("an acceptance touches %v", got)
	}
	o := least(points.KindReturn)
	if _, reverses := o.Reverses(); reverses {
		t.Error("a return without a receipt reverses something")
	}
	o.Original = usualOriginal(points.KindEarn)
	if id, reverses := o.Reverses(); !reverses || id != operationID(9) {
		t.Errorf("a return reverses %s", id)
	}
	wantCode(t, one.Validate(), fault.OK)
	wantCode(t, points.AccountID("x").Validate(), fault.InvalidValue)
	wantCode(t, operationID(1).Validate(), fault.OK)
	wantCode(t, points.OperationID("x").Validate(), fault.InvalidValue)
}

func TestMembersAreNamedWithinTheirKeys(t *testing.T) {
	for msp, ok := range map[string]bool{
		"AirlineMSP": true, "a1": true, "": false, "Airline-MSP": false, "Ä": false, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false,
	} {
		if points.ValidMSP(msp) != ok {
			t.Errorf("%q: %v", msp, !ok)
		}
	}
}

func TestKindsSayWhatTheyAre(t *testing.T) {
	list := func(is func(points.Kind) bool) string {
		var out []string
		for _, k := range points.Kinds() {
			if is(k) {
				out = append(out, string(k))
			}
		}
		return strings.Join(out, " ")
	}
	for name, c := range map[string]struct {
		is   func(points.Kind) bool
		want string
	}{
		"purchase": {points.Kind.HasPurchase, "earn refer return"},
		"redeems":  {points.Kind.Redeems, "redeem capture"},
		"approval": {points.Kind.NeedsApproval, "adjust recover"},
	} {
		if got := list(c.is); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
