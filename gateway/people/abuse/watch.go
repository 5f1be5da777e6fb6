package abuse

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
	"github.com/tallystick/tallystick/gateway/store"
)

// batchesAtOnce is how many batches of a lane are taken in with one write; ringDepth is how far a chain of referrals is followed.
const (
	batchesAtOnce = 200
	ringDepth     = 6
	secondsPerDay = 86400
)

// readCommitted takes in every batch of the programme that wasn't looked at yet, lane by lane, each exactly once.
func (v *Service) readCommitted(ctx context.Context) error {
	lanes, err := v.s.Receipts.LanesOf(ctx, v.s.Programme)
	if err != nil {
		return err
	}
	seen, err := v.seen(ctx)
	if err != nil {
		return err
	}
	for _, lane := range lanes {
		for at := seen[lane]; ; {
			batches, err := v.s.Receipts.BatchesAfter(ctx, lane, at, batchesAtOnce)
			if err != nil {
				return err
			}
			if len(batches) == 0 {
				break
			}
			if err := v.takeIn(ctx, batches); err != nil {
				return err
			}
			at = batches[len(batches)-1].Seq
		}
	}
	return nil
}

func (v *Service) seen(ctx context.Context) (map[store.LaneRef]int64, error) {
	rows, err := v.s.DB.Reader().QueryContext(ctx, `SELECT msp, lane, seq FROM abuse_lanes`)
	seen := map[store.LaneRef]int64{}
	err = sqlite.Each(rows, err, func(row *sql.Rows) error {
		lane := store.LaneRef{Programme: v.s.Programme}
		var seq int64
		err := row.Scan(&lane.MSP, &lane.N, &seq)
		seen[lane] = seq
		return sqlite.Failed(err)
	})
	return seen, err
}

func (v *Service) takeIn(ctx context.Context, batches []store.Told) error {
	var findings []Finding
	err := v.s.DB.Write(ctx, func(tx *sqlite.Tx) error {
		findings = nil
		for i := range batches {
			for n := range batches[i].Receipts {
				if err := v.writeUnseen(tx, &batches[i], &batches[i].Receipts[n]); err != nil {
					return err
				}
				found, err := v.take(ctx, tx, &batches[i].Receipts[n], batches[i].Time)
				if err != nil {
					return err
				}
				findings = append(findings, found...)
			}
		}
		last := &batches[len(batches)-1]
		_, err := tx.Exec(`INSERT INTO abuse_lanes (msp, lane, seq) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq`, last.MSP, last.Lane, last.Seq)
		if err != nil {
			return err
		}
		for i := range findings {
			if err := v.flag(tx, &findings[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range batches {
		v.remember(&batches[i])
	}
	return nil
}

// changesController says whether an operation gave an account a new controller, or asked for one.
func changesController(r *points.Receipt) bool {
	return r.Outcome == points.Accepted && (r.Kind == points.KindRekey || r.Kind == points.KindRecover || r.Kind == points.KindComplete)
}

// isUnseen says whether a receipt is of a debit that another member brought to the ledger, of late.
func (v *Service) isUnseen(b *store.Told, r *points.Receipt) bool {
	return r.Outcome == points.Accepted && b.MSP != v.s.MSP && slices.Contains(debits, r.Kind) && b.Time > v.now()-v.reach()
}

// writeUnseen writes down, exactly once, what the judge couldn't see: debits that another member brought to the ledger, and new controllers.
func (v *Service) writeUnseen(tx *sqlite.Tx, b *store.Told, r *points.Receipt) error {
	switch id, ok := idOf(r.Account); {
	case changesController(r):
		_, err := tx.Exec(`INSERT INTO abuse_controllers (account, at) VALUES (?, ?) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)`, string(r.Account), b.Time)
		return err
	case ok && v.isUnseen(b, r) && v.counts(r.Kind):
		return writeCounted(tx, broughtBy(b, r, id))
	}
	return nil
}

// broughtBy is what is counted of another member's debit. Signed by the customer, it may have come by here too.
func broughtBy(b *store.Told, r *points.Receipt, account [16]byte) *Counted {
	keys := Keys{Mandate: mandateKey(r.Authorisation, r.Account, r.Kind, r.Points)}
	return &Counted{Kind: r.Kind, Points: r.Points, Keys: keys, At: b.Time, Account: account}
}

// remember tells the judge of it.
func (v *Service) remember(b *store.Told) {
	for i := range b.Receipts {
		r := &b.Receipts[i]
		switch id, ok := idOf(r.Account); {
		case changesController(r):
			v.Changed(r.Account, b.Time)
		case ok && v.isUnseen(b, r):
			v.Recount(broughtBy(b, r, id))
		}
	}
}

// take looks at one receipt.
func (v *Service) take(ctx context.Context, tx *sqlite.Tx, r *points.Receipt, at int64) ([]Finding, error) {
	if r.Outcome != points.Accepted {
		return nil, nil
	}
	switch r.Kind {
	case points.KindFreeze:
		return nil, tell(tx, Notice{Account: r.Account, Kind: NoticeFrozen, Decision: r.Operation, Reason: Reason(r.Reason), Until: r.Until, At: at})
	case points.KindUnfreeze:
		return nil, tell(tx, Notice{Account: r.Account, Kind: NoticeUnfrozen, Decision: r.Operation, Reason: Reason(r.Reason), At: at})
	case points.KindEarn:
		return nil, v.countDay(tx, r.Account, at, "purchases")
	case points.KindReturn:
		if err := v.countDay(tx, r.Account, at, "returns"); err != nil {
			return nil, err
		}
		return v.returns(tx, r.Account, at)
	case points.KindRekey, points.KindRecover, points.KindComplete:
		return nil, v.s.Controllers(ctx, tx, r, at)
	case points.KindRefer:
		return v.referral(tx, r, at)
	}
	return nil, nil
}

// dayColumns are the statements that count, by column: their texts come from here alone.
var dayColumns = map[string]string{
	"purchases": `INSERT INTO abuse_days (account, day, purchases, returns) VALUES (?, ?, 1, 0) ON CONFLICT DO UPDATE SET purchases = purchases + 1`,
	"returns":   `INSERT INTO abuse_days (account, day, purchases, returns) VALUES (?, ?, 0, 1) ON CONFLICT DO UPDATE SET returns = returns + 1`,
}

func (v *Service) countDay(tx *sqlite.Tx, account points.AccountID, at int64, column string) error {
	if v.s.Rules.Returns.Window == 0 {
		return nil
	}
	_, err := tx.Exec(dayColumns[column], string(account), at/secondsPerDay)
	return err
}

// returns holds what an account bought and gave back in the window against the rule.
func (v *Service) returns(tx *sqlite.Tx, account points.AccountID, at int64) ([]Finding, error) {
	rule := &v.s.Rules.Returns
	if rule.Window == 0 {
		return nil, nil
	}
	var purchases, returns int64
	since := (at - int64(rule.Window/time.Second)) / secondsPerDay
	if _, err := tx.QueryRow(`SELECT COALESCE(SUM(purchases), 0), COALESCE(SUM(returns), 0) FROM abuse_days WHERE account = ? AND day >= ?`,
		[]any{string(account), since}, &purchases, &returns); err != nil {
		return nil, err
	}
	serial := rule.Most > 0 && returns > rule.Most
	if returns < rule.Least || !serial && returns*rule.Share.Den < purchases*rule.Share.Num {
		return nil, nil
	}
	return []Finding{{Account: account, Rule: "returns", Reason: ReasonReturns, Action: rule.Action, At: at}}, nil
}

// referral looks at who referred whom: too many, in a ring, or from the referrer's own device.
func (v *Service) referral(tx *sqlite.Tx, r *points.Receipt, at int64) ([]Finding, error) {
	rule := &v.s.Rules.Referrals
	if rule.Window == 0 {
		return nil, nil
	}
	if _, err := tx.Exec(`INSERT INTO abuse_referrals (referred, referrer, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, string(r.Account), string(r.To), at); err != nil {
		return nil, err
	}
	found := func(account points.AccountID, rule string) Finding {
		return Finding{Account: account, Rule: rule, Reason: ReasonReferrals, Action: v.s.Rules.Referrals.Action, At: at}
	}
	var list []Finding
	var burst int64
	if _, err := tx.QueryRow(`SELECT COUNT(*) FROM abuse_referrals WHERE referrer = ? AND at > ?`, []any{string(r.To), at - int64(rule.Window/time.Second)}, &burst); err != nil {
		return nil, err
	}
	if rule.Most > 0 && burst > rule.Most {
		list = append(list, found(r.To, "referral burst"))
	}
	ring, err := isRing(tx, r.Account, r.To)
	if err != nil {
		return nil, err
	}
	if ring {
		list = append(list, found(r.To, "referral ring"), found(r.Account, "referral ring"))
	}
	var shared int64
	if _, err := tx.QueryRow(`SELECT COUNT(*) FROM abuse_devices AS a JOIN abuse_devices AS b ON a.device = b.device WHERE a.account = ? AND b.account = ?`,
		[]any{string(r.Account), string(r.To)}, &shared); err != nil {
		return nil, err
	}
	if shared > 0 {
		list = append(list, found(r.To, "referral on one device"), found(r.Account, "referral on one device"))
	}
	return list, nil
}

// isRing says whether the chain of referrers of an account comes back to it.
func isRing(tx *sqlite.Tx, account, referrer points.AccountID) (bool, error) {
	at := string(referrer)
	for range ringDepth {
		if at == string(account) {
			return true, nil
		}
		there, err := tx.QueryRow(`SELECT referrer FROM abuse_referrals WHERE referred = ?`, []any{at}, &at)
		if err != nil || !there {
			return false, err
		}
	}
	return false, nil
}
