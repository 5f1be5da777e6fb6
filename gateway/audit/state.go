package audit

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/engine"
)

// Limits of the comparison with a peer's answers.
const (
	MaxQueried   = 2000 // Records that are asked for; of more, an even selection.
	queryWorkers = 4
	maxCatchUps  = 10 // How often a ledger that moves on is followed before a difference counts.
)

// Query asks a peer for the record of a programme under a state key and gives its canonical bytes.
type Query func(ctx context.Context, programme, key string) ([]byte, error)

type recordRef struct{ programme, key string }

// CompareState compares what the peer answers now with the rebuilt state. Records that differ are asked for again after catchUp has taken in the blocks that
// came in the meantime; what then still differs is a *Finding. Another error means that the peer couldn't be asked.
func (a *Auditor) CompareState(ctx context.Context, query Query, catchUp func(context.Context) error) error {
	left := a.selectRecords()
	asked := len(left)
	for attempt := 0; ; attempt++ {
		different, answers, err := a.ask(ctx, query, left)
		if err != nil {
			return err
		}
		if len(different) == 0 {
			a.statement.Queried = fmt.Sprintf("%d records that the peer's chaincode answered", asked)
			return nil
		}
		before := a.Height()
		if err := catchUp(ctx); err != nil {
			return err
		}
		if a.Height() == before || attempt == maxCatchUps {
			ref := different[0]
			namespace := engine.PointsPrefix + ref.programme
			return blockFinding(CheckState, a.Height()-1, "the peer answers %s, the blocks give %s", excerpt(answers[ref]), excerpt(a.world.public[namespace][ref.key].value)).
				at(namespace, ref.key)
		}
		left = different
	}
}

// selectRecords lists programmes, lanes and accounts, at most MaxQueried of them.
func (a *Auditor) selectRecords() []recordRef {
	var all []recordRef
	for _, brand := range slices.Sorted(maps.Keys(a.programmes)) {
		for _, key := range slices.Sorted(maps.Keys(a.world.public[engine.PointsPrefix+brand])) {
			object, _, err := engine.ParseKey(key)
			if err == nil && (object == engine.ObjectProgramme || object == engine.ObjectLane || object == engine.ObjectAccount) {
				all = append(all, recordRef{brand, key})
			}
		}
	}
	if len(all) <= MaxQueried {
		return all
	}
	chosen := make([]recordRef, MaxQueried)
	for i := range chosen {
		chosen[i] = all[i*len(all)/MaxQueried]
	}
	return chosen
}

// ask returns the records whose answer isn't the rebuilt one, in order, and all such answers.
func (a *Auditor) ask(ctx context.Context, query Query, refs []recordRef) ([]recordRef, map[recordRef][]byte, error) {
	var mu sync.Mutex
	wrong := map[recordRef][]byte{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(queryWorkers)
	for _, ref := range refs {
		group.Go(func() error {
			got, err := query(ctx, ref.programme, ref.key)
			if err != nil {
				return err
			}
			if !bytes.Equal(got, a.world.public[engine.PointsPrefix+ref.programme][ref.key].value) {
				mu.Lock()
				defer mu.Unlock()
				wrong[ref] = got
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	var different []recordRef
	for _, ref := range refs {
		if _, ok := wrong[ref]; ok {
			different = append(different, ref)
		}
	}
	return different, wrong, nil
}
