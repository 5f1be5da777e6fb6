package webauthn_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/webauthn"
)

func TestRelyingPartyNamesOriginsAsBrowsersWriteThem(t *testing.T) {
	label := strings.Repeat("a", 63)
	longest := strings.Repeat(label+".", 3) + strings.Repeat("b", 61)
	parties := []struct {
		name    string
		id      string
		origins []string
		ok      bool
	}{
		{"one origin", "example.org", []string{"https://example.org"}, true},
		{"a host below the id, and ports", "example.org", []string{"https://a.example.org", "https://example.org:1", "https://example.org:65535"}, true},
		{"this machine", "localhost", []string{"http://localhost", "http://localhost:8080", "https://localhost"}, true},
		{"an international name", "xn--bcher-kva.example", []string{"https://xn--bcher-kva.example"}, true},
		{"digits at the start", "1.2.3.4a", []string{"https://1.2.3.4a"}, true},
		{"the longest name", longest, []string{"https://" + longest}, true},

		{"no id", "", []string{"https://example.org"}, false},
		{"a single label", "example", []string{"https://example"}, false},
		{"an address", "127.0.0.1", []string{"https://127.0.0.1"}, false},
		{"capitals", "Example.org", []string{"https://Example.org"}, false},
		{"a dot at the end", "example.org.", []string{"https://example.org."}, false},
		{"an empty label", "a..org", []string{"https://a..org"}, false},
		{"a hyphen at the start", "-a.org", []string{"https://-a.org"}, false},
		{"a hyphen at the end", "a-.org", []string{"https://a-.org"}, false},
		{"an underscore", "a_b.org", []string{"https://a_b.org"}, false},
		{"letters outside ASCII", "bücher.example", []string{"https://bücher.example"}, false},
		{"too long a label", label + "a.org", []string{"https://" + label + "a.org"}, false},
		{"too long a name", longest + "b", []string{"https://" + longest + "b"}, false},

		{"no origins", "example.org", nil, false},
		{"twice", "example.org", []string{"https://example.org", "https://example.org"}, false},
		{"not in order", "example.org", []string{"https://b.example.org", "https://a.example.org"}, false},
		{"another host", "example.org", []string{"https://example.com"}, false},
		{"a host that only ends like it", "example.org", []string{"https://notexample.org"}, false},
		{"a host above the id", "a.example.org", []string{"https://example.org"}, false},
		{"http", "example.org", []string{"http://example.org"}, false},
		{"http below localhost", "localhost", []string{"http://a.localhost"}, false},
		{"another scheme", "example.org", []string{"wss://example.org"}, false},
		{"no scheme", "example.org", []string{"example.org"}, false},
		{"a path", "example.org", []string{"https://example.org/"}, false},
		{"a user", "example.org", []string{"https://me@example.org"}, false},
		{"default port", "example.org", []string{"https://example.org:443"}, false},
		{"default port of http", "localhost", []string{"http://localhost:80"}, false},
		{"the port of the other scheme", "localhost", []string{"http://localhost:443", "https://localhost:80"}, true},
		{"port 0", "example.org", []string{"https://example.org:0"}, false},
		{"port too high", "example.org", []string{"https://example.org:65536"}, false},
		{"port with a zero before", "example.org", []string{"https://example.org:08443"}, false},
		{"port with a sign", "example.org", []string{"https://example.org:+8443"}, false},
		{"no port after the colon", "example.org", []string{"https://example.org:"}, false},
	}
	for _, c := range parties {
		t.Run(c.name, func(t *testing.T) {
			rp := webauthn.RelyingParty{ID: c.id, Origins: c.origins}
			err := rp.Validate()
			if (err == nil) != c.ok || err != nil && fault.CodeOf(err) != fault.InvalidValue {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestRelyingPartyHasABoundedNumberOfOrigins(t *testing.T) {
	rp := webauthn.RelyingParty{ID: "example.org"}
	for i := range webauthn.MaxOrigins {
		rp.Origins = append(rp.Origins, fmt.Sprintf("https://%03d.example.org", i))
	}
	if err := rp.Validate(); err != nil {
		t.Fatal(err)
	}
	rp.Origins = append(rp.Origins, "https://example.org")
	if err := rp.Validate(); err == nil {
		t.Error("one more is taken")
	}
}
