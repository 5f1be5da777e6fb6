package clearing

import (
	"regexp"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// ProposalSeconds is how long brands can vote on a proposal, from the transaction time of Propose on.
const ProposalSeconds = 7 * 24 * 3600

// ProposalID names a proposal: 128 random bits of the proposer's, 32 lower-case hex digits.
type ProposalID string

var proposalForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// Validate returns INVALID_VALUE unless the id has its form.
func (id ProposalID) Validate() error {
	if !proposalForm.MatchString(string(id)) {
		return fault.New(fault.InvalidValue, "a proposal's id has 32 lower-case hex digits")
	}
	return nil
}

// ProposalStatus says what became of a proposal.
type ProposalStatus string

// The statuses of a proposal. One that is OPEN after its time has lapsed.
const (
	ProposalOpen     ProposalStatus = "OPEN"
	ProposalCarried  ProposalStatus = "CARRIED"  // A majority voted for it, and it was executed by the last of these votes.
	ProposalRejected ProposalStatus = "REJECTED" // A majority can't be reached any more.
)

// Choice is a vote.
type Choice string

// The choices.
const (
	ChoiceYes Choice = "yes"
	ChoiceNo  Choice = "no"
)

// Ballot is one brand's vote.
type Ballot struct {
	Member string `json:"member"`
	Choice Choice `json:"choice"`
	At     int64  `json:"at"` // Transaction time, Unix seconds.
}

// Proposal is what one brand wants the brands to decide.
type Proposal struct {
	V       int            `json:"v"` // Record version, 1.
	ID      ProposalID     `json:"id"`
	Motion  Motion         `json:"motion"`
	By      string         `json:"by"` // Member name; its vote is the first.
	At      int64          `json:"at"` // Transaction time, Unix seconds.
	Until   int64          `json:"until"`
	Ballots []Ballot       `json:"ballots"` // In the order they came.
	Status  ProposalStatus `json:"status"`
	Decided int64          `json:"decided,omitzero"` // Transaction time of the deciding vote.
}

// NewProposal opens a proposal with its proposer's vote. FORBIDDEN when the proposer has no vote on it, otherwise what Motion.Validate returns.
func NewProposal(c *Consortium, id ProposalID, motion *Motion, by string, now int64) (*Proposal, error) {
	if err := id.Validate(); err != nil {
		return nil, err
	}
	if err := motion.Validate(c); err != nil {
		return nil, err
	}
	p := &Proposal{V: 1, ID: id, Motion: *motion, By: by, At: now, Until: now + ProposalSeconds, Ballots: []Ballot{}, Status: ProposalOpen}
	return p, p.Cast(c, Ballot{Member: by, Choice: ChoiceYes, At: now})
}

// Cast adds a vote and decides the proposal when it can be decided: then Status has changed, and a proposal that is CARRIED has to be executed.
//
// PROPOSAL_CLOSED when it is decided or has lapsed, ALREADY_EXISTS when the brand has voted, FORBIDDEN when it has no vote on this.
func (p *Proposal) Cast(c *Consortium, b Ballot) error {
	if p.Status != ProposalOpen || b.At > p.Until {
		return fault.New(fault.ProposalClosed, "the proposal is decided or has lapsed")
	}
	if b.Choice != ChoiceYes && b.Choice != ChoiceNo {
		return fault.New(fault.InvalidValue, "a vote is %s or %s", ChoiceYes, ChoiceNo)
	}
	if !p.hasVote(c, b.Member) {
		return fault.New(fault.Forbidden, "%s has no vote on this", b.Member)
	}
	for _, earlier := range p.Ballots {
		if earlier.Member == b.Member {
			return fault.New(fault.AlreadyExists, "%s has voted", b.Member)
		}
	}
	p.Ballots = append(p.Ballots, b)
	p.decide(c, b.At)
	return nil
}

// hasVote says who votes: brands in good standing, but not the one that is to be suspended or declared in default.
func (p *Proposal) hasVote(c *Consortium, member string) bool {
	m, err := c.find(member)
	if err != nil || m.Kind != KindBrand || !m.Is(StatusActive, StatusExiting) {
		return false
	}
	return p.Motion.against() != member
}

// decide counts the votes of those who still have one. A majority is one of all brands, as for the channel's policies: who has no vote counts as if against.
func (p *Proposal) decide(c *Consortium, now int64) {
	yes, open := 0, 0
	for _, m := range c.Brands() {
		if !p.hasVote(c, m.Name) {
			continue
		}
		switch p.choiceOf(m.Name) {
		case ChoiceYes:
			yes++
		case "":
			open++
		}
	}
	switch {
	case yes >= c.Majority():
		p.Status, p.Decided = ProposalCarried, now
	case yes+open < c.Majority():
		p.Status, p.Decided = ProposalRejected, now
	}
}

func (p *Proposal) choiceOf(member string) Choice {
	for _, b := range p.Ballots {
		if b.Member == member {
			return b.Choice
		}
	}
	return ""
}
