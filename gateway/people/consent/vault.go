package consent

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// vaulted is a Vault over the real one.
type vaulted struct {
	vault     *vault.Vault
	programme string
}

// OverVault gives a keeper the vault; programme is the brand's.
func OverVault(v *vault.Vault, programme string) Vault { return vaulted{v, programme} }

// Accounts implements Vault.
func (o vaulted) Accounts(ctx context.Context, person string) ([]points.AccountID, error) {
	return o.vault.AccountsIn(ctx, vault.PersonID(person), o.programme)
}

// Entries implements Vault.
func (o vaulted) Entries(ctx context.Context, person string, names []string) ([]Entry, error) {
	stored, err := o.vault.Entries(ctx, vault.PersonID(person), names)
	entries := make([]Entry, len(stored))
	for i, e := range stored {
		entries[i] = Entry{Attribute: e.Attribute, Key: e.Key}
	}
	return entries, err
}

// EntrySecret implements Vault.
func (o vaulted) EntrySecret(ctx context.Context, person string, key privacy.EntryKey) ([]byte, error) {
	return o.vault.EntrySecret(ctx, vault.PersonID(person), key)
}

// Log implements Vault.
func (o vaulted) Log(ctx context.Context, person string, r Reading) error {
	return o.vault.Record(ctx, vault.PersonID(person), vault.Reading, vault.Access{Actor: r.Actor, Purpose: r.Purpose}, r.Attributes)
}

// Set implements Vault.
func (o vaulted) Set(ctx context.Context, person string, values map[string]string, purpose string) error {
	set := make([]vault.Attribute, 0, len(values))
	for name, value := range values {
		set = append(set, vault.Attribute{Name: name, Value: value})
	}
	return o.vault.Update(ctx, vault.PersonID(person), set, nil, vault.Access{Actor: vault.ActorPerson, Purpose: purpose})
}

// Open decrypts a shared entry: OpenEntry over the vault's form of entries.
func Open(brand string, key privacy.EntryKey, record, secret []byte) (Value, error) {
	a, err := vault.OpenEntry(brand, key, record, secret)
	return Value{a.Name, a.Value}, err
}

// Companion is the keeper's part in what the vault does: vault.Companion and vault.Watcher.
type Companion struct{ keeper *Keeper }

var (
	_ vault.Companion = Companion{}
	_ vault.Watcher   = Companion{}
)

// Companion gives the keeper's part, to be registered with the vault.
func (k *Keeper) Companion() Companion { return Companion{k} }

// Name implements vault.Exporter.
func (Companion) Name() string { return "consents" }

// Exported is what an export says of a person's consents and surveys.
type Exported struct {
	Consents []Receipt         `json:"consents"`
	Surveys  []ExportedAnswers `json:"surveys"`
}

// ExportedAnswers says that a survey was answered; the answers are among the attributes.
type ExportedAnswers struct {
	Survey   string    `json:"survey"`
	At       time.Time `json:"at"`
	Policy   int       `json:"policyVersion"`
	Language string    `json:"language"`
}

// Export implements vault.Exporter.
func (c Companion) Export(ctx context.Context, person vault.PersonID) (any, error) {
	rows, err := c.keeper.list(ctx, "person = ? ORDER BY given, id", string(person))
	if err != nil {
		return nil, err
	}
	all := Exported{Surveys: []ExportedAnswers{}}
	if all.Consents, err = c.keeper.receipts(ctx, rows); err != nil {
		return nil, err
	}
	all.Surveys, err = c.keeper.answered(ctx, string(person))
	return all, err
}

// Merge implements vault.Companion.
func (Companion) Merge(tx *sqlite.Tx, keep, gone vault.PersonID) error {
	return Merge(tx, string(keep), string(gone))
}

// Forget implements vault.Companion.
func (Companion) Forget(tx *sqlite.Tx, person vault.PersonID, _ []privacy.EntryKey) error {
	return Forget(tx, string(person))
}

// Changed implements vault.Watcher.
func (Companion) Changed(tx *sqlite.Tx, person vault.PersonID, _ []string) error {
	return Changed(tx, string(person))
}
