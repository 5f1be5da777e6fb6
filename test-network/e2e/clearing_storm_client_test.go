//go:build network

package e2e

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/tallystick/tallystick/gateway/client"
)

// stormKinds are all kinds of operation in the storm. Returns are named for what they undo.
var stormKinds = []string{"earn", "redeem", "award", "swap", "hold", "capture", "void", "return of redeem", "return of award", "return of swap"}

// stormClient is a till of one brand that does one thing after the other.
type stormClient struct {
	*storm
	at, other string // Whose till it is, and the brand on the other side.
	random    *rand.Rand
}

func (c *stormClient) run() {
	for !c.over() {
		c.act()
	}
}

func (c *stormClient) act() {
	switch c.random.IntN(7) {
	case 0:
		c.send(c.at, "earn", c.till(c.account(c.at), fields{"kind": "earn", "amountMinor": 100 * c.few(), "currency": currency, "occurredAt": c.now(c.at)}))
	case 1:
		c.redeem()
	case 2:
		c.award()
	case 3, 4:
		c.swap(c.at, c.other)
	case 5:
		c.swap(c.other, c.at)
	case 6:
		c.hold()
	}
}

func (c *stormClient) account(brand string) string {
	return c.accounts[brand][c.random.IntN(stormAccounts)]
}

// few is a number of points that no ratio of the agreement divides evenly as a rule.
func (c *stormClient) few() int64 { return 11 + c.random.Int64N(89) }

func (c *stormClient) now(brand string) string { return c.dates[brand] + "T09:30:00Z" }

func (c *stormClient) till(account string, f fields) fields {
	return f.with(fields{"account": account, "store": "main-street", "terminal": "till-1", "receiptNumber": unique("r")})
}

// away is an operation of this till's on an account of the other brand's.
func (c *stormClient) away(account string, f fields) fields {
	return c.till(account, f).with(fields{"programme": c.other})
}

var customerAgrees = fields{"method": "otp", "challenge": "four digits, answered"}

// debit is what the customer agrees to at this till: in words where the account is in custody, and otherwise with a signature over what the gateway prepares.
func (c *stormClient) debit(kind string, f fields) (operation, bool) {
	key := c.wallets[f["account"].(string)]
	if key == nil {
		return c.send(c.at, kind, f.with(fields{"authentication": customerAgrees}))
	}
	for ; ; time.Sleep(againAfter) {
		a, err := three.try(c.at, request{method: "POST", path: "/v1/mandates", key: c.keys[c.at], body: fields{"operation": f}})
		if err != nil || a.status == http.StatusServiceUnavailable {
			c.retries("no mandate")
			continue
		}
		var prepared client.PreparedMandate
		if err := json.Unmarshal(a.body, &prepared); err != nil || a.status != http.StatusOK {
			c.breaks("the mandate for a %s: status %d: %.400s", kind, a.status, a.body)
			return operation{}, false
		}
		signed, err := client.Authorise(key, prepared)
		if err != nil {
			c.breaks("the mandate for a %s: %v", kind, err)
			return operation{}, false
		}
		return c.send(c.at, kind, signed)
	}
}

func (c *stormClient) redeem() {
	account := c.account(c.other)
	o, ok := c.debit("redeem", c.away(account, fields{"kind": "redeem", "points": c.few()}))
	if ok && c.random.IntN(3) == 0 {
		c.back("return of redeem", c.away(account, fields{"originalOperation": o.ID}), o)
	}
}

func (c *stormClient) award() {
	account := c.account(c.other)
	o, ok := c.send(c.at, "award", c.away(account, fields{"kind": "award", "points": c.few()}))
	if ok && c.random.IntN(3) == 0 {
		c.back("return of award", c.away(account, fields{"originalOperation": o.ID}), o)
	}
}

// back returns an operation, sometimes in two parts.
func (c *stormClient) back(kind string, f fields, o operation) {
	f = f.with(fields{"kind": "return", "occurredAt": c.now(c.at)})
	if c.random.IntN(2) == 0 && o.Receipt != nil && o.Receipt.Points > 10 {
		c.send(c.at, kind, f.with(fields{"points": 3 + c.random.Int64N(int64(o.Receipt.Points)-6), "receiptNumber": unique("r")}))
	}
	c.send(c.at, kind, f.with(fields{"whole": true, "receiptNumber": unique("r")}))
}

// swap makes points of one brand those of the other, wherever the customer is.
func (c *stormClient) swap(from, to string) {
	account, receiver := c.account(from), c.account(to)
	f := fields{"kind": "swap", "account": account, "to": receiver, "points": c.few(), "partner": to}
	if from != c.at {
		f = f.with(fields{"programme": from})
	}
	o, ok := c.debit("swap", f)
	if ok && to == c.at && c.random.IntN(2) == 0 {
		c.back("return of swap", c.till(receiver, fields{"originalOperation": o.ID, "partner": from}), o)
	}
}

// hold holds points at this till, and captures, voids or forgets them.
func (c *stormClient) hold() {
	account, held := c.account(c.other), c.few()
	o, ok := c.debit("hold", c.away(account, fields{"kind": "hold", "points": held, "until": time.Now().Unix() + 60}))
	if !ok {
		return
	}
	end := c.away(account, fields{"hold": o.ID})
	switch c.random.IntN(4) {
	case 0:
		c.send(c.at, "void", end.with(fields{"kind": "void"}))
	case 1:
		c.send(c.at, "capture", end.with(fields{"kind": "capture", "points": held}))
	case 2:
		c.send(c.at, "capture", end.with(fields{"kind": "capture", "points": held / 2}))
		c.send(c.at, "void", end.with(fields{"kind": "void", "receiptNumber": unique("r")}))
	}
}
