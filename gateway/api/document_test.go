package api

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTheDocumentIsValidAndServed(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(documentYAML)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	b := newBench(t)
	if w := b.do(call{"GET", "/v1/openapi.yaml", "", "", nil}); !bytes.Equal(w.Body.Bytes(), documentYAML) {
		t.Error("another document is served")
	}
}

func TestEveryDocumentedRouteIsServedAndEveryServedRouteIsDocumented(t *testing.T) {
	b := newBench(t)
	served := map[string]bool{}
	for _, r := range b.server.engine.Routes() {
		served[r.Method+" "+r.Path] = true
		if _, documented := b.server.rules[r.Method+" "+r.Path]; !documented {
			t.Errorf("%s %s is not documented", r.Method, r.Path)
		}
	}
	documented := map[string]bool{} // Whether it takes a body.
	doc, err := openapi3.NewLoader().LoadFromData(documentYAML)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			documented[method+" "+ginPath(path)] = o.RequestBody != nil
		}
	}
	for route, r := range b.server.rules {
		if !served[route] {
			t.Errorf("%s is not served", route)
		}
		_, takesBody := bodies[route]
		takesBody = takesBody || r.media != ""
		if takesBody != documented[route] || (takesBody && r.bodyLimit == DefaultBodyLimit) {
			t.Errorf("%s: body %v, limit %d", route, takesBody, r.bodyLimit)
		}
	}
}

func TestADocumentWithoutScopesIsRefused(t *testing.T) {
	for name, change := range map[string][2]string{
		"scopes missing": {"      x-scopes: [operator]\n", ""},
		"unknown scope":  {"x-scopes: [operator]", "x-scopes: [root]"},
		"wrong limit":    {"x-body-limit: 2097152", "x-body-limit: much"},
	} {
		if _, err := loadRules([]byte(strings.Replace(string(documentYAML), change[0], change[1], 1))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestGeneratedCodeIsFresh fails when openapi.yaml was changed without `go generate ./gateway/...`.
func TestGeneratedCodeIsFresh(t *testing.T) {
	for _, generated := range []struct{ folder, config, file string }{
		{".", "server.cfg.yaml", "openapi.gen.go"}, {"../client", "client.cfg.yaml", "client.gen.go"},
	} {
		document, err := filepath.Abs("openapi.yaml")
		if err != nil {
			t.Fatal(err)
		}
		fresh, config := filepath.Join(t.TempDir(), "fresh.go"), filepath.Join(t.TempDir(), "cfg.yaml")
		settings, err := os.ReadFile(filepath.Join(generated.folder, generated.config))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(config, bytes.Replace(settings, []byte("output: "+generated.file), []byte("output: "+fresh), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=codegen/go.mod", "oapi-codegen", "-config", config, document)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		want, err := os.ReadFile(fresh)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(generated.folder, generated.file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: run go generate ./gateway/...", generated.file)
		}
	}
}
