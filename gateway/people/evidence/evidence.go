package evidence

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Certificate says what an erasure did. It names nobody: who has it shows that it is theirs by its id. Times are UTC, RFC 3339.
type Certificate struct {
	V           int                   `json:"v"` // 1.
	ID          privacy.ErasureID     `json:"id"`
	Brand       string                `json:"brand"`
	Reason      privacy.ErasureReason `json:"reason"`
	RequestedAt string                `json:"requestedAt"`
	DueAt       string                `json:"dueAt"`
	DestroyedAt string                `json:"destroyedAt"` // When the key was destroyed: from then on nothing could be read.
	CertifiedAt string                `json:"certifiedAt"`
	Values      int                   `json:"values"`   // Attributes' values that were destroyed and purged.
	Consents    int                   `json:"consents"` // That were ended.
	Accounts    []Account             `json:"accounts,omitempty"`
	Covers      []string              `json:"covers"`
	Excludes    []string              `json:"excludes"`
	Salt        string                `json:"salt"` // 64 hex digits: keeps the hash from being guessed.
}

// Account is what became of one account.
type Account struct {
	Programme string          `json:"programme"`
	Outcome   string          `json:"outcome"` // See package erasure.
	Forfeited quantity.Points `json:"forfeited"`
}

// Version numbers the form of certificates and of what they say they cover.
const Version = 1

// LeafOf is the leaf of a certificate in its tree: SHA-256 over its canonical JSON (RFC 8785), which has the salt in it.
func LeafOf(certificate []byte) []byte {
	sum := sha256.Sum256(certificate)
	return sum[:]
}

// Proof shows that a certificate is under a root on the ledger.
type Proof struct {
	Erasures privacy.ErasureID `json:"erasures"` // Of the record on the ledger that has the root.
	Root     string            `json:"root"`     // 64 hex digits.
	Index    int               `json:"index"`
	Size     int               `json:"size"`
	Hashes   []string          `json:"hashes"` // The audit path, from the leaf up.
}

// Verify checks a certificate against its proof, and the proof against the root that stands on the ledger: no other knowledge is needed. CERTIFICATE_INVALID says what doesn't hold.
func Verify(certificate []byte, p *Proof, root string) error {
	var c Certificate
	if err := wire.Decode(certificate, maxCertificate, &c); err != nil {
		return fault.New(fault.CertificateInvalid, "this is no certificate of an erasure")
	}
	canonical, err := wire.Encode(c)
	if err != nil {
		return err
	}
	if p.Root != root {
		return fault.New(fault.CertificateInvalid, "the proof is for another root than the ledger's")
	}
	path := make([][]byte, len(p.Hashes))
	for i, h := range p.Hashes {
		if path[i], err = hex.DecodeString(h); err != nil {
			return fault.New(fault.CertificateInvalid, "the proof's hashes aren't hex")
		}
	}
	if err := wire.VerifyLeaf(root, LeafOf(canonical), p.Index, p.Size, path); err != nil {
		return fault.New(fault.CertificateInvalid, "the certificate is not leaf %d of %d under this root", p.Index, p.Size)
	}
	return nil
}

// maxCertificate bounds a certificate, in bytes.
const maxCertificate = 64 << 10
