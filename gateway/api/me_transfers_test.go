package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/store"
)

// Senders are all accounts that the test has put there.
func (g *gateway) Senders(ctx context.Context, id points.AccountID, _ int64, _ int) ([]store.Position, error) {
	var all []store.Position
	for sender := range g.positions {
		if sender == id {
			continue
		}
		p, err := g.Account(ctx, sender)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

const giftCode = "AAAAAAAAAAAAAAAAAAAAAA"

// friend has four holds: two transfers, of which one is for account, a gift, and what a till reserved; and one gift that has lapsed.
func friend(now int64) points.Account {
	id := points.AccountID(strings.Repeat("5", 32))
	hold := func(n string, purpose points.Purpose, to points.AccountID, until int64) points.Hold {
		return points.Hold{ID: points.OperationID(strings.Repeat(n, 32)), Purpose: purpose, Points: 7, Until: until, To: to}
	}
	gift, gone := hold("c", points.PurposeGift, "", now+50), hold("e", points.PurposeGift, "", now-1)
	gift.Claim, gone.Claim = points.ClaimHash(id, giftCode), points.ClaimHash(id, giftCode)
	return points.Account{
		V: 1, ID: id, Status: points.StatusActive, Controller: points.Controller{Kind: points.ControllerCustodian}, Posted: 40, Held: 35,
		Holds: []points.Hold{hold("a", points.PurposeTransfer, account, now+100), hold("b", points.PurposeTransfer, wallet, now+100), gift, hold("d", points.PurposeRedemption, "", now+100), gone},
	}
}

func TestWhatWaitsForACustomerAndWhatTheyOfferedIsListed(t *testing.T) {
	l := newLobby(t)
	f := friend(time.Now().Unix())
	l.positions = map[points.AccountID]points.Account{f.ID: f}
	receiver, sender := l.holder("ada@example.com", account), l.holder("bob@example.com", f.ID)
	got := into[MyTransfers](t, l.as(receiver, "GET", "/v1/me/transfers", ""), http.StatusOK)
	if len(got.Outgoing) != 0 || len(got.Incoming) != 1 || got.Incoming[0].Hold != strings.Repeat("a", 32) || got.Incoming[0].From != string(f.ID) || got.Incoming[0].Points != 7 {
		t.Errorf("the receiver sees %+v", got)
	}
	got = into[MyTransfers](t, l.as(sender, "GET", "/v1/me/transfers", ""), http.StatusOK)
	if len(got.Incoming) != 0 || len(got.Outgoing) != 3 || got.Outgoing[0].Kind != "gift" || got.Outgoing[0].To != nil || *got.Outgoing[1].To != account {
		t.Errorf("the sender sees %+v", got)
	}
}

func TestAGiftIsToldToWhoHasItsCode(t *testing.T) {
	l := newLobby(t)
	f := friend(time.Now().Unix())
	l.positions = map[points.AccountID]points.Account{f.ID: f}
	token := l.holder("ada@example.com", account)
	for _, n := range []string{"a", "c", "d", "e"} {
		l.known[points.OperationID(strings.Repeat(n, 32))] = store.Known{ID: points.OperationID(strings.Repeat(n, 32)), Account: f.ID}
	}
	ask := func(n, code string) *http.Response {
		return l.as(token, "POST", "/v1/me/gifts/lookups", `{"hold":"`+strings.Repeat(n, 32)+`","claimCode":"`+code+`"}`).Result()
	}
	for _, c := range []struct {
		name, n, code string
		want          int
	}{
		{"the gift", "c", giftCode, http.StatusOK}, {"another code", "c", strings.Repeat("B", 22), fault.Lookup(fault.ClaimInvalid).Status}, {"lapsed", "e", giftCode, http.StatusNotFound},
		{"a transfer", "a", giftCode, http.StatusNotFound}, {"a till's hold", "d", giftCode, http.StatusNotFound}, {"nothing", "f", giftCode, http.StatusNotFound},
	} {
		if r := ask(c.n, c.code); r.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", c.name, r.StatusCode, c.want)
		}
	}
	l.problem(l.as(token, "POST", "/v1/me/gifts/lookups", `{"hold":"x","claimCode":"y"}`), fault.InvalidValue)
}

func TestAGiftOfAnotherProgrammeIsNoneHere(t *testing.T) {
	l := newLobby(t)
	f := friend(time.Now().Unix())
	f.ID = stranger // Of the hotel.
	for i := range f.Holds {
		f.Holds[i].Claim = points.ClaimHash(f.ID, giftCode)
	}
	l.positions = map[points.AccountID]points.Account{f.ID: f}
	id := points.OperationID(strings.Repeat("c", 32))
	l.known[id] = store.Known{ID: id, Account: f.ID}
	l.problem(l.as(l.holder("ada@example.com", account), "POST", "/v1/me/gifts/lookups", `{"hold":"`+string(id)+`","claimCode":"`+giftCode+`"}`), fault.HoldUnknown)
}
