// Package vaulttest gives tests a vault over a real people.db and a collection that is kept in memory and can fail as the real one does.
//
// Tests of the packages under gateway/people and of the API import it; nothing else does.
package vaulttest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/keyring"
	"github.com/tallystick/tallystick/gateway/people/store"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Brand is whose vault it is.
const Brand = "airline"

// Vault is a vault with what it stands on. Restart makes another one of the same files.
type Vault struct {
	*vault.Vault
	Folder string // people.db, and the folders of the keys.
	Ledger *Ledger
	Clock  *Clock
	Schema *Schema

	t  testing.TB
	db *sqlite.DB
}

// Clock is a time that tests move.
type Clock struct{ Time time.Time }

// Now is the time.
func (c *Clock) Now() time.Time { return c.Time }

// Schema is a data policy's custom attributes.
type Schema struct{ Attributes []privacy.AttributeSchema }

// Declared implements vault.Schema.
func (s *Schema) Declared(context.Context) ([]privacy.AttributeSchema, error) {
	return s.Attributes, nil
}

// New makes an empty vault with one key of each sort.
func New(t testing.TB) *Vault {
	t.Helper()
	v := &Vault{t: t, Folder: t.TempDir(), Ledger: NewLedger(), Clock: &Clock{time.Unix(1_760_000_000, 0)}, Schema: &Schema{}}
	v.DrawMaster()
	v.DrawIndex()
	v.Restart()
	t.Cleanup(v.Close)
	return v
}

// MasterKeys is the folder of the master keys.
func (v *Vault) MasterKeys() string { return filepath.Join(v.Folder, "master") }

// IndexKeys is the folder of the index keys.
func (v *Vault) IndexKeys() string { return filepath.Join(v.Folder, "index") }

// Database is the file of people.db.
func (v *Vault) Database() string { return filepath.Join(v.Folder, "people.db") }

// DrawMaster draws the next master key; the vault knows it after Maintain or Restart.
func (v *Vault) DrawMaster() { v.draw(v.MasterKeys()) }

// DrawIndex draws the next index key.
func (v *Vault) DrawIndex() { v.draw(v.IndexKeys()) }

func (v *Vault) draw(folder string) {
	v.t.Helper()
	if _, err := keyring.Draw(folder); err != nil {
		v.t.Fatal(err)
	}
}

// Restart ends the vault and opens its files again, as a gateway's next process does. Companions must be registered again.
func (v *Vault) Restart() {
	v.t.Helper()
	v.Close()
	db, err := store.Open(context.Background(), v.Database())
	if err != nil {
		v.t.Fatal(err)
	}
	master, err := keyring.Open(v.MasterKeys())
	if err != nil {
		v.t.Fatal(err)
	}
	index, err := keyring.Open(v.IndexKeys())
	if err != nil {
		v.t.Fatal(err)
	}
	v.db = db
	v.Vault = vault.New(vault.Settings{Brand: Brand, DB: db, Ledger: v.Ledger, Schema: v.Schema, Master: master, Index: index, Region: "DE", Now: v.Clock.Now})
}

// Close ends the vault; its files stay for as long as the test.
func (v *Vault) Close() {
	if v.db == nil {
		return
	}
	if err := v.db.Close(); err != nil {
		v.t.Error(err)
	}
	v.db = nil
}

// Backup copies people.db as an operator does beside the running gateway, and returns the copy's name.
func (v *Vault) Backup() string {
	v.t.Helper()
	file := filepath.Join(v.t.TempDir(), "people.db")
	if err := sqlite.Copy(context.Background(), v.Database(), file); err != nil {
		v.t.Fatal(err)
	}
	return file
}

// Restore ends the vault, puts a copy in the place of people.db and opens it. Companions must be registered again.
func (v *Vault) Restore(backup string) {
	v.t.Helper()
	v.Close()
	old, err := filepath.Glob(v.Database() + "*")
	if err != nil {
		v.t.Fatal(err)
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			v.t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(backup)
	if err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(v.Database(), raw, 0o600); err != nil {
		v.t.Fatal(err)
	}
	v.Restart()
}
