//go:build network

package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
	"github.com/tallystick/tallystick/test-network/canary"
)

// peerHeader is where the proxy before the airline's gateway would name who asks.
const peerHeader = "X-Forwarded-For"

// visitor is a guest at the airline's wallet.
type visitor struct {
	t             *testing.T
	p             *party
	g             *guest
	token, device string
	secret        string // Of the authenticator app.
	recovery      []string
}

// peer is an address that somebody asks from. It is a canary, in the range for documentation (RFC 3849); each has a network of its own, since requests are counted by that.
func (p *party) peer() string {
	digits := func() int { return 0x1000 + rand.IntN(0xefff) } // Four of them.
	address := fmt.Sprintf("2001:db8:%x:%x:5b1f:%x:%x:%x", digits(), digits(), digits(), digits(), digits())
	if len(p.peers) < 4 {
		p.peers = append(p.peers, secret(fmt.Sprintf("peer address %d", len(p.peers)), address))
	}
	return address
}

// told is everything that a request says of a guest beside its body.
func (p *party) told(g *guest) map[string]string {
	return map[string]string{
		peerHeader: p.peer(), "User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140 " + g.email, "Referer": "https://wallet.example/?who=" + url.QueryEscape(g.email),
		"Accept-Language": strings.ReplaceAll(g.email, "@", "-"), "X-Request-Id": g.card, "X-Device-Key": "device-key-" + g.card, "From": g.email,
		"Cookie": "__Host-tally-device=device-" + g.card,
	}
}

// call keeps whatever is refused.
func (v *visitor) call(method, path string, body any) answer {
	v.t.Helper()
	return v.p.keep(v.p.call(v.t, "airline", request{method: method, path: path, key: v.token, header: v.p.told(v.g), body: body}))
}

// succeeds requires a status of success.
func (v *visitor) succeeds(method, path string, body any) answer {
	v.t.Helper()
	a := v.call(method, path, body)
	if a.status/100 != 2 {
		v.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	return a
}

func (v *visitor) refused(code fault.Code, method, path string, body any) {
	v.t.Helper()
	refused(v.t, v.call(method, path, body), code)
}

func addressOf(value string) fields {
	kind := "email"
	if strings.HasPrefix(value, "+") {
		kind = "phone"
	}
	return fields{"kind": kind, "value": value}
}

// sent is the code that comes to an address.
func (v *visitor) sent(value string) string {
	v.t.Helper()
	if strings.HasPrefix(value, "+") {
		return v.p.nextText(v.t, value, eightDigits)
	}
	return v.p.mail.next(v.t, value, eightDigits)
}

// asks has a code sent, gives wrong answers in its place, and then what the right one is confirmed with.
func (v *visitor) asks(path, value string) fields {
	v.t.Helper()
	asked := decode[client.SignInAsked](v.t, v.succeeds("POST", path, fields{"address": addressOf(value), "language": "en", "device": v.device}).body)
	return fields{"token": asked.Token, "address": addressOf(value), "code": v.sent(value)}
}

// signs goes through a sign-in by code; a code that is wrong, a code that is a canary and an address that is another's are refused on the way.
func (v *visitor) signs(value, other string) client.SignInProgress {
	v.t.Helper()
	right := v.asks("/v1/sign-in/codes", value)
	const confirmations = "/v1/sign-in/codes/confirmations"
	v.refused(fault.SignInRefused, "POST", confirmations, right.with(fields{"code": "00000000"}))
	v.call("POST", confirmations, right.with(fields{"code": v.g.card}))
	v.refused(fault.SignInRefused, "POST", confirmations, right.with(fields{"address": addressOf(other)}))
	v.call("POST", confirmations, right.with(fields{"token": v.g.email}))
	return v.took(v.succeeds("POST", confirmations, right.with(fields{"delivery": "token"})))
}

// took notes what a step of a sign-in gives.
func (v *visitor) took(a answer) client.SignInProgress {
	v.t.Helper()
	progress := decode[client.SignInProgress](v.t, a.body)
	if progress.Token != nil {
		v.token = *progress.Token
	}
	if progress.Device != nil {
		v.device = *progress.Device
	}
	return progress
}

func (p *party) visitor(t *testing.T, g *guest) *visitor { return &visitor{t: t, p: p, g: g} }

// signsIn brings one guest whom the staff knows, and one who registers, through signing in, with everything that can go wrong.
func (p *party) signsIn(t *testing.T) (known, fresh *visitor) {
	known, fresh = p.visitor(t, &p.erased), p.visitor(t, &p.joins)
	if next := known.signs(p.erased.phone, p.stays.phone).Next; next != "signed-in" {
		t.Fatalf("who is known by phone comes to %s", next)
	}
	known.factors()
	fresh.registers()
	fresh.describes()
	fresh.keys()
	fresh.locked(&p.nobody)
	p.unreachable(t)
	if proofs := known.asksProof(p.stays.email); proofs.status != http.StatusForbidden {
		t.Errorf("a code for a proof of who has an app: %d %s", proofs.status, proofs.body)
	}
	return known, fresh
}

func (v *visitor) asksProof(value string) answer {
	v.t.Helper()
	return v.call("POST", "/v1/me/proofs/codes", fields{"address": addressOf(value)})
}

// factors sets an app and recovery codes up, leaves, and comes back by e-mail with each of them; then ends all sessions but the last.
func (v *visitor) factors() {
	v.t.Helper()
	enrolment := decode[client.AuthenticatorEnrolment](v.t, v.succeeds("POST", "/v1/me/authenticator", nil).body)
	if strings.Contains(enrolment.Uri, "quillfeather") {
		v.t.Errorf("the app's label is %s", enrolment.Uri)
	}
	v.secret = enrolment.Secret
	v.refused(fault.SignInRefused, "POST", "/v1/me/authenticator/confirmations", fields{"code": v.g.phone})
	v.succeeds("POST", "/v1/me/authenticator/confirmations", fields{"code": v.app(0)})
	v.recovery = decode[client.RecoveryCodes](v.t, v.succeeds("POST", "/v1/me/recovery-codes", nil).body).Codes
	v.succeeds("POST", "/v1/me/proofs", fields{"method": "recovery", "code": v.recovery[0]})
	v.succeeds("DELETE", "/v1/me/sessions/current", nil)
	v.token = ""
	for _, method := range []string{"recovery", "totp"} {
		progress := v.signs(v.g.email, v.g.phone)
		if progress.Next != "second-factor" {
			v.t.Fatalf("who has an app comes to %s", progress.Next)
		}
		factor := fields{"method": method, "ticket": *progress.Ticket, "delivery": "token"}
		v.refused(fault.SignInRefused, "POST", "/v1/sign-in/factors", factor.with(fields{"code": v.g.card}))
		v.call("POST", "/v1/sign-in/factors", factor.with(fields{"code": v.g.card, "method": v.g.email}))
		code := v.recovery[1]
		if method == "totp" {
			code = v.app(30 * time.Second) // A step's code serves once; that of the next step is good already.
		}
		v.took(v.succeeds("POST", "/v1/sign-in/factors", factor.with(fields{"code": code})))
	}
	v.succeeds("GET", "/v1/me", nil)
	v.succeeds("GET", "/v1/me/sessions", nil)
	v.succeeds("DELETE", "/v1/me/sessions", nil)
}

// app is what the authenticator app shows, a while from now.
func (v *visitor) app(later time.Duration) string {
	v.t.Helper()
	return must[string](v.t)(totp.GenerateCode(v.secret, time.Now().Add(later)))
}

// proves gives a fresh proof of who is there, by another recovery code.
func (v *visitor) proves() {
	v.t.Helper()
	v.succeeds("POST", "/v1/me/proofs", fields{"method": "recovery", "code": v.recovery[2]})
}

// locked asks for codes for somebody whom nobody knows until it is refused, and tries factors in vain.
func (v *visitor) locked(nobody *guest) {
	v.t.Helper()
	stranger := v.p.visitor(v.t, nobody)
	for _, value := range []string{nobody.email, nobody.phone} {
		for range 4 {
			stranger.asks("/v1/sign-in/codes", value)
		}
		stranger.refused(fault.AttemptsLimited, "POST", "/v1/sign-in/codes", fields{"address": addressOf(value)})
	}
	proof := fields{"method": "totp", "code": nobody.card}
	until(v.t, "the limit of wrong factors", func() bool { return v.call("POST", "/v1/me/proofs", proof).status == http.StatusTooManyRequests })
	stranger.token = strings.Repeat("A", 43)
	for _, path := range []string{"/v1/me", "/v1/me/profile", "/v1/me/export"} {
		if a := stranger.call("GET", path, nil); a.status != http.StatusUnauthorized {
			v.t.Errorf("without a session: %d %s", a.status, a.body)
		}
	}
}

// registers makes a customer of somebody new: with a name, by e-mail, and then a phone that is proved too.
func (v *visitor) registers() {
	v.t.Helper()
	progress := v.signs(v.g.email, v.g.phone)
	if progress.Next != "register" {
		v.t.Fatalf("who is new comes to %s", progress.Next)
	}
	registration := fields{"ticket": *progress.Ticket, "address": addressOf(v.g.email), "name": v.g.name, "language": "en", "delivery": "token"}
	v.refused(fault.SignInRefused, "POST", "/v1/sign-in/registrations", registration.with(fields{"address": addressOf(v.g.phone)}))
	v.call("POST", "/v1/sign-in/registrations", registration.with(fields{"name": v.g.name + "\x07", "language": v.g.email[:20]}))
	v.took(v.succeeds("POST", "/v1/sign-in/registrations", registration))
	until(v.t, "the account of a new customer", func() bool {
		opened := decode[client.MyOpening](v.t, v.succeeds("POST", "/v1/me/accounts", nil).body)
		if opened.Account != nil {
			v.g.account = *opened.Account
		}
		return opened.Account != nil
	})
	right := v.asks("/v1/me/addresses", v.g.phone)
	v.refused(fault.SignInRefused, "POST", "/v1/me/addresses/confirmations", right.with(fields{"address": addressOf(v.p.stays.phone)}))
	v.succeeds("POST", "/v1/me/addresses/confirmations", right)
	taken := v.asks("/v1/me/addresses", v.p.stays.email)
	v.refused(fault.PersonExists, "POST", "/v1/me/addresses/confirmations", taken)
	proof := v.asks("/v1/me/proofs/codes", v.g.phone)
	v.succeeds("POST", "/v1/me/proofs", proof.with(fields{"method": "code"}))
}

// describes has the customer say more about themselves, and the staff note a card.
func (v *visitor) describes() {
	v.t.Helper()
	v.g.id = ok[client.CustomerFound](v.t, v.p.customers(v.t, "POST", "/find", fields{"kind": "email", "value": v.g.email})).Id
	if a := v.p.customers(v.t, "PATCH", "/"+v.g.id, fields{"set": []fields{{"name": "card", "value": v.g.card}}}); a.status != http.StatusNoContent {
		v.t.Fatalf("%d: %s", a.status, a.body)
	}
	change := fields{"set": []fields{
		{"name": "birthday", "value": v.g.birthday}, {"name": "marketing.email", "value": "true"}, {"name": "marketing.post", "value": "false"},
		{"name": "custom.diet", "value": "none of what " + v.g.name + " eats"}, {"name": "language", "value": "de"},
	}}
	v.succeeds("PATCH", "/v1/me/profile", change)
	for _, wrong := range []fields{
		{"name": "marketing." + v.g.card, "value": "true"}, {"name": "marketing.x" + v.g.card, "value": "true"}, {"name": "marketing.email", "value": v.g.email},
		{"name": "phone", "value": v.g.phone}, {"name": v.g.name, "value": v.g.name}, {"name": "custom." + v.g.card, "value": v.g.email},
		{"name": "custom.diet", "value": strings.Repeat(v.g.name, 20)}, {"name": "birthday", "value": v.g.phone}, {"name": "language", "value": v.g.name},
	} {
		if a := v.call("PATCH", "/v1/me/profile", fields{"set": []fields{wrong}}); a.status < http.StatusBadRequest {
			v.t.Errorf("%v: %d", wrong["name"], a.status)
		}
	}
	if a := v.succeeds("GET", "/v1/me/profile", nil); !bytes.Contains(a.body, []byte(v.g.card)) || !bytes.Contains(a.body, []byte("marketing.email")) {
		v.t.Errorf("the profile is %s", a.body)
	}
}

// unreachable asks for a code to an address that the mail server refuses by name: the gateway tells that in its log, and not the name.
func (p *party) unreachable(t *testing.T) {
	t.Helper()
	p.mail.refuse(p.nobody.extra[0].Value)
	p.visitor(t, &p.nobody).succeeds("POST", "/v1/sign-in/codes", fields{"address": addressOf(p.nobody.extra[0].Value)})
	until(t, "the mail server's refusal", func() bool { return p.mail.refusals() > 0 })
}

// secondAddress is a further canary of a guest's.
func (g *guest) secondAddress() {
	g.extra = append(g.extra, canary.Canary{Kind: canary.Email, Label: "second e-mail", Value: strings.Replace(g.email, "@", ".second@", 1)})
}
