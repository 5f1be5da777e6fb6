package bankfiles_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bankfiles"
)

func TestAnInitiationIsWrittenByteForByte(t *testing.T) {
	got := written(t, made(t))
	if want := file(t, "pain.001.001.09.xml"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTheOrderOfLegsDoesNotMatter(t *testing.T) {
	in := made(t)
	want := written(t, in)
	slices.Reverse(in.Legs)
	if got := written(t, in); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestUETRsCanBeLeftOut(t *testing.T) {
	in := made(t)
	in.OmitUETR = true
	if got := written(t, in); strings.Contains(got, "UETR") || len(breaches(got)) > 0 {
		t.Errorf("%v in\n%s", breaches(got), got)
	}
}

func TestUETRsAreUUIDsOfTheirLegs(t *testing.T) {
	if a := bankfiles.UETR(legA); a != bankfiles.UETR(legA) || a == bankfiles.UETR(legB) || !simpleTypes["UUIDv4"](a) {
		t.Errorf("%s, %s", a, bankfiles.UETR(legB))
	}
}

func TestWhatCannotStandInABankFileIsRefused(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	for name, c := range map[string]struct {
		change func(*bankfiles.Initiation)
		code   fault.Code
	}{
		"as it is":                 {func(*bankfiles.Initiation) {}, fault.OK},
		"longest message id":       {func(in *bankfiles.Initiation) { in.ID = long(bankfiles.MaxMessageID) }, fault.OK},
		"message id too long":      {func(in *bankfiles.Initiation) { in.ID = long(bankfiles.MaxMessageID + 1) }, fault.InvalidValue},
		"no message id":            {func(in *bankfiles.Initiation) { in.ID = "" }, fault.InvalidValue},
		"no initiator":             {func(in *bankfiles.Initiation) { in.Initiator = "" }, fault.InvalidValue},
		"year 10000":               {func(in *bankfiles.Initiation) { in.Created = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, fault.OutOfRange},
		"no time":                  {func(in *bankfiles.Initiation) { in.Created = time.Time{} }, fault.OutOfRange},
		"charges shared":           {func(in *bankfiles.Initiation) { in.Charges = bankfiles.ChargesShared }, fault.OK},
		"charges unknown":          {func(in *bankfiles.Initiation) { in.Charges = "NONE" }, fault.InvalidValue},
		"no legs":                  {func(in *bankfiles.Initiation) { in.Legs = nil }, fault.InvalidValue},
		"too many legs":            {func(in *bankfiles.Initiation) { in.Legs = make([]bankfiles.Leg, bankfiles.MaxLegs+1) }, fault.TooLarge},
		"a leg twice":              {func(in *bankfiles.Initiation) { in.Legs[1].ID = in.Legs[0].ID }, fault.InvalidValue},
		"two currencies":           {func(in *bankfiles.Initiation) { in.Legs[1].Amount.Currency = "EUR" }, fault.InvalidValue},
		"one account, two names":   {func(in *bankfiles.Initiation) { in.Legs[1].Payer.Account.Name = "Another" }, fault.InvalidValue},
		"longest leg id":           {func(in *bankfiles.Initiation) { in.Legs[0].ID = long(bankfiles.MaxLegID) }, fault.OK},
		"leg id too long":          {func(in *bankfiles.Initiation) { in.Legs[0].ID = long(bankfiles.MaxLegID + 1) }, fault.InvalidValue},
		"leg id none":              {func(in *bankfiles.Initiation) { in.Legs[0].ID = "NOTPROVIDED" }, fault.InvalidValue},
		"leg id with slashes":      {func(in *bankfiles.Initiation) { in.Legs[0].ID = "a//b" }, fault.InvalidValue},
		"leg id begins with slash": {func(in *bankfiles.Initiation) { in.Legs[0].ID = "/a" }, fault.InvalidValue},
		"leg id ends with slash":   {func(in *bankfiles.Initiation) { in.Legs[0].ID = "a/" }, fault.InvalidValue},
		"one slash":                {func(in *bankfiles.Initiation) { in.Legs[0].ID = "a/b" }, fault.OK},
		"window below nothing":     {func(in *bankfiles.Initiation) { in.Legs[0].Window = -1 }, fault.OutOfRange},
		"highest window":           {func(in *bankfiles.Initiation) { in.Legs[0].Window = 1<<63 - 1 }, fault.OK},
		"nothing to pay":           {func(in *bankfiles.Initiation) { in.Legs[0].Amount.Minor = 0 }, fault.OutOfRange},
		"negative":                 {func(in *bankfiles.Initiation) { in.Legs[0].Amount.Minor = -1 }, fault.OutOfRange},
		"sum too large":            {func(in *bankfiles.Initiation) { in.Legs[0].Amount.Minor = quantity.MaxMinor }, fault.OutOfRange},
		"no such day":              {func(in *bankfiles.Initiation) { in.Legs[0].Due = quantity.LastDay + 1 }, fault.OutOfRange},
		"longest name":             {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Name = long(bankfiles.MaxName) }, fault.OK},
		"name too long":            {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Name = long(bankfiles.MaxName + 1) }, fault.InvalidValue},
		"umlaut":                   {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Name = "Hotel Zürich" }, fault.InvalidValue},
		"ampersand":                {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Name = "Bed & Breakfast" }, fault.InvalidValue},
		"markup":                   {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Name = "<Nm>" }, fault.InvalidValue},
		"line end":                 {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Name = "a\nb" }, fault.InvalidValue},
		"not UTF-8":                {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Name = "a\xff" }, fault.InvalidValue},
		"blank at the end":         {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Name = "Hotel " }, fault.InvalidValue},
		"blank":                    {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Name = " " }, fault.InvalidValue},
		"every letter that may be": {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Name = "aZ09/-?:().,'+ z" }, fault.OK},
		"member without a name":    {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Member = "" }, fault.InvalidValue},
		"member with umlaut":       {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Member = "hôtel" }, fault.InvalidValue},
		"longest members":          {func(in *bankfiles.Initiation) { in.Legs[0].Window, in.Legs[0].Payee.Member = 1<<63-1, long(32) }, fault.OK},
		"member too long":          {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Member = long(33) }, fault.InvalidValue},
		"pays itself":              {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Member = "airline" }, fault.InvalidValue},
		"same account":             {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account = in.Legs[0].Payer.Account }, fault.InvalidValue},
		"wrong check digits":       {func(in *bankfiles.Initiation) { in.Legs[1].Payee.Account.IBAN = "NL92ABNA0417164300" }, fault.InvalidValue},
		"digits swapped":           {func(in *bankfiles.Initiation) { in.Legs[1].Payee.Account.IBAN = "NL91ABNA0471164300" }, fault.InvalidValue},
		"IBAN with blanks":         {func(in *bankfiles.Initiation) { in.Legs[1].Payee.Account.IBAN = "NL91 ABNA 0417 1643 00" }, fault.InvalidValue},
		"IBAN in small letters":    {func(in *bankfiles.Initiation) { in.Legs[1].Payee.Account.IBAN = "nl91abna0417164300" }, fault.InvalidValue},
		"shortest IBAN":            {func(in *bankfiles.Initiation) { in.Legs[1].Payee.Account.IBAN = "NO9386011117947" }, fault.OK},
		"IBAN and another number":  {func(in *bankfiles.Initiation) { in.Legs[1].Payee.Account.Other = "1" }, fault.InvalidValue},
		"number without BIC":       {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.BIC = "" }, fault.InvalidValue},
		"longest number":           {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Other = long(34) }, fault.OK},
		"number too long":          {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.Other = long(35) }, fault.InvalidValue},
		"BIC of 9":                 {func(in *bankfiles.Initiation) { in.Legs[0].Payee.Account.BIC = "TESTJPJTX" }, fault.InvalidValue},
		"no BIC beside the IBAN": {func(in *bankfiles.Initiation) {
			for i := range in.Legs {
				in.Legs[i].Payer.Account.BIC = ""
			}
		}, fault.OK},
	} {
		t.Run(name, func(t *testing.T) {
			in := made(t)
			c.change(in)
			var b bytes.Buffer
			err := bankfiles.WriteInitiation(&b, in)
			wantCode(t, err, c.code)
			if err != nil && b.Len() > 0 {
				t.Errorf("refused, but wrote %s", b.String())
			}
			if found := breaches(b.String()); err == nil && len(found) > 0 {
				t.Errorf("%v in\n%s", found, b.String())
			}
		})
	}
}

// broken is a disk that is full.
type broken struct{}

var errFull = errors.New("full")

func (broken) Write([]byte) (int, error) { return 0, errFull }

func TestAFailingWriterIsTold(t *testing.T) {
	if err := bankfiles.WriteInitiation(broken{}, made(t)); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

// drawInitiation draws legs of one currency from two payers to others, on a few days.
func drawInitiation(t *rapid.T) *bankfiles.Initiation {
	code := rapid.SampledFrom([]string{"JPY", "GBP", "KWD", "CLF"}).Draw(t, "currency")
	in := &bankfiles.Initiation{ID: rapid.StringMatching(`[A-Za-z0-9-]{1,30}`).Draw(t, "id"), Created: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "created"), 0), Initiator: "Treasury"}
	for i := range rapid.IntRange(1, 12).Draw(t, "legs") {
		parties := rapid.Permutation([]bankfiles.Party{airline, hotel, grocer, station}).Draw(t, "parties")
		in.Legs = append(in.Legs, bankfiles.Leg{
			ID: fmt.Sprintf("%032x", i*7919), Window: int64(i), Payer: parties[0], Payee: parties[1],
			Amount: quantity.Money{Minor: rapid.Int64Range(1, quantity.MaxMinor/12).Draw(t, "minor"), Currency: code},
			Due:    quantity.Day(rapid.IntRange(20_000, 20_002).Draw(t, "due")),
		})
	}
	return in
}

func (e *element) all(name string) (found []*element) {
	for _, c := range e.children {
		if c.name.Local == name {
			found = append(found, c)
		}
		found = append(found, c.all(name)...)
	}
	return found
}

func (e *element) child(t *rapid.T, name string) string {
	t.Helper()
	for _, c := range e.children {
		if c.name.Local == name {
			return c.text
		}
	}
	t.Fatalf("%s has no %s", e.name.Local, name)
	return ""
}

// TestControlSumsAreTheSumsOfTheLegs reads written files back: they hold to the schema, and counts and sums agree with the legs on every level.
func TestControlSumsAreTheSumsOfTheLegs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInitiation(t)
		var b bytes.Buffer
		if err := bankfiles.WriteInitiation(&b, in); err != nil {
			t.Fatal(err)
		}
		if found := breaches(b.String()); len(found) > 0 {
			t.Fatalf("%v in\n%s", found, b.String())
		}
		root, _ := tree(b.String())
		code := in.Legs[0].Amount.Currency
		left, debits := map[string]int64{}, map[string]bool{}
		var sum int64
		for _, l := range in.Legs {
			debits[l.Payer.Account.ID()+l.Due.String()] = true
			left[l.ID] = l.Amount.Minor
			sum += l.Amount.Minor
		}
		check := func(e *element, count int, minor int64) {
			m, err := bankfiles.ParseAmount(e.child(t, "CtrlSum"), code)
			if err != nil || m.Minor != minor || e.child(t, "NbOfTxs") != fmt.Sprint(count) {
				t.Fatalf("%s says %s and %v, %v; want %d and %d", e.name.Local, e.child(t, "NbOfTxs"), m, err, count, minor)
			}
		}
		check(root.all("GrpHdr")[0], len(in.Legs), sum)
		ids := map[string]bool{}
		for _, p := range root.all("PmtInf") {
			ids[p.child(t, "PmtInfId")] = true
			var of int64
			transfers := p.all("CdtTrfTxInf")
			for _, x := range transfers {
				m, err := bankfiles.ParseAmount(x.all("InstdAmt")[0].text, code)
				id := x.all("EndToEndId")[0].text
				if err != nil || m.Minor != left[id] {
					t.Fatalf("leg %s is written with %v, %v", id, m, err)
				}
				delete(left, id)
				of += m.Minor
			}
			check(p, len(transfers), of)
		}
		if len(left) > 0 || len(ids) != len(debits) || len(root.all("PmtInf")) != len(debits) {
			t.Fatalf("not written: %v; ids %v", left, ids)
		}
	})
}
