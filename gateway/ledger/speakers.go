package ledger

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
)

// speakersAge is how long what the brands have voted on each other is taken from memory.
const speakersAge = 2 * time.Second

// speakers remembers who acts for brands that failed. In a consortium whose brands all act for themselves nothing is asked until an endorsement fails.
type speakers struct {
	mu      sync.Mutex
	asked   time.Time
	members *clearing.Consortium // Nil while, as far as is known, everybody acts for itself.
	always  bool                 // The client acts for a failed brand itself.
}

// known gives the members' record when some of them are known to have failed; nil otherwise.
func (c *Client) known(ctx context.Context) *clearing.Consortium {
	c.speakers.mu.Lock()
	defer c.speakers.mu.Unlock()
	if c.speakers.members != nil || c.speakers.always {
		c.ask(ctx)
	}
	return c.speakers.members
}

// learn asks the ledger whether somebody has failed.
func (c *Client) learn(ctx context.Context) *clearing.Consortium {
	c.speakers.mu.Lock()
	defer c.speakers.mu.Unlock()
	c.ask(ctx)
	return c.speakers.members
}

// ask reads the members' record unless it was read a short while ago. What can't be read leaves what is known.
func (c *Client) ask(ctx context.Context) {
	if time.Since(c.speakers.asked) < speakersAge {
		return
	}
	record, err := c.Clearing().Consortium(ctx)
	if err != nil {
		return
	}
	c.speakers.asked, c.speakers.members = time.Now(), nil
	if slices.ContainsFunc(record.Members, func(m clearing.Member) bool { return m.Is(clearing.StatusAdministered) }) {
		c.speakers.members = &record
	}
}

// chooser says which organisations have to endorse; members is nil while everybody acts for itself.
type chooser func(members *clearing.Consortium) []string

// pair chooses the endorsers of what is written for a pair.
func (c *Client) pair(a, b string) chooser {
	return func(members *clearing.Consortium) []string {
		if members != nil {
			if first, second, err := members.Endorsers(a, b); err == nil {
				return []string{first.MSP, second.MSP}
			}
		}
		own, other := c.mspOf(a), c.mspOf(b)
		if other == c.msp {
			own, other = other, own
		}
		return []string{own, other}
	}
}

// speaker is the MSP id of who acts for a brand.
func (c *Client) speaker(members *clearing.Consortium, brand string) string {
	if members != nil {
		if m, err := members.Speaker(brand); err == nil {
			return m.MSP
		}
	}
	return c.mspOf(brand)
}

// endorseBy has the chosen organisations endorse, and those who act for them instead when it turns out that one of them has failed.
func (c *Client) endorseBy(ctx context.Context, build func() (call, error), choose chooser) (*endorsed, error) {
	organisations := choose(c.known(ctx))
	e, err := c.endorse(ctx, build, organisations)
	if class := ClassOf(err); err == nil || class != CoEndorser && class != Retry {
		return e, err
	}
	if again := choose(c.learn(ctx)); !slices.Equal(again, organisations) {
		return c.endorse(ctx, build, again)
	}
	return nil, err
}
