package consent

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// ReceiptSchema names the form of receipts: the record structure of ISO/IEC TS 27560:2023, section 6.
const ReceiptSchema = "ISO/IEC TS 27560:2023"

// Receipt is what a customer takes home of a consent. With the salted body in it, whoever the customer shows it to can compare its hash with the ledger's and check the signature.
type Receipt struct {
	Schema     string                `json:"schemaVersion"`
	Record     privacy.ConsentID     `json:"recordId"`
	Principal  string                `json:"piiPrincipalId"` // The account.
	Controller Party                 `json:"piiController"`
	Recipient  Party                 `json:"recipient"`
	Notice     ReceiptNotice         `json:"privacyNotice"`
	Purpose    ReceiptPurpose        `json:"purpose"`
	Data       []ReceiptData         `json:"piiCategories"`
	LegalBasis string                `json:"lawfulBasis"`
	Storage    string                `json:"storageLocation,omitempty"`
	Withdrawal string                `json:"withdrawalMethod,omitempty"`
	Country    string                `json:"jurisdiction,omitempty"`
	Validity   ReceiptValidity       `json:"validity"`
	Events     []ReceiptEvent        `json:"consentEvents"`
	Ledger     ReceiptLedger         `json:"ledger"`
	Signed     privacy.SignedConsent `json:"signedConsent"`
}

// Party is a member.
type Party struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ReceiptNotice is what the customer was shown.
type ReceiptNotice struct {
	Language   string `json:"language"`
	Text       string `json:"text"`
	Hash       string `json:"hash"`
	Policy     int    `json:"policyVersion"`
	PolicyHash string `json:"policyHash"`
}

// ReceiptPurpose is what the data are for.
type ReceiptPurpose struct {
	Code  string `json:"code"`
	Words string `json:"description"`
}

// ReceiptData is one attribute.
type ReceiptData struct {
	Attribute     string `json:"attribute"`
	Words         string `json:"description"`
	RetentionDays int    `json:"retentionPeriodDays"` // At the controller; 0: as long as the person is a customer.
}

// ReceiptValidity is when the consent holds.
type ReceiptValidity struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// ReceiptEvent is something that happened to the consent.
type ReceiptEvent struct {
	State  string         `json:"state"` // given, or the reason of its end.
	At     time.Time      `json:"at"`
	Method privacy.Method `json:"methodOfExpression,omitempty"`
}

// ReceiptLedger is where the public record stands.
type ReceiptLedger struct {
	Genesis   string `json:"genesis"`
	Programme string `json:"programme"`
	Hash      string `json:"hash"` // SHA-256 of the canonical body: what the public record has.
}

// Receipt gives the receipt of one of a person's consents; NOT_FOUND when the person has none under this id.
func (k *Keeper) Receipt(ctx context.Context, person string, id privacy.ConsentID) (Receipt, error) {
	r, err := k.personal(ctx, person, id)
	if err != nil {
		return Receipt{}, err
	}
	all, err := k.receipts(ctx, []*row{r})
	if err != nil {
		return Receipt{}, err
	}
	return all[0], nil
}

// receipts makes the receipts of consents. Names are asked for once, and each version of the data policy once.
func (k *Keeper) receipts(ctx context.Context, rows []*row) ([]Receipt, error) {
	all := make([]Receipt, len(rows))
	if len(rows) == 0 {
		return all, nil
	}
	names, err := k.Names(ctx)
	if err != nil {
		return nil, err
	}
	policies := map[int]*privacy.Policy{}
	for i, r := range rows {
		version := r.signed.Body.Policy
		if policies[version] == nil {
			policy, err := k.policyOf(ctx, version)
			if err != nil {
				return nil, err
			}
			policies[version] = &policy
		}
		if all[i], err = names.receiptOf(r, policies[version]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (n Names) receiptOf(row *row, policy *privacy.Policy) (Receipt, error) {
	b := &row.signed.Body
	notice, err := n.noticeOf(policy, b)
	if err != nil {
		return Receipt{}, err
	}
	digest, err := wire.ConsentDigest(b)
	if err != nil {
		return Receipt{}, err
	}
	purpose, words, err := policyWords(policy, b)
	if err != nil {
		return Receipt{}, err
	}
	out := Receipt{
		Schema: ReceiptSchema, Record: b.ID, Principal: string(b.Account), Controller: Party{b.Brand, n.of(b.Brand)}, Recipient: Party{b.Grantee, n.of(b.Grantee)},
		Notice:  ReceiptNotice{Language: b.Language, Text: notice.Text, Hash: b.Notice, Policy: b.Policy, PolicyHash: b.PolicyHash},
		Purpose: ReceiptPurpose{b.Purpose, purpose}, LegalBasis: b.LegalBasis, Storage: b.Storage, Withdrawal: b.Withdrawal, Country: b.Jurisdiction,
		Validity: ReceiptValidity{row.starts, row.ends}, Events: []ReceiptEvent{{State: "given", At: row.given, Method: b.Method}},
		Ledger: ReceiptLedger{b.Genesis, b.Brand, hexOf(digest)}, Signed: row.signed,
	}
	for i, name := range b.Attributes {
		out.Data = append(out.Data, ReceiptData{name, words[i], policy.Attribute(name).RetentionDays})
	}
	if row.goal != "" {
		out.Events = append(out.Events, ReceiptEvent{State: string(row.goal), At: row.ended})
	}
	return out, nil
}
