package vault

import (
	"context"

	"github.com/tallystick/tallystick/gateway/sqlite"
)

// AccessCount says how often a kind of personal data was looked at or changed, by whom and what for.
type AccessCount struct {
	Actor, Purpose, Action string
	Attribute              string // Empty for what is about no attribute.
	Accesses               int64
	Persons                int64 // Different ones.
}

// Accesses counts the lines of the access log from a time (included) to another (excluded; both Unix seconds), by who, what for, action and attribute, in this order; at most
// limit counts. A line about several attributes counts for each of them.
func (v *Vault) Accesses(ctx context.Context, from, to int64, limit int) ([]AccessCount, error) {
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT l.actor, l.purpose, l.action, COALESCE(a.value, ''), COUNT(*), COUNT(DISTINCT l.person)
		FROM access_log l LEFT JOIN json_each(l.attributes) a ON TRUE WHERE l.at >= ? AND l.at < ?
		GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT ?`, from*1000, to*1000, limit)
	return sqlite.List(rows, err, func(c *AccessCount) []any {
		return []any{&c.Actor, &c.Purpose, &c.Action, &c.Attribute, &c.Accesses, &c.Persons}
	})
}

// GranteeSum sums up what another brand was given to read, in one month.
type GranteeSum struct {
	Grantee, Purpose string
	Month            string // YYYY-MM, UTC.
	Accesses         int64
	Persons          int64 // Different ones in the month.
}

// Grantees sums up the lines of the access log about readings whose actor is another brand (partner/<brand>), from a time (included) to another (excluded; both Unix seconds), by
// brand, purpose and month, in this order; at most limit sums. A line about several attributes counts for each of them, as in Accesses. Other actions, such as customers whom the
// brand identified, are no readings: the brand doesn't count them as such either.
func (v *Vault) Grantees(ctx context.Context, from, to int64, limit int) ([]GranteeSum, error) {
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT substr(l.actor, 9), l.purpose, strftime('%Y-%m', l.at / 1000, 'unixepoch'), COUNT(*), COUNT(DISTINCT l.person)
		FROM access_log l LEFT JOIN json_each(l.attributes) a ON TRUE WHERE l.at >= ? AND l.at < ? AND l.action = ?
		AND substr(l.actor, 1, 8) = 'partner/' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT ?`, from*1000, to*1000, string(Reading), limit)
	return sqlite.List(rows, err, func(s *GranteeSum) []any { return []any{&s.Grantee, &s.Purpose, &s.Month, &s.Accesses, &s.Persons} })
}
