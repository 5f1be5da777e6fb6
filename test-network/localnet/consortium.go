package localnet

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
	"github.com/tallystick/tallystick/network/rundir"
)

// Scope of a start.
type Scope int

const (
	// WithGateways starts everything.
	WithGateways Scope = iota
	// WithoutGateways ends after founding: for tests that bring their own clients.
	WithoutGateways
)

// Consortium is one that is up, or was and isn't taken down yet.
type Consortium struct {
	Dir        rundir.Dir
	Membership *membership.Membership
	Nodes      []node.Spec
	Supervisor node.Supervisor
}

// Open finds the consortium of a run directory. NOT_UP when there is none.
func Open(run string) (*Consortium, error) {
	dir, err := rundir.At(run)
	if err != nil {
		return nil, err
	}
	specs, err := node.Load(dir)
	if err != nil {
		return nil, err
	}
	m, err := membership.Load(dir.Membership())
	if err != nil {
		return nil, err
	}
	return &Consortium{Dir: dir, Membership: m, Nodes: specs, Supervisor: node.NewSupervisor(dir)}, nil
}

// Node finds a node by name.
func (c *Consortium) Node(name string) (node.Spec, error) { return node.Find(c.Nodes, name) }

// ofKind gives the nodes of one kind.
func (c *Consortium) ofKind(kinds ...node.Kind) []node.Spec {
	var found []node.Spec
	for _, spec := range c.Nodes {
		for _, kind := range kinds {
			if spec.Kind == kind {
				found = append(found, spec)
			}
		}
	}
	return found
}

// States counts the nodes by state.
func (c *Consortium) States() map[node.State]int {
	count := map[node.State]int{}
	for _, spec := range c.Nodes {
		count[c.Supervisor.Status(spec.Name).State]++
	}
	return count
}

// lock keeps two commands from changing one run directory at the same time. The lock ends with the process at the latest.
func lock(dir rundir.Dir) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(dir.Root, "lock"), os.O_CREATE|os.O_RDWR, rundir.PrivateMode)
	if err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "can't open the run directory's lock")
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, failure.New(failure.RunDirectory, "another command is working in %s: wait for its end", dir.Root)
	}
	return func() { _ = file.Close() }, nil
}
