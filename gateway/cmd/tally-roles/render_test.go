package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
)

func TestPageIsNotStale(t *testing.T) {
	document, err := os.ReadFile("../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want, err := render(document)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../docs/roles.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/roles.md is stale: go generate ./gateway/cmd/tally-roles")
	}
}

func TestPageHasEveryFunction(t *testing.T) {
	page, err := render([]byte(`{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"x-scopes":["read"],"responses":{}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(engine.PointsFunctions(), engine.ClearingFunctions()...) {
		if !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("%s is not on the page", name)
		}
	}
	for _, row := range []string{
		"| `SubmitBatch` | who acts for the programme's issuer | x | | | | | |  |", "| `GetAccount` | whoever may ask a peer | x | x | x | x | x | x |  |", "| GET `/a` | x |",
	} {
		if !strings.Contains(string(page), row) {
			t.Errorf("the page lacks %s", row)
		}
	}
}
