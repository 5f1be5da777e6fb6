package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gin-gonic/gin"
	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// The scopes that an API key can have.
const (
	ScopeTill     = "till"     // Operations and accounts, at the customer's side.
	ScopeOperator = "operator" // Administration of the programme.
	ScopeRead     = "read"     // Everything that only looks, apart from what is a treasury's.
	ScopeAudit    = "audit"    // Reports, of which some tell what is a treasury's.

	ScopeTreasuryRead  = "treasury:read"  // Agreements, limits, positions, statements.
	ScopeTreasuryWrite = "treasury:write" // What treasurers do.
	ScopeGovernance    = "governance"     // What the brands vote.

	ScopeCompliance = "compliance" // Erasures and legal holds, and what a compliance office decides.
	ScopeCustomers  = "customers"  // Customers' personal data, for the member's own systems.
)

// ScopePartner is what gateways of other members may do, and nobody with a key.
const ScopePartner = "partner"

// Limits of the key file.
const (
	MaxKeys         = 1000
	maxKeyNameBytes = 64
	maxKeyFileBytes = 1 << 20
)

var keyNameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)

// keyScopes are those that a key can have.
var keyScopes = []string{ScopeTill, ScopeOperator, ScopeRead, ScopeAudit, ScopeTreasuryRead, ScopeTreasuryWrite, ScopeGovernance, ScopeCustomers, ScopeCompliance}

func knownScope(s string) bool { return slices.Contains(keyScopes, s) }

// visitor is another member's gateway at the listener for them, as its certificate says; err says why it is nobody's.
type visitor struct {
	member string
	err    error
}

type visitorKey struct{}

// memberIn is the member whose gateway sends the request; empty for callers with a key.
func memberIn(ctx context.Context) string {
	v, _ := ctx.Value(visitorKey{}).(visitor)
	return v.member
}

// partnerCaller names another member's gateway among the callers; no key has such a name.
func partnerCaller(member string) string { return "partner/" + member }

// Key is a caller: the SHA-256 of its API key and what it may do. The key itself is known to the caller only.
type Key struct {
	Name   string   `yaml:"name"`
	SHA256 string   `yaml:"sha256"`
	Scopes []string `yaml:"scopes"`
}

func (k Key) may(r rule) bool {
	return slices.ContainsFunc(k.Scopes, func(s string) bool { return slices.Contains(r.scopes, s) })
}

// Keys are all callers that a gateway knows. A file of them may be read again while it serves (see Follow).
type Keys struct{ set atomic.Pointer[keySet] }

type keySet struct {
	keys   []Key
	hashes [][]byte // In the order of keys.
}

// LoadKeys reads a YAML list of keys. INVALID_VALUE names the entry that can't be used.
func LoadKeys(path string) (*Keys, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the API key file can't be read: %v", err)
	}
	if len(raw) > maxKeyFileBytes {
		return nil, fault.New(fault.TooLarge, "the API key file %s has over %d bytes", path, maxKeyFileBytes)
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	var keys []Key
	if err := d.Decode(&keys); err != nil {
		return nil, fault.New(fault.InvalidValue, "the API key file %s must be a YAML list of {name, sha256, scopes}", path)
	}
	return NewKeys(keys)
}

// NewKeys checks keys: names are distinct, hashes are 64 hex digits, scopes are known.
func NewKeys(keys []Key) (*Keys, error) {
	if len(keys) > MaxKeys {
		return nil, fault.New(fault.TooLarge, "at most %d API keys", MaxKeys)
	}
	set := &keySet{keys: keys}
	names := map[string]bool{}
	for i, k := range keys {
		if !keyNameForm.MatchString(k.Name) || len(k.Name) > maxKeyNameBytes || names[k.Name] {
			return nil, fault.New(fault.InvalidValue, "API key %d needs a name of its own: lower-case letters, digits, dots and dashes", i+1)
		}
		names[k.Name] = true
		hash, err := hex.DecodeString(k.SHA256)
		if err != nil || len(hash) != sha256.Size {
			return nil, fault.New(fault.InvalidValue, "API key %s: sha256 must be 64 hex digits", k.Name)
		}
		if len(k.Scopes) == 0 || slices.ContainsFunc(k.Scopes, func(s string) bool { return !knownScope(s) }) {
			return nil, fault.New(fault.InvalidValue, "API key %s: scopes are %s", k.Name, strings.Join(keyScopes, ", "))
		}
		set.hashes = append(set.hashes, hash)
	}
	out := new(Keys)
	out.set.Store(set)
	return out, nil
}

// find returns the caller that a bearer token belongs to. It looks at every key, so that its time tells nothing.
func (k *Keys) find(token string) (Key, bool) {
	set, sum := k.set.Load(), sha256.Sum256([]byte(token))
	found := -1
	for i, hash := range set.hashes {
		if subtle.ConstantTimeCompare(hash, sum[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return Key{}, false
	}
	return set.keys[found], true
}

const (
	callerKey = "tally.caller"
	scopesKey = "tally.scopes"
)

// callerOf names the API key of the request, empty on public routes.
func callerOf(c *gin.Context) string { return c.GetString(callerKey) }

// authorise lets a request pass when its route is public or its key has one of the route's scopes, and the gateway's mode serves the route.
func (s *Server) authorise(c *gin.Context) {
	r, known := s.rules[c.Request.Method+" "+c.FullPath()]
	if !known {
		abort(c, fault.New(fault.NotFound, "there is no such route"))
		return
	}
	if strings.HasPrefix(c.FullPath(), signInPath) {
		s.admitPeer(c)
		return
	}
	if r.public {
		return
	}
	if v, visits := c.Request.Context().Value(visitorKey{}).(visitor); visits {
		s.authoriseVisitor(c, v, r)
		return
	}
	if session, has := shownSession(c, r); has {
		s.authoriseSession(c, session, r)
		return
	}
	key, ok := s.caller(c)
	if !ok {
		c.Header("WWW-Authenticate", `Bearer realm="tallystick"`)
		abort(c, fault.New(fault.Unauthenticated, "the Authorization header has no valid API key"))
		return
	}
	c.Set(callerKey, key.Name)
	c.Set(scopesKey, key.Scopes)
	if r.writer && s.recorder == nil {
		abort(c, fault.New(fault.ReadOnly, "this gateway only reads: send it to the issuer's gateway"))
		return
	}
	if !key.may(r) {
		abort(c, fault.New(fault.Forbidden, "the API key needs one of the scopes %s", strings.Join(r.scopes, ", ")))
	}
}

// authoriseVisitor lets another member's gateway pass to the routes that are for it.
func (s *Server) authoriseVisitor(c *gin.Context, v visitor, r rule) {
	switch {
	case v.err != nil:
		abort(c, v.err)
	case !slices.Contains(r.scopes, ScopePartner):
		abort(c, fault.New(fault.Forbidden, "the route is not for other members' gateways"))
	case s.recorder == nil:
		abort(c, fault.New(fault.ReadOnly, "this gateway only reads"))
	default:
		c.Set(callerKey, partnerCaller(v.member))
		c.Set(scopesKey, []string{ScopePartner})
	}
}

func (s *Server) caller(c *gin.Context) (Key, bool) {
	scheme, token, found := strings.Cut(c.GetHeader("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Key{}, false
	}
	return s.keys.find(token)
}
