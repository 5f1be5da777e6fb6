package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

func TestTracingIsOffUnlessItIsConfigured(t *testing.T) {
	c, err := Load(folder(t, complete), nil)
	if err != nil || c.Tracing != (Tracing{PartsPerMillion: MaxPartsPerMillion}) {
		t.Errorf("%v, %+v", err, c)
	}
	file := folder(t, complete+"tracing: {file: traces.jsonl, partsPerMillion: 10000}\n")
	if c, err = Load(file, nil); err != nil || c.Tracing != (Tracing{File: filepath.Join(filepath.Dir(file), "traces.jsonl"), PartsPerMillion: 10_000}) {
		t.Errorf("%v, %+v", err, c)
	}
	t.Setenv("TALLY_GATEWAY_TRACING_ENDPOINT", "http://127.0.0.1:4318/v1/traces")
	if c, err = Load(folder(t, complete), nil); err != nil || c.Tracing.Endpoint != "http://127.0.0.1:4318/v1/traces" {
		t.Errorf("%v, %+v", err, c)
	}
}

func TestTracesDontTravelInClearOrToTwoPlaces(t *testing.T) {
	for block, key := range map[string]string{
		"{endpoint: http://collector.example/v1/traces}":                      "tracing.endpoint",
		"{endpoint: https://name:secret@collector.example/v1/traces}":         "tracing.endpoint",
		"{endpoint: 'https://collector.example/v1/traces?key=secret'}":        "tracing.endpoint",
		"{endpoint: collector.example}":                                       "tracing.endpoint",
		"{endpoint: https://collector.example}":                               "tracing.endpoint",
		"{endpoint: https://collector.example/v1/traces, file: traces.jsonl}": "tracing.endpoint",
		"{partsPerMillion: 1000001}":                                          "tracing.partsPerMillion",
		"{partsPerMillion: -1}":                                               "tracing.partsPerMillion",
	} {
		_, err := Load(folder(t, complete+"tracing: "+block+"\n"), nil)
		if fault.CodeOf(err) != fault.InvalidValue || !strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", block, err)
		}
	}
	if _, err := Load(folder(t, complete+"tracing: {endpoint: https://collector.example/v1/traces}\n"), nil); err != nil {
		t.Error(err)
	}
}
