package localnet

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// Settings of a consortium on this machine.
type Settings struct {
	// Membership is the membership file.
	Membership string
	// Run is the run directory.
	Run string
	// FabricBin and Bin are the folders of Fabric's programs and of ours.
	FabricBin, Bin string
	// PortBase replaces the membership's port base unless it is 0.
	PortBase int
	// FabricLog is the logging specification of peers and ordering nodes.
	FabricLog string
	// Out gets the progress.
	Out io.Writer
}

// Environment variables that replace defaults.
const (
	membershipVariable = "TALLY_MEMBERSHIP"
	runVariable        = "TALLY_RUN"
	portBaseVariable   = "TALLY_PORT_BASE"
	fabricBinVariable  = "FABRIC_BIN"
	binVariable        = "TALLY_BIN"
	fabricLogVariable  = "FABRIC_LOGGING_SPEC"
)

const defaultFabricLog = "warn"

// DefaultSettings reads the environment; what it doesn't name is found from the top of the repository.
func DefaultSettings(out io.Writer) (Settings, error) {
	top, err := Top()
	if err != nil {
		return Settings{}, err
	}
	base, err := portBase(os.Getenv(portBaseVariable))
	if err != nil {
		return Settings{}, err
	}
	return Settings{
		Membership: orDefault(os.Getenv(membershipVariable), filepath.Join(top, "organizations", "membership.yaml")),
		Run:        orDefault(os.Getenv(runVariable), filepath.Join(top, "test-network", "run")),
		FabricBin:  orDefault(os.Getenv(fabricBinVariable), filepath.Join(top, "network", "build", "fabric")),
		Bin:        orDefault(os.Getenv(binVariable), filepath.Join(top, "network", "build", "bin")),
		PortBase:   base,
		FabricLog:  orDefault(os.Getenv(fabricLogVariable), defaultFabricLog),
		Out:        out,
	}, nil
}

// Top finds the top of the repository: the nearest folder, upwards from the working directory and then from this program,
// that holds organizations/membership.yaml.
func Top() (string, error) {
	var starts []string
	if here, err := os.Getwd(); err == nil {
		starts = append(starts, here)
	}
	if program, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(program))
	}
	for _, start := range starts {
		for folder := start; ; folder = filepath.Dir(folder) {
			if _, err := os.Stat(filepath.Join(folder, "organizations", "membership.yaml")); err == nil {
				return folder, nil
			}
			if folder == filepath.Dir(folder) {
				break
			}
		}
	}
	return "", failure.New(failure.SettingInvalid, "no organizations/membership.yaml above %s: run this inside the repository", strings.Join(starts, " or "))
}

func portBase(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	base, err := strconv.Atoi(text)
	if err != nil {
		return 0, failure.New(failure.SettingInvalid, "%s=%q: want a port number", portBaseVariable, text)
	}
	return base, nil
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// MembershipAsWritten reads the membership that the settings name, on the ports that the file says.
func (s Settings) MembershipAsWritten() (*membership.Membership, error) {
	m, err := membership.Load(s.Membership)
	if err != nil {
		return nil, err
	}
	return m, checkFounding(m)
}

// LoadMembership reads the membership that the settings name and moves it to the port base that they name.
func (s Settings) LoadMembership() (*membership.Membership, error) {
	m, err := s.MembershipAsWritten()
	if err != nil || s.PortBase == 0 {
		return m, err
	}
	return m.WithPortBase(s.PortBase)
}

func (s Settings) dir() (rundir.Dir, error) { return rundir.At(s.Run) }
