package localnet

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/node"
	"github.com/tallystick/tallystick/network/rundir"
)

// Down ends every process that was started in the run directory and deletes the directory, ledgers and keys included. It is
// no error when nothing is there. It finds processes by their pid files alone, so it works whatever state a start was left in.
func Down(run string) error {
	dir, err := rundir.At(run)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(FailedLogs(dir)); err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't delete the logs of a failed start")
	}
	if !dir.Ours() {
		return dir.Remove()
	}
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := discard(node.NewSupervisor(dir)); err != nil {
		return err
	}
	return dir.Remove()
}

// discard ends every recorded process at once: what they hold is about to be deleted.
func discard(supervisor node.Supervisor) error {
	names, err := supervisor.Recorded()
	if err != nil {
		return err
	}
	return each(names, supervisor.Discard)
}

// StartNodes starts the named nodes and waits until they serve; without names, every node that doesn't run.
func (c *Consortium) StartNodes(ctx context.Context, names ...string) error {
	specs, err := c.choose(names, func(state node.State) bool { return state != node.Running })
	if err != nil {
		return err
	}
	unlock, err := lock(c.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	return c.launch(ctx, specs)
}

// launch starts processes and waits until all of them serve.
func (c *Consortium) launch(ctx context.Context, specs []node.Spec) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for _, spec := range specs {
		if err := c.Supervisor.Start(spec); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, spec := range specs {
		group.Go(func() error { return c.Supervisor.WaitReady(ctx, spec) })
	}
	return group.Wait()
}

// StopNodes asks the named nodes to end; without names, every node.
func (c *Consortium) StopNodes(names ...string) error {
	return c.forEach(names, c.Supervisor.Stop)
}

// KillNodes ends the named nodes as a power cut would. At least one name is wanted.
func (c *Consortium) KillNodes(names ...string) error {
	if len(names) == 0 {
		return failure.New(failure.NodeUnknown, "name the nodes to kill")
	}
	return c.forEach(names, c.Supervisor.Kill)
}

func (c *Consortium) forEach(names []string, do func(string) error) error {
	specs, err := c.choose(names, func(state node.State) bool { return state != node.Stopped })
	if err != nil {
		return err
	}
	unlock, err := lock(c.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	chosen := make([]string, len(specs))
	for i, spec := range specs {
		chosen[i] = spec.Name
	}
	return each(chosen, do)
}

// choose finds nodes by name, or all whose state is wanted.
func (c *Consortium) choose(names []string, wanted func(node.State) bool) ([]node.Spec, error) {
	var specs []node.Spec
	if len(names) == 0 {
		for _, spec := range c.Nodes {
			if wanted(c.Supervisor.Status(spec.Name).State) {
				specs = append(specs, spec)
			}
		}
		return specs, nil
	}
	for _, name := range names {
		spec, err := c.Node(name)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// each does the same to all nodes at the same time and gives every error.
func each(names []string, do func(string) error) error {
	failures := make([]error, len(names))
	var group errgroup.Group
	for i, name := range names {
		group.Go(func() error {
			failures[i] = do(name)
			return nil
		})
	}
	_ = group.Wait()
	return errors.Join(failures...)
}
