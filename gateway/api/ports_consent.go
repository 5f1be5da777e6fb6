package api

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/consent"
	"github.com/tallystick/tallystick/gateway/people/lookup"
)

// Consents carries out what customers decide about their data: consent.Keeper.
type Consents interface {
	PublishSurvey(ctx context.Context, s consent.Survey) error
	CloseSurvey(ctx context.Context, id string) error
	// Surveys lists the open surveys; an empty person has answered none.
	Surveys(ctx context.Context, person string) ([]consent.OpenSurvey, error)
	Prepare(ctx context.Context, person string, w consent.Wish) (consent.Prepared, error)
	Grant(ctx context.Context, person string, a consent.Agreement) (consent.View, error)
	Withdraw(ctx context.Context, person string, id privacy.ConsentID) (consent.View, error)
	List(ctx context.Context, person string) ([]consent.View, error)
	Get(ctx context.Context, person string, id privacy.ConsentID) (consent.View, error)
	Receipt(ctx context.Context, person string, id privacy.ConsentID) (consent.Receipt, error)
	Answer(ctx context.Context, person string, a consent.Answers) error
	// Policy is the data policy in force; NOT_FOUND while there is none.
	Policy(ctx context.Context) (consent.Published, error)
	// Grantees lists the members to whom consents can be given.
	Grantees(ctx context.Context) ([]consent.Party, error)
	// Disclose hands a grantee what opens entries that are shared with it.
	Disclose(ctx context.Context, grantee string, q consent.Question) ([]consent.Secret, error)
}

// SharedReader reads what other brands share with this one: consent.Reader.
type SharedReader interface {
	Read(ctx context.Context, w consent.Wanted) ([]consent.Value, error)
}

// Desk answers who wants to know a customer of this programme: lookup.Desk.
type Desk interface {
	Identify(ctx context.Context, by lookup.Asker, code string) (points.AccountID, error)
	Challenge(ctx context.Context, by lookup.Asker, q lookup.Question) (lookup.Challenge, error)
	Answer(ctx context.Context, by lookup.Asker, id, code string) (lookup.Result, error)
	// Code gives a customer's wallet a fresh identification code, and when it lapses.
	Code(ctx context.Context, person string) (string, time.Time, error)
	Pending(ctx context.Context, person string) ([]lookup.Pending, error)
	Decide(ctx context.Context, person, id string, decision lookup.Decision) error
}

// PartnerGateway is another brand's gateway, as it answers questions about its customers: partners.Client. Bodies are those of this API in JSON; errors are coded.
type PartnerGateway interface {
	Ask(ctx context.Context, route string, document []byte) ([]byte, error)
}
