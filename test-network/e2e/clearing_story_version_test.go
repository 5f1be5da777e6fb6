//go:build network

package e2e

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/client"
)

// oldVersion changes the rate for miles at the hotel from a half to three fifths of a penny. What a wallet signed for the old version is good for it, and for nothing else.
func (s *story) oldVersion(t *testing.T) {
	wallet := newHolder(t, s.consortium, "p256", 1_000_00)
	s.awaitAccount(t, "hotel", wallet.account)
	quoted := atPartner("airline", fields{"kind": "redeem", "account": wallet.account, "points": 40, "amountMinor": 20, "currency": currency, "agreement": 1})
	ask := func(o fields) fields {
		a := ok[asked](t, s.call(t, "hotel", request{method: "POST", path: "/v1/mandates", key: s.key(t, "hotel", "till"), body: fields{"operation": o}}))
		return a.Operation.with(fields{"authorisation": wallet.authorise(t, a)})
	}
	before, other := ask(quoted), ask(quoted.with(fields{"receiptNumber": unique("r")}))
	s.agreeOnMore(t)

	refused(t, s.submit(t, "hotel", other.with(fields{"agreement": 2, "amountMinor": 24})), fault.AuthMismatch)
	if o := ok[operation](t, s.submit(t, "hotel", before)); o.Receipt.Agreement != 1 {
		t.Errorf("done under version %d", o.Receipt.Agreement)
	}
	s.owes(s.first+2, "airline", "hotel", 20*quantity.MicroPerMinor)
	if o := ok[operation](t, s.submit(t, "hotel", ask(quoted.with(fields{"receiptNumber": unique("r"), "agreement": nil, "amountMinor": 24})))); o.Receipt.Agreement != 2 {
		t.Errorf("without a version it is done under %d", o.Receipt.Agreement)
	}
	s.owes(s.first+2, "airline", "hotel", 24*quantity.MicroPerMinor)
	refused(t, s.submit(t, "hotel", ask(quoted.with(fields{"receiptNumber": unique("r"), "agreement": 3}))), fault.OfferUnknown)
	s.requireOwed(t, s.first+2)
}

// agreements are what a member sees that the airline and the hotel have agreed on.
func (s *story) agreements(t *testing.T, member string) client.AgreementList {
	t.Helper()
	ask := request{method: "GET", path: "/v1/clearing/pairs/airline/hotel/agreements", key: s.key(t, member, "treasury-read")}
	return ok[client.AgreementList](t, s.call(t, member, ask))
}

// agreeOnMore has the airline propose the next version of what it has with the hotel, the hotel accept it, and waits until it is in force.
func (s *story) agreeOnMore(t *testing.T) {
	t.Helper()
	const path = "/v1/clearing/pairs/airline/hotel/"
	list := s.agreements(t, "airline")
	next := list.Agreements[len(list.Agreements)-1]
	next.Version++
	side := &next.Sides[0]
	side.Acceptance, side.Offer.Acceptance = quantity.Ratio{Num: 3, Den: 5}, quantity.Ratio{Num: 3, Den: 5}
	for margin := int64(2); ; margin *= 2 { // Seconds for both to say so before the notice begins: a busy machine needs more, and then it is proposed anew.
		next.From = time.Now().Unix() + next.NoticeSeconds + margin
		a := s.call(t, "airline", request{method: "POST", path: path + "agreements", key: s.key(t, "airline", "treasury-write"), body: proposalOf(t, &next)})
		if tooLate(t, a) && margin < longestMargin {
			continue
		}
		made := ok[client.Agreement](t, a)
		var proposed *client.ProposedAgreement
		eventually(t, "the hotel sees the proposal", func() (any, bool) {
			list = s.agreements(t, "hotel")
			proposed = list.Proposed
			return list, proposed != nil && proposed.Agreement.Version == made.Version && proposed.Agreement.From == made.From
		})
		a = s.call(t, "hotel", request{
			method: "POST", path: path + "acceptances", key: s.key(t, "hotel", "treasury-write"), body: fields{"version": made.Version, "hash": proposed.Hash},
		})
		if tooLate(t, a) && margin < longestMargin {
			continue
		}
		ok[answerOnly](t, a)
		break
	}
	eventually(t, "the new version is in force", func() (any, bool) {
		list = s.agreements(t, "hotel")
		return list.InForce, list.InForce == next.Version
	})
}

// longestMargin is how many seconds two brands may take to agree on what both want.
const longestMargin = 64

// tooLate says whether an agreement is refused because too little of its notice is left.
func tooLate(t *testing.T, a answer) bool {
	t.Helper()
	return a.status == fault.Lookup(fault.NoticeTooShort).Status && decode[problem](t, a.body).Code == string(fault.NoticeTooShort)
}

// proposalOf is what a gateway takes as the proposal of an agreement: without what it fills in itself.
func proposalOf(t *testing.T, g *clearing.Agreement) fields {
	t.Helper()
	body := decode[fields](t, []byte(document(t, g)))
	for _, given := range []string{"v", "salt", "a", "b"} {
		delete(body, given)
	}
	for _, side := range body["sides"].([]any) {
		offer := side.(map[string]any)["offer"].(map[string]any)
		delete(offer, "version")
		delete(offer, "from")
	}
	return body
}
