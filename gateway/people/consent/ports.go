package consent

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Ledger is the brand's points contract: ledger.Points. Every call returns once it is committed, and may be repeated.
type Ledger interface {
	// RecordConsent: ALREADY_EXISTS when another consent has the id.
	RecordConsent(ctx context.Context, doc wire.NewConsent) (privacy.Consent, error)
	// EndConsent: CONSENT_NOT_IN_FORCE when it has ended for another reason.
	EndConsent(ctx context.Context, id privacy.ConsentID, reason privacy.EndReason) (privacy.Consent, error)
	Share(ctx context.Context, share privacy.Share) error
	Unshare(ctx context.Context, unshare privacy.Unshare) error
	// VaultEntries gives the records under keys, in their order; nil for what isn't there.
	VaultEntries(ctx context.Context, keys []privacy.EntryKey) ([][]byte, error)
	// DataPolicies lists the versions that were published.
	DataPolicies(ctx context.Context) (privacy.Policies, error)
	DataPolicy(ctx context.Context, version int) (privacy.Policy, error)
}

// Entry is an entry of a person's in the vault.
type Entry struct {
	Attribute string
	Key       privacy.EntryKey
}

// Reading is a look at somebody's attributes.
type Reading struct {
	Actor      string // partner/<brand>.
	Purpose    string
	Consent    privacy.ConsentID
	Attributes []string
}

// Vault has the customers' data.
type Vault interface {
	// Accounts are the person's in the brand's programme, the latest linked first.
	Accounts(ctx context.Context, person string) ([]points.AccountID, error)
	// Entries are those of a person's attributes that have values; no more than the names.
	Entries(ctx context.Context, person string, names []string) ([]Entry, error)
	// EntrySecret is what opens one entry and nothing else.
	EntrySecret(ctx context.Context, person string, key privacy.EntryKey) ([]byte, error)
	// Log notes a reading in the person's access log.
	Log(ctx context.Context, person string, r Reading) error
	// Set changes attributes of a person's own accord. INVALID_VALUE, without the value, when one doesn't fit its schema.
	Set(ctx context.Context, person string, values map[string]string, purpose string) error
}

// Chain tells what the ledger says of the programme and its accounts.
type Chain interface {
	Programme(ctx context.Context) (points.Programme, error)
	Account(ctx context.Context, id points.AccountID) (points.Account, error)
}

// Custodian signs for customers without a key of their own.
type Custodian interface {
	// Sign gives the version of the custodian's key and its signature over a SHA-256 digest, in the ledger's form.
	Sign(ctx context.Context, digest []byte) (version int, signature string, err error)
}
