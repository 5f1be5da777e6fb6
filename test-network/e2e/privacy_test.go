//go:build network

package e2e

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// canary is a text that must not be found where it doesn't belong.
type canary struct{ name, text string }

// traces are the forms in which a canary could have leaked: in clear, encoded, or under an unsalted hash.
func (c canary) traces() map[string][]byte {
	raw := []byte(c.text)
	sum256, sum1, sum5 := sha256.Sum256(raw), sha1.Sum(raw), md5.Sum(raw)
	return map[string][]byte{
		"in clear": raw, "in hex": []byte(hex.EncodeToString(raw)), "in base64": []byte(strings.TrimRight(base64.StdEncoding.EncodeToString(raw), "=")),
		"as SHA-256": sum256[:], "as SHA-256 in hex": []byte(hex.EncodeToString(sum256[:])),
		"as SHA-1 in hex": []byte(hex.EncodeToString(sum1[:])), "as MD5 in hex": []byte(hex.EncodeToString(sum5[:])),
	}
}

// Distinctive values, none of which is a substring of anything else. Amounts are chosen such that the points don't contain their digits.
var (
	customers = []canary{
		{"card number", "4929 1234 8765 0017"}, {"phone", "+44 7700 900461"}, {"e-mail", "ada.canary@example.org"},
	}
	tills = []canary{
		{"store", "Canary Wharf Store 93"}, {"terminal", "canary-terminal-58"}, {"receipt number", "CANARY-RCPT-774411"},
		{"amount", "83746152"}, {"challenge", "canary mother's maiden name"}, {"idempotency key", "canary-idempotency-key-31"},
	}
	refusals = []canary{
		{"a text of a refused document", "canary-refused-value-90"}, {"a name of a refused field", "canary.field@example.org"},
	}
)

// TestPersonalDataStayOffTheChannelAndOutOfLogs sends canaries the way tills send customers' data, then looks for them in every block of every peer and ordering
// node and in every log.
func TestPersonalDataStayOffTheChannelAndOutOfLogs(t *testing.T) {
	from := three.height(t, "airline")
	id := sendCanaries(t)
	requireSeenByMembersOnly(t, from)

	chains := files(t, three.dir.Data(""), func(path string) bool { return strings.Contains(filepath.ToSlash(path), "/chains/") })
	if !contained(t, chains, []byte(id)) {
		t.Fatalf("the blocks in %d files don't even hold the operation's own id: the search is broken", len(chains))
	}
	requireAbsent(t, chains, customers, tills, refusals)
	requireAbsent(t, files(t, filepath.Dir(three.dir.Log("any")), everyFile), customers, tills, refusals)
	requireAbsent(t, files(t, three.dir.Gateway("airline"), everyFile), customers)
}

// sendCanaries gives airline's gateway customers, purchases, redemptions, returns and bad requests that carry canaries. It returns the id of an operation.
func sendCanaries(t *testing.T) string {
	t.Helper()
	till := three.key(t, "airline", "till")
	value := func(list []canary, name string) string {
		for _, c := range list {
			if c.name == name {
				return c.text
			}
		}
		t.Fatalf("no canary %s", name)
		return ""
	}
	var account string
	for _, c := range customers {
		account = three.open(t, "airline", fields{"reference": c.text})
		ok[answerOnly](t, three.call(t, "airline", request{method: "POST", path: "/v1/accounts/lookup", key: till, body: fields{"reference": c.text}}))
	}
	place := fields{"store": value(tills, "store"), "terminal": value(tills, "terminal"), "receiptNumber": value(tills, "receipt number")}
	earn := three.purchase(t, "airline", account, 83_746_152).with(place)
	sale := ok[operation](t, three.call(t, "airline", request{
		method: "POST", path: "/v1/operations", key: till, idempotency: value(tills, "idempotency key"), body: earn,
	}))
	consent := fields{"authentication": fields{"method": "otp", "challenge": value(tills, "challenge")}}
	ok[operation](t, three.submit(t, "airline", redemption(account, 7).with(place).with(consent)))
	ok[operation](t, three.submit(t, "airline", earn.with(fields{"kind": "return", "originalOperation": sale.ID})))

	bad := value(refusals, "a text of a refused document")
	refused(t, three.submit(t, "airline", earn.with(fields{"amountMinor": bad})), fault.Malformed)
	refused(t, three.submit(t, "airline", earn.with(fields{"account": bad})), fault.InvalidValue)
	refused(t, three.submit(t, "airline", earn.with(fields{value(refusals, "a name of a refused field"): bad})), fault.Malformed)
	refused(t, three.submit(t, "airline", earn.with(fields{"account": nil, "reference": bad})), fault.AccountUnknown)
	refused(t, three.submit(t, "airline", earn.with(fields{"amountMinor": 100})), fault.NaturalConflict)
	three.call(t, "airline", request{method: "GET", path: "/v1/accounts/" + bad, key: till})
	three.call(t, "airline", request{method: "GET", path: "/" + bad, key: bad})
	gateway := three.user(t, "airline", "gateway")
	for _, args := range [][]string{{"SubmitBatch", bad}, {bad}, {"SubmitBatch", `{"` + bad + `":1}`}, {"GetAccount", `{"account":"` + bad + `"}`}, {"GetAccount", "{}", bad}} {
		if _, err := gateway.endorse(t, gateway.propose(t, "points-airline", nil, args...), "peer0.airline"); err != nil {
			t.Fatal(err)
		}
	}
	return sale.ID
}

// answerOnly is an answer of which only the status matters.
type answerOnly struct{}

// requireSeenByMembersOnly: the issuer's and the regulator's peers deliver the details in clear, another brand's doesn't.
func requireSeenByMembersOnly(t *testing.T, from uint64) {
	t.Helper()
	for member, sees := range map[string]bool{"airline": true, "regulator": true, "hotel": false, "grocer": false} {
		until(t, member+"'s peer has the blocks", func() bool { return three.height(t, member) >= three.height(t, "airline") })
		store := []byte(tills[0].text)
		seen := false
		for d, err := range three.chain(t, member).Blocks(t.Context(), from, three.height(t, member), blocks.WithPrivate) {
			if err != nil {
				t.Fatal(err)
			}
			for _, private := range d.Private {
				for _, namespace := range private.GetNsPvtRwset() {
					for _, collection := range namespace.GetCollectionPvtRwset() {
						seen = seen || namespace.GetNamespace() == "points-airline" && bytes.Contains(collection.GetRwset(), store)
					}
				}
			}
		}
		if seen != sees {
			t.Errorf("%s sees airline's details in clear: %v, want %v", member, seen, sees)
		}
	}
}

func everyFile(string) bool { return true }

// files lists the files of a folder and of all below it that a condition picks; there must be some.
func files(t *testing.T, folder string, pick func(path string) bool) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && pick(path) {
			found = append(found, path)
		}
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("%d files in %s: %v", len(found), folder, err)
	}
	return found
}

func contained(t *testing.T, paths []string, text []byte) bool {
	t.Helper()
	for _, path := range paths {
		if bytes.Contains(must[[]byte](t)(os.ReadFile(path)), text) {
			return true
		}
	}
	return false
}

func requireAbsent(t *testing.T, paths []string, lists ...[]canary) {
	t.Helper()
	for _, path := range paths {
		data := must[[]byte](t)(os.ReadFile(path))
		for _, list := range lists {
			for _, c := range list {
				for form, trace := range c.traces() {
					if bytes.Contains(data, trace) {
						t.Errorf("%s holds the %s %s", path, c.name, form)
					}
				}
			}
		}
	}
}
