package audit

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
)

// reported is what a gateway's database has of what its reports are made of, beside the records that are compared one by one.
type reported struct {
	sums     *reportSums
	adjusted map[paymentRef]adjustment // Receipts of adjustments, by programme and operation.
	clearing map[string][]byte         // Public records of clearing by key: reserves and disclosed nets are among them.
	held     map[string]bool           // Collections of pairs that it has data of.
	gaps     map[gap]bool              // Transactions whose private data it was not delivered.
	time     int64                     // Latest time that a transaction states, Unix seconds: "now" in reports.
}

// gap is a transaction whose private data of a pair a gateway hasn't got.
type gap struct {
	block      int64
	tx         int
	collection string
}

// placed says where a receipt stands.
type placed struct {
	block int64
	index int    // In its batch.
	tx    string // Transaction id, hex.
	time  int64  // Of the transaction, Unix milliseconds.
}

// adjustment is what a report shows of one, and the day by which it finds it.
type adjustment struct {
	placed
	day  int64
	body [sha256.Size]byte // Hash of the receipt.
}

func (a adjustment) String() string {
	return fmt.Sprintf("block %d, receipt %d, transaction %s at %s, day %d, SHA-256 %x", a.block, a.index, a.tx, time.UnixMilli(a.time).UTC().Format(time.RFC3339Nano), a.day, a.body)
}

func newReported() reported {
	return reported{sums: newReportSums(), adjusted: map[paymentRef]adjustment{}, clearing: map[string][]byte{}, held: map[string]bool{}, gaps: map[gap]bool{}}
}

// tables are how it is read.
func (r *reported) tables() []tableRead {
	s := r.sums
	return []tableRead{
		{`SELECT programme, day, spendable_from, expiry, terms, funding, cause, incoming, points FROM movements`, takeSums(s.movements, func(k *movementKey, n *amounts) []any {
			return []any{&k.programme, &k.day, &k.lot.From, &k.lot.Expiry, &k.lot.Terms, &k.lot.Funding, &k.cause, &k.incoming, &n[0]}
		})},
		{`SELECT programme, day, cause, incurred, points FROM debts`, takeSums(s.debts, func(k *debtKey, n *amounts) []any {
			return []any{&k.programme, &k.day, &k.cause, &k.incurred, &n[0]}
		})},
		{`SELECT programme, day, activity, partner, shop, operations, points, given FROM turnovers`, takeSums(s.turnovers, func(k *turnoverKey, n *amounts) []any {
			return []any{&k.programme, &k.day, &k.activity, &k.partner, &k.shop, &n[0], &n[1], &n[2]}
		})},
		{`SELECT programme, day, cause, partner, terms, returned, points FROM given_back`, takeSums(s.returns, func(k *returnKey, n *amounts) []any {
			return []any{&k.programme, &k.day, &k.cause, &k.partner, &k.terms, &k.returned, &n[0]}
		})},
		{`SELECT programme, day, accepted, rejected, up, down, debt FROM adjustment_sums`, takeSums(s.adjustments, func(k *adjustedKey, n *amounts) []any {
			return []any{&k.programme, &k.day, &n[0], &n[1], &n[2], &n[3], &n[4]}
		})},
		{`SELECT currency, window, a, b, home, service, debtor, creditor, count, micro, fee FROM obligation_sums`, takeSums(s.obligations, func(k *obligationKey, n *amounts) []any {
			return []any{&k.currency, &k.window, &k.a, &k.b, &k.home, &k.service, &k.debtor, &k.creditor, &n[0], &n[1], &n[2]}
		})},
		{`SELECT r.programme, r.operation, r.day, r.block, r.idx, COALESCE(b.tx, ''), COALESCE(b.tx_time, 0), r.body FROM receipts r
			LEFT JOIN batches b ON b.programme = r.programme AND b.msp = r.msp AND b.lane = r.lane AND b.seq = r.seq WHERE r.kind = 'adjust'`, r.takeAdjustment},
		{`SELECT object, id, body FROM clearing_records WHERE collection = '' AND body IS NOT NULL`, r.takeClearing},
		{`SELECT DISTINCT collection FROM clearing_records WHERE collection <> ''`, r.takeHeld},
		{`SELECT block, tx, collection FROM clearing_gaps`, r.takeGap},
	}
}

// takeSums keeps the rows of a table of sums; columns are where each of its columns goes.
func takeSums[K sumKey](into summed[K], columns func(*K, *amounts) []any) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var key K
		var row amounts
		if err := rows.Scan(columns(&key, &row)...); err != nil {
			return err
		}
		into[key] = row
		return nil
	}
}

func (r *reported) takeAdjustment(rows *sql.Rows) error {
	var ref paymentRef
	var one adjustment
	var body []byte
	if err := rows.Scan(&ref.programme, &ref.operation, &one.day, &one.block, &one.index, &one.tx, &one.time, &body); err != nil {
		return err
	}
	one.body = sha256.Sum256(body)
	r.adjusted[ref] = one
	return nil
}

func (r *reported) takeClearing(rows *sql.Rows) error {
	var object, id string
	var body []byte
	if err := rows.Scan(&object, &id, &body); err != nil {
		return err
	}
	var attributes []string
	if id != "" {
		attributes = strings.Split(id, "/")
	}
	r.clearing[engine.Key(object, attributes...)] = body
	return nil
}

func (r *reported) takeHeld(rows *sql.Rows) error {
	var collection string
	err := rows.Scan(&collection)
	r.held[collection] = true
	return err
}

func (r *reported) takeGap(rows *sql.Rows) error {
	var g gap
	err := rows.Scan(&g.block, &g.tx, &g.collection)
	r.gaps[g] = true
	return err
}

// adjustmentOf is an adjustment as the blocks have it.
func adjustmentOf(r *points.Receipt, raw []byte, at placed) adjustment {
	return adjustment{placed: at, day: int64(r.BusinessDate), body: sha256.Sum256(raw)}
}
