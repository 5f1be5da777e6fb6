package failure

import (
	"errors"
	"fmt"
	"testing"
)

func TestWrapKeepsTheInnermostCode(t *testing.T) {
	inner := New(PortInUse, "port %d", 27000)
	outer := Wrap(DeployFailed, fmt.Errorf("while starting: %w", inner), "step")
	if CodeOf(outer) != PortInUse {
		t.Fatalf("code %s, want %s", CodeOf(outer), PortInUse)
	}
	if !errors.Is(outer, inner) {
		t.Fatal("the cause is lost")
	}
}

func TestCodeOfForeignErrorIsEmpty(t *testing.T) {
	if code := CodeOf(errors.New("plain")); code != "" {
		t.Fatalf("code %q of an error without one", code)
	}
}

func TestCodeIsSaidOnce(t *testing.T) {
	err := Wrap(DeployFailed, Wrap(PortInUse, New(PortInUse, "port 1"), "node"), "step")
	if got := err.Error(); got != "PORT_IN_USE: step: node: port 1" {
		t.Fatal(got)
	}
}
