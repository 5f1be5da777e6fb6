package api

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/signin"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// ScopeCustomer is what who is signed in may do, for their own part only; no key has it.
const ScopeCustomer = "customer"

// signInPath begins the routes by which customers sign in.
const signInPath = "/v1/sign-in/"

// What a browser keeps. The prefix makes it refuse the cookie from a page without TLS or for another host (RFC 6265bis, section 4.1.3); browsers that take localhost for
// trustworthy keep it from http there too, which is enough for development.
const (
	sessionCookie = "__Host-tally-session"
	deviceCookie  = "__Host-tally-device"
	deviceAge     = 400 * 24 * time.Hour // The longest that browsers keep a cookie.
)

// customerCaller is whom logs name for every customer; personIn says who it is.
const customerCaller = "customer"

const sessionKey = "tally.session"

// sessionIn is the session under which a request is made; nil when it isn't a customer's.
func sessionIn(ctx context.Context) *signin.Session {
	session, _ := ctx.Value(sessionKey).(*signin.Session)
	return session
}

// personIn is the customer who is signed in; empty when the request is no customer's.
func personIn(ctx context.Context) vault.PersonID {
	if session := sessionIn(ctx); session != nil {
		return session.Person
	}
	return ""
}

// originatorIn tells whose idempotency keys a request's are: each customer has their own.
func originatorIn(ctx context.Context) string {
	if person := personIn(ctx); person != "" {
		return customerCaller + "/" + string(person)
	}
	return callerIn(ctx)
}

// ownAccess is how customers' looks at their own data stand in the access log.
func ownAccess(purpose string) vault.Access {
	return vault.Access{Actor: vault.ActorPerson, Purpose: purpose}
}

// shown is the token of a customer's session as a request shows it.
type shown struct {
	token    string
	byCookie bool // Browsers send cookies by themselves, whoever's page asks.
}

// shownSession finds the token of a customer's session: in the Authorization header, or on a customer's route in the cookie. False when there is none.
func shownSession(c *gin.Context, r rule) (shown, bool) {
	if header := c.GetHeader("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		return shown{token: token}, strings.EqualFold(scheme, "Bearer") && signin.IsToken(token)
	}
	if !slices.Contains(r.scopes, ScopeCustomer) {
		return shown{}, false
	}
	token, err := c.Cookie(sessionCookie)
	return shown{token: token, byCookie: true}, err == nil && token != ""
}

// authoriseSession lets a customer pass to the routes that are for customers.
func (s *Server) authoriseSession(c *gin.Context, session shown, r rule) {
	if err := s.checkSession(c, session, r); err != nil {
		abort(c, err)
	}
}

func (s *Server) checkSession(c *gin.Context, is shown, r rule) error {
	if !slices.Contains(r.scopes, ScopeCustomer) {
		return fault.New(fault.Forbidden, "the route is not for customers")
	}
	if s.people.SignIn == nil || s.recorder == nil {
		return fault.New(fault.NotFound, "customers don't sign in at this gateway")
	}
	if is.byCookie {
		if err := s.sameOrigin(c.Request); err != nil {
			return err
		}
	}
	session, err := s.people.SignIn.Authenticate(c.Request.Context(), is.token)
	if err != nil {
		return err
	}
	if r.fresh {
		if err := s.checkFresh(c.Request.Context(), &session); err != nil {
			return err
		}
	}
	c.Set(sessionKey, &session)
	c.Set(callerKey, customerCaller)
	c.Set(scopesKey, []string{ScopeCustomer})
	return nil
}

// checkFresh is STEP_UP_REQUIRED when the session's last proof is too old for something sensitive, or a code alone where a second factor is set up.
func (s *Server) checkFresh(ctx context.Context, session *signin.Session) error {
	fresh, err := s.people.SignIn.Fresh(ctx, session)
	if err == nil && !fresh {
		return fault.New(fault.StepUpRequired, "POST /v1/me/proofs, then repeat the request")
	}
	return err
}

// protection refuses what a browser sends from another site's page (cross-site request forgery). The wallet's own origin is trusted behind a proxy that changes the host.
func protection(origin string) (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	if origin == "" {
		return p, nil
	}
	if err := p.AddTrustedOrigin(origin); err != nil {
		return nil, fault.New(fault.InvalidValue, "the wallet's origin: %v", err)
	}
	return p, nil
}

func (s *Server) sameOrigin(r *http.Request) error {
	if s.crossOrigin.Check(r) != nil {
		return fault.New(fault.Forbidden, "the request comes from another site's page")
	}
	return nil
}

// admitPeer lets who signs in pass: not from other sites' pages, and not too often from one address.
func (s *Server) admitPeer(c *gin.Context) {
	if _, visits := c.Request.Context().Value(visitorKey{}).(visitor); visits {
		abort(c, fault.New(fault.Forbidden, "the route is not for other members' gateways"))
		return
	}
	if s.people.SignIn == nil || s.recorder == nil {
		abort(c, fault.New(fault.NotFound, "customers don't sign in at this gateway"))
		return
	}
	if err := s.sameOrigin(c.Request); err != nil {
		abort(c, err)
		return
	}
	if err := s.people.SignIn.Admit(s.peerOf(c.Request)); err != nil {
		abort(c, err)
	}
}

// peerOf is the address that a request comes from. The gateway listens on a loopback address only, so whoever sends the proxy's header is the proxy; of several addresses in
// it the last one is what the proxy itself saw.
func (s *Server) peerOf(r *http.Request) netip.Addr {
	text, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		text = r.RemoteAddr
	}
	if s.people.Client != "" {
		if values := r.Header.Values(s.people.Client); len(values) > 0 {
			all := strings.Split(values[len(values)-1], ",")
			text = strings.TrimSpace(all[len(all)-1])
		}
	}
	peer, err := netip.ParseAddr(text)
	if err != nil {
		return netip.IPv6Unspecified()
	}
	return peer
}

// requestIn is the request of a handler's context.
func requestIn(ctx context.Context) *http.Request {
	if c, ok := ctx.(*gin.Context); ok {
		return c.Request
	}
	return &http.Request{Header: http.Header{}}
}

// keep has the browser keep the session and what marks it as known.
func keep(w http.ResponseWriter, o *signin.Opened) {
	http.SetCookie(w, walletCookie(sessionCookie, o.Token, int(signin.SessionLifetime/time.Second)))
	if o.DeviceToken != "" {
		http.SetCookie(w, walletCookie(deviceCookie, o.DeviceToken, int(deviceAge/time.Second)))
	}
}

// forget has the browser forget the session.
func forget(w http.ResponseWriter) { http.SetCookie(w, walletCookie(sessionCookie, "", -1)) }

func walletCookie(name, value string, age int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}
