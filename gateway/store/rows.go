package store

import "strings"

// rowSizes are the numbers of rows that one statement takes, largest first: few texts, so that they all stay prepared. Measured, larger ones cost more.
var rowSizes = []int{16, 4, 1}

// rows collects the values of a multi-row statement.
type rows struct {
	columns int
	values  []any
}

func newRows(columns, capacity int) *rows {
	return &rows{columns: columns, values: make([]any, 0, columns*capacity)}
}

func (r *rows) add(values ...any) { r.values = append(r.values, values...) }

// each hands the rows to f, as a list of placeholders and its values, in as few parts as the sizes allow. f's statement must not be able to abort halfway
// (OR IGNORE, OR FAIL): for many rows and ABORT, the default, SQLite copies each page before it changes it, at several times the cost.
func (r *rows) each(f func(list string, values []any) error) error {
	for at := 0; at < len(r.values); {
		for _, n := range rowSizes {
			if at+n*r.columns > len(r.values) {
				continue
			}
			if err := f(valueLists[listShape{n, r.columns}], r.values[at:at+n*r.columns]); err != nil {
				return err
			}
			at += n * r.columns
			break
		}
	}
	return nil
}

type listShape struct{ rows, columns int }

// maxColumns is the widest multi-row statement of the projection.
const maxColumns = 16

var valueLists = func() map[listShape]string {
	m := map[listShape]string{}
	for _, n := range rowSizes {
		for columns := 1; columns <= maxColumns; columns++ {
			row := "(" + strings.TrimSuffix(strings.Repeat("?,", columns), ",") + ")"
			m[listShape{n, columns}] = strings.TrimSuffix(strings.Repeat(row+",", n), ",")
		}
	}
	return m
}()
