//go:build network

package e2e

import (
	"testing"

	"github.com/tallystick/tallystick/test-network/canary"
)

// secret is a text that is looked for as it stands, in every encoding.
func secret(label, value string) canary.Canary {
	return canary.Canary{Kind: canary.Text, Label: label, Value: value}
}

// search looks through a folder for canaries. Nodes may run meanwhile: a store that changes under the scanner's eyes is looked through again.
func search(t *testing.T, folder string, skip func(path string) bool, canaries ...canary.Canary) *canary.Report {
	t.Helper()
	scanner := must[*canary.Scanner](t)(canary.NewScanner(canaries...))
	var report *canary.Report
	until(t, "everything below "+folder+" can be opened", func() bool {
		scanner.Tree(folder, skip)
		report = scanner.Report()
		for _, err := range report.Faults {
			t.Log(err)
		}
		return len(report.Faults) == 0
	})
	return report
}

// requireFound: a search that doesn't find what is there would find nothing that shouldn't be. What was just committed takes a moment to get to every peer.
func requireFound(t *testing.T, folder string, skip func(path string) bool, canaries ...canary.Canary) {
	t.Helper()
	for _, c := range canaries {
		until(t, c.Label+" is found below "+folder, func() bool { return len(search(t, folder, skip, c).Findings) > 0 })
	}
}

func requireAbsent(t *testing.T, folder string, skip func(path string) bool, canaries ...canary.Canary) {
	t.Helper()
	report := search(t, folder, skip, canaries...)
	if report.Size == 0 {
		t.Fatalf("nothing was looked at below %s", folder)
	}
	for _, f := range report.Findings {
		t.Error(f)
	}
}
