//go:build network

package e2e

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	_ "github.com/mattn/go-sqlite3"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/gateway/blocks"
)

// auditDiffers is the exit code with which the audit says that something differs.
const auditDiffers = 2

// committed is where an operation stands on the chain.
type committed struct {
	Block       uint64 `json:"block"`
	Transaction string `json:"transaction"`
}

// tampering is a change to one block of a saved chain.
type tampering struct {
	name   string
	damage func(t *testing.T, d *blocks.Delivered)
	names  []string // What the audit must name beside the block.
}

// The sale whose block is tampered with: distinctive numbers, so that their digits are found in the block and stand for nothing else.
const (
	tamperedMinor  = 731_944_00
	tamperedPoints = `"points":731944`
	tamperedPosted = `"posted":732021` // With the 77 that the account had before.
)

// TestAuditNamesTheTamperedPlace saves the chain as the regulator's peer has it, checks that the copy passes, then damages it in one place after the other.
func TestAuditNamesTheTamperedPlace(t *testing.T) {
	account := three.funded(t, "airline", 77)
	sale := ok[operation](t, three.submit(t, "airline", three.purchase(t, "airline", account, tamperedMinor)))
	at := ok[committed](t, three.call(t, "airline", request{method: "GET", path: "/v1/receipts/" + sale.ID, key: three.key(t, "airline", "till")}))
	ok[operation](t, three.submit(t, "airline", redemption(account, 1))) // In a later block: the end of a chain can't be missed in a copy.

	database := followed(t, account, 77+tamperedMinor/100-1)
	saved := filepath.Join(t.TempDir(), "saved")
	three.run(t, "tally-audit", "--config", three.gatewayConfig("regulator"), "--save", saved)
	three.run(t, "tally-audit", "--from-file", saved)

	archive := blocks.Archive{Dir: saved}
	block := fmt.Sprintf("block %d", at.Block)
	for _, c := range tamperings(at) {
		t.Run(c.name, func(t *testing.T) {
			original := must[[]byte](t)(os.ReadFile(archive.Path(at.Block)))
			defer restore(t, archive.Path(at.Block), original)
			d := must[blocks.Delivered](t)(archive.Load(at.Block))
			c.damage(t, &d)
			if err := archive.Save(d); err != nil {
				t.Fatal(err)
			}
			out, err := three.attempt("tally-audit", "--from-file", saved)
			requireDifference(t, out, err, append(c.names, block)...)
		})
	}
	t.Run("a missing block", func(t *testing.T) {
		original := must[[]byte](t)(os.ReadFile(archive.Path(at.Block)))
		defer restore(t, archive.Path(at.Block), original)
		if err := os.Remove(archive.Path(at.Block)); err != nil {
			t.Fatal(err)
		}
		out, err := three.attempt("tally-audit", "--from-file", saved)
		requireDifference(t, out, err, block)
	})
	three.run(t, "tally-audit", "--from-file", saved)
	auditTamperedDatabases(t, saved, database, account)
}

// followed waits until the regulator's gateway, which follows its own peer, has what the account holds, and copies its database: a chain that is saved after that has all that
// the copy has, whatever is written in between.
func followed(t *testing.T, account string, points int64) (database string) {
	t.Helper()
	untilDone(t, "the regulator's gateway has the account's points", func() error {
		a := three.call(t, "regulator", request{method: "GET", path: "/v1/accounts/" + account, key: three.key(t, "regulator", "read")})
		if a.status != http.StatusOK || decode[position](t, a.body).Posted != points {
			return a.unexpected()
		}
		return nil
	})
	return copyOf(t, filepath.Join(three.dir.Gateway("regulator"), "gateway.db"))
}

// auditTamperedDatabases compares the saved chain with copies of the regulator's database: the true one, and with the expected state changed in one place.
func auditTamperedDatabases(t *testing.T, saved, kept, account string) {
	for _, c := range []struct{ name, change, names string }{
		{"a true database", "", ""},
		{"a turnover that is too high", `UPDATE turnovers SET points = points + 1 WHERE programme = 'airline'`, "table turnovers, key airline/"},
		{"a movement that is forgotten", `DELETE FROM movements WHERE programme = 'airline'`, "table movements, key airline/"},
		{"a richer account", `UPDATE accounts SET posted = posted + 1 WHERE id = '` + account + `'`, account},
		{"a lost account", `DELETE FROM accounts WHERE id = '` + account + `'`, account},
		{"a lane without its last batch", `DELETE FROM lanes WHERE programme = 'airline' AND n = 0`, "lane"},
	} {
		t.Run(c.name, func(t *testing.T) {
			database := copyOf(t, kept)
			if c.change == "" {
				three.run(t, "tally-audit", "--from-file", saved, "--database", database)
				return
			}
			change(t, database, c.change)
			out, err := three.attempt("tally-audit", "--from-file", saved, "--database", database)
			requireDifference(t, out, err, c.names)
		})
	}
}

// copyOf copies a database, which may be in use, as of one moment.
func copyOf(t *testing.T, database string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	change(t, database, `VACUUM INTO '`+to+`'`)
	return to
}

// change runs one statement that must change something.
func change(t *testing.T, database, statement string) {
	t.Helper()
	db := must[*sql.DB](t)(sql.Open("sqlite3", database))
	defer db.Close()
	result := must[sql.Result](t)(db.ExecContext(t.Context(), statement))
	if n, err := result.RowsAffected(); err != nil || n == 0 && !strings.HasPrefix(statement, "VACUUM") {
		t.Fatalf("%s changed %d rows: %v", statement, n, err)
	}
}

func tamperings(at committed) []tampering {
	return []tampering{
		{"a balance in a write set", func(t *testing.T, d *blocks.Delivered) {
			replaceInData(t, d.Block, tamperedPosted, `"posted":932021`)
		}, nil},
		{"a receipt, with the header made to fit", func(t *testing.T, d *blocks.Delivered) {
			replaceInData(t, d.Block, tamperedPoints, `"points":931944`)
			d.Block.Header.DataHash = dataHash(d.Block)
		}, nil},
		{"a private value", func(t *testing.T, d *blocks.Delivered) {
			replaced := false
			for _, set := range d.Private {
				for _, namespace := range set.GetNsPvtRwset() {
					for _, collection := range namespace.GetCollectionPvtRwset() {
						before := collection.Rwset
						collection.Rwset = bytes.ReplaceAll(before, fmt.Append(nil, tamperedMinor), []byte("93194400"))
						replaced = replaced || !bytes.Equal(before, collection.Rwset)
					}
				}
			}
			if !replaced {
				t.Fatal("the private data of the block don't hold the amount")
			}
		}, []string{at.Transaction, "details"}},
		{"a valid transaction marked as invalid", func(_ *testing.T, d *blocks.Delivered) {
			d.Block.Metadata.Metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER][0] = byte(peer.TxValidationCode_MVCC_READ_CONFLICT)
		}, nil},
		{"an orderer's signature", func(t *testing.T, d *blocks.Delivered) {
			var signatures common.Metadata
			if err := proto.Unmarshal(d.Block.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES], &signatures); err != nil || len(signatures.Signatures) == 0 {
				t.Fatalf("the block has no signatures: %v", err)
			}
			for _, s := range signatures.Signatures {
				s.Signature[len(s.Signature)-1] ^= 1
			}
			d.Block.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = encoded(t, &signatures)
		}, nil},
		{"the hash of the block before", func(_ *testing.T, d *blocks.Delivered) { d.Block.Header.PreviousHash[0] ^= 1 }, nil},
	}
}

func restore(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// replaceInData changes a text of equal length in a block's transactions.
func replaceInData(t *testing.T, b *common.Block, from, to string) {
	t.Helper()
	replaced := false
	for i, raw := range b.Data.Data {
		changed := bytes.ReplaceAll(raw, []byte(from), []byte(to))
		replaced = replaced || !bytes.Equal(raw, changed)
		b.Data.Data[i] = changed
	}
	if !replaced {
		t.Fatalf("block %d doesn't hold %s", b.Header.Number, from)
	}
}

func dataHash(b *common.Block) []byte {
	sum := sha256.Sum256(bytes.Join(b.Data.Data, nil))
	return sum[:]
}

// requireDifference requires the audit's exit code for a difference, and the place in its words.
func requireDifference(t *testing.T, out string, err error, names ...string) {
	t.Helper()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != auditDiffers {
		t.Fatalf("the audit ended with %v, want exit code %d\n%s", err, auditDiffers, lastLines(out))
	}
	for _, name := range names {
		if !strings.Contains(out, name) {
			t.Errorf("the audit doesn't name %q:\n%s", name, lastLines(out))
		}
	}
}
