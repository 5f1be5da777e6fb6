package localnet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/founding"
	"github.com/tallystick/tallystick/gateway/ledger"

	"github.com/tallystick/tallystick/network/administration"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
	"github.com/tallystick/tallystick/network/nodeconfig"
)

// Default is what the brands decide about one that failed.
type Default struct {
	Failed, Administrator string
	// HonourDays is how long its points are honoured from now on, 0 to clearing.MaxHonourDays.
	HonourDays int
}

// proposalBytes of a proposal's id.
const proposalBytes = 16

// Administer carries a brand's default out, from the vote to the administrator's gateway, with none of the brand's processes:
// see docs/operations.md. Every step may be repeated, so a run that was interrupted is simply run again.
func (c *Consortium) Administer(ctx context.Context, d Default, out io.Writer) error {
	unlock, err := lock(c.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	a := &administrator{Consortium: c, wanted: d}
	if err := a.find(); err != nil {
		return err
	}
	defer a.close()
	return run(ctx, out, []step{
		{"vote of the other brands", a.vote},
		{"channel and chaincode definitions", a.conform},
		{"programme and custody", a.takeOver},
		{"administrator's gateway", a.standIn},
		{"other brands' gateways", a.redirect},
	})
}

// administrator is one run of Administer.
type administrator struct {
	*Consortium
	wanted                Default
	failed, administrator membership.Member
	operators             []*ledger.Client // Of the brands that vote, the administrator's first.
	spec                  nodeconfig.StandIn
}

func (a *administrator) find() error {
	for _, member := range []struct {
		name string
		into *membership.Member
	}{{a.wanted.Failed, &a.failed}, {a.wanted.Administrator, &a.administrator}} {
		found, known := a.Membership.Member(member.name)
		if !known || !found.IsBrand() {
			return failure.New(failure.SettingInvalid, "%q is no brand of the consortium", member.name)
		}
		*member.into = found
	}
	if a.failed.Name == a.administrator.Name {
		return failure.New(failure.SettingInvalid, "%s can't act for itself: choose another brand as administrator", a.failed.Name)
	}
	return nil
}

func (a *administrator) close() {
	for _, operator := range a.operators {
		_ = operator.Close()
	}
}

// vote has the other brands declare the default, unless the ledger says so already.
func (a *administrator) vote(ctx context.Context) error {
	voters := append([]membership.Member{a.administrator}, a.Membership.Brands()...)
	for i, brand := range voters {
		if brand.Name == a.failed.Name || i > 0 && brand.Name == a.administrator.Name {
			continue
		}
		operator, err := operatorOf(a.Consortium, brand, "")
		if err != nil {
			return err
		}
		a.operators = append(a.operators, operator)
	}
	member, err := a.operators[0].Clearing().Member(ctx, a.failed.Name)
	if err != nil {
		return err
	}
	if member.Is(clearing.StatusAdministered) && member.Administrator == a.administrator.MSP() {
		return nil
	}
	id := make([]byte, proposalBytes)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	motion := clearing.Motion{Default: &clearing.Administration{
		Member: a.failed.Name, Administrator: a.administrator.Name,
		HonourUntil: quantity.DayOf(time.Now().Unix()) + quantity.Day(a.wanted.HonourDays),
	}}
	return founding.Carry(ctx, a.operators, clearing.ProposalID(hex.EncodeToString(id)), &motion)
}

func (a *administrator) conform(ctx context.Context) error {
	return conform(ctx, a.Consortium, a.operators[0])
}

// takeOver brings the programme in line with the vote, and learns under which version its registered key signs now.
func (a *administrator) takeOver(ctx context.Context) error {
	operator, err := operatorOf(a.Consortium, a.administrator, a.failed.Name)
	if err != nil {
		return err
	}
	defer func() { _ = operator.Close() }()
	member, err := operator.Clearing().Member(ctx, a.failed.Name)
	if err != nil {
		return err
	}
	programme, err := operator.Points(a.failed.Name).Programme(ctx)
	if err != nil {
		return err
	}
	if is := programme.Administration; is == nil || is.MSP != member.Administrator || is.HonourUntil != member.HonourUntil {
		if programme, err = operator.Points(a.failed.Name).Administer(ctx); err != nil {
			return err
		}
	}
	last := programme.Custodians[len(programme.Custodians)-1]
	a.spec = nodeconfig.StandIn{Failed: a.failed, Administrator: a.administrator, CustodianVersion: last.Version}
	return nil
}

// standIn starts the administrator's gateway for the failed brand, unless it runs.
func (a *administrator) standIn(ctx context.Context) error {
	name := membership.StandInNode(a.failed.Name, a.administrator.Name)
	own, err := a.Node(membership.GatewayNode(a.administrator.Name))
	if failure.CodeOf(err) == failure.NodeUnknown {
		return nil // The consortium was started without gateways.
	}
	if err != nil || a.Supervisor.Status(name).State == node.Running {
		return err
	}
	if err := nodeconfig.WriteStandIn(a.Dir, a.Membership, a.spec, gatewayLogLevel); err != nil {
		return err
	}
	api, partners := a.Membership.StandInPorts(a.failed.Name)
	spec := own
	spec.Name, spec.Ports = name, []int{api, partners}
	spec.Args = []string{"serve", "--config", nodeconfig.StandInFiles(a.Dir, a.failed.Name, a.administrator.Name).Config}
	if !slices.ContainsFunc(a.Nodes, func(s node.Spec) bool { return s.Name == name }) {
		a.Nodes = append(a.Nodes, spec)
		if err := node.Save(a.Dir, a.Nodes); err != nil {
			return err
		}
	}
	return a.launch(ctx, []node.Spec{spec})
}

// redirect has the gateways that run find the administrator's where they found the failed brand's, and starts those anew that didn't.
func (a *administrator) redirect(ctx context.Context) error {
	var restart []node.Spec
	var names []string
	for _, brand := range a.Membership.Brands() {
		name := membership.GatewayNode(brand.Name)
		spec, err := a.Node(name)
		if brand.Name == a.failed.Name || err != nil || a.Supervisor.Status(name).State != node.Running {
			continue
		}
		changed, err := nodeconfig.Redirect(a.Dir, a.Membership, a.spec, brand)
		if err != nil {
			return err
		}
		if !changed {
			continue
		}
		restart, names = append(restart, spec), append(names, name)
	}
	if err := each(names, a.Supervisor.Stop); err != nil {
		return err
	}
	return a.launch(ctx, restart)
}

// Conform brings the channel in line with what the brands have voted on each other, as clearing says: after an administration,
// a reinstatement, or when a member has gone. It changes nothing when everything is as it should be.
func (c *Consortium) Conform(ctx context.Context, out io.Writer) error {
	unlock, err := lock(c.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	var reader *ledger.Client
	for _, brand := range c.Membership.Brands() {
		if c.Supervisor.Status(membership.PeerNode(brand.Name, 0)).State == node.Running {
			reader, err = operatorOf(c, brand, "")
			break
		}
	}
	if err != nil {
		return err
	}
	if reader == nil {
		return failure.New(failure.NodeState, "no brand's peer runs")
	}
	defer func() { _ = reader.Close() }()
	return run(ctx, out, []step{{"channel and chaincode definitions", func(ctx context.Context) error { return conform(ctx, c, reader) }}})
}

func conform(ctx context.Context, c *Consortium, reader *ledger.Client) error {
	ctx, cancel := context.WithTimeout(ctx, deployTimeout)
	defer cancel()
	record, err := reader.Clearing().Consortium(ctx)
	if err != nil {
		return err
	}
	standing := standingOf(&record)
	if _, err := administration.Configure(ctx, c.Dir, c.Membership, standing); err != nil {
		return err
	}
	_, err = lifecycle.Redefine(ctx, c.Dir, c.Membership, standing)
	return err
}

// standingOf is what the members' record means for policies and collections.
func standingOf(record *clearing.Consortium) membership.Standing {
	s := membership.Standing{Administrators: map[string]string{}}
	for _, m := range record.Members {
		switch {
		case m.Is(clearing.StatusExited):
			s.Left = append(s.Left, m.Name)
		case m.Is(clearing.StatusAdministered):
			if by, err := record.Organisation(m.Administrator); err == nil {
				s.Administrators[m.Name] = by.Name
			}
		}
	}
	return s
}

// operatorOf connects a brand's operator to the brand's own peers; actsFor names a failed brand whose programme it is about.
func operatorOf(c *Consortium, brand membership.Member, actsFor string) (*ledger.Client, error) {
	settings, err := config.Load(nodeconfig.GatewayFiles(c.Dir, brand.Name).Config, nil)
	if err != nil {
		return nil, err
	}
	settings.Identity = settings.Operator
	if actsFor != "" {
		settings.Programme, settings.ActsFor = actsFor, actsFor
	}
	return ledger.Connect(settings)
}
