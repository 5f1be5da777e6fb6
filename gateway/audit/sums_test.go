package audit

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/store"
)

// busy is a ledger with something in every table that reports are made of: the airline and the hotel trade, and the grocer's programme sees every kind of operation.
func busy(t *testing.T) *market {
	t.Helper()
	m := trade(t)
	m.everything()
	m.Everything(1)
	return m
}

// observed is the read model of a member that holds what its peer delivers.
func observed(t *testing.T, m *market, member string) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "g.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := projection.New(projection.Settings{
		Sources: []projection.Source{m.Peer(member)}, Store: db, Member: member, Regulator: member == "regulator", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Metrics: prometheus.NewRegistry(),
	}, func(projection.Outcome) {})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	select {
	case <-p.CaughtUp():
	case <-time.After(60 * time.Second):
		t.Fatal("the projection doesn't catch up")
	}
	cancel()
	<-ended
	return db
}

// against audits blocks beside the regulator's database as it is now.
func against(t *testing.T, a blocks.Archive, db *store.Store) *Statement {
	t.Helper()
	return againstThatOf(t, "regulator", a, db)
}

// againstThatOf audits blocks beside a member's database as it is now; an empty member is unknown.
func againstThatOf(t *testing.T, member string, a blocks.Archive, db *store.Store) *Statement {
	t.Helper()
	d, err := ReadDatabase(t.Context(), "g.db", db)
	if err != nil {
		t.Fatal(err)
	}
	d.Member = member
	return audit(t, a, Options{Database: d})
}

// TestAFalsifiedSumIsFoundInEveryTableThatReportsAreMadeOf: a number that is wrong, and a row that stands under another key, so that one is missing and one too many.
func TestAFalsifiedSumIsFoundInEveryTableThatReportsAreMadeOf(t *testing.T) {
	m := busy(t)
	a, db := m.saved(t), observed(t, m, "regulator")
	if s := against(t, a, db); s.Verdict != VerdictPassed || !strings.Contains(s.State, " sums of g.db at block") || len(s.Uncompared) > 0 {
		t.Fatalf("%v; %s; %v", s.Finding, s.State, s.Uncompared)
	}
	for _, c := range []struct{ table, column, where, key, expected, found string }{
		{"movements", "points", "programme = 'grocer' AND cause = 'restored'", "grocer/", "points ", "points "},
		{"debts", "points", "programme = 'grocer' AND incurred", "grocer/", "points ", "points "},
		{"turnovers", "operations", "programme = 'airline' AND activity = 'redeem'", "/redeem/hotel/-", "operations 1, points 101, given 0", "operations 2, points 101, given 0"},
		{"turnovers", "points", "programme = 'airline' AND activity = 'redeem'", "/redeem/hotel/-", "operations 1, points 101, given 0", "operations 1, points 102, given 0"},
		{"turnovers", "given", "programme = 'hotel' AND activity = 'swap'", "/swap/airline/-", "points 17, given ", "points 17, given "},
		{"given_back", "points", "cause = 'swapped'", "/swapped/hotel/1/", "points ", "points "},
		{"given_back", "returned", "cause = 'redeemed' AND programme = 'airline'", "/redeemed/hotel/1/", "points ", "points "},
		{"adjustment_sums", "accepted", "programme = 'grocer'", "grocer/", "accepted 3, rejected 0", "accepted 4, rejected 0"},
		{"adjustment_sums", "rejected", "programme = 'grocer'", "grocer/", "accepted 3, rejected 0", "accepted 3, rejected 1"},
		{"adjustment_sums", "up", "programme = 'grocer'", "grocer/", "up 140", "up 141"},
		{"adjustment_sums", "down", "programme = 'grocer'", "grocer/", "down ", "down "},
		{"adjustment_sums", "debt", "programme = 'grocer'", "grocer/", "debt ", "debt "},
		{"obligation_sums", "count", "service = 'swap'", "/airline/hotel/", "count ", "count "},
		{"obligation_sums", "micro", "service = 'award'", "/airline/hotel/airline/award/hotel/airline", "count 1, micro ", "count 1, micro "},
		{"obligation_sums", "fee", "service = 'redemption'", "/airline/hotel/", "fee 0", "fee 1"},
		{"holdings", "points", "programme = 'grocer'", "grocer/account/", "points ", "points "},
		{"receipts", "day", "kind = 'adjust'", "grocer/", "block ", "block "},
		{"checkpoint", "tx_time", "TRUE", "tx_time", "", ""},
	} {
		t.Run(c.table+" "+c.column, func(t *testing.T) {
			alter(t, db, "UPDATE "+c.table+" SET "+c.column+" = "+c.column+" + 1 WHERE "+c.where)
			defer alter(t, db, "UPDATE "+c.table+" SET "+c.column+" = "+c.column+" - 1 WHERE "+c.where)
			requireSum(t, against(t, a, db).Finding, c.table, c.key, c.expected, c.found)
		})
	}
	for table, c := range map[string]struct{ column, value string }{
		"movements": {"programme", "airline"}, "debts": {"programme", "grocer"}, "turnovers": {"partner", "hotel"}, "given_back": {"partner", "hotel"}, "adjustment_sums": {"programme", "grocer"},
		"obligation_sums": {"home", "airline"}, "holdings": {"programme", "airline"}, "receipts": {"kind", "adjust"},
	} {
		t.Run(table+" under another key", func(t *testing.T) {
			alter(t, db, "UPDATE "+table+" SET "+c.column+" = 'x' || "+c.column+" WHERE "+c.column+" = '"+c.value+"'")
			defer alter(t, db, "UPDATE "+table+" SET "+c.column+" = substr("+c.column+", 2) WHERE "+c.column+" = 'x"+c.value+"'")
			requireSum(t, against(t, a, db).Finding, table, "", "", "")
		})
	}
	if s := against(t, a, db); s.Verdict != VerdictPassed {
		t.Errorf("once everything is as it was: %v", s.Finding)
	}
}

// requireSum requires a finding of a table's row that says what was expected and what was found.
func requireSum(t *testing.T, f *Finding, table, key, expected, found string) {
	t.Helper()
	if f == nil || f.Check != CheckSums || f.Table != table || !strings.Contains(f.Key, key) || !strings.Contains(f.Expected, expected) || !strings.Contains(f.Found, found) {
		t.Fatalf("found %v", f)
	}
	if table != "checkpoint" && (f.Expected == f.Found || !strings.Contains(f.Error(), f.Expected) || !strings.Contains(f.Error(), f.Found)) {
		t.Errorf("it says %s", f.Error())
	}
}

func TestAPublicRecordOfClearingThatDiffersIsFound(t *testing.T) {
	m := trade(t)
	m.everything()
	m.roll(1)
	m.disclose(m.pair, 1)
	a, db := m.saved(t), observed(t, m, "regulator")
	for name, c := range map[string]struct{ change, back, key string }{
		"a disclosed net": {`UPDATE clearing_records SET body = replace(body, '"sum"', '"sun"') WHERE object = 'pairnets'`,
			`UPDATE clearing_records SET body = replace(body, '"sun"', '"sum"') WHERE object = 'pairnets'`, "pairnets/"},
		"a record too few": {`UPDATE clearing_records SET collection = 'x' WHERE object = 'pairnets'`, `UPDATE clearing_records SET collection = '' WHERE collection = 'x'`, "pairnets/"},
		"a record too many": {`INSERT INTO clearing_records (collection, object, id, block, tx, body) VALUES ('', 'reserve', 'x', 1, 1, '{}')`,
			`DELETE FROM clearing_records WHERE object = 'reserve' AND id = 'x'`, "reserve/x"},
	} {
		t.Run(name, func(t *testing.T) {
			alter(t, db, c.change)
			defer alter(t, db, c.back)
			if f := against(t, a, db).Finding; f == nil || f.Check != CheckDatabase || f.Namespace != "clearing" || !strings.HasPrefix(f.Key, c.key) {
				t.Errorf("found %v", f)
			}
		})
	}
	if s := against(t, a, db); s.Verdict != VerdictPassed {
		t.Errorf("%v", s.Finding)
	}
}

// TestObligationsAreComparedAsFarAsBothSidesHoldThem: a gateway outside the pair has none, an audit from blocks without the lines can't tell, and what a gateway was not delivered
// yet is no difference; each of them is said.
func TestObligationsAreComparedAsFarAsBothSidesHoldThem(t *testing.T) {
	m := trade(t)
	m.everything()
	whole, public := m.saved(t), m.saved(t, m.pair.Collection())
	outside, inside := observed(t, m, "grocer"), observed(t, m, "hotel")
	const (
		unseen = "what airline and hotel owe each other in 1 windows: their lines aren't in the blocks that were audited"
		others = "what airline and hotel owe each other: a gateway of grocer's doesn't hold their data"
		nobody = "what airline and hotel owe each other: it has no data of them, and nobody said whose gateway's it is"
	)
	for name, c := range map[string]struct {
		blocks     blocks.Archive
		db         *store.Store
		member     string
		uncompared string
	}{
		"both hold them": {whole, inside, "hotel", ""}, "the gateway doesn't": {whole, outside, "grocer", others}, "nobody does": {public, outside, "grocer", others},
		"the audit doesn't": {public, inside, "hotel", unseen}, "both hold them, of an unknown member": {whole, inside, "", ""},
		"the gateway of an unknown member doesn't": {whole, outside, "", nobody},
	} {
		if s := againstThatOf(t, c.member, c.blocks, c.db); s.Verdict != VerdictPassed || strings.Join(s.Uncompared, "\n") != c.uncompared {
			t.Errorf("%s: %v; %v", name, s.Finding, s.Uncompared)
		}
	}
	alter(t, outside, `INSERT INTO obligation_sums (currency, window, a, b, home, service, debtor, creditor, count, micro, fee) VALUES ('GBP', 1, 'airline', 'hotel', 'airline', 'award', 'x', 'y', 1, 1, 0)`)
	requireSum(t, againstThatOf(t, "grocer", whole, outside).Finding, "obligation_sums", "/x/y", "count 0", "count 1")
	alter(t, inside, `INSERT INTO clearing_gaps (block, tx, collection) SELECT block, tx, 'pair-airline-hotel' FROM exchanges WHERE home = 'hotel'`)
	requireSum(t, againstThatOf(t, "hotel", whole, inside).Finding, "obligation_sums", "hotel", "count ", "count ")
	alter(t, inside, `DELETE FROM obligation_sums WHERE home = 'hotel'`)
	const late = "batches of airline and hotel, which the gateway says that its peer has not delivered yet"
	if s := againstThatOf(t, "hotel", whole, inside); s.Verdict != VerdictPassed || !strings.Contains(strings.Join(s.Uncompared, "\n"), late) {
		t.Errorf("%v; %v", s.Finding, s.Uncompared)
	}
	var text strings.Builder
	if err := againstThatOf(t, "hotel", whole, inside).WriteText(&text); err != nil || !strings.Contains(text.String(), "not the lines of") {
		t.Errorf("%v\n%s", err, &text)
	}
}

// TestADatabaseCantTakeItsOwnPairsOutOfTheComparison: what must be there follows from whose it is, not from what is left in it.
func TestADatabaseCantTakeItsOwnPairsOutOfTheComparison(t *testing.T) {
	m := trade(t)
	m.everything()
	whole := m.saved(t)
	for _, member := range []string{"airline", "regulator"} {
		db := observed(t, m, member)
		if s := againstThatOf(t, member, whole, db); s.Verdict != VerdictPassed || len(s.Uncompared) > 0 {
			t.Fatalf("%s: %v; %v", member, s.Finding, s.Uncompared)
		}
		alter(t, db, `DELETE FROM clearing_records WHERE collection = 'pair-airline-hotel'`)
		alter(t, db, `DELETE FROM obligation_sums`)
		if s := againstThatOf(t, "", whole, db); s.Verdict != VerdictPassed || len(s.Uncompared) != 1 {
			t.Errorf("of an unknown member's: %v; %v", s.Finding, s.Uncompared)
		}
		requireSum(t, againstThatOf(t, member, whole, db).Finding, "obligation_sums", "/airline/hotel/", "count ", "count 0")
	}
}
