package consent

import (
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

func testSurvey() Survey {
	words := map[string]string{"en": "What do you eat?"}
	return Survey{
		ID: "diet", Title: words, Purpose: "research", From: begin, Until: begin.Add(time.Hour), Rewarded: true,
		Questions: []SurveyQuestion{{Attribute: "custom.diet", Words: words, Required: true}},
	}
}

func (w *world) answers(value string) Answers {
	w.t.Helper()
	p, err := w.Policy(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return Answers{Survey: "diet", Policy: 1, PolicyHash: p.Hash, Language: "en", Values: map[string]string{"custom.diet": value}}
}

func TestASurveyIsAnsweredOnceAndRewardedOnce(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		if err := w.PublishSurvey(t.Context(), testSurvey()); err != nil {
			t.Fatal(err)
		}
	}
	open, err := w.Surveys(t.Context(), alice)
	if err != nil || len(open) != 1 || !open[0].Answered.IsZero() || len(open[0].Schemas) != 1 {
		t.Fatalf("%+v (%v)", open, err)
	}
	if err := w.Answer(t.Context(), alice, w.answers("bad")); fault.CodeOf(err) != fault.InvalidValue || len(w.rewards) != 0 {
		t.Errorf("an answer that doesn't fit: %v, rewards %v", err, w.rewards)
	}
	w.owing = fault.New(fault.LedgerUnavailable, "later")
	if err := w.Answer(t.Context(), alice, w.answers("vegan")); err != nil {
		t.Fatal(err)
	}
	w.owing = nil
	w.work(t.Context())
	w.work(t.Context())
	if len(w.rewards) != 1 || !strings.HasPrefix(w.rewards[0], "diet ") {
		t.Errorf("rewards %v", w.rewards)
	}
	if err := w.Answer(t.Context(), alice, w.answers("steak")); fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("answered twice: %v", err)
	}
	if open, err := w.Surveys(t.Context(), alice); err != nil || !open[0].Answered.Equal(begin) {
		t.Errorf("%+v (%v)", open, err)
	}
	if open, err := w.Surveys(t.Context(), bob); err != nil || !open[0].Answered.IsZero() {
		t.Errorf("somebody else's: %+v (%v)", open, err)
	}
}

func TestAnswersAreSharedAndTakenBackLikeAllAttributes(t *testing.T) {
	w := newWorld(t)
	request := wish()
	request.Attributes = []string{"custom.diet"}
	v, err := w.Grant(t.Context(), alice, w.agree(request))
	if err != nil {
		t.Fatal(err)
	}
	id := v.Signed.Body.ID
	if err := w.PublishSurvey(t.Context(), testSurvey()); err != nil {
		t.Fatal(err)
	}
	if err := w.Answer(t.Context(), alice, w.answers("vegan")); err != nil {
		t.Fatal(err)
	}
	if values, err := w.read(id); err != nil || len(values) != 1 || values[0] != (Value{"custom.diet", "vegan"}) {
		t.Errorf("read %v (%v)", values, err)
	}
	if _, err := w.Withdraw(t.Context(), alice, id); err != nil || len(w.held(id)) != 0 {
		t.Errorf("copies of %v (%v)", w.held(id), err)
	}
}

func TestASurveyThatCantBeAskedIsRefused(t *testing.T) {
	w := newWorld(t)
	for name, spoil := range map[string]func(*Survey){
		"no id":                   func(s *Survey) { s.ID = "Not An Id" },
		"an unknown purpose":      func(s *Survey) { s.Purpose = "spying" },
		"no question":             func(s *Survey) { s.Questions = nil },
		"the same question twice": func(s *Survey) { s.Questions = append(s.Questions, s.Questions[0]) },
		"a built-in attribute":    func(s *Survey) { s.Questions[0].Attribute = "name" },
		"an undeclared attribute": func(s *Survey) { s.Questions[0].Attribute = "custom.other" },
		"a time that ends first":  func(s *Survey) { s.Until = s.From },
		"no title":                func(s *Survey) { s.Title = nil },
		"a label for no choice": func(s *Survey) {
			s.Questions[0].Labels = privacy.Labels{"vegan": {"en": "Plants"}}
		},
		"a question without words": func(s *Survey) { s.Questions[0].Words = map[string]string{"en": ""} },
	} {
		s := testSurvey()
		spoil(&s)
		if err := w.PublishSurvey(t.Context(), s); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if err := w.PublishSurvey(t.Context(), testSurvey()); err != nil {
		t.Fatal(err)
	}
	other := testSurvey()
	other.Until = other.Until.Add(time.Hour)
	if err := w.PublishSurvey(t.Context(), other); fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("another one under its id: %v", err)
	}
	for name, spoil := range map[string]func(*Answers){
		"an answer to no question": func(a *Answers) { a.Values["custom.other"] = "x" },
		"no answer":                func(a *Answers) { a.Values = nil },
		"another policy":           func(a *Answers) { a.Policy = 2 },
		"a language not spoken":    func(a *Answers) { a.Language = "fr" },
	} {
		a := w.answers("vegan")
		spoil(&a)
		if err := w.Answer(t.Context(), alice, a); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.CloseSurvey(t.Context(), "diet"); err != nil {
		t.Fatal(err)
	}
	if err := w.Answer(t.Context(), alice, w.answers("vegan")); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("a closed survey: %v", err)
	}
	if err := w.CloseSurvey(t.Context(), "other"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("closing what isn't there: %v", err)
	}
}

func TestMergedPersonsHaveBothsConsentsAndAnswers(t *testing.T) {
	w := newWorld(t)
	id := w.grant()
	if err := w.PublishSurvey(t.Context(), testSurvey()); err != nil {
		t.Fatal(err)
	}
	for _, person := range []string{alice, bob} {
		if err := w.Answer(t.Context(), person, w.answers("vegan")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.db.Write(t.Context(), func(tx *sqlite.Tx) error { return Merge(tx, bob, alice) }); err != nil {
		t.Fatal(err)
	}
	if list, err := w.List(t.Context(), bob); err != nil || len(list) != 1 || list[0].Signed.Body.ID != id {
		t.Errorf("%+v (%v)", list, err)
	}
	var n int
	if err := w.db.Reader().QueryRow("SELECT COUNT(*) FROM survey_answers").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d answers (%v)", n, err)
	}
}
