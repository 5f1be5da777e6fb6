package bankfiles_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/bankfiles"
)

// wantCoded fails for an error without a code of the request's class: what a bank sends is never an internal fault.
func wantCoded(t *testing.T, err error) {
	t.Helper()
	if class := fault.Lookup(fault.CodeOf(err)).Class; class != fault.ClassRequest {
		t.Fatalf("%v is of class %s", err, class)
	}
}

// FuzzReadEntries reads anything. What is read has valid amounts and known directions, is read the same again, and is accounted for by Match.
func FuzzReadEntries(f *testing.F) {
	for _, name := range []string{"camt.053.001.02.xml", "camt.053.001.08.xml", "camt.054.001.02.xml", "camt.054.001.08.xml"} {
		f.Add([]byte(file(f, name)))
	}
	f.Add([]byte(`<!DOCTYPE d [<!ENTITY x "y">]><Document/>`))
	legs := made(f).Legs
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := bankfiles.ReadEntries(bytes.NewReader(raw))
		if err != nil {
			wantCoded(t, err)
			return
		}
		again, err := bankfiles.ReadEntries(bytes.NewReader(raw))
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Fatalf("%+v, then %+v, %v", r, again, err)
		}
		for _, e := range r.Entries {
			if e.Amount.Valid() != nil || e.Charges.Valid() != nil || e.Direction != bankfiles.Credit && e.Direction != bankfiles.Debit || e.Account == "" || e.Position < 1 {
				t.Fatalf("%+v", e)
			}
		}
		result, err := bankfiles.Match(legs, r.Entries)
		if err != nil {
			wantCoded(t, err)
			return
		}
		n := len(result.Findings)
		for _, s := range result.Settlements {
			for _, side := range []bankfiles.Side{s.Paid, s.Received} {
				n += len(side.Payments) + len(side.Returns) + len(side.Pending)
			}
		}
		if n != len(r.Entries) {
			t.Fatalf("%d of %d entries are accounted for", n, len(r.Entries))
		}
	})
}

// FuzzReadStatus reads anything. What is read answers a message, and says something about each of its legs once.
func FuzzReadStatus(f *testing.F) {
	f.Add([]byte(file(f, "pain.002.001.03.xml")))
	f.Add([]byte(file(f, "pain.002.001.10.xml")))
	sent := made(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := bankfiles.ReadStatus(bytes.NewReader(raw))
		if err != nil {
			wantCoded(t, err)
			return
		}
		if r.ID == "" || r.Original == "" {
			t.Fatalf("%+v", r)
		}
		legs, _, err := r.Of(sent)
		if err != nil {
			wantCoded(t, err)
			return
		}
		if len(legs) != len(sent.Legs) {
			t.Fatalf("%+v", legs)
		}
	})
}

// FuzzParseAmount reads any decimal string: what is taken is written back to an amount that is read the same.
func FuzzParseAmount(f *testing.F) {
	f.Add("1234.06", "GBP")
	f.Add("1.2345", "CLF")
	f.Add(".5", "JPY")
	f.Fuzz(func(t *testing.T, text, currency string) {
		m, err := bankfiles.ParseAmount(text, currency)
		if err != nil {
			wantCoded(t, err)
			return
		}
		written, err := bankfiles.FormatAmount(m)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := bankfiles.ParseAmount(written, currency); err != nil || back != m {
			t.Fatalf("%q is %+v, written %s, read %+v, %v", text, m, written, back, err)
		}
	})
}
