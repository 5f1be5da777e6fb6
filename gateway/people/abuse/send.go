package abuse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// send brings to the ledger what waits for it: requests for freezes, objections, answers. What failed is sent again in the next round under the same id.
func (v *Service) send(ctx context.Context) error {
	if err := v.sendFreezes(ctx); err != nil {
		return err
	}
	if err := v.sendObjections(ctx); err != nil {
		return err
	}
	return v.sendAnswers(ctx)
}

// waiting runs a query for rows of texts.
func (v *Service) waiting(ctx context.Context, columns int, query string) ([][]string, error) {
	rows, err := v.s.DB.Reader().QueryContext(ctx, query)
	return sqlite.List(rows, err, func(texts *[]string) []any {
		*texts = make([]string, columns)
		places := make([]any, columns)
		for i := range places {
			places[i] = &(*texts)[i]
		}
		return places
	})
}

func (v *Service) done(ctx context.Context, statement, id string) error {
	return v.s.DB.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(statement, id)
		return err
	})
}

// sendFreezes asks the own compliance, on the ledger, for the freezes that rules want. A person decides there.
func (v *Service) sendFreezes(ctx context.Context) error {
	if v.s.Compliance == nil {
		return nil
	}
	list, err := v.waiting(ctx, 3, `SELECT id, account, reason FROM abuse_flags WHERE asked = 0 ORDER BY id LIMIT 20`)
	if err != nil {
		return err
	}
	for _, row := range list {
		id, account := row[0], row[1]
		sum := sha256.Sum256([]byte(id + "/" + row[2])) // The id is random: it salts the reason.
		reason := points.ReasonAbuse
		if r := Reason(row[2]); r == ReasonNewDevice || r == ReasonNewController {
			reason = points.ReasonTakeover
		}
		_, err := v.s.Compliance.RequestFreeze(ctx, wire.NewFreeze{
			ID: points.OperationID(id), Account: points.AccountID(account), Reason: reason, Evidence: hex.EncodeToString(sum[:]), Until: v.now() + evidenceSeconds,
		})
		if code := fault.CodeOf(err); err != nil && code != fault.AlreadyExists && code != fault.AccountUnknown && code != fault.NotFounded {
			return err
		}
		if err := v.done(ctx, `UPDATE abuse_flags SET asked = 1 WHERE id = ?`, id); err != nil {
			return err
		}
	}
	return nil
}

func (v *Service) sendObjections(ctx context.Context) error {
	list, err := v.waiting(ctx, 4, `SELECT id, account, decision, hash FROM abuse_objections WHERE recorded = 0 ORDER BY id LIMIT 20`)
	if err != nil {
		return err
	}
	for _, row := range list {
		doc := wire.NewObjection{ID: points.OperationID(row[0]), Account: points.AccountID(row[1]), Decision: points.OperationID(row[2]), Hash: row[3]}
		if _, err := v.s.Ledger.RecordObjection(ctx, doc); err != nil {
			return err
		}
		if err := v.done(ctx, `UPDATE abuse_objections SET recorded = 1 WHERE id = ?`, row[0]); err != nil {
			return err
		}
	}
	return nil
}

// sendAnswers records answers, and carries out what follows from one that agrees with the customer: the account is unfrozen. A flag is dismissed by compliance itself.
func (v *Service) sendAnswers(ctx context.Context) error {
	if v.s.Compliance == nil {
		return nil
	}
	list, err := v.waiting(ctx, 5, `SELECT o.id, o.account, o.outcome, o.answer_hash, n.kind FROM abuse_objections AS o JOIN abuse_notices AS n ON n.id = o.notice
		WHERE o.settled = 0 AND o.recorded = 1 ORDER BY o.id LIMIT 20`)
	if err != nil {
		return err
	}
	for _, row := range list {
		answer := wire.ObjectionAnswer{ID: points.OperationID(row[0]), Outcome: points.ObjectionOutcome(row[2]), Answer: row[3]}
		if _, err := v.s.Compliance.AnswerObjection(ctx, answer); err != nil {
			return err
		}
		if answer.Outcome == points.ObjectionUpheld && NoticeKind(row[4]) == NoticeFrozen && v.s.Unfreezer != nil {
			if err := v.s.Unfreezer.Unfreeze(ctx, points.AccountID(row[1]), row[0]); err != nil {
				return err
			}
		}
		if err := v.done(ctx, `UPDATE abuse_objections SET settled = 1 WHERE id = ?`, row[0]); err != nil {
			return err
		}
	}
	return nil
}
