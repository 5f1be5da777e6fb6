package consent

import (
	"context"
	"database/sql"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Limits of surveys.
const (
	MaxQuestions   = 32
	MaxSurveys     = 100 // That are open at the same time.
	maxSurveyWords = 1024
	maxSurveyID    = 24 // With its prefix it is the tag of an event.
)

var surveyForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Survey is what a brand asks its customers. Kinds and choices of the answers are those of the attributes in the data policy; answers are the customer's attributes,
// under the customer's control as all others.
type Survey struct {
	ID        string            `json:"id"`
	Title     map[string]string `json:"title"`   // By language (BCP 47).
	Purpose   string            `json:"purpose"` // A code of the data policy: what the answers are for.
	Questions []SurveyQuestion  `json:"questions"`
	From      time.Time         `json:"from"`
	Until     time.Time         `json:"until"`
	Rewarded  bool              `json:"rewarded"` // An event of type survey with the tag survey:<id> goes to the customer's account once; the rules in force say what it gives.
}

// SurveyQuestion is one question.
type SurveyQuestion struct {
	Attribute string            `json:"attribute"`        // Begins with vault.CustomPrefix.
	Words     map[string]string `json:"words"`            // By language.
	Labels    privacy.Labels    `json:"labels,omitempty"` // Of the answers, in place of the data policy's.
	Required  bool              `json:"required"`
}

// validate returns INVALID_VALUE unless the survey has its form and the policy declares what it asks for.
func (s *Survey) validate(policy *privacy.Policy) error {
	if !surveyForm.MatchString(s.ID) || len(s.ID) > maxSurveyID {
		return fault.New(fault.InvalidValue, "id: lower-case words joined by hyphens, at most %d bytes", maxSurveyID)
	}
	if !policy.HasPurpose(s.Purpose) {
		return fault.New(fault.InvalidValue, "purpose: the data policy in force has no such purpose")
	}
	if !s.Until.After(s.From) {
		return fault.New(fault.InvalidValue, "until: must lie after from")
	}
	if len(s.Questions) == 0 || len(s.Questions) > MaxQuestions {
		return fault.New(fault.TooLarge, "questions: 1 to %d", MaxQuestions)
	}
	if err := validSurveyWords("title", s.Title); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, q := range s.Questions {
		if !strings.HasPrefix(q.Attribute, vault.CustomPrefix) || seen[q.Attribute] || policy.Attribute(q.Attribute) == nil {
			return fault.New(fault.InvalidValue, "questions: each is about another attribute %s..., which the data policy in force declares", vault.CustomPrefix)
		}
		seen[q.Attribute] = true
		if err := policy.Attribute(q.Attribute).CheckLabels(q.Labels); err != nil {
			return err
		}
		if err := validSurveyWords("words", q.Words); err != nil {
			return err
		}
	}
	return nil
}

func validSurveyWords(field string, words map[string]string) error {
	if len(words) == 0 || len(words) > privacy.MaxPolicyLanguages {
		return fault.New(fault.InvalidValue, "%s: in 1 to %d languages", field, privacy.MaxPolicyLanguages)
	}
	for _, text := range words {
		if text == "" || len(text) > maxSurveyWords {
			return fault.New(fault.InvalidValue, "%s: 1 to %d bytes", field, maxSurveyWords)
		}
	}
	return nil
}

// PublishSurvey opens a survey. It is never changed: the same again is no error, another under its id is ALREADY_EXISTS.
func (k *Keeper) PublishSurvey(ctx context.Context, s Survey) error {
	current, err := k.Policy(ctx)
	if err != nil {
		return err
	}
	if err := s.validate(&current.Policy); err != nil {
		return err
	}
	s.From, s.Until = s.From.UTC().Truncate(time.Second), s.Until.UTC().Truncate(time.Second)
	document, err := json.Marshal(s)
	if err != nil {
		return fault.New(fault.Internal, "a survey can't be encoded: %v", err)
	}
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		var before []byte
		found, err := tx.QueryRow("SELECT document FROM surveys WHERE id = ?", []any{s.ID}, &before)
		if err != nil || found && slices.Equal(before, document) {
			return err
		}
		if found {
			return fault.New(fault.AlreadyExists, "another survey has this id")
		}
		var open int
		if _, err := tx.QueryRow("SELECT COUNT(*) FROM surveys WHERE ends > ?", []any{k.now().UnixMilli()}, &open); err != nil {
			return err
		}
		if open >= MaxSurveys {
			return fault.New(fault.Limit, "at most %d surveys are open or to come", MaxSurveys)
		}
		_, err = tx.Exec("INSERT INTO surveys (id, document, starts, ends) VALUES (?, ?, ?, ?)", s.ID, document, s.From.UnixMilli(), s.Until.UnixMilli())
		return err
	})
}

// CloseSurvey ends a survey now; answers stay the customers'. NOT_FOUND when there is none.
func (k *Keeper) CloseSurvey(ctx context.Context, id string) error {
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		var there string
		found, err := tx.QueryRow("UPDATE surveys SET ends = MIN(ends, ?) WHERE id = ? RETURNING id", []any{k.now().UnixMilli(), id}, &there)
		if err == nil && !found {
			return fault.New(fault.NotFound, "there is no such survey")
		}
		return err
	})
}

// OpenSurvey is a survey as a customer sees it.
type OpenSurvey struct {
	Survey   Survey
	Schemas  []privacy.AttributeSchema // Of the questions, in their order.
	Answered time.Time                 // Zero before.
}

// Surveys lists the open surveys, those that the person has answered too. An empty person has answered none.
func (k *Keeper) Surveys(ctx context.Context, person string) ([]OpenSurvey, error) {
	current, err := k.Policy(ctx)
	if err != nil {
		return nil, err
	}
	now := k.now().UnixMilli()
	rows, err := k.db.Reader().QueryContext(ctx, `SELECT s.document, COALESCE(a.at, 0) FROM surveys s
		LEFT JOIN survey_answers a ON a.survey = s.id AND a.person = ? AND a.step <> 'answering' WHERE s.starts <= ? AND s.ends > ? ORDER BY s.id`, person, now, now)
	return sqlite.Collect(rows, err, func(row *sql.Rows) (o OpenSurvey, err error) {
		var document []byte
		if err := row.Scan(&document, (*timeColumn)(&o.Answered)); err != nil {
			return o, sqlite.Failed(err)
		}
		if err := json.Unmarshal(document, &o.Survey); err != nil {
			return o, fault.New(fault.Internal, "a survey in people.db can't be read: %v", err)
		}
		for _, q := range o.Survey.Questions {
			if schema := current.Policy.Attribute(q.Attribute); schema != nil {
				o.Schemas = append(o.Schemas, *schema)
			}
		}
		return o, nil
	})
}
