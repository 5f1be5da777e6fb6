//go:build network

package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// place stands in a path for what personal data take the place of.
const place = "{}"

// bad is a request of a route about people, as it would be good; each field in turn becomes a canary.
type bad struct {
	member, scope string // customer: in a session. Empty: without a key.
	method, path  string
	body          fields
}

// badRoutes are the routes about people, with whatever they take. Ids are those of nothing.
func badRoutes() []bad {
	id, hash, token := strings.Repeat("5a", 16), strings.Repeat("5a", 32), strings.Repeat("A", 43)
	at, soon := fields{"kind": "email", "value": "nobody@canary.example"}, "2030-01-01T00:00:00Z"
	credential := fields{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": fields{"clientDataJSON": "AAAA", "attestationObject": "AAAA", "signature": "AAAA"}}
	return []bad{
		{"airline", "", "POST", "/v1/sign-in/codes", fields{"address": at.with(fields{"value": "x"}), "language": "en", "device": "x"}},
		{"airline", "", "POST", "/v1/sign-in/codes/confirmations", fields{"token": token, "code": "12345678", "address": at, "delivery": "token"}},
		{"airline", "", "POST", "/v1/sign-in/registrations", fields{"ticket": token, "address": at, "name": "x", "language": "en", "delivery": "token"}},
		{"airline", "", "POST", "/v1/sign-in/factors", fields{"ticket": token, "method": "totp", "code": "123456", "delivery": "token"}},
		{"airline", "", "POST", "/v1/sign-in/passkeys/challenges", fields{"ticket": token}},
		{"airline", "", "POST", "/v1/sign-in/passkeys", fields{"token": token, "credential": credential, "delivery": "token"}},
		{"airline", "customer", "DELETE", "/v1/me/sessions/" + place, nil},
		{"airline", "customer", "POST", "/v1/me/proofs/codes", fields{"address": at, "language": "en", "device": "x"}},
		{"airline", "customer", "POST", "/v1/me/proofs", fields{"method": "code", "code": "12345678", "token": token, "address": at}},
		{"airline", "customer", "POST", "/v1/me/proofs/passkeys", fields{"token": token, "credential": credential}},
		{"airline", "customer", "POST", "/v1/me/passkeys", fields{"token": token, "credential": credential, "label": "x"}},
		{"airline", "customer", "DELETE", "/v1/me/passkeys/" + place, nil},
		{"airline", "customer", "POST", "/v1/me/authenticator/confirmations", fields{"code": "123456"}},
		{"airline", "customer", "PATCH", "/v1/me/profile", fields{"set": []any{fields{"name": "birthday", "value": "x"}}, "remove": []any{"custom.none"}}},
		{"airline", "customer", "POST", "/v1/me/addresses", fields{"address": at.with(fields{"kind": "fax"}), "language": "en", "device": "x"}},
		{"airline", "customer", "POST", "/v1/me/addresses/confirmations", fields{"token": token, "code": "12345678", "address": at}},
		{"airline", "customer", "POST", "/v1/me/accounts/links/challenges", fields{"account": id}},
		{"airline", "customer", "POST", "/v1/me/accounts/links", fields{"token": token, "signature": "AAAA"}},
		{"airline", "customer", "GET", "/v1/me/history?cursor=" + place, nil},
		{"airline", "customer", "GET", "/v1/me/access-log?before=" + place, nil},
		{"airline", "customer", "POST", "/v1/me/operations/prepare", fields{"operation": fields{"kind": "transfer", "account": id, "to": id, "points": 1}, "language": "en"}},
		{"airline", "customer", "POST", "/v1/me/operations", fields{"operation": fields{"kind": "gift", "account": id, "to": id, "points": 1}, "acknowledged": hash}},
		{"airline", "customer", "POST", "/v1/me/consents/preparations", fields{
			"grantee": "hotel", "attributes": []any{"name"}, "purpose": "none", "until": soon, "language": "en", "account": id,
		}},
		{"airline", "customer", "POST", "/v1/me/consents", fields{"body": fields{"v": 1, "id": id, "account": id, "purpose": "stay"}, "signature": "AAAA"}},
		{"airline", "customer", "GET", "/v1/me/consents/" + place, nil},
		{"airline", "customer", "DELETE", "/v1/me/consents/" + place, nil},
		{"airline", "customer", "GET", "/v1/me/consents/" + place + "/receipt", nil},
		{"airline", "customer", "POST", "/v1/me/surveys/" + place + "/answers", fields{"policy": 1, "policyHash": hash, "language": "en", "answers": fields{"custom.none": "x"}}},
		{"airline", "customer", "POST", "/v1/me/identification-codes", fields{"programme": "hotel"}},
		{"airline", "customer", "PUT", "/v1/me/challenges/" + place + "/decision", fields{"agree": true}},
		{"airline", "customer", "POST", "/v1/me/notices/" + place + "/objections", fields{"words": "x"}},
		{"airline", "customer", "POST", "/v1/me/erasure", fields{"forfeit": 1_000_000}},
		{"airline", "customers", "GET", "/v1/customers/" + place + "?purpose=" + place, nil},
		{"airline", "customers", "GET", "/v1/customers/" + id + "?attributes=" + place + "&purpose=" + place, nil},
		{"airline", "customers", "PATCH", "/v1/customers/" + place + "?purpose=service", fields{"set": []any{fields{"name": "phone", "value": "x"}}, "remove": []any{"none"}}},
		{"airline", "customers", "POST", "/v1/customers/find?purpose=" + place, fields{"kind": "external", "value": "x"}},
		{"airline", "customers", "POST", "/v1/customers/" + place + "/merge?purpose=service", fields{"gone": id, "overruled": []any{"name"}}},
		{"airline", "customers", "POST", "/v1/customers/" + place + "/accounts?purpose=service", fields{"account": id, "controller": fields{"kind": "p256", "key": "AAAA"}}},
		{"airline", "customers", "GET", "/v1/customers/" + place + "/export?purpose=service", nil},
		{"airline", "customers", "GET", "/v1/customers/" + place + "/access-log?before=" + place, nil},
		{"airline", "compliance", "POST", "/v1/customers/" + place + "/erasure", fields{"forfeit": 0, "askedAt": soon}},
		{"airline", "compliance", "POST", "/v1/customers/" + place + "/legal-holds", fields{"reason": "x", "until": soon, "told": true}},
		{"airline", "compliance", "DELETE", "/v1/customers/" + id + "/legal-holds/" + place, nil},
		{"airline", "compliance", "POST", "/v1/compliance/flags/" + place + "/decisions", fields{"state": "CONFIRMED"}},
		{"airline", "compliance", "POST", "/v1/compliance/objections/" + place + "/answers", fields{"outcome": "UPHELD", "words": "x"}},
		{"airline", "compliance", "GET", "/v1/compliance/flags?state=" + place + "&after=" + place, nil},
		{"hotel", "compliance", "POST", "/v1/programmes/" + place + "/freezes", fields{"id": id, "account": id, "reason": "fraud", "evidence": hash, "until": 1}},
		{"airline", "compliance", "POST", "/v1/programmes/airline/freezes/" + place + "/decisions", fields{"until": 1, "declined": "evidence"}},
		{"hotel", "compliance", "GET", "/v1/programmes/airline/freezes?after=" + place, nil},
		{"hotel", "customers", "GET", "/v1/shared?owner=" + place + "&after=" + place, nil},
		{"hotel", "customers", "POST", "/v1/shared/" + place, fields{"owner": "airline", "purpose": "stay", "attributes": []any{"name"}}},
		{"hotel", "till", "POST", "/v1/identifications", fields{"code": "TALLYID1:AIRLINE:AAAA", "store": "s", "terminal": "t"}},
		{"hotel", "till", "POST", "/v1/challenges", fields{"programme": "airline", "kind": "fax", "value": "x", "store": "s", "terminal": "t"}},
		{"hotel", "till", "POST", "/v1/challenges/" + place + "/answers", fields{"programme": "airline", "code": "123456", "store": "s", "terminal": "t"}},
		{"", "", "GET", "/v1/erasures/" + place, nil},
		{"", "", "GET", "/wallet/" + place, nil},
	}
}

// withEach gives a body once with each of its fields, however deep, replaced by a text, and with a further field of that name.
func withEach(v any, text string) (all []any) {
	switch v := v.(type) {
	case fields:
		for name, inner := range v {
			for _, changed := range withEach(inner, text) {
				all = append(all, v.with(fields{name: changed}))
			}
		}
		return append(all, v.with(fields{text: text}))
	case []any:
		for _, inner := range v {
			for _, changed := range withEach(inner, text) {
				all = append(all, []any{changed})
			}
		}
		return all
	default:
		return []any{text}
	}
}

// mistakes sends canaries in every field, parameter and header of every route about people. Nothing that is refused, and nothing else that comes back, repeats one.
func (p *party) mistakes(t *testing.T, v *visitor) {
	t.Helper()
	canaries, n, sent := v.g.canaries(), 0, 0
	next := func() string { n++; return canaries[n%len(canaries)].Value }
	for _, route := range badRoutes() {
		member := route.member
		if member == "" {
			member = "airline"
		}
		key := route.key(t, v)
		send := func(path string, key string, body any) {
			t.Helper()
			header := p.told(v.g)
			maps.Copy(header, map[string]string{"Idempotency-Key": unique("x"), "Prefer": v.g.email})
			a := p.shows(p.call(t, member, request{method: route.method, path: path, key: key, header: header, body: body}))
			if sent++; a.status == http.StatusInternalServerError {
				t.Errorf("%s %s: %s", route.method, route.path, a.body)
			}
		}
		harmless := strings.ReplaceAll(route.path, place, strings.Repeat("5a", 16))
		if route.body == nil {
			for range canaries {
				send(strings.ReplaceAll(route.path, place, url.QueryEscape(next())), key, nil)
			}
			continue
		}
		for _, body := range withEach(route.body, next()) {
			send(harmless, key, body)
		}
		send(strings.ReplaceAll(route.path, place, url.PathEscape(next())), key, route.body)
		send(harmless, next(), route.body)
		send(harmless, key, []byte(fmt.Sprintf(`{"%s":"%s`, next(), next())))
		send(harmless+"/"+url.PathEscape(next()), key, route.body)
	}
	if sent < 300 {
		t.Errorf("only %d requests were sent", sent)
	}
}

func (b *bad) key(t *testing.T, v *visitor) string {
	t.Helper()
	switch b.scope {
	case "":
		return ""
	case "customer":
		return v.token
	}
	return v.p.key(t, b.member, b.scope)
}
