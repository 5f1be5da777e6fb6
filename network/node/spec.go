package node

import (
	"encoding/json"
	"os"
	"slices"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/rundir"
)

// Kind of a process.
type Kind string

// The kinds, in the order in which they are started.
const (
	CA        Kind = "ca"
	Orderer   Kind = "orderer"
	Peer      Kind = "peer"
	Chaincode Kind = "chaincode"
	Gateway   Kind = "gateway"
)

// Spec says how to start one process.
type Spec struct {
	Name   string `json:"name"`
	Kind   Kind   `json:"kind"`
	Member string `json:"member"`
	// Program is an absolute path.
	Program string   `json:"program"`
	Args    []string `json:"args"`
	// Env is the whole environment beside PATH and HOME: settings of the caller's shell don't reach a node.
	Env []string `json:"env,omitempty"`
	// Ports are all that the process listens on; it serves when each of them accepts connections.
	Ports []int `json:"ports"`
}

// Save writes the list of processes into the run directory.
func Save(dir rundir.Dir, specs []Spec) error {
	data, err := json.MarshalIndent(specs, "", "  ")
	if err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't encode the list of nodes")
	}
	return dir.Write(dir.Nodes(), append(data, '\n'), rundir.PrivateMode)
}

// Load reads the list of processes. Without one there is no consortium: NOT_UP.
func Load(dir rundir.Dir) ([]Spec, error) {
	data, err := os.ReadFile(dir.Nodes())
	if os.IsNotExist(err) {
		return nil, failure.New(failure.NotUp, "no consortium in %s: start one with `up`", dir.Root)
	}
	if err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "can't read the list of nodes")
	}
	var specs []Spec
	if err := json.Unmarshal(data, &specs); err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "%s is damaged: end the consortium with `down`", dir.Nodes())
	}
	return specs, nil
}

// Find gives the process of a name.
func Find(specs []Spec, name string) (Spec, error) {
	i := slices.IndexFunc(specs, func(s Spec) bool { return s.Name == name })
	if i >= 0 {
		return specs[i], nil
	}
	var names []string
	for _, s := range specs {
		names = append(names, s.Name)
	}
	return Spec{}, failure.New(failure.NodeUnknown, "no node %q; the nodes are %v", name, names)
}
