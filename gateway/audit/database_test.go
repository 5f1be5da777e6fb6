package audit

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/store"
)

// projected makes the gateway's database of a ledger.
func projected(t *testing.T, s projection.Source, path string) *store.Store {
	t.Helper()
	db, err := store.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := projection.New(projection.Settings{
		Sources: []projection.Source{s}, Store: db, Programme: "airline", MSP: "AirlineMSP", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Metrics: prometheus.NewRegistry(),
	}, func(projection.Outcome) {})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	select {
	case <-p.CaughtUp():
	case <-time.After(time.Minute):
		t.Fatal("the projection doesn't catch up")
	}
	cancel()
	<-ended
	return db
}

func TestExpectedStateThatDiffersIsFoundAndNamed(t *testing.T) {
	s := tell(t)
	a := s.saved(t)
	db := projected(t, s, filepath.Join(t.TempDir(), "g.db"))
	ctx := context.Background()
	check := func() *Statement {
		d, err := ReadDatabase(ctx, "g.db", db)
		if err != nil {
			t.Fatal(err)
		}
		return audit(t, a, Options{Database: d})
	}
	if statement := check(); statement.Verdict != VerdictPassed || !strings.Contains(statement.State, "g.db at block") {
		t.Fatalf("%v; state: %s", statement.Finding, statement.State)
	}
	account := strings.TrimPrefix(s.account, "account/")
	for name, c := range map[string]struct{ change, back, key string }{
		"a balance": {`UPDATE accounts SET posted = posted + 1 WHERE id = '` + account + `'`, `UPDATE accounts SET posted = posted - 1 WHERE id = '` + account + `'`, s.account},
		"a record": {`UPDATE accounts SET body = replace(body, '"debt":200', '"debt":201') WHERE id = '` + account + `'`,
			`UPDATE accounts SET body = replace(body, '"debt":201', '"debt":200') WHERE id = '` + account + `'`, s.account},
		"an account too many":                     {`INSERT INTO accounts (programme, id, posted, held, debt, due_day, due_at, body) VALUES ('airline', 'x', 0, 0, 0, 0, 0, '{}')`, `DELETE FROM accounts WHERE id = 'x'`, ""},
		"what is held":                            {`UPDATE accounts SET held = held + 1 WHERE id = '` + account + `'`, `UPDATE accounts SET held = held - 1 WHERE id = '` + account + `'`, s.account},
		"the total that concentration is made of": {`UPDATE accounts SET total = total + 1 WHERE id = '` + account + `'`, `UPDATE accounts SET total = total - 1 WHERE id = '` + account + `'`, s.account},
		"the words of the terms": {`UPDATE records SET body = replace(body, 'One', 'Two') WHERE programme = 'airline' AND object = 'terms'`,
			`UPDATE records SET body = replace(body, 'Two', 'One') WHERE programme = 'airline' AND object = 'terms'`, "terms/0001"},
		"a lane": {`UPDATE lanes SET body = '{}' || body WHERE programme = 'airline' AND n = 1`,
			`UPDATE lanes SET body = substr(body, 3) WHERE programme = 'airline' AND n = 1`, "lane/AirlineMSP/0001"},
		"a receipt too few": {`UPDATE receipts SET programme = 'x' WHERE idx = 1 AND programme = 'airline'`, `UPDATE receipts SET programme = 'airline' WHERE programme = 'x'`, ""},
		"the checkpoint":    {`UPDATE checkpoint SET block_hash = 'x' || block_hash`, `UPDATE checkpoint SET block_hash = substr(block_hash, 2)`, ""},
		"the future":        {`UPDATE checkpoint SET block = block + 100`, `UPDATE checkpoint SET block = block - 100`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			alter(t, db, c.change)
			defer alter(t, db, c.back)
			if f := check().Finding; f == nil || f.Check != CheckDatabase || f.Key != c.key {
				t.Errorf("found %v", f)
			}
		})
	}
}

// TestConsentsThatWouldBeFoundOtherwiseThanTheirRecordsSayAreFound: pages and reports rest on what stands beside the records.
func TestConsentsThatWouldBeFoundOtherwiseThanTheirRecordsSayAreFound(t *testing.T) {
	c := gather(t)
	c.Cut()
	db := projected(t, c.Peer("airline"), filepath.Join(t.TempDir(), "g.db"))
	archive := blocks.Archive{Dir: filepath.Join(t.TempDir(), "blocks")}
	c.Save(archive)
	key := "consent/" + string(c.signed.Body.ID)
	check := func() *Finding {
		d, err := ReadDatabase(t.Context(), "g.db", db)
		if err != nil {
			t.Fatal(err)
		}
		return audit(t, archive, Options{Database: d}).Finding
	}
	if f := check(); f != nil {
		t.Fatalf("found %v", f)
	}
	for name, change := range map[string]struct{ change, back, key string }{
		"another status": {`UPDATE consents SET status = 'WITHDRAWN'`, `UPDATE consents SET status = 'GRANTED'`, key},
		"a longer time":  {`UPDATE consents SET ends = ends + 1`, `UPDATE consents SET ends = ends - 1`, key},
		"another reader": {`UPDATE consents SET grantee = 'x' || grantee`, `UPDATE consents SET grantee = substr(grantee, 2)`, key},
		"one too many": {
			`INSERT INTO consents (programme, grantee, id, status, starts, ends) VALUES ('airline', 'hotel', 'x', 'GRANTED', 0, 1)`, `DELETE FROM consents WHERE id = 'x'`, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			alter(t, db, change.change)
			defer alter(t, db, change.back)
			if f := check(); f == nil || f.Check != CheckDatabase || f.Key != change.key {
				t.Errorf("found %v", f)
			}
		})
	}
}

func alter(t *testing.T, db *store.Store, statement string) {
	t.Helper()
	if err := db.Write(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Exec(statement)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func unmarshal(t *testing.T, raw []byte, m proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(raw, m); err != nil {
		t.Fatal(err)
	}
}

func remarshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
