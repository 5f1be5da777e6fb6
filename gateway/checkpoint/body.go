package checkpoint

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Limits of a checkpoint's text.
const (
	MaxText       = 64 << 10
	MaxProgrammes = 200
)

// None stands where a line has no hash to name.
const None = "none"

// Body is what a checkpoint says. Everything down to Programmes is fact: two auditors of the same ledger at the same height must say the same. The rest tells of the audit.
type Body struct {
	Channel    string
	Genesis    string // SHA-256 of block 0's header, hex.
	Height     uint64 // Number of blocks.
	Head       [sha256.Size]byte
	State      string // SHA-256 of the state that the blocks lead to, hex: see audit.StateDigest.
	Commit     string // Fabric's running commit hash, hex; None for a chain of one block.
	Time       int64  // Latest time that a transaction up to here states, Unix seconds.
	Programmes []Programme

	Full, Public int    // Transactions replayed from private data, and from what everybody sees.
	Trusted      uint64 // The audit believed an earlier checkpoint of this height for the blocks before it; 0: it checked them all.
	Previous     string // Digest of the auditor's checkpoint before this one, hex; None for the first.
}

// Programme is a programme's position.
type Programme struct {
	Name, Date string // Business date, YYYY-MM-DD.
	Totals     []Total
}

// Total is a named number.
type Total struct {
	Name  string
	Value int64
}

const (
	originPrefix = "tallystick/"
	timeForm     = time.RFC3339
)

var (
	nameForm = regexp.MustCompile(`^[a-z0-9][a-zA-Z0-9.-]{0,63}$`)
	hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Origin names the ledger: the first line of the text.
func (b *Body) Origin() string { return originPrefix + b.Channel + "/" + b.Genesis }

// Text is the note's text. The first three lines are those of C2SP's tlog-checkpoint: origin, size and a base64 hash, which here is that of the last block's header and not a
// tree's root; the others are extension lines in its sense.
func (b *Body) Text() string {
	return strings.Join(append(b.facts(), b.remarks()...), "\n") + "\n"
}

func (b *Body) facts() []string {
	lines := []string{
		b.Origin(), strconv.FormatUint(b.Height, 10), base64.StdEncoding.EncodeToString(b.Head[:]),
		"state " + b.State, "commit " + b.Commit, "time " + time.Unix(b.Time, 0).UTC().Format(timeForm),
	}
	for i := range b.Programmes {
		lines = append(lines, b.Programmes[i].line())
	}
	return lines
}

func (p *Programme) line() string {
	var out strings.Builder
	fmt.Fprintf(&out, "programme %s %s", p.Name, p.Date)
	for _, t := range p.Totals {
		fmt.Fprintf(&out, " %s=%d", t.Name, t.Value)
	}
	return out.String()
}

func (b *Body) remarks() []string {
	lines := []string{fmt.Sprintf("replayed full=%d public=%d", b.Full, b.Public)}
	if b.Trusted > 0 {
		lines = append(lines, fmt.Sprintf("trusted %d", b.Trusted))
	}
	return append(lines, "previous "+b.Previous)
}

// Differs names the first fact in which two checkpoints of the same height differ, as one says it and as the other does; nothing when they agree.
func (b *Body) Differs(other *Body) (one, two string, differ bool) {
	mine, theirs := b.facts(), other.facts()
	for i := range max(len(mine), len(theirs)) {
		one, two = at(mine, i), at(theirs, i)
		if one != two {
			return one, two, true
		}
	}
	return "", "", false
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

// Parse reads a text; MALFORMED unless it is exactly what Text writes.
func Parse(text string) (*Body, error) {
	if len(text) > MaxText || !strings.HasSuffix(text, "\n") {
		return nil, malformed("it has over %d bytes or its last line doesn't end", MaxText)
	}
	p := &parser{lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	b := p.body()
	if p.err != nil {
		return nil, p.err
	}
	if err := b.validate(); err != nil {
		return nil, err
	}
	if b.Text() != text {
		return nil, malformed("it isn't written as checkpoints are")
	}
	return b, nil
}

func malformed(format string, args ...any) error {
	return fault.New(fault.Malformed, "the checkpoint can't be read: "+format, args...)
}

func (b *Body) validate() error {
	if !nameForm.MatchString(b.Channel) || !hashForm.MatchString(b.Genesis) || !hashForm.MatchString(b.State) || b.Height == 0 || b.Trusted > b.Height {
		return malformed("its origin, height or state is none")
	}
	for _, h := range []string{b.Commit, b.Previous} {
		if h != None && !hashForm.MatchString(h) {
			return malformed("a hash has 64 hex digits")
		}
	}
	if len(b.Programmes) > MaxProgrammes || !slices.IsSortedFunc(b.Programmes, func(x, y Programme) int { return cmp.Compare(x.Name, y.Name) }) {
		return malformed("its programmes are not in order, or over %d", MaxProgrammes)
	}
	return nil
}

// Digest is what the next checkpoint names this one by.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// parser takes lines one after the other; the first error stays.
type parser struct {
	lines []string
	err   error
}

func (p *parser) body() *Body {
	b := &Body{}
	origin, known := strings.CutPrefix(p.next(), originPrefix)
	channel, genesis, both := strings.Cut(origin, "/")
	if !known || !both {
		p.fail("it is no checkpoint of such a ledger")
	}
	b.Channel, b.Genesis = channel, genesis
	b.Height = p.number(p.next())
	head, err := base64.StdEncoding.DecodeString(p.next())
	if err != nil || len(head) != sha256.Size {
		p.fail("the third line is no hash")
	}
	copy(b.Head[:], head)
	b.State, b.Commit = p.after("state "), p.after("commit ")
	at, err := time.Parse(timeForm, p.after("time "))
	if err != nil {
		p.fail("the time is none")
	}
	b.Time = at.Unix()
	for p.err == nil && len(p.lines) > 0 && strings.HasPrefix(p.lines[0], "programme ") {
		b.Programmes = append(b.Programmes, p.programme())
	}
	full, public, _ := strings.Cut(p.after("replayed full="), " public=")
	b.Full, b.Public = int(p.number(full)), int(p.number(public))
	if len(p.lines) > 0 && strings.HasPrefix(p.lines[0], "trusted ") {
		b.Trusted = p.number(p.after("trusted "))
	}
	b.Previous = p.after("previous ")
	if len(p.lines) > 0 {
		p.fail("it goes on behind its last line")
	}
	return b
}

func (p *parser) programme() Programme {
	fields := strings.Fields(p.after("programme "))
	if len(fields) < 2 {
		p.fail("a programme has a name and a date")
		return Programme{}
	}
	out := Programme{Name: fields[0], Date: fields[1]}
	for _, f := range fields[2:] {
		name, value, _ := strings.Cut(f, "=")
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			p.fail("a total is no number")
		}
		out.Totals = append(out.Totals, Total{name, n})
	}
	return out
}

func (p *parser) fail(what string) {
	if p.err == nil {
		p.err = malformed("%s", what)
	}
}

func (p *parser) next() string {
	if len(p.lines) == 0 {
		p.fail("it has too few lines")
		return ""
	}
	line := p.lines[0]
	p.lines = p.lines[1:]
	return line
}

func (p *parser) after(prefix string) string {
	rest, ok := strings.CutPrefix(p.next(), prefix)
	if !ok {
		p.fail("a line should begin with " + prefix)
	}
	return rest
}

func (p *parser) number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		p.fail("a number is none")
	}
	return n
}
