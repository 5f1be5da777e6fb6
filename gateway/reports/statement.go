package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/checkpoint"
)

// statementOrigin is the first line of what is signed; a checkpoint's begins otherwise, so that neither is taken for the other.
const statementOrigin = "tallystick-report/1"

// Statement is what a signature on a report says: who made which document, of which block, with which software, and which checkpoint of an auditor's it goes with.
type Statement struct {
	Member     string // Who made it: a member's name, or an auditor's.
	Channel    string
	Header     Header
	Document   string // SHA-256 of the report's canonical JSON (RFC 8785), hex.
	Height     uint64 // Blocks that the checkpoint covers, at most Block+1; 0 without one.
	Checkpoint string // Its digest, hex; checkpoint.None without one.
	Software   string // software.Describe,
	Executable string // and SHA-256 of the program's file, hex; checkpoint.None where it can't be read.
}

var (
	wordForm     = regexp.MustCompile(`^[a-z0-9][a-zA-Z0-9./-]{0,63}$`)
	memberForm   = regexp.MustCompile(`^[!-~]{1,64}$`) // A key's name has no spaces.
	digestForm   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	softwareForm = regexp.MustCompile(`^[ -~]{1,200}$`)
)

// Text is what is signed: a line for each fact.
func (s *Statement) Text() string {
	h := &s.Header
	return strings.Join([]string{
		statementOrigin, "report " + string(h.Report), "document " + s.Document, "member " + s.Member, "channel " + s.Channel, "genesis " + h.Genesis,
		fmt.Sprintf("block %d %s", h.AsOf.Block, h.AsOf.Hash), "time " + h.AsOf.Time, fmt.Sprintf("checkpoint %d %s", s.Height, s.Checkpoint), "software " + s.Software,
		"executable " + s.Executable,
	}, "\n") + "\n"
}

func (s *Statement) validate() error {
	h := &s.Header
	for _, ok := range []bool{
		wordForm.MatchString(string(h.Report)), memberForm.MatchString(s.Member), wordForm.MatchString(s.Channel), digestForm.MatchString(s.Document), digestForm.MatchString(h.Genesis),
		digestForm.MatchString(h.AsOf.Hash), softwareForm.MatchString(s.Software), s.Executable == checkpoint.None || digestForm.MatchString(s.Executable),
		s.Checkpoint == checkpoint.None && s.Height == 0 || digestForm.MatchString(s.Checkpoint) && s.Height > 0 && s.Height <= h.AsOf.Block+1,
	} {
		if !ok {
			return fault.New(fault.Malformed, "the statement on a report has a line that isn't in its form")
		}
	}
	return nil
}

// parseStatement reads what Text writes; MALFORMED for anything else.
func parseStatement(text string) (*Statement, error) {
	s := &Statement{Header: Header{V: version}}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	var block, hash, height string
	for i, into := range []struct {
		name string
		take func(value string)
	}{
		{statementOrigin, func(string) {}},
		{"report", func(v string) { s.Header.Report = Name(v) }},
		{"document", func(v string) { s.Document = v }},
		{"member", func(v string) { s.Member = v }},
		{"channel", func(v string) { s.Channel = v }},
		{"genesis", func(v string) { s.Header.Genesis = v }},
		{"block", func(v string) { block, hash, _ = strings.Cut(v, " ") }},
		{"time", func(v string) { s.Header.AsOf.Time = v }},
		{"checkpoint", func(v string) { height, s.Checkpoint, _ = strings.Cut(v, " ") }},
		{"software", func(v string) { s.Software = v }},
		{"executable", func(v string) { s.Executable = v }},
	} {
		if i < len(lines) {
			_, value, _ := strings.Cut(lines[i], " ")
			into.take(value)
		}
	}
	number, err := strconv.ParseUint(block, 10, 63)
	covered, errHeight := strconv.ParseUint(height, 10, 63)
	s.Header.AsOf.Block, s.Header.AsOf.Hash, s.Height = number, hash, covered
	if err != nil || errHeight != nil || s.Text() != text {
		return nil, fault.New(fault.Malformed, "the signed text is no statement on a report")
	}
	return s, s.validate()
}

// digestOf is the SHA-256 of a document, hex.
func digestOf(document []byte) string {
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:])
}
