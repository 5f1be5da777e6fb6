package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"slices"

	"github.com/mattn/go-sqlite3"
)

// pragmas are made on every connection. Durability rests on WAL with synchronous FULL: every commit is on disk before it is reported. What SQLite needs
// aside stays in memory. The log is copied into the database every 16,000 pages (64 MB): the less often, the more changes of a page one copy serves.
var pragmas = []string{
	"PRAGMA busy_timeout = 10000",
	"PRAGMA journal_mode = WAL",
	"PRAGMA synchronous = FULL",
	"PRAGMA wal_autocheckpoint = 16000",
	"PRAGMA temp_store = MEMORY",
}

// Connect opens the file without lock, schema or writer, with the pragmas of all databases and more of them. Options are those of the driver's file name.
func Connect(path, options string, more ...string) *sql.DB {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options}
	return sql.OpenDB(connector{dsn: u.String(), driver: &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		for _, pragma := range slices.Concat(pragmas, more) {
			if _, err := c.Exec(pragma, nil); err != nil {
				return fmt.Errorf("%s: %w", pragma, err)
			}
		}
		return nil
	}}})
}

// connector opens connections of a driver that isn't registered under a name, since its settings are this database's own.
type connector struct {
	dsn    string
	driver *sqlite3.SQLiteDriver
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }

func (c connector) Driver() driver.Driver { return c.driver }

func cacheSize(kib int) string { return fmt.Sprintf("PRAGMA cache_size = -%d", kib) }
