package erasure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
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
	Accounts    []CertifiedAccount    `json:"accounts,omitempty"`
	Covers      []string              `json:"covers"`
	Excludes    []string              `json:"excludes"`
	Salt        string                `json:"salt"` // 64 hex digits: keeps the hash from being guessed.
}

// CertifiedAccount is what became of one account.
type CertifiedAccount struct {
	Programme string          `json:"programme"`
	Outcome   Outcome         `json:"outcome"`
	Forfeited quantity.Points `json:"forfeited"`
}

// CertificateVersion numbers the form of certificates and of what they say they cover.
const CertificateVersion = 1

var covers = []string{
	"the key that the person's data were encrypted under, and every copy of it in the brand's database",
	"the values of all attributes in the brand's vault on the ledger, and the copies that other brands had under consents",
	"the index by which the person was found: phone numbers, e-mail addresses, cards, external ids",
	"sign-in: sessions, passkeys, authenticator, codes; surveys; links to accounts; the log of who read the data",
}

var excludes = []string{
	"the history of accounts on the ledger, under random ids, whole so that totals balance",
	"encrypted bytes that peers' files keep until they are written over, among them those of other brands that had copies: nobody has a key to them",
	"backups of the brand's databases, until their own retention ends: the key in them is still encrypted under a master key that is kept apart",
	"keyed hashes of references in private details that are older than the vault",
	"what other brands keep as controllers of their own, in their own programmes",
}

// certify makes the certificate. Made again after a crash it gets another salt, which harms nothing: nobody has seen the first.
func (d *Desk) certify(ctx context.Context, e *Erasure) (Step, error) {
	accounts, err := d.accountsOf(ctx, e.ID)
	if err != nil {
		return "", err
	}
	salt, err := randomHex(saltBytes)
	if err != nil {
		return "", err
	}
	c := Certificate{
		V: CertificateVersion, ID: e.ID, Brand: d.Brand, Reason: e.Reason, RequestedAt: written(e.RequestedAt), DueAt: written(e.DueAt), DestroyedAt: written(e.DestroyedAt),
		CertifiedAt: written(d.now()), Values: e.Entries, Consents: e.Consents, Covers: covers, Excludes: excludes, Salt: salt,
	}
	for _, a := range accounts {
		c.Accounts = append(c.Accounts, CertifiedAccount{Programme: a.Programme, Outcome: a.Outcome, Forfeited: a.Forfeited})
	}
	raw, err := wire.Encode(c)
	if err != nil {
		return "", err
	}
	return Recording, d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE erasures SET certificate = ? WHERE id = ? AND batch IS NULL`, raw, string(e.ID))
		return err
	})
}

func written(milliseconds int64) string {
	return time.UnixMilli(milliseconds).UTC().Format(time.RFC3339)
}

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

// Certified is a certificate with its proof.
type Certified struct {
	Certificate []byte // Canonical JSON.
	Proof       *Proof // Nil until the root is on the ledger.
}

// Certified gives the certificate of an erasure; NOT_READY until it is there.
func (d *Desk) Certified(ctx context.Context, id privacy.ErasureID) (Certified, error) {
	var c Certified
	var batch, root string
	var leaf int
	var recorded int64
	row := d.DB.Reader().QueryRowContext(ctx, `SELECT e.certificate, COALESCE(e.batch, ''), e.leaf, COALESCE(b.root, ''), COALESCE(b.recorded_at, 0)
		FROM erasures AS e LEFT JOIN erasure_batches AS b ON b.id = e.batch WHERE e.id = ?`, string(id))
	if err := row.Scan(&c.Certificate, &batch, &leaf, &root, &recorded); err != nil {
		return c, absent(err, "there is no such erasure")
	}
	if len(c.Certificate) == 0 {
		return c, fault.New(fault.NotReady, "the certificate isn't made yet")
	}
	if recorded == 0 {
		return c, nil
	}
	leaves, err := d.leavesOf(ctx, privacy.ErasureID(batch))
	if err != nil {
		return c, err
	}
	hashes, err := wire.Prove(leaves, leaf)
	if err != nil {
		return c, err
	}
	c.Proof = &Proof{Erasures: privacy.ErasureID(batch), Root: root, Index: leaf, Size: len(leaves), Hashes: hashes}
	return c, nil
}

// leavesOf are the leaves of a batch in their order.
func (d *Desk) leavesOf(ctx context.Context, batch privacy.ErasureID) ([][]byte, error) {
	rows, err := d.DB.Reader().QueryContext(ctx, `SELECT certificate FROM erasures WHERE batch = ? ORDER BY leaf`, string(batch))
	if err != nil {
		return nil, sqlite.Failed(err)
	}
	defer func() { _ = rows.Close() }()
	var leaves [][]byte
	for rows.Next() {
		var certificate []byte
		if err := rows.Scan(&certificate); err != nil {
			return nil, sqlite.Failed(err)
		}
		leaves = append(leaves, LeafOf(certificate))
	}
	return leaves, sqlite.Failed(rows.Err())
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
