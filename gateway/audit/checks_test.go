package audit

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// What follows can't be reached with an engine that keeps its rules: these checks are there for one that doesn't, so they are tried one by one.

func findHere(c Check, _ string, _ ...any) *Finding { return &Finding{Check: c} }

// audited is an auditor that has taken in a story.
func audited(t *testing.T) (*story, *Auditor) {
	t.Helper()
	s := tell(t)
	auditor := New(Options{})
	if err := auditor.Blocks(context.Background(), s.Blocks(context.Background(), 0, s.Height()-1, blocks.WithPrivate)); err != nil {
		t.Fatal(err)
	}
	return s, auditor
}

func TestRootThatIsNotOfTheReceiptsIsFound(t *testing.T) {
	s, auditor := audited(t)
	b, err := s.Block(s.earn).Decode()
	if err != nil {
		t.Fatal(err)
	}
	tx := &b.Transactions[0]
	read := func() (batch recordedBatch) {
		if err := json.Unmarshal(tx.Event.Payload, &batch); err != nil {
			t.Fatal(err)
		}
		return batch
	}
	for name, alter := range map[string]func(*recordedBatch){
		"": func(*recordedBatch) {},
		"an altered receipt": func(r *recordedBatch) {
			r.Receipts[0] = bytes.Replace(r.Receipts[0], []byte("1234"), []byte("1235"), 1)
		},
		"one too few":   func(r *recordedBatch) { r.Receipts = r.Receipts[1:] },
		"another order": func(r *recordedBatch) { r.Receipts[0], r.Receipts[1] = r.Receipts[1], r.Receipts[0] },
		"another root":  func(r *recordedBatch) { r.Root = strings.Repeat("0", 64) },
		"another batch": func(r *recordedBatch) { r.Seq-- },
		"no record":     func(r *recordedBatch) { r.Seq = 99 },
	} {
		batch := read()
		alter(&batch)
		if f := auditor.checkRoot(tx.Chaincode, &batch, findHere); (f != nil) != (name != "") || f != nil && f.Check != CheckReceiptRoot {
			t.Errorf("%q: found %v", name, f)
		}
	}
}

func TestReadsThatTheFunctionDoesNotMakeAreFound(t *testing.T) {
	n := &blocks.Namespace{Name: "points-airline", Reads: []blocks.Read{{Key: engine.ProgrammeKey()}, {Key: engine.LaneKey("AirlineMSP", 1)}}}
	both := map[string]bool{engine.ProgrammeKey(): true, engine.LaneKey("AirlineMSP", 1): true}
	if f := compareReads(n, &footprint{reads: both}, findHere); f != nil {
		t.Errorf("found %v", f)
	}
	if f := compareReads(n, &footprint{reads: map[string]bool{engine.ProgrammeKey(): true}}, findHere); f == nil || f.Key != "lane/AirlineMSP/0001" {
		t.Errorf("a surplus read: found %v", f)
	}
	n.Reads = n.Reads[:1]
	if f := compareReads(n, &footprint{reads: both}, findHere); f == nil || f.Key != "lane/AirlineMSP/0001" {
		t.Errorf("a missing read: found %v", f)
	}
}

func TestWritesOfAnotherChaincodeAreFound(t *testing.T) {
	public := blocks.Namespace{Name: "points-airline", Writes: []blocks.Write{{Key: engine.ProgrammeKey()}}}
	private := blocks.Namespace{Name: "points-airline", Collections: []blocks.Collection{{Name: "details", Writes: []blocks.HashedWrite{{}}}}}
	reading := blocks.Namespace{Name: "points-airline", Reads: []blocks.Read{{Key: engine.ProgrammeKey()}}}
	other := blocks.Namespace{Name: "else", Writes: public.Writes}
	for _, c := range []struct {
		n      blocks.Namespace
		called string
		want   Check
	}{
		{public, "else", CheckWriteSet}, {private, "else", CheckPrivateWriteSet},
		{reading, "else", ""}, {other, "else", ""},
	} {
		f := foreign(c.n, c.called, findHere)
		if (f != nil) != (c.want != "") || f != nil && f.Check != c.want {
			t.Errorf("%s by %s: found %v", c.n.Name, c.called, f)
		}
	}
}

func TestInvariantsAreCheckedOnTheRebuiltState(t *testing.T) {
	for name, c := range map[string]struct{ object, from, to string }{
		"points from nowhere":   {engine.ObjectAccount, `"points":9,`, `"points":8,`},
		"a debt from nowhere":   {engine.ObjectAccount, `"debt":200`, `"debt":201`},
		"a lane that says less": {engine.ObjectLane, `"issued":1243`, `"issued":1242`},
		"an account less":       {engine.ObjectLane, `"opened":2`, `"opened":3`},
		"an unreadable record":  {engine.ObjectAccount, `{`, `[`},
	} {
		t.Run(name, func(t *testing.T) {
			_, auditor := audited(t)
			if err := auditor.checkInvariants(); err != nil {
				t.Fatal(err)
			}
			found := false
			for key, e := range auditor.world.public["points-airline"] {
				object, _, _ := engine.ParseKey(key)
				changed := bytes.Replace(e.value, []byte(c.from), []byte(c.to), 1)
				if object != c.object || found || bytes.Equal(changed, e.value) {
					continue
				}
				found = true
				auditor.world.public["points-airline"][key] = entry{changed, e.version}
			}
			if !found {
				t.Fatalf("%s is in no %s", c.from, c.object)
			}
			var f *Finding
			if err := auditor.checkInvariants(); !errors.As(err, &f) || f.Check != CheckInvariant || f.Namespace != "points-airline" {
				t.Errorf("found %v", err)
			}
		})
	}
}

func TestInvariantsOfSingleRecordsAreChecked(t *testing.T) {
	good := `{"v":1,"id":"x","status":"ACTIVE","controller":{"kind":"custodian","version":0},"posted":5,"debt":0,"lots":[{"terms":1,"points":5}],"used":[],"floor":0}`
	for name, c := range map[string]struct {
		key, value string
		holds      bool
	}{
		"a good account":          {engine.AccountKey("x"), good, true},
		"posted that isn't":       {engine.AccountKey("x"), strings.Replace(good, `"posted":5`, `"posted":6`, 1), false},
		"a debt beside lots":      {engine.AccountKey("x"), strings.Replace(strings.Replace(good, `"debt":0`, `"debt":1`, 1), `"posted":5`, `"posted":4`, 1), false},
		"a good reversal":         {engine.ReversalKey("x"), `{"v":1,"operation":"x","awarded":5,"takenBack":5}`, true},
		"a reversal of too much":  {engine.ReversalKey("x"), `{"v":1,"operation":"x","awarded":5,"takenBack":6}`, false},
		"a key that isn't ours":   {"x", `{}`, false},
		"an unreadable account":   {engine.AccountKey("x"), `[]`, false},
		"a record without a rule": {engine.ProgrammeKey(), `{}`, true},
	} {
		if err := recordHolds(c.key, []byte(c.value)); (err == nil) != c.holds {
			t.Errorf("%s: %v", name, err)
		}
	}
}
