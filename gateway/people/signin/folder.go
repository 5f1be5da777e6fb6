package signin

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Folder keeps messages as files instead of sending them: for development, and for tests. Each is a JSON object {to, subject, text, at} in a file of its own, whose name
// begins with the time.
type Folder struct{ Path string }

// Filed is a message in a folder.
type Filed struct {
	To      string    `json:"to"`
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}

// Send implements Sender. A file is there whole or not at all.
func (f Folder) Send(_ context.Context, m Message) error {
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return fault.New(fault.Internal, "the messages' folder can't be made: %v", err)
	}
	now := time.Now().UTC()
	raw, err := json.Marshal(Filed{To: m.To.Value, Subject: m.Subject, Text: m.Text, At: now})
	if err != nil {
		return fault.New(fault.Internal, "a message can't be encoded: %v", err)
	}
	file, err := os.CreateTemp(f.Path, ".new-*")
	if err != nil {
		return fault.New(fault.Internal, "a message can't be written: %v", err)
	}
	_, err = file.Write(raw)
	name := filepath.Join(f.Path, now.Format("20060102T150405.000000000")+".json")
	if err = errors.Join(err, file.Close(), os.Rename(file.Name(), name)); err != nil {
		return fault.New(fault.Internal, "a message can't be written: %v", err)
	}
	return nil
}
