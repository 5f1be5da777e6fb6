package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/checkpoint"
	"github.com/tallystick/tallystick/gateway/config"
)

// TestWhatReportsAreSignedWithIsToldAtTheStart: a gateway that couldn't sign doesn't begin.
func TestWhatReportsAreSignedWithIsToldAtTheStart(t *testing.T) {
	dir := t.TempDir()
	at := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret, public, err := checkpoint.NewKey("airline/reports")
	if err != nil {
		t.Fatal(err)
	}
	key, keys := at("reports.secret", secret+"\n"), at("auditors.pub", public+"\n")
	for name, c := range map[string]struct {
		reports config.Reports
		code    fault.Code
	}{
		"a key":                {config.Reports{Key: key}, fault.OK},
		"an empty chain":       {config.Reports{Key: key, Checkpoints: filepath.Join(dir, "chain"), Auditors: keys}, fault.OK},
		"a missing key":        {config.Reports{Key: filepath.Join(dir, "none")}, fault.NotFound},
		"no key":               {config.Reports{Key: at("wrong", "no key")}, fault.InvalidValue},
		"missing public keys":  {config.Reports{Key: key, Checkpoints: dir, Auditors: filepath.Join(dir, "none")}, fault.NotFound},
		"a checkpoint of none": {config.Reports{Key: key, Checkpoints: filepath.Dir(at("checkpoint-000000000001.note", "x")), Auditors: keys}, fault.SignatureInvalid},
	} {
		s, err := reportSigner(&config.Config{Member: "airline", Channel: "loyalty", Reports: c.reports})
		if c.code == fault.OK && (err != nil || s.Member != "airline" || s.Executable == "") || c.code != fault.OK && fault.CodeOf(err) != c.code {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	if s, err := reportSigner(&config.Config{}); s != nil || err != nil {
		t.Errorf("without a key: %+v, %v", s, err)
	}
}
