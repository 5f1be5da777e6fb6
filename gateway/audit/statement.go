package audit

import (
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
)

// Verdict is the result of an audit.
type Verdict string

// The verdicts.
const (
	VerdictPassed Verdict = "PASSED" // Everything that was checked agrees.
	VerdictFailed Verdict = "FAILED" // The finding names the first difference.
)

// Statement is what an audit has to say.
type Statement struct {
	Verdict             Verdict               `json:"verdict"`
	Finding             *Finding              `json:"finding,omitempty"` // The first difference.
	Channel             string                `json:"channel,omitempty"`
	Source              string                `json:"source,omitempty"` // The peer or folder that the blocks were read from.
	Genesis             string                `json:"genesis"`          // Hash of block 0's header, hex.
	LastHash            string                `json:"lastHash"`         // Hash of the last block's header, hex.
	Blocks              int                   `json:"blocks"`
	ConfigBlocks        int                   `json:"configBlocks"`
	Transactions        int                   `json:"transactions"`        // Endorsed ones, valid or not.
	Invalid             int                   `json:"invalid"`             // Marked invalid: no effect.
	UnexplainedRefusals int                   `json:"unexplainedRefusals"` // Marked invalid for a reason that blocks alone don't show.
	Believed            int                   `json:"believed,omitempty"`  // Valid ones that a trusted checkpoint vouches for: not checked here.
	Trusted             uint64                `json:"trusted,omitempty"`   // Height of that checkpoint.
	Checkpoints         []uint64              `json:"checkpoints"`         // Heights at which signed checkpoints say the same.
	CommitHashes        int                   `json:"commitHashes"`        // Blocks whose commit hash equals that of the rebuilt state.
	WithoutCommitHash   int                   `json:"withoutCommitHash"`   // Blocks that came without one.
	Programmes          []*ProgrammeStatement `json:"programmes"`
	Clearing            []ClearingStatement   `json:"clearing"`             // By currency.
	Members             []string              `json:"members"`              // MSP ids of the consortium.
	Definitions         []Definition          `json:"definitions"`          // Chaincode definitions that were committed, in order.
	ForeignChaincodes   map[string]int        `json:"foreignChaincodes"`    // Calls of chaincodes that the audit doesn't know, by name.
	Peers               []PeerStatement       `json:"peers"`                // Other members' peers.
	State               string                `json:"state,omitempty"`      // What the current state was compared with.
	Uncompared          []string              `json:"uncompared,omitempty"` // What of that database could not be compared, and why.
	Queried             string                `json:"queried,omitempty"`    // What a peer's chaincode was asked for.
	Seconds             float64               `json:"seconds,omitempty"`
}

// Definition is a chaincode definition that the brands committed.
type Definition struct {
	Chaincode   string `json:"chaincode"`
	Sequence    int64  `json:"sequence"`
	Transaction string `json:"transaction"`
}

// PeerStatement says how far another peer's ledger was compared.
type PeerStatement struct {
	Name   string `json:"name"`
	Blocks uint64 `json:"blocks"`          // Compared and equal.
	Error  string `json:"error,omitempty"` // Why it could not be reached, or not to the end.
}

// ProgrammeStatement is the position of one programme, from the rebuilt state.
type ProgrammeStatement struct {
	Programme     string          `json:"programme"`
	Simulated     bool            `json:"simulated"`
	BusinessDate  string          `json:"businessDate"`
	Accounts      int             `json:"accounts"`
	Supply        quantity.Points `json:"supply"` // Points in lots: the issuer's liability.
	Debt          quantity.Points `json:"debt"`   // What accounts owe the issuer.
	Issued        quantity.Points `json:"issued"`
	Redeemed      quantity.Points `json:"redeemed"`
	Recovered     quantity.Points `json:"recovered"`
	Transferred   quantity.Points `json:"transferred"`
	Expired       quantity.Points `json:"expired"`
	Held          quantity.Points `json:"held"` // By open holds.
	DebtRepaid    quantity.Points `json:"debtRepaid"`
	Transactions  int             `json:"transactions"` // Valid ones.
	Batches       int             `json:"batches"`
	Receipts      int             `json:"receipts"`
	Rejected      int64           `json:"rejected"`      // Receipts of refused operations.
	FullReplays   int             `json:"fullReplays"`   // Transactions replayed from the private details.
	PublicReplays int             `json:"publicReplays"` // Transactions replayed from what is public of them, since the details, or the vault's entries, are not held here.

	Statement *statement.Statement `json:"statement,omitempty"` // Re-executed from the receipts and the accounts' lots.
}

func newStatement() *Statement {
	return &Statement{Clearing: []ClearingStatement{}, ForeignChaincodes: map[string]int{}, Programmes: []*ProgrammeStatement{}, Members: []string{}, Definitions: []Definition{}, Peers: []PeerStatement{}, Checkpoints: []uint64{}}
}

func (s *Statement) foreign(chaincode string) {
	if chaincode != lifecycleChaincode {
		s.ForeignChaincodes[chaincode]++
	}
}

// replays counts one replayed transaction.
func (p *ProgrammeStatement) replayed(by depth) {
	switch by {
	case full:
		p.FullReplays++
	case public:
		p.PublicReplays++
	}
}

func (p *ProgrammeStatement) fill(record *points.Programme, totals points.Totals, accounts int) {
	p.Accounts, p.Rejected = accounts, totals.Rejected
	p.Issued, p.Redeemed, p.Recovered, p.Transferred, p.DebtRepaid = totals.Issued, totals.Redeemed, totals.Recovered, totals.Transferred, totals.DebtRepaid
	p.Supply, _ = totals.Supply() // Out of range is a finding of the invariants already.
	p.Debt, _ = totals.Debt()
	p.Held, _ = totals.Held()
	p.Expired = totals.Expired
	if record != nil {
		p.Simulated, p.BusinessDate = record.Simulated, record.BusinessDate.String()
	}
}

// fillProgrammes takes the programmes' positions into the statement.
func (a *Auditor) fillProgrammes() {
	a.statement.Programmes = a.statement.Programmes[:0]
	for _, brand := range slices.Sorted(maps.Keys(a.programmes)) {
		p := a.programmes[brand]
		books, f := a.books(brand)
		if f == nil {
			p.fill(books.programme, books.totals, len(books.accounts))
		}
		a.statement.Programmes = append(a.statement.Programmes, p)
	}
	if consortium, err := a.consortium(); err == nil {
		a.statement.Members = a.statement.Members[:0]
		for _, m := range consortium.Members {
			a.statement.Members = append(a.statement.Members, m.MSP)
		}
	}
}
