package erasure

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/evidence"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

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
	c := evidence.Certificate{
		V: evidence.Version, ID: e.ID, Brand: d.Brand, Reason: e.Reason, RequestedAt: written(e.RequestedAt), DueAt: written(e.DueAt), DestroyedAt: written(e.DestroyedAt),
		CertifiedAt: written(d.now()), Values: e.Entries, Consents: e.Consents, Covers: covers, Excludes: excludes, Salt: random.Hex(saltBytes),
	}
	for _, a := range accounts {
		c.Accounts = append(c.Accounts, evidence.Account{Programme: a.Programme, Outcome: string(a.Outcome), Forfeited: a.Forfeited})
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

// Certified is a certificate with its proof.
type Certified struct {
	Certificate []byte          // Canonical JSON.
	Proof       *evidence.Proof // Nil until the root is on the ledger.
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
	c.Proof = &evidence.Proof{Erasures: privacy.ErasureID(batch), Root: root, Index: leaf, Size: len(leaves), Hashes: hashes}
	return c, nil
}

// leavesOf are the leaves of a batch in their order.
func (d *Desk) leavesOf(ctx context.Context, batch privacy.ErasureID) ([][]byte, error) {
	rows, err := d.DB.Reader().QueryContext(ctx, `SELECT certificate FROM erasures WHERE batch = ? ORDER BY leaf`, string(batch))
	leaves, err := sqlite.Column[[]byte](rows, err)
	for i, certificate := range leaves {
		leaves[i] = evidence.LeafOf(certificate)
	}
	return leaves, err
}
