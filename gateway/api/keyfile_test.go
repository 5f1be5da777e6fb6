package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// journal is a log that a test reads while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) has(text string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Contains(j.text.String(), text)
}

// until waits for something that a poll of files brings about.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestKeysAreGivenAndTakenBackWhileTheGatewayServes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.yaml")
	write := func(text string) {
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	entry := func(name string) string {
		return fmt.Sprintf("- {name: %s, sha256: %x, scopes: [read]}\n", name, sha256.Sum256([]byte(name)))
	}
	write(entry("first"))
	keys, err := LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended, log := make(chan error), new(journal)
	go func() { ended <- keys.Follow(ctx, path, time.Millisecond, slog.New(slog.NewTextHandler(log, nil))) }()
	known := func(name string) bool { _, found := keys.find(name); return found }
	write(entry("first") + entry("second"))
	until(t, "the second key", func() bool { return known("second") })
	write("- nonsense")
	until(t, "a complaint", func() bool { return log.has("stay as they were") })
	if !known("first") || !known("second") {
		t.Error("a broken file took keys away")
	}
	write(entry("second"))
	until(t, "the end of the first key", func() bool { return !known("first") })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || !known("second") {
		t.Error(err)
	}
}
