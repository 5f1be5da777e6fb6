package consent

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

const maxRewardsAtOnce = 100

// Answers are what a person answers to a survey, under which words.
type Answers struct {
	Survey     string
	Policy     int    // Version of the data policy
	PolicyHash string // and its hash: those in force.
	Language   string
	Values     map[string]string // By attribute.
}

// SurveyTag begins the tag that a survey's event has.
const SurveyTag = "survey:"

// Rewarder gives an account the event that a survey is: an ordinary accrual through the rules, under an idempotency key.
type Rewarder interface {
	RewardSurvey(ctx context.Context, key string, account points.AccountID, survey string) error
}

// Answer sets the person's attributes, once per survey. ALREADY_EXISTS when the person has answered, NOT_FOUND when the survey isn't open, INVALID_VALUE when an answer
// isn't to a question or doesn't fit its attribute. The reward follows; it isn't waited for.
func (k *Keeper) Answer(ctx context.Context, person string, a Answers) error {
	survey, err := k.openSurvey(ctx, a.Survey)
	if err != nil {
		return err
	}
	current, err := k.Policy(ctx)
	if err != nil {
		return err
	}
	if a.Policy != current.Policy.Version || a.PolicyHash != current.Hash || current.Policy.Prose[a.Language] == "" {
		return fault.New(fault.InvalidValue, "policy: version %d is in force: show it, and the survey, again", current.Policy.Version)
	}
	if err := survey.fits(a.Values); err != nil {
		return err
	}
	account, err := k.rewardedAccount(ctx, survey, person)
	if err != nil {
		return err
	}
	if err := k.beginAnswer(ctx, person, &a, account); err != nil {
		return err
	}
	if err := k.vault.Set(ctx, person, a.Values, survey.Purpose); err != nil {
		return err
	}
	if err := k.endAnswer(ctx, person, a.Survey); err != nil {
		return err
	}
	if err := k.Refresh(ctx, person); err != nil {
		k.complain(ctx, "answers could not be shared at once", err)
	}
	return nil
}

func (k *Keeper) openSurvey(ctx context.Context, id string) (*Survey, error) {
	now := k.now().UnixMilli()
	var document []byte
	err := k.db.Reader().QueryRowContext(ctx, "SELECT document FROM surveys WHERE id = ? AND starts <= ? AND ends > ?", id, now, now).Scan(&document)
	if err == sql.ErrNoRows {
		return nil, fault.New(fault.NotFound, "no such survey is open")
	}
	if err != nil {
		return nil, sqlite.Failed(err)
	}
	var s Survey
	if err := json.Unmarshal(document, &s); err != nil {
		return nil, fault.New(fault.Internal, "a survey in people.db can't be read: %v", err)
	}
	return &s, nil
}

// fits says whether the answers are to the survey's questions and leave no required one out.
func (s *Survey) fits(values map[string]string) error {
	asked := 0
	for _, q := range s.Questions {
		_, given := values[q.Attribute]
		if q.Required && !given {
			return fault.New(fault.InvalidValue, "answers: %s is required", q.Attribute)
		}
		if given {
			asked++
		}
	}
	if asked != len(values) || asked == 0 {
		return fault.New(fault.InvalidValue, "answers: one is to no question of the survey, or there is none")
	}
	return nil
}

// rewardedAccount is the account that gets the reward; empty when there is none to get.
func (k *Keeper) rewardedAccount(ctx context.Context, s *Survey, person string) (points.AccountID, error) {
	if !s.Rewarded || k.Rewarder == nil {
		return "", nil
	}
	accounts, err := k.vault.Accounts(ctx, person)
	if err != nil || len(accounts) == 0 {
		return "", err
	}
	return accounts[0], nil
}

// beginAnswer notes that a person answers; who began and was cut off may begin again, with the same reward.
func (k *Keeper) beginAnswer(ctx context.Context, person string, a *Answers, account points.AccountID) error {
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		var step string
		found, err := tx.QueryRow("SELECT step FROM survey_answers WHERE survey = ? AND person = ?", []any{a.Survey, person}, &step)
		if err != nil {
			return err
		}
		if found && step != "answering" {
			return fault.New(fault.AlreadyExists, "the survey is answered: answers are changed among the customer's data")
		}
		_, err = tx.Exec(`INSERT INTO survey_answers (survey, person, at, policy, language, step, account, reward) VALUES (?, ?, ?, ?, ?, 'answering', ?, ?) ON CONFLICT DO NOTHING`,
			a.Survey, person, k.now().UnixMilli(), a.Policy, a.Language, string(account), random.Hex(16))
		return err
	})
}

func (k *Keeper) endAnswer(ctx context.Context, person, survey string) error {
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("UPDATE survey_answers SET step = CASE account WHEN '' THEN 'done' ELSE 'owed' END WHERE survey = ? AND person = ? AND step = 'answering'", survey, person)
		return err
	})
}

// owed is a reward that was earned and not given yet.
type owed struct{ survey, person, account, reward string }

// payRewards gives what is owed. Each has an idempotency key of its own, so that a reward whose answer was lost isn't given twice.
func (k *Keeper) payRewards(ctx context.Context) {
	if k.Rewarder == nil {
		return
	}
	list, err := k.owed(ctx)
	if err != nil {
		k.complain(ctx, "rewards that are owed could not be read", err)
		return
	}
	for _, o := range list {
		if err := k.pay(ctx, o); err != nil {
			k.complain(ctx, "a survey's reward could not be given", err)
			return
		}
	}
}

func (k *Keeper) owed(ctx context.Context) ([]owed, error) {
	rows, err := k.db.Reader().QueryContext(ctx, "SELECT survey, person, account, reward FROM survey_answers WHERE step = 'owed' LIMIT ?", maxRewardsAtOnce)
	return sqlite.List(rows, err, func(o *owed) []any { return []any{&o.survey, &o.person, &o.account, &o.reward} })
}

// pay gives one reward. What the rules refuse for good, because they give nothing for it, is done with.
func (k *Keeper) pay(ctx context.Context, o owed) error {
	err := k.Rewarder.RewardSurvey(ctx, o.reward, points.AccountID(o.account), o.survey)
	if err != nil && !final(err) {
		return err
	}
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("UPDATE survey_answers SET step = 'done' WHERE survey = ? AND person = ?", o.survey, o.person)
		return err
	})
}

// answered lists what a person has answered.
func (k *Keeper) answered(ctx context.Context, person string) ([]ExportedAnswers, error) {
	rows, err := k.db.Reader().QueryContext(ctx, "SELECT survey, at, policy, language FROM survey_answers WHERE person = ? AND step <> 'answering' ORDER BY at, survey", person)
	return sqlite.List(rows, err, func(a *ExportedAnswers) []any { return []any{&a.Survey, (*timeColumn)(&a.At), &a.Policy, &a.Language} })
}
