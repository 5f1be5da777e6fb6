package lookup

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// identifying is what the access log says was done: somebody learnt which account is the customer's.
const identifying vault.Action = "identify"

// vaulted is People over the vault.
type vaulted struct {
	vault     *vault.Vault
	programme string
	region    string
}

// OverVault gives a desk the vault; region is the country of phone numbers without a country code, or empty.
func OverVault(v *vault.Vault, programme, region string) People {
	return vaulted{v, programme, region}
}

// Normal implements People.
func (o vaulted) Normal(q Question) (Question, error) {
	id, err := vault.Identifier{Kind: vault.Kind(q.Kind), Value: q.Value}.Normalise(o.region)
	return Question{string(id.Kind), id.Value}, err
}

// Holder implements People.
func (o vaulted) Holder(ctx context.Context, q Question) (Holder, error) {
	person, err := o.vault.Find(ctx, vault.Identifier{Kind: vault.Kind(q.Kind), Value: q.Value})
	if fault.CodeOf(err) == fault.PersonUnknown {
		return Holder{}, fault.New(fault.NotFound, "nobody has it")
	}
	if err != nil {
		return Holder{}, err
	}
	return o.Of(ctx, string(person))
}

// Of implements People.
func (o vaulted) Of(ctx context.Context, person string) (Holder, error) {
	accounts, err := o.vault.AccountsIn(ctx, vault.PersonID(person), o.programme)
	if err != nil {
		return Holder{}, err
	}
	if len(accounts) == 0 {
		return Holder{}, fault.New(fault.NotFound, "the customer has no account in the programme")
	}
	return Holder{Person: person, Account: accounts[0]}, nil
}

// Told implements People.
func (o vaulted) Told(ctx context.Context, h Holder, by Asker) error {
	return o.vault.Record(ctx, vault.PersonID(h.Person), identifying, vault.Access{Actor: "partner/" + by.Partner, Purpose: "identification"}, []string{"account"})
}

// Companion is the desk's part in what the vault does: vault.Companion.
type Companion struct{}

var _ vault.Companion = Companion{}

// Name implements vault.Exporter.
func (Companion) Name() string { return "lookups" }

// Export implements vault.Exporter. What was told stands in the access log; codes and challenges live for minutes.
func (Companion) Export(context.Context, vault.PersonID) (any, error) { return []string{}, nil }

// Merge implements vault.Companion: codes and challenges of the one that is gone lapse at once.
func (Companion) Merge(tx *sqlite.Tx, _, gone vault.PersonID) error { return forget(tx, string(gone)) }

// Forget implements vault.Companion.
func (Companion) Forget(tx *sqlite.Tx, person vault.PersonID, _ []privacy.EntryKey) error {
	return forget(tx, string(person))
}
