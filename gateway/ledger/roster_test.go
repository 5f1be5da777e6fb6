package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/gateway/config"
)

func testRoster(msps ...string) (*roster, *time.Time) {
	now := time.Unix(0, 0)
	r := newRoster(msps)
	r.now = func() time.Time { return now }
	return r, &now
}

func expect(t *testing.T, r *roster, want string) {
	t.Helper()
	if got := fmt.Sprint(r.order()); got != want {
		t.Errorf("the order is %s, want %s", got, want)
	}
}

func TestCoEndorsersTakeTurns(t *testing.T) {
	r, _ := testRoster("B", "C", "D")
	expect(t, r, "[B C D]")
	expect(t, r, "[C D B]")
	expect(t, r, "[D B C]")
	expect(t, r, "[B C D]")
}

func TestAFailedCoEndorserComesLastUntilItHasRested(t *testing.T) {
	r, now := testRoster("B", "C")
	r.failed("B")
	expect(t, r, "[C B]")
	expect(t, r, "[C B]")
	*now = now.Add(firstRest)
	expect(t, r, "[B C]")
	r.failed("B")
	*now = now.Add(firstRest)
	expect(t, r, "[C B]")
	*now = now.Add(firstRest)
	expect(t, r, "[B C]")
}

func TestARestGrowsToItsLongestAndEndsWithSuccess(t *testing.T) {
	r, now := testRoster("B", "C")
	for range 20 {
		r.failed("B")
		r.failed("B") // Of a call that was under way.
		*now = now.Add(longestRest)
	}
	r.failed("B")
	if rest := r.partners[0].rest; rest != longestRest {
		t.Errorf("the rest is %s, want %s", rest, longestRest)
	}
	r.worked("B")
	expect(t, r, "[B C]")
}

func TestWhenAllHaveFailedTheOneThatRestedLongestIsTriedFirst(t *testing.T) {
	r, now := testRoster("B", "C")
	r.failed("C")
	*now = now.Add(time.Second)
	r.failed("B")
	expect(t, r, "[C B]")
	expect(t, r, "[C B]")
}

func TestOnlyOtherBrandsCoEndorse(t *testing.T) {
	cfg := config.Config{Members: []config.Member{
		{Name: "a", MSP: "A", Kind: clearing.KindBrand}, {Name: "b", MSP: "B", Kind: clearing.KindBrand}, {Name: "r", MSP: "R", Kind: clearing.KindRegulator},
	}}
	if got := fmt.Sprint(coEndorsers(cfg.Brands(), "A")); got != "[B]" {
		t.Errorf("co-endorsers are %s, want [B]", got)
	}
}
