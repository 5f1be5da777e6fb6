package reports

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/checkpoint"
)

// MaxSigned bounds a signed report, in bytes.
const MaxSigned = 32 << 20

// Signed is a report to be kept: who made it, of which block and with which software can be shown later, without any gateway.
type Signed struct {
	Report jsontext.Value `json:"report"` // Canonical JSON.
	Note   string         `json:"note"`   // The signed statement on it: a note as checkpoints are, by the key of whoever made it.
}

// Signer signs reports with one key.
type Signer struct {
	Member     string
	Channel    string
	Secret     string // The key, as checkpoint.NewKey gives it.
	Software   string
	Executable string // SHA-256, hex; empty where it isn't known.
	// Checkpoints gives an auditor's chain, verified; nil without one. The report names the highest that covers no later block than the report does.
	Checkpoints func() (checkpoint.Chain, error)
}

// Check returns why nothing could be signed: INVALID_VALUE for a key that can't be read or that isn't the member's by its name, what Checkpoints says of a chain that is wrong.
func (s *Signer) Check() error {
	name, err := checkpoint.NameOf(s.Secret)
	if err != nil {
		return err
	}
	if !speaksFor(name, s.Member) {
		return fault.New(fault.InvalidValue, "the key is named %s: reports of %s are signed by a key named %s or %s/<what for>", name, s.Member, s.Member, s.Member)
	}
	if s.Checkpoints == nil {
		return nil
	}
	_, err = s.Checkpoints()
	return err
}

// Sign signs a report. INVALID_VALUE when the key can't be read.
func (s *Signer) Sign(t Table) (*Signed, error) {
	document, err := wire.Encode(t)
	if err != nil {
		return nil, err
	}
	st := &Statement{
		Member: s.Member, Channel: s.Channel, Header: *t.header(), Document: digestOf(document), Checkpoint: checkpoint.None, Software: s.Software, Executable: s.Executable,
	}
	if st.Executable == "" {
		st.Executable = checkpoint.None
	}
	if err := s.refer(st); err != nil {
		return nil, err
	}
	if err := st.validate(); err != nil {
		return nil, err
	}
	note, err := checkpoint.SignText(st.Text(), s.Secret)
	return &Signed{Report: document, Note: string(note)}, err
}

// refer names the highest checkpoint of the same ledger that the report's block is not before.
func (s *Signer) refer(st *Statement) error {
	if s.Checkpoints == nil {
		return nil
	}
	chain, err := s.Checkpoints()
	if err != nil {
		return err
	}
	for _, c := range chain {
		if c.Genesis == st.Header.Genesis && c.Height <= st.Header.AsOf.Block+1 {
			st.Height, st.Checkpoint = c.Height, c.Digest()
		}
	}
	return nil
}

// speaksFor says whether a key is a member's by its name: the member's own, or one for a purpose, as airline/reports is.
func speaksFor(key, member string) bool { return key == member || strings.HasPrefix(key, member+"/") }

// OpenSigned verifies a signed report and gives its statement and the names of those who signed it. SIGNATURE_INVALID unless a known key of the member that the
// statement names signed it and the report is
// byte for byte the one that it was made on, up to how JSON may be written; MALFORMED when it is no signed report, TOO_LARGE above MaxSigned.
func OpenSigned(raw []byte, keys *checkpoint.Keys) (st *Statement, signers []string, err error) {
	if len(raw) > MaxSigned {
		return nil, nil, fault.New(fault.TooLarge, "a signed report has at most %d bytes", MaxSigned)
	}
	var s Signed
	if err := json.Unmarshal(raw, &s, json.RejectUnknownMembers(true)); err != nil || len(s.Report) == 0 {
		return nil, nil, fault.New(fault.Malformed, "this is no signed report: it has a report and a note, and nothing else")
	}
	text, signers, err := keys.Verify([]byte(s.Note))
	if err != nil {
		return nil, nil, err
	}
	if st, err = parseStatement(text); err != nil {
		return nil, nil, err
	}
	if !slices.ContainsFunc(signers, func(key string) bool { return speaksFor(key, st.Member) }) {
		return nil, nil, fault.New(fault.SignatureInvalid, "the report says that it is of %s, and none of those who signed it is: %s", st.Member, strings.Join(signers, ", "))
	}
	return st, signers, st.matches(s.Report)
}

// DocumentOf is the report itself in a signed one. MALFORMED when it is none; whether it is the one that was signed, OpenSigned says.
func DocumentOf(raw []byte) (document []byte, err error) {
	var s Signed
	if err := json.Unmarshal(raw, &s); err != nil || len(s.Report) == 0 {
		return nil, fault.New(fault.Malformed, "this is no signed report")
	}
	return s.Report, nil
}

// matches says whether a report is the one that the statement was made on.
func (s *Statement) matches(report jsontext.Value) error {
	if err := report.Canonicalize(); err != nil {
		return fault.New(fault.Malformed, "the report can't be brought to canonical form")
	}
	if digestOf(report) != s.Document {
		return fault.New(fault.SignatureInvalid, "the report is not the one that was signed: its canonical form has SHA-256 %s, signed is %s", digestOf(report), s.Document)
	}
	var h Header
	if err := json.Unmarshal(report, &h); err != nil {
		return fault.New(fault.Malformed, "the report has no header")
	}
	if h.V == 0 || h.Report != s.Header.Report || h.Genesis != s.Header.Genesis || h.AsOf != s.Header.AsOf {
		return fault.New(fault.SignatureInvalid, "the report names another block or ledger than the statement on it")
	}
	return nil
}

func headOf(b *checkpoint.Body) string { return hex.EncodeToString(b.Head[:]) }

// Follows says whether the checkpoint that the statement names is in an auditor's chain, and agrees with the report's block where both are about it. CHECKPOINT_MISMATCH when the
// chain says otherwise, NOT_FOUND when the statement names none.
func (s *Statement) Follows(chain checkpoint.Chain) error {
	if s.Checkpoint == checkpoint.None {
		return fault.New(fault.NotFound, "the report names no checkpoint")
	}
	named := false
	for _, c := range chain {
		if c.Genesis != s.Header.Genesis {
			return fault.New(fault.CheckpointMismatch, "the checkpoints are of another ledger: %s", c.Origin())
		}
		named = named || c.Height == s.Height && c.Digest() == s.Checkpoint
		if c.Height == s.Header.AsOf.Block+1 && s.Header.AsOf.Hash != headOf(c.Body) {
			return fault.New(fault.CheckpointMismatch, "the checkpoint of height %d has block %s where the report has %s", c.Height, headOf(c.Body), s.Header.AsOf.Hash)
		}
	}
	if !named {
		return fault.New(fault.CheckpointMismatch, "the chain has no checkpoint of height %d with digest %s", s.Height, s.Checkpoint)
	}
	return nil
}
