package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/consent"
	"github.com/tallystick/tallystick/gateway/people/lookup"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// diary is consents as customers deal with them: it keeps who asked for what.
type diary struct {
	grants
	person    string
	wish      consent.Wish
	agreement consent.Agreement
	answers   consent.Answers
	ended     privacy.EndReason
}

func (d *diary) body() privacy.ConsentBody {
	return privacy.ConsentBody{
		V: 1, Salt: hash, ID: privacy.ConsentID(hexOf("consent")), Account: account, Brand: "airline", Grantee: "hotel", Attributes: []string{"name"}, Purpose: "stay",
		From: 1_800_000_000, Until: 1_800_086_400, Given: 1_800_000_000, Policy: 1, Language: "en", Method: privacy.MethodPasskey,
	}
}

func (d *diary) view() consent.View {
	v := consent.View{Signed: privacy.SignedConsent{Body: d.body()}, Recipient: "Hotel Stars", InForce: d.ended == "", Complete: true, Ended: d.ended}
	if d.ended != "" {
		v.EndedAt = time.Unix(1_800_000_100, 0).UTC()
	}
	return v
}

func (d *diary) Prepare(_ context.Context, person string, w consent.Wish) (consent.Prepared, error) {
	d.person, d.wish = person, w
	return consent.Prepared{
		Body: d.body(), Canonical: []byte("{}"), Digest: make([]byte, 32), Notice: consent.Notice{Language: "en", Text: "words", Hash: hash}, Controller: points.ControllerWebAuthn, Party: "localhost",
	}, nil
}

func (d *diary) Grant(_ context.Context, person string, a consent.Agreement) (consent.View, error) {
	d.person, d.agreement = person, a
	return d.view(), nil
}

func (d *diary) Withdraw(_ context.Context, person string, _ privacy.ConsentID) (consent.View, error) {
	d.person, d.ended = person, privacy.EndWithdrawn
	return d.view(), nil
}

func (d *diary) List(_ context.Context, person string) ([]consent.View, error) {
	d.person = person
	return []consent.View{d.view()}, nil
}

func (d *diary) Get(_ context.Context, person string, id privacy.ConsentID) (consent.View, error) {
	if string(id) != hexOf("consent") {
		return consent.View{}, fault.New(fault.NotFound, "there is no such consent")
	}
	d.person = person
	return d.view(), nil
}

func (d *diary) Receipt(_ context.Context, person string, id privacy.ConsentID) (consent.Receipt, error) {
	d.person = person
	return consent.Receipt{Schema: consent.ReceiptSchema, Record: id}, nil
}

func (d *diary) Policy(context.Context) (consent.Published, error) {
	return consent.Published{Policy: privacy.Policy{V: 1, Version: 1, Prose: map[string]string{"en": "words"}, Purposes: []privacy.Purpose{}}, Hash: hash}, nil
}

func (d *diary) Grantees(context.Context) ([]consent.Party, error) {
	return []consent.Party{{ID: "hotel", Name: "Hotel Stars"}}, nil
}

func (d *diary) Surveys(_ context.Context, person string) ([]consent.OpenSurvey, error) {
	d.person = person
	words := map[string]string{"en": "What do you eat?"}
	survey := consent.Survey{ID: "diet", Title: words, Purpose: "research", Questions: []consent.SurveyQuestion{{Attribute: "custom.diet", Words: words}}}
	return []consent.OpenSurvey{{Survey: survey, Schemas: []privacy.AttributeSchema{{Name: "custom.diet", Kind: privacy.KindText, MaxBytes: 100, Words: words}}}}, nil
}

func (d *diary) Answer(_ context.Context, person string, a consent.Answers) error {
	d.person, d.answers = person, a
	return nil
}

// room is a lobby with consents, and a customer who is signed in.
type room struct {
	*lobby
	diary  *diary
	token  string
	person string
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{lobby: newLobby(t), diary: &diary{}}
	r.server.people.Consents = r.diary
	r.token = r.register("ada@canary.example")
	person, err := r.vault.Find(t.Context(), vault.Identifier{Kind: vault.Email, Value: "ada@canary.example"})
	if err != nil {
		t.Fatal(err)
	}
	r.person = string(person)
	return r
}

func TestACustomerGivesAndWithdrawsAConsent(t *testing.T) {
	r := newRoom(t)
	prepared := into[PreparedConsent](t, r.as(r.token, "POST", "/v1/me/consents/preparations",
		`{"grantee":"hotel","attributes":["name"],"purpose":"stay","until":"2027-01-16T08:00:00Z","language":"en"}`), http.StatusOK)
	if prepared.Notice.Text != "words" || !prepared.Signed || prepared.Challenge == nil || len(*prepared.Challenge) != 43 || *prepared.RelyingParty != "localhost" {
		t.Errorf("%+v", prepared)
	}
	if w := r.diary.wish; r.diary.person != r.person || w.Grantee != "hotel" || w.Purpose != "stay" || w.Until.Unix() != 1_800_086_400 || !w.From.IsZero() {
		t.Errorf("%s wishes %+v", r.diary.person, w)
	}
	agreement := fields{"body": prepared.Body, "signature": strings.Repeat("A", 86), "webauthn": fields{"authenticatorData": "AA", "clientDataJSON": "e30"}}
	given := into[MyConsent](t, r.as(r.token, "POST", "/v1/me/consents", agreement.String()), http.StatusOK)
	if !given.InForce || !given.Complete || given.Recipient != "Hotel Stars" || given.Ended != nil {
		t.Errorf("%+v", given)
	}
	if a := r.diary.agreement; a.WebAuthn == nil || a.Authentication != nil || a.Body.ID != prepared.Body.ID {
		t.Errorf("%+v", a)
	}
	withdrawn := into[MyConsent](t, r.as(r.token, "DELETE", "/v1/me/consents/"+given.Consent, ""), http.StatusOK)
	if withdrawn.InForce || withdrawn.Ended == nil || *withdrawn.Ended != "withdrawn" || withdrawn.EndedAt == nil {
		t.Errorf("%+v", withdrawn)
	}
	list := into[MyConsents](t, r.as(r.token, "GET", "/v1/me/consents", ""), http.StatusOK)
	if len(list.Consents) != 1 || list.Grantees[0].Name != "Hotel Stars" || list.Policy == nil || list.Policy.Hash != hash {
		t.Errorf("%+v", list)
	}
	receipt := into[consent.Receipt](t, r.as(r.token, "GET", "/v1/me/consents/"+given.Consent+"/receipt", ""), http.StatusOK)
	if receipt.Schema != consent.ReceiptSchema || string(receipt.Record) != given.Consent {
		t.Errorf("%+v", receipt)
	}
	r.problem(r.as(r.token, "GET", "/v1/me/consents/"+hexOf("another"), ""), fault.NotFound)
}

// An account in custody agrees by the session: how its customer was recognised, and when, goes into the consent; what opens the session doesn't.
func TestTheSessionStandsForTheSignatureOfACustomerInCustody(t *testing.T) {
	r := newRoom(t)
	into[MyConsent](t, r.as(r.token, "POST", "/v1/me/consents", fields{"body": r.diary.body()}.String()), http.StatusOK)
	a := r.diary.agreement.Authentication
	if a == nil || a.Method != "session-code" || !hashForm.MatchString(a.Challenge) || time.Since(time.Unix(a.At, 0)) > time.Minute {
		t.Errorf("%+v", a)
	}
	r.age(time.Hour)
	r.problem(r.as(r.token, "POST", "/v1/me/consents", fields{"body": r.diary.body()}.String()), fault.StepUpRequired)
}

func TestACustomerAnswersSurveysAndReadsTheLog(t *testing.T) {
	r := newRoom(t)
	surveys := into[MySurveys](t, r.as(r.token, "GET", "/v1/me/surveys", ""), http.StatusOK)
	if len(surveys.Surveys) != 1 || surveys.Surveys[0].Answered != nil || len(surveys.Surveys[0].Attributes) != 1 {
		t.Errorf("%+v", surveys)
	}
	w := r.as(r.token, "POST", "/v1/me/surveys/diet/answers", `{"policy":1,"policyHash":"`+hash+`","language":"en","answers":{"custom.diet":"vegan"}}`)
	if w.Code != http.StatusNoContent || r.diary.person != r.person || r.diary.answers.Survey != "diet" || r.diary.answers.Values["custom.diet"] != "vegan" {
		t.Errorf("%d %s: %+v", w.Code, w.Body, r.diary.answers)
	}
	if err := r.vault.Record(t.Context(), vault.PersonID(r.person), vault.Reading, vault.Access{Actor: "partner/hotel", Purpose: "stay"}, []string{"name"}); err != nil {
		t.Fatal(err)
	}
	log := into[MyAccessLog](t, r.as(r.token, "GET", "/v1/me/access-log?limit=1", ""), http.StatusOK)
	if len(log.Lines) != 1 || log.Lines[0].Actor != "partner/hotel" || log.Lines[0].Purpose != "stay" || log.Lines[0].Attributes[0] != "name" || log.Next == nil {
		t.Errorf("%+v", log)
	}
}

func TestACustomersWalletShowsCodesAndAnswersTills(t *testing.T) {
	r := newRoom(t)
	desk := lookup.New(lookup.Settings{
		Programme: "airline", DB: r.vault.DB, People: lookup.OverVault(r.vault.Vault, "airline", ""), Messenger: &post{make(chan lookup.Message, 1)}, Keyed: hexOf, Log: slog.New(slog.DiscardHandler),
	})
	r.server.people.Desk = desk
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = desk.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	if err := r.vault.Link(t.Context(), vault.PersonID(r.person), "airline", wallet); err != nil {
		t.Fatal(err)
	}
	code := into[IdentificationCode](t, r.as(r.token, "POST", "/v1/me/identification-codes", `{"programme":"airline"}`), http.StatusOK)
	if !strings.HasPrefix(code.Code, lookup.CodePrefix) || !strings.HasPrefix(code.Qr, "data:image/png;base64,") || time.Until(code.Until) > lookup.CodeSeconds*time.Second {
		t.Errorf("%+v", code)
	}
	r.problem(r.as(r.token, "POST", "/v1/me/identification-codes", `{"programme":"hotel"}`), fault.InvalidValue)
	asked, err := desk.Challenge(t.Context(), lookup.Asker{Partner: "hotel", Name: "Hotel Stars", Store: "s", Terminal: "t"}, lookup.Question{Kind: "email", Value: "ada@canary.example"})
	if err != nil {
		t.Fatal(err)
	}
	var list MyChallenges
	for len(list.Challenges) == 0 { // Until the customer is found.
		list = into[MyChallenges](t, r.as(r.token, "GET", "/v1/me/challenges", ""), http.StatusOK)
	}
	if one := list.Challenges[0]; one.Id != asked.ID || one.Name != "Hotel Stars" || one.Merchant != "hotel" {
		t.Errorf("%+v", one)
	}
	if w := r.as(r.token, "PUT", "/v1/me/challenges/"+asked.ID+"/decision", `{"agree":true}`); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	r.problem(r.as(r.token, "PUT", "/v1/me/challenges/"+asked.ID+"/decision", `{"agree":false}`), fault.NotFound)
	if got, err := desk.Answer(t.Context(), lookup.Asker{Partner: "hotel"}, asked.ID, ""); err != nil || got.Status != lookup.Confirmed {
		t.Errorf("%+v (%v)", got, err)
	}
}
