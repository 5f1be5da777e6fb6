package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/tallystick/tallystick/chaincode/fault"
)

//go:embed openapi.yaml
var documentYAML []byte

// DefaultBodyLimit bounds the body of a route that takes none.
const DefaultBodyLimit = 1024

// rule is what the document says about who may call a route and with how much.
type rule struct {
	public    bool     // No key is needed.
	scopes    []string // A key needs one of them.
	writer    bool     // Answered by a gateway in writer mode only.
	keyed     bool     // Needs an Idempotency-Key.
	fresh     bool     // A customer needs a fresh proof of who is there.
	bodyLimit int64    // Bytes.
	media     string   // Of a body that isn't JSON.
}

// documentRules are the rules of the embedded document, read once.
var documentRules = sync.OnceValues(func() (map[string]rule, error) { return loadRules(documentYAML) })

// loadRules reads the rules of every route, keyed "METHOD /gin/:path". A route without scopes that isn't marked public is a fault of the document.
func loadRules(document []byte) (map[string]rule, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fault.New(fault.Internal, "openapi.yaml can't be read: %v", err)
	}
	rules := map[string]rule{}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			r, err := ruleOf(operation)
			if err != nil {
				return nil, fault.New(fault.Internal, "openapi.yaml, %s %s: %v", method, path, err)
			}
			rules[method+" "+ginPath(path)] = r
		}
	}
	return rules, nil
}

func ruleOf(o *openapi3.Operation) (rule, error) {
	r := rule{public: o.Security != nil && len(*o.Security) == 0, bodyLimit: DefaultBodyLimit}
	for name, into := range map[string]any{"x-scopes": &r.scopes, "x-writer": &r.writer, "x-body-limit": &r.bodyLimit, "x-body-media": &r.media, "x-fresh": &r.fresh} {
		if err := extension(o.Extensions, name, into); err != nil {
			return rule{}, err
		}
	}
	if !r.public && len(r.scopes) == 0 {
		return rule{}, fmt.Errorf("x-scopes is missing")
	}
	key := o.Parameters.GetByInAndName(openapi3.ParameterInHeader, idempotencyHeader)
	r.keyed = key != nil && key.Required
	for _, s := range r.scopes {
		if !knownScope(s) && s != ScopePartner && s != ScopeCustomer {
			return rule{}, fmt.Errorf("x-scopes names the unknown scope %s", s)
		}
	}
	return r, nil
}

func extension(extensions map[string]any, name string, into any) error {
	value, there := extensions[name]
	if !there {
		return nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// ginPath turns /a/{b} into /a/:b.
func ginPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}
