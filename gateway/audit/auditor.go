package audit

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"iter"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
	"github.com/tallystick/tallystick/gateway/checkpoint"
)

// Options say what to compare with, beside the blocks themselves.
type Options struct {
	Genesis  string                         // Hash that block 0's header must have, hex; empty: what the founding document says is compared only.
	Database *Database                      // A gateway's projection; nil without one.
	Since    quantity.Day                   // First business date of the period that the programmes' statements tell of; 0: from their beginning.
	Progress func(block uint64)             // Told after each block; nil is allowed.
	Save     func(d blocks.Delivered) error // Told of each block that was read, without personal data, before it is judged; nil is allowed.

	Checkpoints []*checkpoint.Body // Signed ones, to be compared where the audit gets to their heights. One that it doesn't get to is a difference.
	// Trusted is the height of one of them that is believed: of the blocks before, signatures, endorsements and transactions aren't checked again. 0 checks everything.
	Trusted uint64
}

// Auditor rebuilds a channel block by block. It is not safe for use by several goroutines.
type Auditor struct {
	options    Options
	linker     *linker
	world      *world
	config     *blocks.Config
	genesis    []byte
	hasher     blocks.CommitHasher
	statement  *Statement
	programmes map[string]*ProgrammeStatement
	programs   *rules.Cache
	journal    *bookkeeping.Journal // What the receipts of all valid batches moved.
	reports    *reportBook          // What a gateway's reports must be made of; nil when there is nothing to compare with it.
	prints     []fingerprint
	clearing   *clearingBook
	waiting    map[string]*waiting // By points namespace.
	acting     map[string][]string // MSP ids of who has been administrator of a brand, by its name.
	channel    string              // Its name, as block 0 says.
	commit     []byte              // Commit hash after the last block.
	latest     int64               // Latest time that a transaction states, Unix seconds.

	founded   *clearing.Consortium // Decoded record, and the version it was decoded from.
	foundedAt blocks.Version
}

// New makes an auditor that has seen no block.
func New(o Options) *Auditor {
	a := &Auditor{
		options: o, linker: &linker{trusted: o.Trusted}, world: newWorld(), statement: newStatement(), programmes: map[string]*ProgrammeStatement{},
		programs: new(rules.Cache), journal: bookkeeping.NewJournal(), clearing: newClearingBook(), waiting: map[string]*waiting{}, acting: map[string][]string{},
	}
	if o.Database != nil && !o.Database.missing {
		a.reports = newReportBook(&o.Database.reports)
	}
	return a
}

// Blocks takes in all blocks of source, which must begin at block 0 or where an earlier call ended. A difference is a *Finding; any other error means that
// blocks couldn't be read.
func (a *Auditor) Blocks(ctx context.Context, source iter.Seq2[blocks.Delivered, error]) error {
	return a.wrapMissing(consume(ctx, source, a.linker, func(j *job) error {
		if a.options.Save != nil && j.delivered.Block != nil {
			if err := a.options.Save(impersonal(j.delivered)); err != nil {
				return err
			}
		}
		if err := a.block(j); err != nil {
			return err
		}
		if a.options.Progress != nil {
			a.options.Progress(j.block.Number)
		}
		return nil
	}))
}

// wrapMissing makes a finding of a block that a source doesn't have, since a hole in the chain is a difference and not a failure to read.
func (a *Auditor) wrapMissing(err error) error {
	code := fault.CodeOf(err)
	if err != nil && (code == fault.BlockInvalid || code == fault.NotFound) {
		return blockFinding(CheckBlock, uint64(len(a.prints)), "%v", err)
	}
	return err
}

func (a *Auditor) block(j *job) error {
	if j.failure != nil {
		return a.diagnose(j)
	}
	b := j.block
	if err := a.checkGenesis(b); err != nil {
		return err
	}
	for i := range b.Transactions {
		if f := a.transaction(j, i); f != nil {
			return f
		}
	}
	a.statement.Blocks++
	a.statement.LastHash = hex.EncodeToString(b.Hash)
	if b.Config != nil {
		a.config = b.Config
		a.statement.ConfigBlocks++
	}
	a.commit = a.hasher.Next(b)
	if err := a.checkCommitHash(b, a.commit); err != nil {
		return err
	}
	for i := range b.Transactions {
		a.latest = max(a.latest, b.Transactions[i].Time)
	}
	a.prints = append(a.prints, printOf(b))
	if err := a.compareCheckpoints(b); err != nil {
		return err
	}
	return a.compareDatabase(b)
}

func (a *Auditor) checkGenesis(b *blocks.Block) error {
	if b.Number != 0 {
		return nil
	}
	a.genesis = b.Hash
	a.statement.Genesis = hex.EncodeToString(b.Hash)
	if b.Config == nil || len(b.Transactions) == 0 {
		return blockFinding(CheckGenesis, 0, "block 0 holds no channel configuration")
	}
	a.channel = b.Transactions[0].Channel
	if a.options.Genesis != "" && a.options.Genesis != a.statement.Genesis {
		return blockFinding(CheckGenesis, 0, "block 0 has hash %s, expected is %s", a.statement.Genesis, a.options.Genesis)
	}
	return nil
}

func (a *Auditor) checkCommitHash(b *blocks.Block, computed []byte) error {
	switch {
	case b.Number == 0:
		return nil
	case len(b.CommitHash) == 0:
		a.statement.WithoutCommitHash++
		return nil
	case !bytes.Equal(b.CommitHash, computed):
		return blockFinding(CheckCommitHash, b.Number, "the peer's commit hash is %x, validation codes and writes give %x", b.CommitHash, computed)
	}
	a.statement.CommitHashes++
	return nil
}

// diagnose looks for the transaction and the key behind a block's broken hash, so that the finding names them.
func (a *Auditor) diagnose(j *job) error {
	if j.block == nil || j.failure.Check != CheckDataHash {
		return j.failure
	}
	for i := range j.block.Transactions {
		f := a.transaction(j, i)
		if f == nil {
			continue
		}
		if j.refusals[i] != nil && f.Key == "" {
			if deeper := a.replay(&j.block.Transactions[i], finder(j.block, &j.block.Transactions[i])); deeper != nil {
				f.Namespace, f.Key, f.Detail = deeper.Namespace, deeper.Key, f.Detail+"; "+deeper.Detail
			}
		}
		f.Check, f.Detail = j.failure.Check, j.failure.Detail+": "+f.Detail
		return f
	}
	return j.failure
}

// Finish checks what holds for the whole channel and returns the statement. finding is what Blocks or a comparison returned, nil when everything agreed so far.
func (a *Auditor) Finish(finding error) (*Statement, error) {
	if finding == nil && len(a.prints) == 0 {
		finding = blockFinding(CheckBlock, 0, "there are no blocks")
	}
	if finding == nil {
		finding = a.checkMembership()
	}
	if finding == nil {
		finding = a.checkInvariants()
	}
	if finding == nil {
		finding = a.checkClearingHolds()
	}
	if finding == nil {
		finding = a.databaseBehind()
	}
	if finding == nil {
		finding = a.checkpointsReached()
	}
	a.fillProgrammes()
	a.fillClearing()
	var f *Finding
	if errors.As(finding, &f) {
		a.statement.Finding, a.statement.Verdict = f, VerdictFailed
		return a.statement, nil
	}
	if finding != nil {
		return a.statement, finding
	}
	a.statement.Verdict = VerdictPassed
	return a.statement, nil
}

// Height is the number of blocks that were taken in.
func (a *Auditor) Height() uint64 { return uint64(len(a.prints)) }

// programme returns the statement of a points namespace; nil for other namespaces.
func (a *Auditor) programme(namespace string) *ProgrammeStatement {
	brand, ok := strings.CutPrefix(namespace, engine.PointsPrefix)
	if !ok {
		return nil
	}
	p := a.programmes[brand]
	if p == nil {
		p = &ProgrammeStatement{Programme: brand}
		a.programmes[brand] = p
	}
	return p
}

func isEndorsed(t *blocks.Transaction) bool { return t.Kind == common.HeaderType_ENDORSER_TRANSACTION }
