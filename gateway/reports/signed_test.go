package reports_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/checkpoint"
	"github.com/tallystick/tallystick/gateway/reports"
)

// press makes and signs reports for a member.
type press struct {
	t      *testing.T
	signer *reports.Signer
	keys   *checkpoint.Keys
}

func newPress(t *testing.T, member string) *press {
	t.Helper()
	secret, public, err := checkpoint.NewKey(member + "/reports")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := checkpoint.ParseKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	return &press{t, &reports.Signer{Member: member, Channel: "loyalty", Secret: secret, Software: "tally-gateway v1, points engine 2, go1.26", Executable: strings.Repeat("e", 64)}, keys}
}

// signed signs a report and gives it as it is kept.
func (p *press) signed(table reports.Table) []byte {
	p.t.Helper()
	s, err := p.signer.Sign(table)
	if err != nil {
		p.t.Fatal(err)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		p.t.Fatal(err)
	}
	return raw
}

func TestASignedReportSaysWhoMadeItOfWhichBlockAndWithWhatSoftware(t *testing.T) {
	m, p := newMarket(t), newPress(t, "airline")
	made, err := reports.MakeSupply(t.Context(), m.follow("airline"))
	if err != nil {
		t.Fatal(err)
	}
	raw := p.signed(made)
	st, signers, err := reports.OpenSigned(raw, p.keys)
	if err != nil {
		t.Fatal(err)
	}
	document, err := wire.Hash(made)
	if err != nil {
		t.Fatal(err)
	}
	want := reports.Statement{
		Member: "airline", Channel: "loyalty", Header: made.Header, Document: document, Checkpoint: checkpoint.None, Software: p.signer.Software, Executable: p.signer.Executable,
	}
	if *st != want || len(signers) != 1 || signers[0] != "airline/reports" {
		t.Errorf("%v signed %+v, want %+v", signers, st, want)
	}
	var spaced bytes.Buffer
	if err := json.Indent(&spaced, raw, "", "    "); err != nil {
		t.Fatal(err)
	}
	if _, _, err := reports.OpenSigned(spaced.Bytes(), p.keys); err != nil {
		t.Errorf("the same document written with spaces: %v", err)
	}
	if _, _, err := reports.OpenSigned(raw, newPress(t, "airline").keys); fault.CodeOf(err) != fault.SignatureInvalid {
		t.Errorf("another key of the same name: %v", err)
	}
}

// TestNobodySignsForAnotherMember: whoever believes several members' keys must not take one's word for another's.
func TestNobodySignsForAnotherMember(t *testing.T) {
	m, p := newMarket(t), newPress(t, "air")
	made, err := reports.MakeSupply(t.Context(), m.follow("airline"))
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"hotel", "airline", "air/reports/x"} {
		p.signer.Member = member
		if err := p.signer.Check(); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("a gateway of %s starts with a key of air's: %v", member, err)
		}
		if st, _, err := reports.OpenSigned(p.signed(made), p.keys); fault.CodeOf(err) != fault.SignatureInvalid {
			t.Errorf("air signed as %s: %+v, %v", member, st, err)
		}
	}
	p.signer.Member = "air"
	if err := p.signer.Check(); err != nil {
		t.Error(err)
	}
}

// TestAChangedByteIsRefused changes each byte of a kept report, one at a time.
func TestAChangedByteIsRefused(t *testing.T) {
	m, p := newMarket(t), newPress(t, "airline")
	made, err := reports.MakeConsents(t.Context(), m.follow("airline"))
	if err != nil {
		t.Fatal(err)
	}
	raw := p.signed(made)
	for i := range raw {
		for _, bit := range []byte{1, 2, 4} { // Of a signature's last letter the lowest two bits stand for nothing.
			changed := bytes.Clone(raw)
			changed[i] ^= bit
			if st, _, err := reports.OpenSigned(changed, p.keys); err == nil {
				t.Errorf("byte %d, %q as %q: taken as %+v", i, raw[max(0, i-20):min(len(raw), i+20)], changed[i], st)
			}
		}
	}
}

// TestAStatementIsNotTakenForAnother: what one key signs for one purpose is nothing for another, and parts of two reports are none.
func TestAStatementIsNotTakenForAnother(t *testing.T) {
	m, p := newMarket(t), newPress(t, "airline")
	reader := m.follow("airline")
	supply, err := reports.MakeSupply(t.Context(), reader)
	if err != nil {
		t.Fatal(err)
	}
	freezes, err := reports.MakeFreezes(t.Context(), reader)
	if err != nil {
		t.Fatal(err)
	}
	one, other := mustSign(t, p, supply), mustSign(t, p, freezes)
	mixed, err := json.Marshal(reports.Signed{Report: one.Report, Note: other.Note})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := reports.OpenSigned(mixed, p.keys); fault.CodeOf(err) != fault.SignatureInvalid {
		t.Errorf("a report with another's note: %v", err)
	}
	if _, err := p.keys.Open([]byte(one.Note)); fault.CodeOf(err) != fault.Malformed {
		t.Errorf("a report's note is taken for a checkpoint: %v", err)
	}
	body := bodyOf(&supply.Header, 0)
	note, err := checkpoint.Seal(&body, p.signer.Secret)
	if err != nil {
		t.Fatal(err)
	}
	mixed, err = json.Marshal(reports.Signed{Report: one.Report, Note: string(note)})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := reports.OpenSigned(mixed, p.keys); fault.CodeOf(err) != fault.Malformed {
		t.Errorf("a checkpoint is taken for a report's note: %v", err)
	}
	for _, garbage := range []string{"", "{}", "[]", `{"report":{},"note":"x","more":1}`, `{"report":{},"note":"x"}`} {
		if _, _, err := reports.OpenSigned([]byte(garbage), p.keys); err == nil {
			t.Errorf("%q is taken", garbage)
		}
	}
}

func mustSign(t *testing.T, p *press, table reports.Table) *reports.Signed {
	t.Helper()
	s, err := p.signer.Sign(table)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bodyOf is an auditor's checkpoint of the ledger of a report, less blocks than it.
func bodyOf(h *reports.Header, less uint64) checkpoint.Body {
	b := checkpoint.Body{
		Channel: "loyalty", Genesis: h.Genesis, Height: h.AsOf.Block + 1 - less, State: strings.Repeat("5", 64), Commit: checkpoint.None, Time: 1, Previous: checkpoint.None,
	}
	if head, err := hex.DecodeString(h.AsOf.Hash); err == nil && less == 0 {
		copy(b.Head[:], head)
	}
	return b
}

// chainOf is an auditor's chain of checkpoints.
func chainOf(t *testing.T, bodies ...checkpoint.Body) checkpoint.Chain {
	t.Helper()
	secret, public, err := checkpoint.NewKey("auditor")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := checkpoint.ParseKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	var chain checkpoint.Chain
	for i := range bodies {
		bodies[i].Previous = chain.Tip()
		raw, err := checkpoint.Seal(&bodies[i], secret)
		if err != nil {
			t.Fatal(err)
		}
		s, err := keys.Open(raw)
		if err != nil {
			t.Fatal(err)
		}
		if chain, err = chain.Append(s); err != nil {
			t.Fatal(err)
		}
	}
	return chain
}

func TestASignedReportNamesTheCheckpointThatItGoesWith(t *testing.T) {
	m, p := newMarket(t), newPress(t, "airline")
	supply, err := reports.MakeSupply(t.Context(), m.follow("airline"))
	if err != nil {
		t.Fatal(err)
	}
	h := &supply.Header
	later := bodyOf(h, 0)
	later.Height++
	earlier := chainOf(t, bodyOf(h, 3), bodyOf(h, 2), later)
	p.signer.Checkpoints = func() (checkpoint.Chain, error) { return earlier, nil }
	st, _, err := reports.OpenSigned(p.signed(supply), p.keys)
	if err != nil || st.Height != h.AsOf.Block-1 || st.Checkpoint != earlier[1].Digest() {
		t.Fatalf("%+v (%v), want the checkpoint of height %d", st, err, h.AsOf.Block-1)
	}
	if err := st.Follows(earlier); err != nil {
		t.Error(err)
	}
	moved := bodyOf(h, 2)
	moved.State = strings.Repeat("6", 64)
	if err := st.Follows(chainOf(t, moved)); fault.CodeOf(err) != fault.CheckpointMismatch {
		t.Errorf("another checkpoint of this height: %v", err)
	}
	at := chainOf(t, bodyOf(h, 0))
	p.signer.Checkpoints = func() (checkpoint.Chain, error) { return at, nil }
	if st, _, err = reports.OpenSigned(p.signed(supply), p.keys); err != nil || st.Height != h.AsOf.Block+1 || st.Follows(at) != nil {
		t.Errorf("at the report's own height: %+v (%v)", st, err)
	}
	forked := bodyOf(h, 0)
	forked.Head[0] ^= 1
	if err := st.Follows(chainOf(t, forked)); fault.CodeOf(err) != fault.CheckpointMismatch {
		t.Errorf("a checkpoint with another block: %v", err)
	}
	foreign := bodyOf(h, 0)
	foreign.Genesis = strings.Repeat("7", 64)
	if err := st.Follows(chainOf(t, foreign)); fault.CodeOf(err) != fault.CheckpointMismatch {
		t.Errorf("a checkpoint of another ledger: %v", err)
	}
	p.signer.Checkpoints = func() (checkpoint.Chain, error) { return chainOf(t, foreign), nil }
	if st, _, err = reports.OpenSigned(p.signed(supply), p.keys); err != nil || st.Checkpoint != checkpoint.None || fault.CodeOf(st.Follows(at)) != fault.NotFound {
		t.Errorf("another ledger's checkpoint is named: %+v (%v)", st, err)
	}
}
