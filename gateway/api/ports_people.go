package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/abuse"
	"github.com/tallystick/tallystick/gateway/people/erasure"
	"github.com/tallystick/tallystick/gateway/people/offers"
	"github.com/tallystick/tallystick/gateway/people/signin"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// People are the parts that keep customers' personal data; of the brand's own gateway only.
type People struct {
	Open       func() error              // NOT_READY while there may be somebody in people.db who was erased; nil where nothing is kept.
	Abuse      Abuse                     // Nil where nobody looks for abuse.
	Compliance Compliance                // Nil without a compliance identity.
	Erasures   Erasures                  // Nil where no customers' data are kept.
	Consents   Consents                  // Nil where no consents are kept.
	Shared     SharedReader              // Of what other brands share with this one.
	Desk       Desk                      // For who wants to know a customer of this programme.
	Elsewhere  map[string]PartnerGateway // The other brands' gateways, for tills that want to know customers of theirs.
	Vault      Vault                     // Nil where none is kept.
	Offers     Offers                    // Nil where customers don't sign in.
	Purposes   Purposes                  // What members' systems may read and write personal data for; goes with the vault.
	SignIn     *signin.Service           // Nil where customers don't sign in.
	Origin     string                    // Of the wallet's pages: https://host, or http://localhost:port for development.
	Client     string                    // Header in which a proxy names who asks, such as X-Forwarded-For; empty without a proxy.
}

// Purposes are those that the data policy in force declares.
type Purposes interface {
	// Declares says whether there is a purpose of this code; none while there is no policy.
	Declares(ctx context.Context, code string) (bool, error)
}

// Vault keeps persons: vault.Vault.
type Vault interface {
	CreateOnce(ctx context.Context, once vault.Once, all []vault.Attribute, access vault.Access) (vault.PersonID, error)
	Read(ctx context.Context, id vault.PersonID, names []string, access vault.Access) ([]vault.Attribute, error)
	Update(ctx context.Context, id vault.PersonID, set []vault.Attribute, remove []string, access vault.Access) error
	Survivor(ctx context.Context, id vault.PersonID) (vault.PersonID, error)
	Find(ctx context.Context, id vault.Identifier) (vault.PersonID, error)
	Merge(ctx context.Context, m vault.Merger, access vault.Access) error
	Export(ctx context.Context, id vault.PersonID, access vault.Access) (*vault.Export, error)
	Record(ctx context.Context, id vault.PersonID, action vault.Action, access vault.Access, names []string) error
	AccessLog(ctx context.Context, id vault.PersonID, before int64, limit int) ([]vault.Accessed, error)
	Link(ctx context.Context, id vault.PersonID, programme string, account points.AccountID) error
	Accounts(ctx context.Context, id vault.PersonID) ([]vault.Link, error)
	AccountFor(ctx context.Context, programme, reference string) (points.AccountID, bool, error)
	BeginOpening(ctx context.Context, id vault.PersonID, once vault.Once) (reference string, account points.AccountID, err error)
	EndOpening(ctx context.Context, reference, programme string, account points.AccountID) error
	PersonOf(ctx context.Context, programme string, account points.AccountID) (vault.PersonID, error)
}

// Offers remembers what customers want to see no more: offers.Keeper.
type Offers interface {
	Of(ctx context.Context, person vault.PersonID) (offers.Choices, error)
	Decline(ctx context.Context, person vault.PersonID, hold points.OperationID, until int64) error
	Mute(ctx context.Context, person vault.PersonID, sender points.AccountID) error
	Unmute(ctx context.Context, person vault.PersonID, sender points.AccountID) error
}

// Erasures ends what is kept about persons: erasure.Desk.
type Erasures interface {
	Plan(ctx context.Context, person vault.PersonID) (erasure.Plan, error)
	Of(ctx context.Context, person vault.PersonID) (erasure.Erasure, bool, error)
	Get(ctx context.Context, id privacy.ErasureID) (erasure.Erasure, error)
	Open(ctx context.Context, limit int) ([]erasure.Erasure, error)
	Request(ctx context.Context, r erasure.Request) (erasure.Erasure, error)
	Cancel(ctx context.Context, person vault.PersonID) error
	Certified(ctx context.Context, id privacy.ErasureID) (erasure.Certified, error)
	Hold(ctx context.Context, person vault.PersonID, h erasure.LegalHold) (erasure.LegalHold, error)
	Lift(ctx context.Context, person vault.PersonID, id, by string) error
	Holds(ctx context.Context, person vault.PersonID) ([]erasure.LegalHold, error)
}

// Abuse looks at operations before they are recorded, and keeps what was found and what customers are told: abuse.Service.
type Abuse interface {
	Check(a *abuse.Attempt) abuse.Verdict
	Tell(a *abuse.Attempt, v abuse.Verdict)
	IsStrong(method string) bool
	Flags(ctx context.Context, state abuse.FlagState, after string, limit int) ([]abuse.Flag, error)
	DecideFlag(ctx context.Context, id string, state abuse.FlagState, by string) error
	Notices(ctx context.Context, accounts []points.AccountID, limit int) ([]abuse.Notice, error)
	Object(ctx context.Context, person string, accounts []points.AccountID, notice, words string) (points.OperationID, error)
	Objections(ctx context.Context) ([]abuse.Objection, error)
	Answer(ctx context.Context, id points.OperationID, outcome points.ObjectionOutcome, words, by string) error
}

// Compliance asks for freezes and decides on them: the ledger facade with the compliance identity. Every call returns once it is committed, and is safe to repeat.
type Compliance interface {
	RequestFreeze(ctx context.Context, programme string, doc wire.NewFreeze) (points.FreezeRequest, error)
	DecideFreeze(ctx context.Context, programme string, doc wire.FreezeDecision) (points.FreezeRequest, error)
}
