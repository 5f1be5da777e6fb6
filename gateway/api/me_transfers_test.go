package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/people/offers"
	"github.com/tallystick/tallystick/gateway/people/seal"
	"github.com/tallystick/tallystick/gateway/store"
)

// Senders are all accounts that the test has put there, in their order; those of a page stand in the block of its last one.
func (g *gateway) Senders(ctx context.Context, to []points.AccountID, _ int64, after *store.SenderPlace, limit int) ([]store.Position, *store.SenderPlace, error) {
	var all []store.Position
	for _, sender := range slices.Sorted(maps.Keys(g.positions)) {
		if slices.Contains(to, sender) || after != nil && sender <= after.Account {
			continue
		}
		if len(all) == limit {
			return all, &store.SenderPlace{Block: 1, Account: all[limit-1].Account.ID}, nil
		}
		p, err := g.Account(ctx, sender)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, p)
	}
	return all, nil, nil
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

// crowd are accounts of which each offers account something.
func (l *lobby) crowd(n int) {
	l.t.Helper()
	l.positions = map[points.AccountID]points.Account{}
	for i := range n {
		id := fmt.Sprintf("%032x", 1000+i)
		l.positions[points.AccountID(id)] = points.Account{
			V: 1, ID: points.AccountID(id), Status: points.StatusActive, Controller: points.Controller{Kind: points.ControllerCustodian}, Posted: 9, Held: 7,
			Holds: []points.Hold{{ID: points.OperationID(id), Purpose: points.PurposeTransfer, Points: 7, Until: time.Now().Unix() + 100, To: account}},
		}
		l.known[points.OperationID(id)] = store.Known{ID: points.OperationID(id), Account: points.AccountID(id)}
	}
}

// walk reads all pages and gives the senders in order, and how many pages there were.
func (l *lobby) walk(token string, limit int) (senders []string, pages int) {
	l.t.Helper()
	for cursor := ""; ; {
		page := into[MyTransfers](l.t, l.as(token, "GET", fmt.Sprintf("/v1/me/transfers?limit=%d%s", limit, cursor), ""), http.StatusOK)
		for _, o := range page.Incoming {
			senders = append(senders, o.From)
		}
		if pages++; page.Next == nil {
			return senders, pages
		}
		cursor = "&cursor=" + *page.Next
	}
}

func TestNoOfferIsPushedOutOfTheListByManyOthers(t *testing.T) {
	l := newLobby(t)
	token := l.holder("ada@example.com", account)
	l.crowd(250)
	for limit, want := range map[int]int{200: 2, 50: 5, 7: 36} {
		if senders, pages := l.walk(token, limit); len(senders) != 250 || pages != want {
			t.Errorf("by %d: %d offers on %d pages", limit, len(senders), pages)
		}
	}
	for _, wrongly := range []string{"limit=0", "limit=201", "cursor=x"} {
		l.problem(l.as(token, "GET", "/v1/me/transfers?"+wrongly, ""), fault.InvalidValue)
	}
}

func TestWhatACustomerHasDeclinedOrMutedIsNotShownToThemOnAnyDevice(t *testing.T) {
	l := newLobby(t)
	token, other := l.holder("ada@example.com", account), l.holder("eve@example.com", wallet)
	keeper, err := offers.New(l.vault.DB, make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	l.server.people.Offers = keeper
	l.crowd(30)
	one, two := fmt.Sprintf("%032x", 1000), fmt.Sprintf("%032x", 1001)
	does := func(token, method, path string) {
		t.Helper()
		if w := l.as(token, method, path, ""); w.Code != http.StatusNoContent {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	}
	does(token, "PUT", "/v1/me/transfers/"+one+"/refusal")
	does(token, "PUT", "/v1/me/muted-senders/"+two)
	again := *into[SignInProgress](t, l.prove("ada@example.com", "token"), http.StatusOK).Token
	if senders, _ := l.walk(again, 10); len(senders) != 28 || slices.Contains(senders, one) || slices.Contains(senders, two) {
		t.Errorf("in another session: %v", senders)
	}
	if muted := into[MutedSenders](t, l.as(again, "GET", "/v1/me/muted-senders", ""), http.StatusOK); !slices.Equal(muted.Accounts, []string{two}) {
		t.Errorf("%+v", muted)
	}
	if muted := into[MutedSenders](t, l.as(other, "GET", "/v1/me/muted-senders", ""), http.StatusOK); len(muted.Accounts) != 0 {
		t.Errorf("somebody else's: %+v", muted)
	}
	l.problem(l.as(other, "PUT", "/v1/me/transfers/"+one+"/refusal", ""), fault.HoldUnknown)
	l.problem(l.as(token, "PUT", "/v1/me/transfers/"+unknownID+"/refusal", ""), fault.HoldUnknown)
	l.problem(l.as(token, "PUT", "/v1/me/transfers/x/refusal", ""), fault.InvalidValue)
	l.problem(l.as(token, "PUT", "/v1/me/muted-senders/x", ""), fault.InvalidValue)
	for n := range 20 { // Two pages of them: the reader isn't sent through empty pages.
		does(token, "PUT", fmt.Sprintf("/v1/me/muted-senders/%032x", 1000+n))
	}
	if page := into[MyTransfers](t, l.as(token, "GET", "/v1/me/transfers?limit=10", ""), http.StatusOK); len(page.Incoming) != 10 || page.Next != nil {
		t.Errorf("%d offers, next %v", len(page.Incoming), page.Next)
	}
	does(token, "DELETE", "/v1/me/muted-senders/"+two)
	if senders, _ := l.walk(token, 10); len(senders) != 11 || !slices.Contains(senders, two) {
		t.Errorf("taken back: %v", senders)
	}
}
