package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var hash = strings.Repeat("0a", 32)

// document is a configuration that is in order; a test changes one thing in it.
var document = `
mspID: AirlineMSP
logLevel: warn
chaincodes:
  - ccid: "points-airline:` + hash + `"
    contract: points
    address: 127.0.0.1:0
    tls: {cert: server.crt, key: server.key, clientCA: /ca.crt}
  - ccid: "clearing:` + hash + `"
    contract: clearing
    address: 127.0.0.1:1
    tls: {cert: server.crt, key: server.key, clientCA: /ca.crt}
`

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "chaincode.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigurationIsReadFromFileAndEnvironment(t *testing.T) {
	file := write(t, document)
	c, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	if c.MSPID != "AirlineMSP" || c.level != slog.LevelWarn || len(c.Chaincodes) != 2 || c.Chaincodes[1].Contract != contractClearing {
		t.Errorf("read as %+v", c)
	}
	if tls := c.Chaincodes[0].TLS; tls.Cert != filepath.Join(filepath.Dir(file), "server.crt") || tls.ClientCA != "/ca.crt" {
		t.Errorf("files are %+v", tls)
	}
	t.Setenv("TALLY_CHAINCODE_LOGLEVEL", "debug")
	if c, err = loadConfig(file); err != nil || c.level != slog.LevelDebug {
		t.Errorf("level is %v, %v", c.level, err)
	}
}

func TestBadConfigurationIsNamed(t *testing.T) {
	cases := []struct{ name, old, new, want string }{
		{"unknown key", "mspID:", "colour: red\nmspID:", "colour"},
		{"unknown key of a chaincode", "contract: points", "contract: points\n    colour: red", "colour"},
		{"no MSP id", "mspID: AirlineMSP", "", "mspID"},
		{"unknown level", "logLevel: warn", "logLevel: loud", "loud"},
		{"no chaincodes", document[strings.Index(document, "chaincodes:"):], "chaincodes: []", "0 entries"},
		{"package id without a hash", `"points-airline:` + hash + `"`, "points-airline", "chaincodes[0]: ccid"},
		{"package id with a short hash", "points-airline:" + hash, "points-airline:0a", "chaincodes[0]: ccid"},
		{"unknown contract", "contract: clearing", "contract: settlement", "settlement"},
		{"no contract", "contract: clearing", "", "chaincodes[1]: contract"},
		{"address without a port", "127.0.0.1:0", "127.0.0.1", "chaincodes[0]: address"},
		{"address without a host", "127.0.0.1:0", ":7052", "chaincodes[0]: address"},
		{"no certificate", "cert: server.crt, key", "key", "tls.cert"},
		{"no key", "key: server.key, ", "", "tls.key"},
		{"no client CA", ", clientCA: /ca.crt", "", "tls.clientCA"},
		{"one address twice", "127.0.0.1:1", "127.0.0.1:0", "127.0.0.1:0"},
		{"one package twice", "clearing:" + hash, "points-airline:" + hash, "two chaincodes share points-airline"},
		{"a list for a text", "contract: points", "contract: [points]", "contract"},
		{"no YAML", "mspID:", "mspID: [", "yaml"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(document, c.old, c.new, 1)
			if changed == document {
				t.Fatalf("%q is not in the document", c.old)
			}
			_, err := loadConfig(write(t, changed))
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
	if _, err := loadConfig(filepath.Join(t.TempDir(), "none.yaml")); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("got %v for a file that is not there", err)
	}
}
