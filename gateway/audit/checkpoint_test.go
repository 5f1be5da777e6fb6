package audit

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/checkpoint"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// at audits the first blocks of an archive and gives the checkpoint of that height.
func at(t *testing.T, a blocks.Archive, height uint64, o Options) *checkpoint.Body {
	t.Helper()
	auditor := New(o)
	if s, err := auditor.Finish(auditor.Blocks(context.Background(), a.Blocks(height))); err != nil || s.Verdict != VerdictPassed {
		t.Fatalf("%v, %v", s.Finding, err)
	}
	b, err := auditor.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestACheckpointSaysWhereTheAuditStands(t *testing.T) {
	s := tell(t)
	a := s.saved(t)
	height := s.Height()
	whole, earlier := at(t, a, height, Options{}), at(t, a, height-1, Options{})
	if _, err := checkpoint.Parse(whole.Text()); err != nil {
		t.Fatalf("%v\n%s", err, whole.Text())
	}
	if whole.Height != height || whole.Genesis != s.Genesis || len(whole.Programmes) != 2 || !strings.Contains(whole.Text(), "accounts=2 supply=9 debt=200 held=0 issued=1243 redeemed=200 recovered=1034") {
		t.Errorf("%s", whole.Text())
	}
	if whole.State == earlier.State || whole.Head == earlier.Head || whole.Commit == earlier.Commit {
		t.Errorf("a block changed nothing:\n%s%s", earlier.Text(), whole.Text())
	}
	last, err := s.Block(height - 1).Decode()
	if err != nil {
		t.Fatal(err)
	}
	if want := last.Transactions[len(last.Transactions)-1].Time; whole.Time < want || whole.Time != slices.Max(times(t, s, height)) {
		t.Errorf("the time is %d, the last transaction's %d", whole.Time, want)
	}
}

func times(t *testing.T, s *story, height uint64) []int64 {
	t.Helper()
	var all []int64
	for n := range height {
		b, err := s.Block(n).Decode()
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Transactions {
			all = append(all, b.Transactions[i].Time)
		}
	}
	return all
}

// TestAuditorsAgreeWhateverTheyHold: one has everybody's private data, the other none.
func TestAuditorsAgreeWhateverTheyHold(t *testing.T) {
	m := trade(t)
	m.pair.Exchange(m.airline, m.hotel.Brand, 0, []ledgertest.Item{m.airline.AwardBy("hotel", m.flyer, 10)})
	m.Cut()
	one, two := at(t, m.saved(t), m.Height(), Options{}), at(t, m.saved(t, m.pair.Collection(), "details"), m.Height(), Options{})
	if a, b, differ := one.Differs(two); differ {
		t.Errorf("%s\n%s", a, b)
	}
	if one.Public != 0 || two.Public == 0 {
		t.Errorf("the one replayed %d publicly, the other %d", one.Public, two.Public)
	}
}

func TestSignedCheckpointsAreComparedOnTheWay(t *testing.T) {
	s := tell(t)
	a := s.saved(t)
	var signed []*checkpoint.Body
	for _, height := range []uint64{4, 7, s.Height()} {
		signed = append(signed, at(t, a, height, Options{}))
	}
	statement := audit(t, a, Options{Checkpoints: signed})
	if statement.Verdict != VerdictPassed || !slices.Equal(statement.Checkpoints, []uint64{4, 7, s.Height()}) {
		t.Fatalf("%v, %v", statement.Finding, statement.Checkpoints)
	}
	for name, change := range map[string]func(b *checkpoint.Body){
		"another state":  func(b *checkpoint.Body) { b.State = b.Genesis },
		"another hash":   func(b *checkpoint.Body) { b.Head[0] ^= 1 },
		"another commit": func(b *checkpoint.Body) { b.Commit = b.Genesis },
		"another total":  func(b *checkpoint.Body) { b.Programmes[0].Totals[1].Value++ },
		"another ledger": func(b *checkpoint.Body) { b.Genesis = b.State },
		"more blocks":    func(b *checkpoint.Body) { b.Height = s.Height() + 1 },
		"a later time":   func(b *checkpoint.Body) { b.Time++ },
	} {
		t.Run(name, func(t *testing.T) {
			other := *signed[1]
			other.Programmes = slices.Clone(other.Programmes)
			for i := range other.Programmes {
				other.Programmes[i].Totals = slices.Clone(other.Programmes[i].Totals)
			}
			change(&other)
			statement := audit(t, a, Options{Checkpoints: []*checkpoint.Body{signed[0], &other}})
			if statement.Finding == nil || statement.Finding.Check != CheckCheckpoint {
				t.Errorf("the finding is %v", statement.Finding)
			}
		})
	}
}

// TestATrustedCheckpointSparesTheBlocksBeforeIt: the later ones are checked in full, and everything adds up as in a whole audit.
func TestATrustedCheckpointSparesTheBlocksBeforeIt(t *testing.T) {
	m := trade(t)
	m.pair.Exchange(m.airline, m.hotel.Brand, 0, []ledgertest.Item{m.airline.AwardBy("hotel", m.flyer, 10)})
	m.Cut()
	height := m.Height()
	m.pair.Exchange(m.airline, m.hotel.Brand, 1, []ledgertest.Item{m.airline.AwardBy("hotel", m.flyer, 20)})
	m.Cut()
	a := m.saved(t)
	signed := at(t, a, height, Options{})
	o := Options{Checkpoints: []*checkpoint.Body{signed}, Trusted: height}
	whole, spared := audit(t, a, Options{}), audit(t, a, o)
	if spared.Verdict != VerdictPassed || spared.Believed != whole.Transactions-whole.Invalid-1 {
		t.Fatalf("%v; %d believed of %d", spared.Finding, spared.Believed, whole.Transactions)
	}
	one, two := at(t, a, height+1, Options{}), at(t, a, height+1, o)
	if x, y, differ := one.Differs(two); differ || two.Trusted != height || two.Full != 2 {
		t.Errorf("%s\n%s\n%s", x, y, two.Text())
	}
	if text := said(t, spared); !strings.Contains(text, "NOT checked again, on the word of the checkpoint at height") {
		t.Errorf("it isn't said what was left out:\n%s", text)
	}
}

func said(t *testing.T, s *Statement) string {
	t.Helper()
	var b strings.Builder
	if err := s.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestWhatATrustedCheckpointLeavesOut: signatures of the blocks before aren't looked at; other blocks than the signed ones, or other validation codes, are found all the same.
func TestWhatATrustedCheckpointLeavesOut(t *testing.T) {
	s := tell(t)
	a := s.saved(t)
	height := s.Height() - 1
	signed := at(t, a, height, Options{})
	o := Options{Checkpoints: []*checkpoint.Body{signed}, Trusted: height}

	change(t, a, s.earn, func(d *blocks.Delivered) {
		var m common.Metadata
		if err := proto.Unmarshal(d.Block.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES], &m); err != nil {
			t.Fatal(err)
		}
		m.Signatures[0].Signature[5] ^= 1
		raw, err := proto.Marshal(&m)
		if err != nil {
			t.Fatal(err)
		}
		d.Block.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = raw
	})
	if statement := audit(t, a, o); statement.Verdict != VerdictPassed {
		t.Errorf("a signature before the checkpoint was checked: %v", statement.Finding)
	}
	if statement := audit(t, a, Options{}); statement.Finding == nil || statement.Finding.Check != CheckOrdererSignature {
		t.Errorf("the whole audit finds %v", statement.Finding)
	}

	change(t, a, s.earn, func(d *blocks.Delivered) {
		d.Block.Metadata.Metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER][0] = 11
	})
	if statement := audit(t, a, o); statement.Verdict != VerdictFailed {
		t.Error("another validation code before the checkpoint was not found")
	}
	if statement := audit(t, a, Options{Checkpoints: []*checkpoint.Body{signed}, Trusted: height + 5}); statement.Verdict != VerdictFailed {
		t.Error("a height that no checkpoint has was trusted")
	}
}

func TestAnAuditOfNothingHasNoCheckpoint(t *testing.T) {
	if b, err := New(Options{}).Checkpoint(); err == nil {
		t.Errorf("%+v", b)
	}
}
