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

// projectedRows are rows that the projection adds to, as the eighth schema and the ninth have them.
var projectedRows = []string{
	`INSERT INTO checkpoint (id, block, block_hash) VALUES (1, 5, 'h')`,
	`INSERT INTO movements (programme, day, spendable_from, expiry, terms, funding, cause, incoming, points) VALUES ('airline', 1, 1, 2, 1, '', 'earned', 1, 100)`,
	`INSERT INTO debts (programme, day, cause, incurred, points) VALUES ('airline', 1, 'adjusted', 1, 100)`,
	`INSERT INTO turnovers (programme, day, activity, partner, shop, operations, points, given) VALUES ('airline', 1, 'earn', '', '', 1, 100, 0)`,
	`INSERT INTO holdings (programme, place, spendable_from, expiry, terms, funding, active, points) VALUES ('airline', 'account', 1, 2, 1, '', 0, 100)`,
	`INSERT INTO obligation_sums (currency, window, a, b, home, service, debtor, creditor, count, micro, fee) VALUES ('GBP', 1, 'airline', 'hotel', 'airline', 'award', 'hotel', 'airline', 1, 1, 0)`,
	`INSERT INTO receipts (operation, programme, account, kind, msp, lane, seq, idx, block, tx_time) VALUES ('done', 'airline', 'a', 'earn', 'AirlineMSP', 0, 1, 0, 5, 1)`,
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

// TestTheNinthSchemaEmptiesTheProjectionBothWays: sums that stayed would be added to again, from block 0.
func TestTheNinthSchemaEmptiesTheProjectionBothWays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.db")
	p := provider(t, path)
	db := sqlite.Connect(path, "")
	defer func() { _ = db.Close() }()
	for _, step := range []struct {
		from, to int64
		migrate  func(context.Context, int64) ([]*goose.MigrationResult, error)
	}{{8, 9, p.UpTo}, {9, 8, p.DownTo}} {
		if _, err := p.UpTo(context.Background(), step.from); err != nil {
			t.Fatal(err)
		}
		for _, insert := range projectedRows {
			if _, err := db.Exec(insert); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := step.migrate(context.Background(), step.to); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"checkpoint", "movements", "debts", "turnovers", "holdings", "obligation_sums", "receipts"} {
			n := 0
			if err := db.QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil || n != 0 {
				t.Errorf("from %d to %d: %s has %d rows (%v)", step.from, step.to, table, n, err)
			}
		}
	}
}
