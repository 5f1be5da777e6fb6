package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Machine is where a benchmark ran: gateway, network and load all share it when the network is a local one.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory string `json:"memory"`
	System string `json:"system"`
	Go     string `json:"go"`
}

// ThisMachine describes the machine; what the system doesn't tell is empty.
func ThisMachine() Machine {
	return Machine{
		CPU: procField("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), Memory: procField("/proc/meminfo", "MemTotal"),
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
	}
}

// procField reads the first "name: value" line of a file under /proc.
func procField(path, name string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		if key, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Print writes the measurements and ratios as a table.
func (r *Results) Print(out io.Writer) {
	w := table.NewWriter()
	w.SetOutputMirror(out)
	w.SetStyle(table.StyleLight)
	right := make([]table.ColumnConfig, 0, 8)
	for column := 2; column <= 9; column++ {
		right = append(right, table.ColumnConfig{Number: column, Align: text.AlignRight})
	}
	w.SetColumnConfigs(right)
	w.AppendHeader(table.Row{"load", "clients", "committed", "ops/s", "p50 ms", "p95 ms", "p99 ms", "failed", "tx retried"})
	for i := range r.Measurements {
		m := &r.Measurements[i]
		w.AppendRow(table.Row{
			m.Name, m.Clients, m.Committed, fmt.Sprintf("%.1f", m.PerSecond), fmt.Sprintf("%.0f", m.P50), fmt.Sprintf("%.0f", m.P95), fmt.Sprintf("%.0f", m.P99),
			failures(m), m.Retried,
		})
	}
	w.AppendSeparator()
	for _, ratio := range r.Ratios {
		w.AppendRow(table.Row{ratio.Name, "", "", fmt.Sprintf("%.1f x", ratio.Times)})
	}
	w.Render()
	m := r.Machine
	fmt.Fprintf(out, "%s, %d cores, %s, %s, %s\n", m.CPU, m.Cores, m.Memory, m.System, m.Go)
}

func failures(m *Measurement) string {
	if m.FailedTotal() == 0 {
		return "0"
	}
	var parts []string
	for code, n := range m.Failed {
		parts = append(parts, fmt.Sprintf("%d %s", n, code))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
