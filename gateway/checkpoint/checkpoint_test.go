package checkpoint_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/checkpoint"
)

var (
	genesis = strings.Repeat("01", 32)
	state   = strings.Repeat("ab", 32)
)

func body(height uint64, previous string) *checkpoint.Body {
	return &checkpoint.Body{
		Channel: "loyalty", Genesis: genesis, Height: height, Head: [32]byte{byte(height)}, State: state, Commit: checkpoint.None, Time: 1_764_115_200,
		Programmes: []checkpoint.Programme{
			{Name: "airline", Date: "2025-11-26", Totals: []checkpoint.Total{{Name: "supply", Value: 42}, {Name: "debt", Value: 0}}},
			{Name: "hotel", Date: "2025-11-26"},
		},
		Full: 7, Public: 2, Previous: previous,
	}
}

// auditor is somebody with a key.
type auditor struct{ secret, public string }

func newAuditor(t *testing.T, name string) auditor {
	t.Helper()
	secret, public, err := checkpoint.NewKey(name)
	if err != nil {
		t.Fatal(err)
	}
	return auditor{secret, public}
}

func (a auditor) keys(t *testing.T) *checkpoint.Keys {
	t.Helper()
	k, err := checkpoint.ParseKeys("# auditors\n\n" + a.public + "\n")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sign writes a checkpoint into a chain and gives what the next one names.
func (a auditor) sign(t *testing.T, dir string, b *checkpoint.Body) string {
	t.Helper()
	raw, err := checkpoint.Seal(b, a.secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.Save(dir, b.Height, raw); err != nil {
		t.Fatal(err)
	}
	return checkpoint.Digest(b.Text())
}

func TestTheTextHasTheFormOfALogsCheckpoint(t *testing.T) {
	want := "tallystick/loyalty/" + genesis + "\n9\nCQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nstate " + state + "\ncommit none\ntime 2025-11-26T00:00:00Z\n" +
		"programme airline 2025-11-26 supply=42 debt=0\nprogramme hotel 2025-11-26\nreplayed full=7 public=2\ntrusted 4\nprevious none\n"
	b := body(9, checkpoint.None)
	b.Trusted = 4
	if got := b.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := body(rapid.Uint64Range(1, 1<<62).Draw(t, "height"), rapid.SampledFrom([]string{checkpoint.None, state}).Draw(t, "previous"))
		b.Trusted = rapid.Uint64Range(0, b.Height).Draw(t, "trusted")
		b.Full, b.Public = rapid.IntRange(0, 1<<30).Draw(t, "full"), rapid.IntRange(0, 1<<30).Draw(t, "public")
		b.Programmes[0].Totals[0].Value = rapid.Int64().Draw(t, "supply")
		b.Programmes = b.Programmes[:rapid.IntRange(0, 2).Draw(t, "programmes")]
		if len(b.Programmes) == 0 {
			b.Programmes = nil
		}
		got, err := checkpoint.Parse(b.Text())
		if err != nil || !reflect.DeepEqual(got, b) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, b)
		}
	})
}

func TestATextThatIsNotACheckpointIsRefused(t *testing.T) {
	good := body(9, checkpoint.None).Text()
	for name, text := range map[string]string{
		"nothing":               "",
		"no end of line":        strings.TrimSuffix(good, "\n"),
		"another log":           strings.Replace(good, "tallystick/", "other/", 1),
		"a leading zero":        strings.Replace(good, "\n9\n", "\n09\n", 1),
		"no height":             strings.Replace(good, "\n9\n", "\n0\n", 1),
		"a short hash":          strings.Replace(good, "CQAA", "CQ", 1),
		"upper case":            strings.Replace(good, "state ab", "state AB", 1),
		"a time in a zone":      strings.Replace(good, "00:00:00Z", "01:00:00+01:00", 1),
		"programmes disordered": strings.Replace(good, "programme airline", "programme zoo", 1),
		"two spaces":            strings.Replace(good, "supply=42 debt", "supply=42  debt", 1),
		"a line more":           good + "more\n",
		"a line less":           strings.Replace(good, "commit none\n", "", 1),
		"too long":              strings.Replace(good, "supply", strings.Repeat("s", checkpoint.MaxText), 1),
	} {
		if b, err := checkpoint.Parse(text); fault.CodeOf(err) != fault.Malformed {
			t.Errorf("%s: %v, %v", name, b, err)
		}
	}
}

func TestOnlyAKnownAuditorsSignatureIsBelieved(t *testing.T) {
	ours, other := newAuditor(t, "regulator/auditor"), newAuditor(t, "somebody")
	raw, err := checkpoint.Seal(body(9, checkpoint.None), ours.secret)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ours.keys(t).Open(raw)
	if err != nil || s.Height != 9 || !slices.Equal(s.Signers, []string{"regulator/auditor"}) {
		t.Fatalf("%+v, %v", s, err)
	}
	for name, c := range map[string]struct {
		keys *checkpoint.Keys
		raw  []byte
		code fault.Code
	}{
		"another's key":     {other.keys(t), raw, fault.SignatureInvalid},
		"a changed total":   {ours.keys(t), []byte(strings.Replace(string(raw), "supply=42", "supply=43", 1)), fault.SignatureInvalid},
		"no signature":      {ours.keys(t), []byte(body(9, checkpoint.None).Text()), fault.SignatureInvalid},
		"too long":          {ours.keys(t), make([]byte, checkpoint.MaxNote+1), fault.TooLarge},
		"another name's":    {ours.keys(t), []byte(strings.Replace(string(raw), "regulator/auditor", "somebody", 1)), fault.SignatureInvalid},
		"a changed state":   {ours.keys(t), []byte(strings.Replace(string(raw), state, strings.Repeat("ac", 32), 1)), fault.SignatureInvalid},
		"a changed remark":  {ours.keys(t), []byte(strings.Replace(string(raw), "full=7", "full=9", 1)), fault.SignatureInvalid},
		"a signature twice": {ours.keys(t), append(slices.Clone(raw), raw[strings.Index(string(raw), "\n\n")+2:]...), ""},
	} {
		if s, err := c.keys.Open(c.raw); c.code != "" && fault.CodeOf(err) != c.code || c.code == "" && err != nil {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func TestAChainIsOneLedgerRisingAndLinked(t *testing.T) {
	a := newAuditor(t, "a")
	write := func(t *testing.T, bodies ...func(previous string) *checkpoint.Body) (checkpoint.Chain, error) {
		dir, previous := t.TempDir(), checkpoint.None
		for _, b := range bodies {
			previous = a.sign(t, dir, b(previous))
		}
		return checkpoint.LoadChain(dir, a.keys(t))
	}
	at := func(height uint64) func(string) *checkpoint.Body {
		return func(previous string) *checkpoint.Body { return body(height, previous) }
	}
	c, err := write(t, at(3), at(5), at(9))
	if err != nil || len(c) != 3 || c[2].Height != 9 {
		t.Fatalf("%v: %v", c, err)
	}
	for name, bodies := range map[string][]func(string) *checkpoint.Body{
		"one is missing": {at(3), func(string) *checkpoint.Body { return body(5, state) }},
		"begun twice":    {at(3), func(string) *checkpoint.Body { return body(5, checkpoint.None) }},
		"another ledger": {at(3), func(previous string) *checkpoint.Body {
			b := body(5, previous)
			b.Genesis = state
			return b
		}},
	} {
		if c, err := write(t, bodies...); fault.CodeOf(err) != fault.CheckpointMismatch {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
	if _, err := c.Append(c[1]); fault.CodeOf(err) != fault.CheckpointMismatch {
		t.Errorf("a lower one was taken: %v", err)
	}
	if c, err := checkpoint.LoadChain(filepath.Join(t.TempDir(), "none"), a.keys(t)); err != nil || c.Tip() != checkpoint.None {
		t.Errorf("an empty chain: %v, %v", c, err)
	}
}

func TestACheckpointIsNeverOverwritten(t *testing.T) {
	a, dir := newAuditor(t, "a"), t.TempDir()
	a.sign(t, dir, body(3, checkpoint.None))
	if _, err := checkpoint.Save(dir, 3, []byte("other")); fault.CodeOf(err) != fault.AlreadyExists {
		t.Error(err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestTwoAuditorsAreComparedWhereBothSigned(t *testing.T) {
	a, b := newAuditor(t, "a"), newAuditor(t, "b")
	chain := func(who auditor, bodies ...*checkpoint.Body) checkpoint.Chain {
		dir, previous := t.TempDir(), checkpoint.None
		for _, one := range bodies {
			one.Previous = previous
			previous = who.sign(t, dir, one)
		}
		c, err := checkpoint.LoadChain(dir, who.keys(t))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	one := chain(a, body(3, ""), body(5, ""), body(9, ""))
	same := body(5, "")
	same.Full, same.Public, same.Trusted = 0, 9, 3 // How deep the other looked is no fact of the ledger.
	got, err := checkpoint.Compare(one, chain(b, body(4, ""), same))
	if err != nil || !slices.Equal(got.Agreed, []uint64{5}) || got.One != "" {
		t.Errorf("%+v, %v", got, err)
	}
	richer := body(9, "")
	richer.Programmes[0].Totals[0].Value++
	got, err = checkpoint.Compare(one, chain(b, body(5, ""), richer))
	if err != nil || got.Height != 9 || !strings.Contains(got.One, "supply=42") || !strings.Contains(got.Two, "supply=43") {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := checkpoint.Compare(one, chain(b, body(4, ""))); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("%+v, %v", got, err)
	}
	other := body(5, "")
	other.Channel = "another"
	if got, err := checkpoint.Compare(one, chain(b, other)); fault.CodeOf(err) != fault.CheckpointMismatch {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestKeysThatCannotBeUsedAreRefused(t *testing.T) {
	if _, _, err := checkpoint.NewKey("two words"); fault.CodeOf(err) != fault.InvalidValue {
		t.Error(err)
	}
	for _, text := range []string{"", "# none\n", "nonsense"} {
		if _, err := checkpoint.ParseKeys(text); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := checkpoint.Seal(body(1, checkpoint.None), "nonsense"); fault.CodeOf(err) != fault.InvalidValue || strings.Contains(err.Error(), "nonsense") {
		t.Error(err)
	}
}
