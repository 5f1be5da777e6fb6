package netting_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestTheLargestDebtorPaysTheLargestCreditor(t *testing.T) {
	cases := []struct {
		name      string
		positions []netting.Position
		want      []netting.Payment
	}{
		{"nobody", nil, []netting.Payment{}},
		{"nobody owes", []netting.Position{{"a", 0}, {"b", 0}}, []netting.Payment{}},
		{"one to one", []netting.Position{{"a", 5}, {"b", -5}}, []netting.Payment{{"b", "a", 5}}},
		{"largest first", []netting.Position{{"a", -10}, {"b", -7}, {"c", 9}, {"d", 8}}, []netting.Payment{{"a", "c", 9}, {"a", "d", 1}, {"b", "d", 7}}},
		{"of equals the first by name", []netting.Position{{"d", 5}, {"c", 5}, {"b", -5}, {"a", -5}}, []netting.Payment{{"a", "c", 5}, {"b", "d", 5}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := netting.Payments(c.positions)
			wantCode(t, err, fault.OK)
			if got == nil || !slices.Equal(got, c.want) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestPaymentsRefuseWhatDoesNotBalance(t *testing.T) {
	const most = quantity.MaxMinor
	many := make([]netting.Position, netting.MaxMembers+1)
	for i := range many {
		many[i].Member = fmt.Sprintf("m%03d", i)
	}
	cases := []struct {
		name      string
		positions []netting.Position
		code      fault.Code
	}{
		{"the most on each side", []netting.Position{{"a", most - 1}, {"b", -most}, {"c", 1}}, fault.OK},
		{"more than zero", []netting.Position{{"a", 5}, {"b", -4}}, fault.InvalidValue},
		{"one alone", []netting.Position{{"a", 5}}, fault.InvalidValue},
		{"twice", []netting.Position{{"a", 5}, {"b", -10}, {"a", 5}}, fault.InvalidValue},
		{"no name", []netting.Position{{"", 5}, {"b", -5}}, fault.InvalidValue},
		{"too large", []netting.Position{{"a", most + 1}, {"b", -most - 1}}, fault.OutOfRange},
		{"least 64-bit number", []netting.Position{{"a", -1 << 63}, {"b", -1 << 63}}, fault.OutOfRange},
		{"together too large", []netting.Position{{"a", most}, {"b", -most}, {"c", 1}, {"d", -1}}, fault.OutOfRange},
		{"most members", many[1:], fault.OK},
		{"one member too many", many, fault.TooLarge},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := netting.Payments(c.positions)
			wantCode(t, err, c.code)
		})
	}
}

func TestPaymentsSettleEveryPositionWithOneFewerThanMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		positions, err := netting.Positions(anyPairs(t))
		if err != nil {
			t.Fatal(err)
		}
		given := slices.Clone(positions)
		payments, err := netting.Payments(given)
		if err != nil || !slices.Equal(given, positions) {
			t.Fatalf("%v; the input is now %v", err, given)
		}
		concerned := 0
		left := map[string]quantity.Minor{}
		for _, p := range positions {
			left[p.Member] = p.Net
			if p.Net != 0 {
				concerned++
			}
		}
		if len(payments) > max(0, concerned-1) {
			t.Fatalf("%d payments for %d members", len(payments), concerned)
		}
		for _, p := range payments {
			if p.Amount <= 0 || left[p.From] > -p.Amount || left[p.To] < p.Amount {
				t.Fatalf("%v pays more than is owed: %v", p, left)
			}
			left[p.From] += p.Amount
			left[p.To] -= p.Amount
		}
		for member, rest := range left {
			if rest != 0 {
				t.Fatalf("%s is left with %d", member, rest)
			}
		}
		if again, err := netting.Payments(rapid.Permutation(positions).Draw(t, "order")); err != nil || !slices.Equal(payments, again) {
			t.Fatalf("%v, in another order %v, %v", payments, again, err)
		}
	})
}
