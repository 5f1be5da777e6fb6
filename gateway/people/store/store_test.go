package store

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tallystick/tallystick/gateway/sqlite"
)

// shipped are the SHA-256 of migrations that stand in databases: whoever wants something else adds a migration. The label of the second one was changed once, and databases that had it
// already didn't open.
var shipped = map[string]string{
	"0001_vault.sql":         "efb4c8117d2c87355a7885aab7246691fcc424c2c38b138a096febdc2f744eff",
	"0002_signin.sql":        "daa97ae82ee3667e453da574f035d282704ebedbe53e6370a4d020e941769d7a",
	"0003_consent.sql":       "822127a287e2ae39e9034d61cdc84255d44f9e20afba9a74890b6117b7fec908",
	"0004_erasure.sql":       "1a098cabc89d87e9a89c411ad13f5b81df44303aeb8268436a2cb3a6deb10cc0",
	"0005_abuse.sql":         "dce4a1b7b9ccecbbde29aa208d5e2373f5b637ba5441812a3a65144817ae6364",
	"0006_lookup.sql":        "d5e51597222535466ea378d804b8c8bd090cc321db03084a74e0592c018c1da3",
	"0007_abuse_counts.sql":  "d0d5ef4a2f5b0c01b348f106b7ecab0d1ff6e4561c9b0df86123df1d8b999690",
	"0008_proved.sql":        "52d90705441209ef0e8b96a5b00fdb341662dbaefa3da82f52f3ea242e8b19d9",
	"0009_security.sql":      "4fcc82f2a0b7918ad27e82a1cbd22e62fa7aef81637dbbbd80ce2299113da745",
	"0010_readings.sql":      "d5aad040a33068a18ed325bbac0a73d68b2b845199b72d36f67179511a6545fc",
	"0011_sealed_labels.sql": "48525691e979d2500fa0ba41ae559e605ab8f7c491d4b7bbd801905abc771829",
	"0012_notices.sql":       "c7cbcbc449138cdb519624f6445b3f130c245ca1481482434c898dd2e811473d",
	"0013_abuse_keys.sql":    "bab4757551a36f8f0360a30e3c8d9633b2f133d6e135d11d28345b693f103457",
	"0014_untold.sql":        "07775df498ff87f56acf4c76c15614ad05fa293bae62ae5ef01d0feefbdb1adc",
	"0015_offers.sql":        "4f22caa94461fac4ab8f9a257981bfa196f18112338121e4ad48c3e9b5b7eacc",
	"0016_marks.sql":         "ac56c84307424d3fe20699f26b93d6f70a5eba4b05a13f62cd3c1da5a9307d57",
	"0017_abuse_forms.sql":   "654541cbc6b3e48a03e978bd6579fb64e38472b3eed3100b8ab5c7eca3c2ddb1",
}

func TestAMigrationThatStandsInDatabasesStaysAsItIs(t *testing.T) {
	for name, want := range shipped {
		sum := sha256.Sum256(migration(t, name))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s was changed to %s: add a migration", name, got)
		}
	}
	files, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, pinned := shipped[f.Name()]; !pinned {
			t.Errorf("%s isn't among those that stay as they are", f.Name())
		}
	}
}

func migration(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := fs.ReadFile(migrations, path.Join("migrations", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// older makes a database as it was with the migrations up to last; change may replace words of them.
func older(t *testing.T, file, last string, change *strings.Replacer, rows ...string) {
	t.Helper()
	names, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, n := range names {
		if n.Name() <= last {
			files[n.Name()] = &fstest.MapFile{Data: []byte(change.Replace(string(migration(t, n.Name()))))}
		}
	}
	s, err := settings()
	if err != nil {
		t.Fatal(err)
	}
	s.Migrations = files
	db, err := sqlite.Open(t.Context(), file, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, insert := range rows {
		if err := db.Write(t.Context(), func(tx *sqlite.Tx) error { _, err := tx.Exec(insert); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPasskeysOfOlderDatabasesStayAndOnlySealedLabelsDo(t *testing.T) {
	const insert = "INSERT INTO signin_passkeys (id, person, credential, ledger_key, label, created, used) VALUES ('a', 'ada', x'01', '', "
	for name, c := range map[string]struct {
		change *strings.Replacer
		rows   string
		want   string
	}{
		"plain":  {strings.NewReplacer(), insert + "'my phone', 1, 0)", ""},
		"sealed": {strings.NewReplacer("label      TEXT", "label      BLOB"), insert + "x'5e41', 1, 0)", "^A"},
	} {
		file := filepath.Join(t.TempDir(), "people.db")
		older(t, file, "0010_readings.sql", c.change, c.rows)
		db, err := Open(t.Context(), file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var label []byte
		if err := db.Reader().QueryRow("SELECT sealed_label FROM signin_passkeys WHERE id = 'a'").Scan(&label); err != nil || string(label) != c.want {
			t.Errorf("%s: %q, %v", name, label, err)
		}
		err = db.Write(t.Context(), func(tx *sqlite.Tx) error {
			_, err := tx.Exec("INSERT INTO signin_passkeys (id, person, credential, ledger_key, sealed_label, created, used) VALUES ('b', 'ada', x'01', '', x'02', 1, 0)")
			return err
		})
		if err != nil {
			t.Errorf("%s: a passkey can't be added: %v", name, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestEventsThatWaitedForAChangeWaitForItOnlyWhileItIsThere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "people.db")
	older(t, file, "0011_sealed_labels.sql", strings.NewReplacer(),
		`INSERT INTO changes (id, person, body, fresh, cleanup) VALUES (7, 'ada', x'01', 0, 0), (8, 'ada', x'01', 0, 1), (9, 'bob', x'01', 0, 1)`,
		`INSERT INTO signin_events (id, person, kind, device, at, state) VALUES ('a', 'ada', 'identifier-removed', '', 1, 'PENDING'), ('b', 'bob', 'identifier-removed', '', 1, 'PENDING'),
			('c', 'bob', 'identifier-removed', '', 1, 'DUE')`)
	db, err := Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var got string
	if err := db.Reader().QueryRow("SELECT group_concat(id || ' ' || IFNULL(change, '-'), ', ' ORDER BY id) FROM signin_events").Scan(&got); err != nil || got != "a 7, c -" {
		t.Errorf("%s, %v", got, err)
	}
}
