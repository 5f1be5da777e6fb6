package store

import (
	"context"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// firstSchema are rows as the first version of the schema had them.
var firstSchema = []string{
	`INSERT INTO operations (id, kind, account, natural, idempotency, document, details, status, lane, seq, outcome, code, receipt, accepted_at, done_at)
		VALUES ('done', 'earn', 'a', 'n', 'i', '{}', '{}', 'DONE', 0, 1, 'ACCEPTED', 'OK', '{}', 1, 2),
		('pinned', 'earn', 'a', 'n2', 'i2', '{}', '{}', 'PINNED', 1, 4, NULL, NULL, NULL, 3, NULL)`,
	`INSERT INTO pins (lane, seq, salt, created_at) VALUES (1, 4, 'salt', 3)`,
	`INSERT INTO lookups (lookup, account, operation) VALUES ('card', 'a', 'done')`,
	`INSERT INTO programmes (programme, body) VALUES ('airline', '{}')`,
	`INSERT INTO lanes (programme, msp, n, body) VALUES ('airline', 'AirlineMSP', 0, '{}')`,
	`INSERT INTO batches (programme, msp, lane, seq, root, count, block, tx, tx_time, event) VALUES ('airline', 'AirlineMSP', 0, 1, 'r', 1, 5, 't', 1, '{}')`,
	`INSERT INTO receipts (operation, programme, account, kind, msp, lane, seq, idx, block, tx_time) VALUES ('done', 'airline', 'a', 'earn', 'AirlineMSP', 0, 1, 0, 5, 1)`,
	`INSERT INTO accounts (programme, id, posted, debt, body) VALUES ('airline', 'a', 1, 0, '{}')`,
	`INSERT INTO checkpoint (id, block, block_hash) VALUES (1, 5, 'h')`,
}

func provider(t *testing.T, path string) *goose.Provider {
	t.Helper()
	db := sqlite.Connect(path, "")
	t.Cleanup(func() { db.Close() })
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestADatabaseOfTheFirstSchemaKeepsItsOutboxAndIsProjectedAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.db")
	if _, err := provider(t, path).UpTo(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	old := sqlite.Connect(path, "")
	for _, insert := range firstSchema {
		if _, err := old.Exec(insert); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path)
	if err := s.Adopt(context.Background(), "airline"); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"programmes", "lanes", "batches", "receipts", "accounts", "records", "movements", "debts", "checkpoint"} {
		if n := count(t, s, table); n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
	if _, found, err := s.Checkpoint(context.Background()); err != nil || found {
		t.Errorf("there is a checkpoint (%v)", err)
	}
	done, err := s.Operation(context.Background(), "done")
	if err != nil || done.Status != Done || done.Programme != "airline" || done.Partner != "" || done.Natural != "n" || done.Shop != "" || done.Outcome != points.Accepted {
		t.Errorf("%+v, %v", done, err)
	}
	pins, err := s.Pins(context.Background(), "airline")
	if err != nil || len(pins) != 1 || len(pins[0].Operations) != 1 || pins[0].Operations[0].ID != "pinned" || count(t, s, "lookups") != 1 {
		t.Errorf("%+v, %v", pins, err)
	}
}

// TestConsentsThatWereProjectedEarlierAreFound: the seventh schema fills its table from the records.
func TestConsentsThatWereProjectedEarlierAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.db")
	p := provider(t, path)
	if _, err := p.UpTo(context.Background(), 6); err != nil {
		t.Fatal(err)
	}
	old := sqlite.Connect(path, "")
	defer func() { _ = old.Close() }()
	if _, err := old.Exec(`INSERT INTO records (programme, object, id, body) VALUES ('airline', 'consent', 'c', ?), ('airline', 'prices', '0001', ?)`,
		[]byte(`{"v":1,"id":"c","grantee":"hotel","from":5,"until":9,"status":"GRANTED"}`), []byte("prices")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(context.Background(), 7); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := old.QueryRow(`SELECT programme || ' ' || grantee || ' ' || id || ' ' || status || ' ' || starts || ' ' || ends FROM consents`).Scan(&got); err != nil || got != "airline hotel c GRANTED 5 9" {
		t.Errorf("%q (%v)", got, err)
	}
}

func TestEveryMigrationCanBeTakenBack(t *testing.T) {
	p := provider(t, filepath.Join(t.TempDir(), "gateway.db"))
	for _, version := range []int64{1, 0, 1} {
		if _, err := p.Up(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.DownTo(context.Background(), version); err != nil {
			t.Fatal(err)
		}
	}
}
