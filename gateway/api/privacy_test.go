package api

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/points"
)

// secrets are what a request can say that only the gateway and the private details may know.
var secrets = fields{
	"reference": "phone-secret", "toReference": "friend-secret", "store": "store-secret", "terminal": "terminal-secret", "receiptNumber": "receipt-secret",
	"note": "note-secret", "claimCode": "claim-secret-0123456789", "channel": "channel-secret", "item": "item-secret", "tags": []string{"tag-secret"},
	"lines":          []fields{{"category": "category-secret", "amountMinor": 1234}},
	"authentication": fields{"method": "otp", "challenge": "challenge-secret"}, "placeSalt": strings.Repeat("5ec3e7", 10) + "5ec3",
}

// secretive is a request of a kind that says as many secrets as it can.
func secretive(kind Kind) fields {
	f, request := forms[kind], requestsOf()[kind]
	for name, secret := range secrets {
		held := name == "reference" && kind != KindOpen
		if name == "reference" && kind == KindAward || name == "toReference" && kind == KindSwap {
			continue // Of another programme's customer, who isn't looked up.
		}
		if f.takes(name) || held {
			request[name] = secret
		}
		if held {
			delete(request, "account")
		}
		if name == "toReference" && f.takes("to") {
			delete(request, "to")
		}
	}
	delete(request, "receiptNumber")
	if request["store"] != nil {
		request["receiptNumber"] = secrets["receiptNumber"]
	}
	if kind != KindCapture || f.consent != never {
		delete(request, "placeSalt")
	}
	if kind == KindVoid { // Without consent.
		delete(request, "authentication")
	}
	return request
}

// told lists the secrets in a text.
func told(text string) []string {
	var found []string
	for _, s := range []string{"-secret", "5ec3e7"} {
		if i := strings.Index(text, s); i >= 0 {
			found = append(found, text[max(0, i-20):min(len(text), i+20)])
		}
	}
	return found
}

// newDiscreetBench has the customers whom the secretive requests name.
func newDiscreetBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.positions = map[points.AccountID]points.Account{}
	for _, reference := range []string{"phone-secret", "friend-secret"} {
		b.record(KindOpen, fields{"reference": reference})
		id := points.AccountID(hexOf("account of " + b.Lookup(reference)))
		b.positions[id] = points.Account{V: 1, ID: id, Status: points.StatusActive, Controller: points.Controller{Kind: points.ControllerCustodian}}
	}
	return b
}

func TestNothingThatIsPersonalIsAnsweredOrLogged(t *testing.T) {
	for kind := range forms {
		t.Run(string(kind), func(t *testing.T) {
			b := newDiscreetBench(t)
			request := secretive(kind)
			if len(told(request.String())) == 0 && kind != KindOpen {
				t.Fatal("the request has no secret")
			}
			w := b.do(b.post("/v1/operations", scopeOf(kind), request))
			if w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			answers := w.Body.String()
			for _, wrong := range []fields{{"points": -1, "amountMinor": -1}, {"tip": "tip-secret"}, {"store": "store-secret\n"}, {"reference": "stranger-secret", "account": nil}} {
				answers += b.do(b.post("/v1/operations", scopeOf(kind), request.with(wrong))).Body.String()
			}
			b.panics = true
			answers += b.do(b.post("/v1/operations", scopeOf(kind), request)).Body.String()
			if found := told(answers); len(found) > 0 {
				t.Errorf("answered: %q", found)
			}
			if found := told(b.log.String()); len(found) > 0 || !strings.Contains(b.log.String(), `"caller":"`+scopeOf(kind)) {
				t.Errorf("logged: %q", found)
			}
		})
	}
}

func TestWhatGoesToTheLedgerInPublicSaysNothingPersonal(t *testing.T) {
	for kind := range forms {
		b := newDiscreetBench(t)
		b.do(b.post("/v1/operations", scopeOf(kind), secretive(kind)))
		if found := told(encoded(t, b.intakes[len(b.intakes)-1].Operation)); len(found) > 0 {
			t.Errorf("%s: %q", kind, found)
		}
	}
}
