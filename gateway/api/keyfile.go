package api

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"time"
)

// Follow reads a key file again whenever it has changed, until the context ends, whose error it returns: keys are given and taken back while the gateway serves. A file that can't
// be used leaves the keys as they were.
func (k *Keys) Follow(ctx context.Context, path string, interval time.Duration, log *slog.Logger) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var seen []byte
	gone := false
	for {
		raw, err := os.ReadFile(path)
		if err != nil && !gone {
			log.Error("the API keys stay as they were", "err", err)
		}
		gone = err != nil
		if err == nil && !bytes.Equal(raw, seen) {
			k.reload(path, log)
			seen = raw
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (k *Keys) reload(path string, log *slog.Logger) {
	next, err := LoadKeys(path)
	if err != nil {
		log.Error("the API keys stay as they were", "err", err)
		return
	}
	k.set.Store(next.set.Load())
}
