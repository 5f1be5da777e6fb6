package sqlite

import (
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// someWords is a database with three words.
func someWords(t *testing.T) *sql.DB {
	t.Helper()
	db, _ := open(t)
	for _, word := range []string{"a", "b", "c"} {
		if err := db.Write(t.Context(), insert(word)); err != nil {
			t.Fatal(err)
		}
	}
	return db.Reader()
}

type word struct {
	text string
	size int
}

func (w *word) places() []any { return []any{&w.text, &w.size} }

func TestRowsBecomeLists(t *testing.T) {
	db := someWords(t)
	query := func(text string) (*sql.Rows, error) { return db.QueryContext(t.Context(), text) }
	rows, err := query(`SELECT word, length(word) FROM words ORDER BY word`)
	if all, err := List(rows, err, (*word).places); err != nil || !slices.Equal(all, []word{{"a", 1}, {"b", 1}, {"c", 1}}) {
		t.Errorf("listed %v, %v", all, err)
	}
	rows, err = query(`SELECT word FROM words ORDER BY word DESC`)
	if all, err := Column[string](rows, err); err != nil || !slices.Equal(all, []string{"c", "b", "a"}) {
		t.Errorf("the column is %v, %v", all, err)
	}
	rows, err = query(`SELECT word FROM words WHERE word = 'z'`)
	if all, err := Column[string](rows, err); err != nil || all == nil || len(all) != 0 {
		t.Errorf("no rows give %v, %v", all, err)
	}
}

func TestWhatFailsWithRowsIsTold(t *testing.T) {
	db := someWords(t)
	rows, err := db.QueryContext(t.Context(), `SELECT nothing FROM words`)
	if all, err := Column[string](rows, err); all != nil || fault.CodeOf(err) != fault.Internal {
		t.Errorf("a query that failed gives %v, %v", all, err)
	}
	rows, err = db.QueryContext(t.Context(), `SELECT word FROM words`)
	if all, err := Column[int](rows, err); all != nil || fault.CodeOf(err) != fault.Internal {
		t.Errorf("words as numbers are %v, %v", all, err)
	}
	enough, seen := errors.New("enough"), 0
	rows, err = db.QueryContext(t.Context(), `SELECT word FROM words`)
	err = Each(rows, err, func(*sql.Rows) error {
		if seen++; seen == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || seen != 2 {
		t.Errorf("ended after %d rows with %v", seen, err)
	}
	if used := db.Stats().InUse; used != 0 {
		t.Errorf("%d connections are still in use: rows were left open", used)
	}
}

func TestAChangeSaysHowManyRowsItChanged(t *testing.T) {
	db, _ := open(t)
	err := db.Write(t.Context(), func(tx *Tx) error {
		if n, err := tx.Change("INSERT INTO words (word) VALUES ('a'), (?)", "b"); err != nil || n != 2 {
			t.Errorf("%d rows inserted of 2, %v", n, err)
		}
		if n, err := tx.Change("DELETE FROM words WHERE word = 'z'"); err != nil || n != 0 {
			t.Errorf("%d rows deleted that aren't there, %v", n, err)
		}
		if n, err := tx.Change("DELETE FROM nothing"); n != 0 || fault.CodeOf(err) != fault.Internal {
			t.Errorf("a statement that fails: %d rows, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
