package vault

import (
	"context"
	"database/sql"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// MaxPage is how many lines of the access log are read at once.
const MaxPage = 500

var (
	actorForm   = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._/-]*$`)
	purposeForm = regexp.MustCompile(`^[a-z][a-z0-9-]*$`) // A number could be a phone's or a card's.
)

// valid refuses an access that couldn't be explained to the customer later.
func (a Access) valid() error {
	if len(a.Actor) > MaxActorBytes || !actorForm.MatchString(a.Actor) {
		return fault.New(fault.InvalidValue, "an access names its actor in up to %d letters, digits and ._/-", MaxActorBytes)
	}
	if len(a.Purpose) > MaxPurposeBytes || !purposeForm.MatchString(a.Purpose) {
		return fault.New(fault.InvalidValue, "purpose is a code of 1 to %d lower-case letters, digits and hyphens that begins with a letter", MaxPurposeBytes)
	}
	return nil
}

// Action says what was done with a person's values.
type Action string

// The actions that the vault itself logs. Other packages log reads.
const (
	Reading   Action = "read"
	Creating  Action = "create"
	Updating  Action = "update"
	Finding   Action = "find" // By an identifier; nothing was read.
	Merging   Action = "merge"
	Exporting Action = "export"
)

// Accessed is one line of the access log.
type Accessed struct {
	ID         int64    `json:"id"` // Ascending with time.
	At         int64    `json:"at"` // Unix milliseconds.
	Action     Action   `json:"action"`
	Actor      string   `json:"actor"`
	Purpose    string   `json:"purpose"`
	Attributes []string `json:"attributes"` // Names, sorted.
}

// Record writes to a person's access log that somebody does something with these attributes. Do it before values are given away.
func (v *Vault) Record(ctx context.Context, id PersonID, action Action, access Access, names []string) error {
	if err := access.valid(); err != nil {
		return err
	}
	return v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		live, err := livePerson(tx, id)
		if err != nil {
			return err
		}
		return v.logIn(tx, live, action, access, names)
	})
}

func (v *Vault) logIn(tx *sqlite.Tx, id PersonID, action Action, access Access, names []string) error {
	list, err := nameList(names)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO access_log (person, at, action, actor, purpose, attributes) VALUES (?, ?, ?, ?, ?, ?)`,
		string(id), v.now(), string(action), access.Actor, access.Purpose, list)
	return err
}

func nameList(names []string) (string, error) {
	sorted := slices.Compact(slices.Sorted(slices.Values(names)))
	if sorted == nil {
		sorted = []string{}
	}
	list, err := json.Marshal(sorted)
	if err != nil {
		return "", fault.New(fault.Internal, "names can't be encoded")
	}
	return string(list), nil
}

// AccessLog lists who read a person's values, newest first, up to limit (1 to MaxPage) lines before the line with this id; 0 begins at the newest.
func (v *Vault) AccessLog(ctx context.Context, id PersonID, before int64, limit int) ([]Accessed, error) {
	if limit < 1 || limit > MaxPage {
		return nil, fault.New(fault.InvalidValue, "limit lies between 1 and %d", MaxPage)
	}
	h, err := v.holder(ctx, id)
	if err != nil {
		return nil, err
	}
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT id, at, action, actor, purpose, attributes FROM access_log
		WHERE (person = ? OR person IN (SELECT id FROM persons WHERE merged_into = ?)) AND (? = 0 OR id < ?) ORDER BY id DESC LIMIT ?`,
		string(h.id), string(h.id), before, before, limit)
	return sqlite.Collect(rows, err, func(row *sql.Rows) (a Accessed, err error) {
		var names string
		if err := row.Scan(&a.ID, &a.At, &a.Action, &a.Actor, &a.Purpose, &names); err != nil {
			return a, sqlite.Failed(err)
		}
		if err := json.Unmarshal([]byte(names), &a.Attributes); err != nil {
			return a, fault.New(fault.StateCorrupt, "a line of the access log can't be decoded")
		}
		return a, nil
	})
}
