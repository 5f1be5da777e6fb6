//go:build network

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/nodeconfig"
)

// patron is somebody who is signed in at a brand's wallet.
type patron struct {
	t              *testing.T
	on             *consortium
	brand          string
	address, token string
}

var (
	eightDigits = regexp.MustCompile(`\b\d{8}\b`)
	sixDigits   = regexp.MustCompile(`\b\d{6}\b`)
)

// lastCode waits for the next message to an address with a code of a form, and gives the code. Messages that it has looked at are deleted.
func (c *consortium) lastCode(t *testing.T, member, address string, form *regexp.Regexp) (code string) {
	t.Helper()
	folder := nodeconfig.GatewayFiles(c.dir, member).Messages
	until(t, "a message to "+address, func() bool {
		names, _ := filepath.Glob(filepath.Join(folder, "*.json"))
		for _, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil || !bytes.Contains(raw, []byte(address)) {
				continue
			}
			var m struct{ Text string }
			if json.Unmarshal(raw, &m) != nil || os.Remove(name) != nil {
				continue
			}
			if code = form.FindString(m.Text); code != "" {
				return true
			}
		}
		return false
	})
	return code
}

// register makes a customer of a brand, with an account in its custody.
func (c *consortium) register(t *testing.T, brand, name string) *patron {
	t.Helper()
	w := &patron{t: t, on: c, brand: brand, address: unique("guest") + "@canary.example"}
	address := fields{"kind": "email", "value": w.address}
	send := func(path string, body fields) []byte {
		a := c.call(t, brand, request{method: "POST", path: path, body: body})
		if a.status/100 != 2 {
			t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
		return a.body
	}
	asked := decode[struct{ Token string }](t, send("/v1/sign-in/codes", fields{"address": address, "language": "en"}))
	code := c.lastCode(t, brand, w.address, eightDigits)
	type progress struct{ Next, Ticket, Token string }
	confirmed := decode[progress](t, send("/v1/sign-in/codes/confirmations", fields{"token": asked.Token, "code": code, "address": address, "delivery": "token"}))
	done := decode[progress](t, send("/v1/sign-in/registrations", fields{"ticket": confirmed.Ticket, "address": address, "name": name, "language": "en", "delivery": "token"}))
	w.token = done.Token
	until(t, "the account of a new customer", func() bool {
		a := w.call("POST", "/v1/me/identification-codes", fields{"programme": brand})
		return a.status == 200
	})
	return w
}

func (w *patron) call(method, path string, body any) answer {
	w.t.Helper()
	return w.on.call(w.t, w.brand, request{method: method, path: path, key: w.token, body: body})
}

// myConsent is what the tests look at in a consent.
type myConsent struct {
	Consent, Ended    string
	InForce, Complete bool
}

// agree has the customer give the hotel a consent to her name and her address.
func (w *patron) agree(ends time.Time) myConsent {
	w.t.Helper()
	prepared := ok[struct {
		Body   json.RawMessage
		Notice struct{ Text string }
	}](w.t, w.call("POST", "/v1/me/consents/preparations", fields{
		"grantee": "hotel", "attributes": []string{"name", "email"}, "purpose": "stay", "until": ends.UTC().Format(time.RFC3339), "language": "en",
	}))
	if !strings.Contains(prepared.Notice.Text, "to make your stay nicer") {
		w.t.Errorf("the notice says %s", prepared.Notice.Text)
	}
	given := ok[myConsent](w.t, w.call("POST", "/v1/me/consents", fields{"body": prepared.Body}))
	return w.settled(given)
}

// settled waits until nothing of a consent is on its way.
func (w *patron) settled(of myConsent) myConsent {
	w.t.Helper()
	until(w.t, "a consent to be carried out", func() bool {
		of = ok[myConsent](w.t, w.call("GET", "/v1/me/consents/"+of.Consent, nil))
		return of.Complete
	})
	return of
}

// promise publishes the next version of the airline's data policy: what consents can be about.
func (c *consortium) promise(t *testing.T) {
	t.Helper()
	operator := c.programme(t, "airline", membership.OperatorRole, "airline")
	there := must[privacy.Policies](t)(operator.DataPolicies(t.Context()))
	words := func(s string) map[string]string { return map[string]string{"en": s} }
	text := func(name string) privacy.AttributeSchema {
		return privacy.AttributeSchema{Name: name, Kind: privacy.KindText, MaxBytes: 200, Words: words("your " + name)}
	}
	policy := privacy.Policy{
		V: 1, Version: len(there.Versions) + 1, From: must[quantity.Day](t)(quantity.ParseDay(c.businessDate(t, "airline"))), Prose: words("We keep what you tell us."),
		Purposes:   []privacy.Purpose{{Code: "service", Words: words("to serve you")}, {Code: "stay", Words: words("to make your stay nicer")}, {Code: "research", Words: words("to learn")}},
		Attributes: []privacy.AttributeSchema{text("name"), text("email"), text("language"), text("custom.diet")},
	}
	a := c.call(t, "airline", request{method: "POST", path: "/v1/programmes/airline/data-policies", key: c.key(t, "airline", "operator"), body: policy})
	published := ok[struct{ Hash string }](t, a)
	for _, member := range []string{"airline", "hotel"} {
		untilDone(t, member+"'s gateway shows the data policy", func() error {
			a := c.call(t, member, request{method: "GET", path: "/v1/programmes/airline/data-policies"})
			list := ok[struct{ Publications []struct{ Hash string } }](t, a).Publications
			if len(list) == 0 || list[len(list)-1].Hash != published.Hash {
				return a.unexpected()
			}
			return nil
		})
	}
}

// hotelReads reads what a customer of the airline's shares with the hotel.
func (c *consortium) hotelReads(t *testing.T, consent string) answer {
	t.Helper()
	return c.call(t, "hotel", request{
		method: "POST", path: "/v1/shared/" + consent, key: c.key(t, "hotel", "customers"), body: fields{"owner": "airline", "purpose": "stay"},
	})
}

type sharedValues struct {
	Values []struct{ Attribute, Value string }
}

func TestACustomerLetsAnotherBrandReadAndTakesItBack(t *testing.T) {
	three.promise(t)
	ada := three.register(t, "airline", "Ada Consentcanary")
	given := ada.agree(time.Now().Add(time.Hour))
	if !given.InForce {
		t.Fatalf("%+v", given)
	}
	until(t, "the consent in the hotel's list", func() bool {
		list := ok[struct{ Consents []struct{ Consent string } }](t, three.call(t, "hotel", request{method: "GET", path: "/v1/shared?owner=airline", key: three.key(t, "hotel", "customers")}))
		return slices.ContainsFunc(list.Consents, func(one struct{ Consent string }) bool { return one.Consent == given.Consent })
	})
	var read sharedValues
	untilDone(t, "the copies at the hotel's peer", func() error {
		a := three.hotelReads(t, given.Consent)
		if a.status != 200 {
			return a.unexpected()
		}
		if read = ok[sharedValues](t, a); len(read.Values) != 2 {
			return a.unexpected()
		}
		return nil
	})
	if !slices.Contains(read.Values, struct{ Attribute, Value string }{"name", "Ada Consentcanary"}) || !slices.Contains(read.Values, struct{ Attribute, Value string }{"email", ada.address}) {
		t.Errorf("the hotel reads %+v", read)
	}
	log := ok[struct {
		Lines []struct {
			Actor, Purpose string
			Attributes     []string
		}
	}](t, ada.call("GET", "/v1/me/access-log", nil))
	if first := log.Lines[0]; first.Actor != "partner/hotel" || first.Purpose != "stay" || !slices.Equal(first.Attributes, []string{"email", "name"}) {
		t.Errorf("the customer's log begins with %+v", first)
	}
	three.requireNothingKept(t, "hotel", "Ada Consentcanary", ada.address)
	another := three.call(t, "hotel", request{
		method: "POST", path: "/v1/shared/" + given.Consent, key: three.key(t, "hotel", "customers"), body: fields{"owner": "airline", "purpose": "research"},
	})
	refused(t, another, fault.ConsentMismatch)

	// The hotel endorses nothing: its peer and its chaincode are gone. Nothing of the withdrawal waits for it.
	three.stop(t, "peer0.hotel")
	withdrawn := ada.settled(ok[myConsent](t, ada.call("DELETE", "/v1/me/consents/"+given.Consent, nil)))
	if withdrawn.InForce || withdrawn.Ended != "withdrawn" {
		t.Errorf("%+v", withdrawn)
	}
	three.start(t, "peer0.hotel")
	three.awaitReady(t, "hotel")
	hotel := three.programme(t, "hotel", membership.GatewayRole, "airline")
	untilDone(t, "the purge at the hotel's peer", func() error {
		if _, err := hotel.Shared(t.Context(), "hotel", privacy.ConsentID(given.Consent)); fault.CodeOf(err) != fault.NotFound {
			return fmt.Errorf("its copies: %w", err)
		}
		return nil
	})
	if a := three.hotelReads(t, given.Consent); a.status == 200 {
		t.Errorf("after the withdrawal the hotel reads %s", a.body)
	}
	receipt := ok[map[string]any](t, ada.call("GET", "/v1/me/consents/"+given.Consent+"/receipt", nil))
	record := must[privacy.Consent](t)(three.programme(t, "airline", membership.GatewayRole, "airline").Consent(t.Context(), privacy.ConsentID(given.Consent)))
	if receipt["ledger"].(map[string]any)["hash"] != record.Hash || record.Status != privacy.StatusWithdrawn {
		t.Errorf("the receipt says %v, the ledger %+v", receipt["ledger"], record)
	}
}

// requireNothingKept looks for values in everything that a member's gateway and its nodes have written, in the spellings that text has.
func (c *consortium) requireNothingKept(t *testing.T, member string, values ...string) {
	t.Helper()
	var spellings [][]byte
	for _, v := range values {
		spellings = append(spellings, []byte(v), []byte(base64.StdEncoding.EncodeToString([]byte(v))), []byte(base64.RawURLEncoding.EncodeToString([]byte(v))), []byte(hex.EncodeToString([]byte(v))))
	}
	looked := 0
	err := filepath.WalkDir(c.dir.Root, func(path string, entry os.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && (entry.IsDir() || !strings.Contains(path, member)) {
			return nil // Nodes that run put files away meanwhile.
		}
		if err != nil {
			return err
		}
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		looked++
		for _, s := range spellings {
			if bytes.Contains(raw, s) {
				t.Errorf("%s holds %s", path, s)
			}
		}
		return nil
	})
	if err != nil || looked == 0 {
		t.Fatalf("%d files of %s (%v)", looked, member, err)
	}
}

func TestAConsentEndsWithItsTime(t *testing.T) {
	three.promise(t)
	ada := three.register(t, "airline", "Ada Shorttime")
	ends := time.Now().Add(shortConsent)
	given := ada.agree(ends)
	until(t, "a reading before the end", func() bool { return three.hotelReads(t, given.Consent).status == 200 || time.Now().After(ends) })
	untilDone(t, "the end", func() error {
		a := three.hotelReads(t, given.Consent)
		if a.status == 200 || !slices.Contains(consentOver, fault.Code(decode[problem](t, a.body).Code)) {
			return a.unexpected()
		}
		return nil
	})
	if time.Now().Before(ends.Truncate(time.Second)) {
		t.Error("it ended before its time")
	}
	airline := three.programme(t, "airline", membership.GatewayRole, "airline")
	until(t, "the expiry on the ledger", func() bool {
		record := must[privacy.Consent](t)(airline.Consent(t.Context(), privacy.ConsentID(given.Consent)))
		return record.Status == privacy.StatusExpired
	})
	untilDone(t, "the expiry in the wallet", func() error {
		if after := ada.settled(given); after.Ended != "expired" || after.InForce {
			return fmt.Errorf("%+v", after)
		}
		return nil
	})
}

// shortConsent is the time of a consent whose end a test waits for: a busy machine records it well before.
const shortConsent = 40 * time.Second

// consentOver are the codes that a reading is refused with when the consent's time is over: by the ledger's record, and once what was shared is purged.
var consentOver = []fault.Code{fault.ConsentNotInForce, fault.NotFound}

// A till of either brand knows the other's customer by a code or by an answer, and nobody else.
func TestTillsKnowEachOthersCustomersByCodeOrAnswer(t *testing.T) {
	for _, pair := range [][2]string{{"airline", "hotel"}, {"hotel", "airline"}} {
		issuer, asker := pair[0], pair[1]
		ada := three.register(t, issuer, "Ada Tillcanary")
		till := func(path string, body fields) answer {
			return three.call(t, asker, request{method: "POST", path: path, key: three.key(t, asker, "till"), body: body.with(fields{"store": "s1", "terminal": "t1"})})
		}
		type identification struct{ Programme, Account string }
		code := ok[struct{ Code string }](t, ada.call("POST", "/v1/me/identification-codes", fields{"programme": issuer})).Code
		known := ok[identification](t, till("/v1/identifications", fields{"code": code}))
		if known.Programme != issuer || known.Account == "" {
			t.Errorf("%+v", known)
		}
		refused(t, till("/v1/identifications", fields{"code": code}), fault.CodeUnknown)

		type challenge struct{ ID string }
		type result struct{ Status, Account string }
		question := fields{"programme": issuer, "kind": "email", "value": ada.address}
		asked := ok[challenge](t, till("/v1/challenges", question))
		nobody := ok[challenge](t, till("/v1/challenges", question.with(fields{"value": unique("nobody") + "@canary.example"})))
		for _, id := range []string{asked.ID, nobody.ID} {
			if r := ok[result](t, till("/v1/challenges/"+id+"/answers", fields{"programme": issuer})); r != (result{Status: "waiting"}) {
				t.Errorf("%+v", r)
			}
		}
		pin := three.lastCode(t, issuer, ada.address, sixDigits)
		got := ok[result](t, till("/v1/challenges/"+asked.ID+"/answers", fields{"programme": issuer, "code": pin}))
		if got != (result{"confirmed", known.Account}) {
			t.Errorf("%+v, want %s", got, known.Account)
		}
		refused(t, till("/v1/challenges/"+nobody.ID+"/answers", fields{"programme": issuer, "code": pin}), fault.CodeWrong)

		confirmed := ok[challenge](t, till("/v1/challenges", question))
		until(t, "the question in the wallet", func() bool {
			list := ok[struct{ Challenges []challenge }](t, ada.call("GET", "/v1/me/challenges", nil))
			return slices.Contains(list.Challenges, confirmed)
		})
		if a := ada.call("PUT", "/v1/me/challenges/"+confirmed.ID+"/decision", fields{"agree": true}); a.status != 204 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if got := ok[result](t, till("/v1/challenges/"+confirmed.ID+"/answers", fields{"programme": issuer})); got != (result{"confirmed", known.Account}) {
			t.Errorf("%+v", got)
		}
		three.requireNothingKept(t, asker, ada.address)
	}
}
