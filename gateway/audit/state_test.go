package audit

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// asking is an auditor that has taken in a ledger, and the ledger's answers.
func asking(t *testing.T, s *story) (*Auditor, Query, func(context.Context) error) {
	t.Helper()
	auditor := New(Options{})
	catchUp := func(ctx context.Context) error {
		if auditor.Height() == s.Height() {
			return nil
		}
		return auditor.Blocks(ctx, s.Blocks(ctx, auditor.Height(), s.Height()-1, blocks.WithPrivate))
	}
	if err := catchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	return auditor, func(_ context.Context, programme, key string) ([]byte, error) {
		return s.State(engine.PointsPrefix+programme, key), nil
	}, catchUp
}

func TestPeerThatAnswersTheRebuiltStatePasses(t *testing.T) {
	auditor, query, catchUp := asking(t, tell(t))
	if err := auditor.CompareState(context.Background(), query, catchUp); err != nil {
		t.Fatal(err)
	}
	// Of each programme: its record, two accounts, three lanes.
	if got := auditor.statement.Queried; !strings.HasPrefix(got, "12 records") {
		t.Errorf("queried: %s", got)
	}
}

func TestPeerThatAnswersOtherwiseIsFound(t *testing.T) {
	s := tell(t)
	auditor, query, catchUp := asking(t, s)
	err := auditor.CompareState(context.Background(), func(ctx context.Context, programme, key string) ([]byte, error) {
		if engine.ReadableKey(key) == s.account {
			return []byte("{}"), nil
		}
		return query(ctx, programme, key)
	}, catchUp)
	var f *Finding
	if !errors.As(err, &f) || f.Check != CheckState || f.Key != s.account || f.Namespace != "points-airline" {
		t.Errorf("found %v", err)
	}
}

func TestLedgerThatMovesOnWhileItIsAskedIsFollowed(t *testing.T) {
	s := tell(t)
	auditor, query, catchUp := asking(t, s)
	item := s.airline.Open()
	var once sync.Once
	err := auditor.CompareState(context.Background(), func(ctx context.Context, programme, key string) ([]byte, error) {
		once.Do(func() {
			s.airline.Batch(0, []ledgertest.Item{item})
			s.Cut()
		})
		return query(ctx, programme, key)
	}, catchUp)
	if err != nil || auditor.Height() != s.Height() {
		t.Errorf("%v; %d of %d blocks", err, auditor.Height(), s.Height())
	}
}
