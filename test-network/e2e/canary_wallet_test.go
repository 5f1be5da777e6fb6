//go:build network

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
)

// story is a text of a customer's own in which everything about them stands.
func (g *guest) story() string {
	return fmt.Sprintf("I am %s, born %s. Ring %s or write to %s; my card is %s.", g.name, g.birthday, g.phone, g.email, g.card)
}

// shows is what a till sees of an answer that names nobody: it is looked through whatever its status is.
func (p *party) shows(a answer) answer {
	p.answers = append(p.answers, a)
	return a
}

// answersSurvey has guests answer a rewarded survey in free text.
func (p *party) answersSurvey(t *testing.T, guests ...*visitor) {
	t.Helper()
	words := fields{"en": "Tell us about yourself."}
	rules := fields{
		"v": 1, "version": 1, "effective": p.businessDate(t, "airline"), "zone": "Europe/London", "minorPerUnit": 100,
		"prose": fields{"en": "A mile for every pound, seven for an answer."},
		"rules": []fields{
			{"id": "base", "types": []string{"purchase"}, "action": fields{"rate": fields{"num": 1, "den": 100}, "rounding": "floor"}},
			{"id": "asked", "types": []string{"survey"}, "action": fields{"fixed": surveyReward}},
		},
	}
	operator := p.key(t, "airline", "operator")
	ok[fields](t, p.call(t, "airline", request{method: "POST", path: "/v1/programmes/airline/rule-sets", key: operator, idempotency: unique("rules"), body: rules}))
	hour := func(n time.Duration) string { return time.Now().Add(n * time.Hour).UTC().Format(time.RFC3339) }
	survey := fields{
		"id": "about-you", "title": words, "purpose": "stay", "from": hour(-1), "until": hour(1), "rewarded": true,
		"questions": []fields{{"attribute": "custom.story", "words": words, "required": true}, {"attribute": "custom.diet", "words": words, "required": false}},
	}
	ok[fields](t, p.call(t, "airline", request{method: "POST", path: "/v1/surveys", key: operator, body: survey}))
	for _, v := range guests {
		before := p.position(t, "airline", v.g.account).Posted
		shown := ok[client.MySurveys](t, v.call("GET", "/v1/me/surveys", nil))
		answers := fields{
			"policy": shown.Policy.Version, "policyHash": shown.Policy.Hash, "language": "en",
			"answers": fields{"custom.story": v.g.story(), "custom.diet": "whatever " + v.g.name + " cooks"},
		}
		for _, wrong := range []fields{
			{"answers": fields{v.g.email: v.g.phone}}, {"answers": fields{"custom." + v.g.card: v.g.name}}, {"answers": fields{"custom.story": strings.Repeat(v.g.story(), 30)}},
			{"answers": fields{"custom.story": v.g.story() + "\x00"}}, {"language": v.g.email[:20]}, {"policyHash": v.g.card},
		} {
			if a := v.call("POST", "/v1/me/surveys/about-you/answers", answers.with(wrong)); a.status < http.StatusBadRequest {
				t.Errorf("%v is taken: %d", wrong, a.status)
			}
		}
		v.succeeds("POST", "/v1/me/surveys/about-you/answers", answers)
		v.refused(fault.AlreadyExists, "POST", "/v1/me/surveys/about-you/answers", answers)
		until(t, "the survey's reward", func() bool { return p.position(t, "airline", v.g.account).Posted == before+surveyReward })
	}
}

// surveyReward is what the rules give for an answered survey, in points.
const surveyReward = 7

// agreed has the customer consent in the wallet to the hotel's reading all that is shared, and the hotel read it at its own gateway.
func (p *party) agreed(t *testing.T, v *visitor) myConsent {
	t.Helper()
	wish := fields{
		"grantee": "hotel", "attributes": []string{"name", "phone", "email", "custom.story"}, "purpose": "stay", "language": "en",
		"until": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	}
	for _, wrong := range []fields{
		{"grantee": v.g.phone}, {"attributes": []string{v.g.name}}, {"attributes": []string{"custom." + v.g.card}}, {"purpose": v.g.card}, {"until": v.g.email},
		{"language": v.g.email[:20]}, {"account": v.g.card},
	} {
		if a := v.call("POST", "/v1/me/consents/preparations", wish.with(wrong)); a.status < http.StatusBadRequest {
			t.Errorf("%v is prepared: %d", wrong, a.status)
		}
	}
	prepared := ok[struct{ Body json.RawMessage }](t, v.call("POST", "/v1/me/consents/preparations", wish))
	given := ok[myConsent](t, v.call("POST", "/v1/me/consents", fields{"body": prepared.Body}))
	var read sharedValues
	untilDone(t, "the hotel reads what is shared with it", func() error {
		a := p.hotelReads(t, given.Consent)
		if a.status != http.StatusOK || len(decode[sharedValues](t, a.body).Values) < 4 {
			return a.unexpected()
		}
		return nil
	})
	v.succeeds("PATCH", "/v1/me/profile", fields{"set": []fields{{"name": "custom.story", "value": "Changed: " + v.g.story()}}})
	untilDone(t, "the hotel reads what was changed", func() error {
		a := p.hotelReads(t, given.Consent)
		if a.status != http.StatusOK {
			return a.unexpected()
		}
		read = decode[sharedValues](t, a.body)
		if len(read.Values) < 4 || !slices.Contains(read.Values, struct{ Attribute, Value string }{"custom.story", "Changed: " + v.g.story()}) {
			return a.unexpected()
		}
		return nil
	})
	for _, want := range []string{v.g.name, v.g.phone, v.g.email} {
		if !slices.ContainsFunc(read.Values, func(one struct{ Attribute, Value string }) bool { return one.Value == want }) {
			t.Errorf("the hotel doesn't read %s, only %+v", want, read)
		}
	}
	reading := fields{"owner": "airline", "purpose": "stay"}
	for _, wrong := range []fields{{"purpose": v.g.card}, {"owner": v.g.phone}, {"attributes": []string{v.g.name}}, {v.g.email: v.g.name}} {
		p.keep(p.call(t, "hotel", request{method: "POST", path: "/v1/shared/" + given.Consent, key: p.key(t, "hotel", "customers"), body: reading.with(wrong)}))
	}
	if a := p.keep(p.call(t, "grocer", request{method: "POST", path: "/v1/shared/" + given.Consent, key: p.key(t, "grocer", "customers"), body: reading})); a.status == http.StatusOK {
		t.Errorf("the grocer, to whom nobody has consented, reads %s", a.body)
	}
	p.shows(p.call(t, "hotel", request{method: "GET", path: "/v1/shared?owner=airline", key: p.key(t, "hotel", "customers")}))
	if log := v.succeeds("GET", "/v1/me/access-log", nil); !bytes.Contains(log.body, []byte("partner/hotel")) {
		t.Errorf("the customer's access log is %s", log.body)
	}
	v.succeeds("GET", "/v1/me/consents/"+given.Consent+"/receipt", nil)
	v.succeeds("GET", "/v1/me/export", nil)
	return v.settled(given)
}

// settled waits until nothing of a consent is on its way.
func (v *visitor) settled(of myConsent) myConsent {
	v.t.Helper()
	until(v.t, "a consent to be carried out", func() bool {
		of = ok[myConsent](v.t, v.call("GET", "/v1/me/consents/"+of.Consent, nil))
		return of.Complete
	})
	return of
}

// objects has the hotel ask for a freeze of a guest's account, the airline agree, and the guest object in words of their own; the airline answers in words that repeat them.
func (p *party) objects(t *testing.T, v *visitor) {
	t.Helper()
	compliance, end := p.key(t, "airline", "compliance"), time.Now().Add(time.Hour).Unix()
	asked := fields{"id": randomHex(16), "account": v.g.account, "reason": "fraud", "evidence": randomHex(32), "until": end}
	freezes := request{method: "POST", path: "/v1/programmes/airline/freezes", key: p.key(t, "hotel", "compliance"), body: asked}
	for _, wrong := range []fields{{"reason": v.g.name}, {"evidence": v.g.story()}, {"account": v.g.phone}, {"id": v.g.card}, {v.g.email: v.g.email}} {
		freezes.body = asked.with(wrong)
		if a := p.keep(p.call(t, "hotel", freezes)); a.status < http.StatusBadRequest {
			t.Errorf("%v is asked: %d", wrong, a.status)
		}
	}
	freezes.body = asked
	p.shows(p.call(t, "hotel", freezes))
	decision := request{method: "POST", path: fmt.Sprintf("/v1/programmes/airline/freezes/%s/decisions", asked["id"]), key: compliance, body: fields{"declined": v.g.name}}
	p.keep(p.call(t, "airline", decision))
	decision.body = fields{"until": end}
	untilDone(t, "the airline decides on the freeze", func() error {
		if a := p.shows(p.call(t, "airline", decision)); a.status != http.StatusOK {
			return a.unexpected()
		}
		return nil
	})
	var notice client.Notice
	until(t, "the customer is told of the freeze", func() bool {
		list := ok[client.NoticeList](t, v.call("GET", "/v1/me/notices", nil)).Notices
		i := slices.IndexFunc(list, func(n client.Notice) bool { return n.Kind == "FROZEN" })
		if i >= 0 {
			notice = list[i]
		}
		return i >= 0
	})
	objections := "/v1/me/notices/" + notice.Id + "/objections"
	long := strings.Repeat(v.g.story(), 30)
	for _, wrong := range []any{fields{"words": long}, fields{"words": ""}, fields{v.g.email: v.g.name}, []byte(`{"words":"` + v.g.story())} {
		if a := v.call("POST", objections, wrong); a.status < http.StatusBadRequest {
			t.Errorf("%.60v is taken: %d", wrong, a.status)
		}
	}
	v.succeeds("POST", objections, fields{"words": "It was me. " + v.g.story()})
	v.refused(fault.AlreadyExists, "POST", objections, fields{"words": v.g.story()})
	var filed client.FiledObjection
	until(t, "the objection stands on the ledger", func() bool {
		list := ok[client.ObjectionList](t, p.call(t, "airline", request{method: "GET", path: "/v1/compliance/objections", key: compliance})).Objections
		if len(list) == 1 {
			filed = list[0]
		}
		return len(list) == 1 && filed.Recorded
	})
	if !strings.Contains(filed.Words, v.g.phone) {
		t.Errorf("compliance reads %q", filed.Words)
	}
	answering := request{method: "POST", path: "/v1/compliance/objections/" + filed.Id + "/answers", key: compliance}
	for _, wrong := range []fields{{"outcome": v.g.name, "words": v.g.story()}, {"outcome": "UPHELD", "words": long}, {"outcome": "UPHELD", "words": "x", v.g.email: 1}} {
		answering.body = wrong
		if a := p.keep(p.call(t, "airline", answering)); a.status < http.StatusBadRequest {
			t.Errorf("%.60v is taken: %d", wrong, a.status)
		}
	}
	answering.body = fields{"outcome": "UPHELD", "words": "Of course. " + v.g.story()}
	if a := p.call(t, "airline", answering); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	until(t, "the account is unfrozen", func() bool {
		list := ok[client.NoticeList](t, v.call("GET", "/v1/me/notices", nil)).Notices
		return slices.ContainsFunc(list, func(n client.Notice) bool { return n.Kind == "UNFROZEN" })
	})
	for _, member := range []string{"airline", "hotel", "grocer"} {
		p.shows(p.call(t, member, request{method: "GET", path: "/v1/programmes/airline/freezes", key: p.key(t, member, "read")}))
	}
}

// recognised has tills of the hotel's find a guest by code, and by a challenge that is answered by e-mail, by text message and in the wallet. What the tills see names nobody.
func (p *party) recognised(t *testing.T, v *visitor) {
	t.Helper()
	till := func(path string, body fields) answer {
		body = fields{"store": "main-street", "terminal": "till-1"}.with(body)
		return p.shows(p.call(t, "hotel", request{method: "POST", path: path, key: p.key(t, "hotel", "till"), header: p.told(v.g), body: body}))
	}
	type known struct{ Programme, Account, Status string }
	code := ok[struct{ Code string }](t, v.call("POST", "/v1/me/identification-codes", fields{})).Code
	if got := ok[known](t, till("/v1/identifications", fields{"code": code})); got.Account != v.g.account {
		t.Errorf("the code stands for %+v", got)
	}
	refused(t, till("/v1/identifications", fields{"code": code}), fault.CodeUnknown)
	type challenge struct{ ID string }
	ask := func(kind, value string) (id string) {
		return ok[challenge](t, till("/v1/challenges", fields{"programme": "airline", "kind": kind, "value": value})).ID
	}
	answers := func(id string, body fields) answer {
		return till("/v1/challenges/"+id+"/answers", fields{"programme": "airline"}.with(body))
	}
	byMail := ask("email", v.g.email)
	refused(t, answers(byMail, fields{"code": "000000"}), fault.CodeWrong)
	answers(byMail, fields{"code": v.g.phone[1:7]})
	answers(byMail, fields{"code": v.g.card[:6], v.g.email: v.g.phone})
	confirms := func(id, pin string) {
		if got := ok[known](t, answers(id, fields{"code": pin})); got.Status != "confirmed" || got.Account != v.g.account {
			t.Errorf("the challenge gives %+v", got)
		}
	}
	// One question after the other: messages of several overtake each other, and each has a code.
	confirms(byMail, p.mail.next(t, v.g.email, sixDigits))
	confirms(ask("phone", v.g.phone), p.nextText(t, v.g.phone, sixDigits))
	byCard := ask("card", v.g.card)
	until(t, "the question in the wallet", func() bool {
		list := ok[struct{ Challenges []challenge }](t, v.call("GET", "/v1/me/challenges", nil)).Challenges
		return slices.Contains(list, challenge{byCard})
	})
	v.succeeds("PUT", "/v1/me/challenges/"+byCard+"/decision", fields{"agree": true})
	if got := ok[known](t, answers(byCard, nil)); got.Account != v.g.account {
		t.Errorf("what was agreed in the wallet gives %+v", got)
	}
	for _, nobody := range []string{p.nobody.email, strings.ToUpper(p.nobody.email)} {
		answers(ask("email", nobody), fields{"code": "123456"})
	}
}
