//go:build network

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/test-network/canary"
)

// Distinctive values, none of which is a part of anything else. Amounts are chosen such that the points don't contain their digits.
var (
	customers = []canary.Canary{
		{Kind: canary.Card, Label: "card number", Value: "4929 1234 8765 0017"}, {Kind: canary.Phone, Label: "phone", Value: "+44 7700 900461"},
		{Kind: canary.Email, Label: "e-mail", Value: "ada.canary@example.org"},
	}
	tills = []canary.Canary{
		secret("store", "Canary Wharf Store 93"), secret("terminal", "canary-terminal-58"),
		secret("receipt number", "CANARY-RCPT-774411"), secret("amount", "83746152"),
		secret("challenge", "canary mother's maiden name"), secret("idempotency key", "canary-idempotency-key-31"),
	}
	refusals = []canary.Canary{
		secret("a text of a refused document", "canary-refused-value-90"),
		{Kind: canary.Email, Label: "a name of a refused field", Value: "canary.field@example.org"},
	}
)

// TestPersonalDataStayOffTheChannelAndOutOfLogs sends canaries the way tills send customers' data, then looks for them in every block of every peer and ordering
// node and in every log.
func TestPersonalDataStayOffTheChannelAndOutOfLogs(t *testing.T) {
	from := three.height(t, "airline")
	id := sendCanaries(t)
	requireSeenByMembersOnly(t, from)

	public := slices.Concat(customers, tills, refusals)
	requireFound(t, three.dir.Data(""), onlyChains, secret("the operation's own id", id))
	requireAbsent(t, three.dir.Data(""), onlyChains, public...)
	requireAbsent(t, three.dir.Logs(), nil, public...)
	requireAbsent(t, three.dir.Gateway("airline"), nil, customers...)
}

// sendCanaries gives airline's gateway customers, purchases, redemptions, returns and bad requests that carry canaries. It returns the id of an operation.
func sendCanaries(t *testing.T) string {
	t.Helper()
	till := three.key(t, "airline", "till")
	value := func(list []canary.Canary, label string) string {
		for _, c := range list {
			if c.Label == label {
				return c.Value
			}
		}
		t.Fatalf("no canary %s", label)
		return ""
	}
	var account string
	for _, c := range customers {
		account = three.open(t, "airline", fields{"reference": c.Value})
		ok[answerOnly](t, three.call(t, "airline", request{method: "POST", path: "/v1/accounts/lookup", key: till, body: fields{"reference": c.Value}}))
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

// requireSeenByMembersOnly: the issuer's and the regulator's peers deliver the details in clear, another brand's doesn't. What the regulator's peer wasn't given while the batch was
// endorsed it fetches, at the latest after the block.
func requireSeenByMembersOnly(t *testing.T, from uint64) {
	t.Helper()
	for _, member := range []string{"airline", "regulator"} {
		until(t, member+" sees airline's details in clear", func() bool { return seesDetails(t, member, from) })
	}
	for _, member := range []string{"hotel", "grocer"} {
		three.level(t)
		if seesDetails(t, member, from) {
			t.Errorf("%s sees airline's details in clear", member)
		}
	}
}

// seesDetails says whether a member's peer delivers, with the blocks from one on, details of the airline's with the store in them.
func seesDetails(t *testing.T, member string, from uint64) (seen bool) {
	t.Helper()
	store := []byte(tills[0].Value)
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
	return seen
}

// onlyChains leaves out what is below a peer's or an ordering node's folder and isn't its chain of blocks.
func onlyChains(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && !strings.Contains(filepath.ToSlash(path), "/chains/")
}
