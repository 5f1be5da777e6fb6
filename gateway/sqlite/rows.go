package sqlite

import "database/sql"

// Each takes what a query returns, its error included, hands row by row to use, and closes it. An error of use ends it and is returned as it is; an error of the
// database is INTERNAL (Failed). It is generic so that a linter which looks into the callers' packages alone (rowserrcheck) sees that the rows' error is asked for.
func Each[F ~func(*sql.Rows) error](rows *sql.Rows, err error, use F) error {
	if err != nil {
		return Failed(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := use(rows); err != nil {
			return err
		}
	}
	return Failed(rows.Err())
}

// Collect makes a list of what scan makes of each row. Without rows the list is empty, not nil.
func Collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	list := []T{}
	err = Each(rows, err, func(row *sql.Rows) error {
		one, err := scan(row)
		if err == nil {
			list = append(list, one)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// List is Collect for rows whose columns go as they are into places of a T.
func List[T any](rows *sql.Rows, err error, places func(*T) []any) ([]T, error) {
	return Collect(rows, err, func(row *sql.Rows) (T, error) {
		var one T
		err := row.Scan(places(&one)...)
		return one, Failed(err)
	})
}

// Column is List for rows of one column.
func Column[T any](rows *sql.Rows, err error) ([]T, error) {
	return List(rows, err, func(one *T) []any { return []any{one} })
}
