package audit

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/store"
)

// Database is a gateway's projection at one checkpoint, read into memory so that it can be compared when the audit gets there.
type Database struct {
	Name    string // Of the file, for people.
	Member  string // Whose gateway's it is, as the auditor knows it: what it must hold of pairs follows from that. Empty: unknown, what it has no data of isn't compared.
	Block   uint64
	Hash    string
	records map[string]map[string][]byte // By namespace and key.
	issued  map[string]int               // Receipts by namespace.
	lying   summed[lying]                // What its accounts hold,
	held    summed[lying]                // and what its sums say that they hold.
	reports reported                     // What reports are made of.
	missing bool                         // It has seen no block.
}

// lying is a lot in a programme's accounts.
type lying struct {
	programme string
	place     statement.Place
	lot       lots.Key
	active    quantity.Day // Business date of the account's last activity; 0 of a lot with an expiry.
}

func (l lying) String() string {
	return path(l.programme, l.place, l.lot.From, l.lot.Expiry, l.lot.Terms, l.lot.Funding, l.active)
}

// ReadDatabase takes a consistent picture of the projection of a database.
func ReadDatabase(ctx context.Context, name string, s *store.Store) (d *Database, err error) {
	tx, err := s.Reader().BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	d = &Database{Name: name, records: map[string]map[string][]byte{}, issued: map[string]int{}, lying: summed[lying]{}, held: summed[lying]{}, reports: newReported()}
	err = tx.QueryRowContext(ctx, `SELECT block, block_hash, tx_time FROM checkpoint`).Scan(&d.Block, &d.Hash, &d.reports.time)
	if errors.Is(err, sql.ErrNoRows) {
		d.missing = true
		return d, nil
	}
	if err == nil {
		err = d.read(ctx, tx)
	}
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", name, err)
	}
	return d, nil
}

func (d *Database) read(ctx context.Context, tx *sql.Tx) error {
	for _, table := range append(d.reports.tables(), []tableRead{
		{`SELECT programme, body FROM programmes`, d.takeProgramme},
		{`SELECT programme, msp, n, body FROM lanes`, d.takeLane},
		{`SELECT programme, id, posted, held, debt, total, body FROM accounts`, d.takeAccount},
		{`SELECT programme, place, spendable_from, expiry, terms, funding, active, points FROM holdings`, takeSums(d.held, func(k *lying, n *amounts) []any {
			return []any{&k.programme, &k.place, &k.lot.From, &k.lot.Expiry, &k.lot.Terms, &k.lot.Funding, &k.active, &n[0]}
		})},
		{`SELECT r.programme, r.object, r.id, r.body, c.grantee, c.status, c.starts, c.ends FROM records r
			LEFT JOIN consents c ON r.object = 'consent' AND c.programme = r.programme AND c.id = r.id AND c.grantee = CAST(r.body AS TEXT) ->> '$.grantee'`, d.takeRecord},
		{`SELECT programme, id, grantee FROM consents c WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.programme = c.programme AND r.object = 'consent' AND r.id = c.id
			AND CAST(r.body AS TEXT) ->> '$.grantee' = c.grantee)`, d.takeStrayConsent},
		{`SELECT programme, account, msp, lane, seq, n, body FROM inbox`, d.takeWaiting},
		{`SELECT programme, COUNT(*) FROM receipts GROUP BY programme`, d.takeReceipts},
	}...) {
		if err := each(ctx, tx, table.query, table.take); err != nil {
			return err
		}
	}
	return nil
}

// tableRead reads a table, or a part of one.
type tableRead struct {
	query string
	take  func(*sql.Rows) error
}

func each(ctx context.Context, tx *sql.Tx, query string, take func(*sql.Rows) error) (err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (d *Database) keep(programme, key string, body []byte) {
	namespace := engine.PointsPrefix + programme
	if d.records[namespace] == nil {
		d.records[namespace] = map[string][]byte{}
	}
	d.records[namespace][key] = body
}

func (d *Database) takeProgramme(rows *sql.Rows) error {
	var programme string
	var body []byte
	if err := rows.Scan(&programme, &body); err != nil {
		return err
	}
	d.keep(programme, engine.ProgrammeKey(), body)
	return nil
}

func (d *Database) takeLane(rows *sql.Rows) error {
	var programme, msp string
	var n int
	var body []byte
	if err := rows.Scan(&programme, &msp, &n, &body); err != nil {
		return err
	}
	d.keep(programme, engine.LaneKey(msp, n), body)
	return nil
}

// takeAccount keeps an account's record, with the columns that are queried beside it: they must say the same.
func (d *Database) takeAccount(rows *sql.Rows) error {
	var programme, id string
	var c accountColumns
	var body []byte
	if err := rows.Scan(&programme, &id, &c.posted, &c.held, &c.debt, &c.total, &body); err != nil {
		return err
	}
	var a points.Account
	if wire.DecodeRecord(body, &a) != nil || c != columnsOf(&a) {
		body = fmt.Appendf(nil, "columns posted %d, held %d, debt %d and total %d beside %s", c.posted, c.held, c.debt, c.total, body)
	}
	if err := d.lie(programme, &a); err != nil {
		return err
	}
	d.keep(programme, engine.AccountKey(points.AccountID(id)), body)
	return nil
}

// lie counts what lies in an account. Of lots without an expiry it matters when the account was last active.
func (d *Database) lie(programme string, a *points.Account) error {
	count := func(place statement.Place, list []lots.Lot) error {
		for _, l := range list {
			at := lying{programme, place, l.Key, 0}
			if l.Expiry == 0 {
				at.active = a.Active
			}
			if err := d.lying.add(at, int64(l.Points)); err != nil {
				return err
			}
		}
		return nil
	}
	err := errors.Join(count(statement.Account, a.Lots), count(statement.Suspense, a.Suspense))
	for i := range a.Holds {
		err = errors.Join(err, count(statement.Hold, a.Holds[i].Lots))
	}
	return err
}

// accountColumns are what stands beside an account's record.
type accountColumns struct{ posted, held, debt, total int64 }

func columnsOf(a *points.Account) accountColumns {
	return accountColumns{int64(a.Posted), int64(a.Held), int64(a.Debt), int64(a.Posted + a.Debt)}
}

// takeRecord keeps a record; a consent's with the columns by which it is found: they must say the same.
func (d *Database) takeRecord(rows *sql.Rows) error {
	var programme, object, id string
	var body []byte
	var grantee, status sql.NullString
	var starts, ends sql.NullInt64
	if err := rows.Scan(&programme, &object, &id, &body, &grantee, &status, &starts, &ends); err != nil {
		return err
	}
	if object == engine.ObjectConsent {
		found := privacy.Consent{Grantee: grantee.String, Status: privacy.Status(status.String), From: starts.Int64, Until: ends.Int64}
		if !agreesWith(&found, body) {
			body = fmt.Appendf(nil, "grantee %q, status %q, from %d and until %d beside %s", grantee.String, status.String, starts.Int64, ends.Int64, body)
		}
	}
	d.keep(programme, engine.Key(object, strings.Split(id, "/")...), body)
	return nil
}

// agreesWith says whether what a consent is found by is what its record says.
func agreesWith(found *privacy.Consent, body []byte) bool {
	var c privacy.Consent
	return wire.DecodeRecord(body, &c) == nil && *found == privacy.Consent{Grantee: c.Grantee, Status: c.Status, From: c.From, Until: c.Until}
}

// takeStrayConsent keeps a consent that would be found and has no record, under a key that the blocks don't give.
func (d *Database) takeStrayConsent(rows *sql.Rows) error {
	var programme, id, grantee string
	if err := rows.Scan(&programme, &id, &grantee); err != nil {
		return err
	}
	d.keep(programme, engine.Key(engine.ObjectConsent, id, grantee), nil)
	return nil
}

func (d *Database) takeWaiting(rows *sql.Rows) error {
	var programme, account string
	var place points.InboxPlace
	var body []byte
	if err := rows.Scan(&programme, &account, &place.MSP, &place.Lane, &place.Seq, &place.N, &body); err != nil {
		return err
	}
	d.keep(programme, engine.InboxKey(points.AccountID(account), place), body)
	return nil
}

func (d *Database) takeReceipts(rows *sql.Rows) error {
	var programme string
	var n int
	if err := rows.Scan(&programme, &n); err != nil {
		return err
	}
	d.issued[engine.PointsPrefix+programme] = n
	return nil
}

// compareDatabase compares the projection with the rebuilt state when the audit has reached its checkpoint.
func (a *Auditor) compareDatabase(b *blocks.Block) error {
	d := a.options.Database
	if d == nil || d.missing || d.Block != b.Number {
		return nil
	}
	if d.Hash != hex.EncodeToString(b.Hash) {
		return blockFinding(CheckDatabase, b.Number, "%s stands at a block with hash %s, this one has %x", d.Name, d.Hash, b.Hash)
	}
	compared := 0
	for brand := range a.programmes {
		n, f := a.compareNamespace(d, engine.PointsPrefix+brand, b.Number)
		if f != nil {
			return f
		}
		compared += n
	}
	for _, check := range []func(*Database, uint64) *Finding{a.compareClearing, a.compareReported} {
		if f := check(d, b.Number); f != nil {
			return f
		}
	}
	a.statement.State = fmt.Sprintf("%d records and %d sums of %s at block %d", compared+len(d.reports.clearing), d.reports.sums.rows()+len(d.held), d.Name, d.Block)
	a.statement.Uncompared = a.reports.uncompared(d)
	a.reports = nil
	return nil
}

// projectedObjects are the objects that a gateway's database holds whole.
var projectedObjects = []string{
	engine.ObjectProgramme, engine.ObjectLane, engine.ObjectAccount,
	engine.ObjectTerms, engine.ObjectRuleSet, engine.ObjectPrices, engine.ObjectShop, engine.ObjectApproval,
	engine.ObjectPartner, engine.ObjectOffer, engine.ObjectOptOut, engine.ObjectInbox, engine.ObjectFreeze, engine.ObjectObjection,
	engine.ObjectDataPolicy, engine.ObjectConsent, engine.ObjectErasures,
}

func (a *Auditor) compareNamespace(d *Database, namespace string, block uint64) (int, *Finding) {
	compared := 0
	for key, e := range a.world.public[namespace] {
		object, _, err := engine.ParseKey(key)
		if err != nil || !slices.Contains(projectedObjects, object) {
			continue
		}
		if got := d.records[namespace][key]; !bytes.Equal(got, e.value) {
			return 0, blockFinding(CheckDatabase, block, "%s has %s, the blocks give %s", d.Name, excerpt(got), excerpt(e.value)).at(namespace, key)
		}
		compared++
	}
	if surplus := len(d.records[namespace]) - compared; surplus != 0 {
		return 0, blockFinding(CheckDatabase, block, "%s has %d records that the blocks don't give", d.Name, surplus).at(namespace, "")
	}
	if got, want := d.issued[namespace], a.programme(namespace).Receipts; got != want {
		return 0, blockFinding(CheckDatabase, block, "%s has %d receipts, the blocks %d", d.Name, got, want).at(namespace, "")
	}
	return compared, nil
}

// databaseBehind notes a projection that could not be compared.
func (a *Auditor) databaseBehind() error {
	d := a.options.Database
	switch {
	case d == nil || a.statement.State != "":
		return nil
	case d.missing:
		a.statement.State = "nothing: " + d.Name + " has seen no block"
		return nil
	default:
		return blockFinding(CheckDatabase, a.Height()-1, "%s stands at block %d, which the ledger doesn't have", d.Name, d.Block)
	}
}
