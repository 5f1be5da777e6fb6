package wire_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func accrual(n int) points.Operation {
	return points.Operation{ID: points.OperationID(fmt.Sprintf("%032x", n)), Kind: points.KindEarn, Account: points.AccountID(fmt.Sprintf("%032x", n+1))}
}

func accruals(n int) []points.Operation {
	out := make([]points.Operation, n)
	for i := range out {
		out[i] = accrual(i)
	}
	return out
}

func TestBatchIsBounded(t *testing.T) {
	cases := []struct {
		name  string
		batch wire.BatchRequest
		code  fault.Code
	}{
		{"one operation", wire.BatchRequest{Seq: 1, Operations: accruals(1)}, fault.OK},
		{"none: a fence", wire.BatchRequest{Seq: 1}, fault.OK},
		{"as many as allowed", wire.BatchRequest{Seq: 1, Operations: accruals(wire.MaxBatch)}, fault.OK},
		{"one more", wire.BatchRequest{Seq: 1, Operations: accruals(wire.MaxBatch + 1)}, fault.TooLarge},
		{"highest lane", wire.BatchRequest{Lane: wire.MaxLane, Seq: 1}, fault.OK},
		{"lane beyond", wire.BatchRequest{Lane: wire.MaxLane + 1, Seq: 1}, fault.InvalidValue},
		{"negative lane", wire.BatchRequest{Lane: -1, Seq: 1}, fault.InvalidValue},
		{"sequence zero", wire.BatchRequest{}, fault.InvalidValue},
		{"negative sequence", wire.BatchRequest{Seq: -1}, fault.InvalidValue},
		{"an operation twice", wire.BatchRequest{Seq: 1, Operations: []points.Operation{accrual(1), accrual(2), accrual(1)}}, fault.InvalidValue},
		{"an operation of the wrong form", wire.BatchRequest{Seq: 1, Operations: []points.Operation{{Kind: points.KindEarn}}}, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := c.batch.Validate()
			if c.code == fault.OK && err != nil || c.code != fault.OK && (err == nil || fault.CodeOf(err) != c.code) {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

func detailsOf(operations []points.Operation) wire.BatchDetails {
	d := wire.BatchDetails{V: 1, Salt: strings.Repeat("5a", 32)}
	for _, o := range operations {
		d.Operations = append(d.Operations, points.Details{Operation: o.ID, AmountMinor: 100, Currency: "GBP", OccurredAt: "2011-03-13T09:30:00Z"})
	}
	return d
}

func TestDetailsBelongToTheirBatch(t *testing.T) {
	operations := accruals(3)
	cases := []struct {
		name   string
		change func(*wire.BatchDetails)
		code   fault.Code
	}{
		{"as they should", func(*wire.BatchDetails) {}, fault.OK},
		{"one too few", func(d *wire.BatchDetails) { d.Operations = d.Operations[:2] }, fault.DetailsMismatch},
		{"one too many", func(d *wire.BatchDetails) { d.Operations = append(d.Operations, d.Operations[0]) }, fault.DetailsMismatch},
		{"in another order", func(d *wire.BatchDetails) { d.Operations[0], d.Operations[1] = d.Operations[1], d.Operations[0] }, fault.DetailsMismatch},
		{"of another operation", func(d *wire.BatchDetails) { d.Operations[2].Operation = "other" }, fault.DetailsMismatch},
		{"short salt", func(d *wire.BatchDetails) { d.Salt = "5a" }, fault.InvalidValue},
		{"salt that is no hex", func(d *wire.BatchDetails) { d.Salt = strings.Repeat("xy", 32) }, fault.InvalidValue},
		{"no salt", func(d *wire.BatchDetails) { d.Salt = "" }, fault.InvalidValue},
		{"other version", func(d *wire.BatchDetails) { d.V = 2 }, fault.InvalidValue},
		{"negative amount", func(d *wire.BatchDetails) { d.Operations[1].AmountMinor = -1 }, fault.OutOfRange},
		{"text too long", func(d *wire.BatchDetails) { d.Operations[1].Store = strings.Repeat("x", points.MaxTextLength+1) }, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			details := detailsOf(operations)
			c.change(&details)
			_, salt, err := wire.DecodeDetails([]byte(encode(t, details)), operations)
			if c.code != fault.OK {
				if err == nil || fault.CodeOf(err) != c.code {
					t.Errorf("got %v, want %s", err, c.code)
				}
				return
			}
			if err != nil || hex.EncodeToString(salt) != details.Salt {
				t.Errorf("got salt %x, %v", salt, err)
			}
		})
	}
	if _, _, err := wire.DecodeDetails(nil, operations); fault.CodeOf(err) != fault.Malformed {
		t.Errorf("no details at all: %v", err)
	}
	if _, _, err := wire.DecodeDetails(make([]byte, wire.MaxDetails+1), operations); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("details over the limit: %v", err)
	}
}

func TestDetailsOfOneOperationAreDisclosedWithoutTheSaltOfAnother(t *testing.T) {
	salt := make([]byte, 32)
	first, second := detailsOf(accruals(2)).Operations[0], detailsOf(accruals(2)).Operations[1]
	public, err := wire.DetailsHash(salt, &first)
	if err != nil {
		t.Fatal(err)
	}
	disclosed, err := wire.DisclosedHash(wire.OperationSalt(salt, first.Operation), &first)
	if err != nil || disclosed != public {
		t.Errorf("disclosed as %s, public is %s, %v", disclosed, public, err)
	}
	if wrong, _ := wire.DisclosedHash(wire.OperationSalt(salt, second.Operation), &first); wrong == public {
		t.Error("the salt of another operation fits")
	}
	altered := first
	altered.AmountMinor++
	if wrong, _ := wire.DisclosedHash(wire.OperationSalt(salt, first.Operation), &altered); wrong == public {
		t.Error("altered details fit")
	}
	other := append([]byte{1}, salt[1:]...)
	if wrong, _ := wire.DetailsHash(other, &first); wrong == public {
		t.Error("another batch's salt gives the same hash")
	}
}
