//go:build network

package e2e

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// The cinema's programme of four-brands.yaml was founded with the first engine.
const (
	oldestEngine  = 1
	cinemasEngine = "/v1/programmes/cinema/engine"
)

// activatesItsNewestEngine activates at once all that came after the first engine, in a programme that has a history: what the first one did stays as it was and is audited by its
// rules, and what the later ones brought is refused before and works after.
func (c *consortium) activatesItsNewestEngine(t *testing.T) {
	m := &aging{consortium: c, account: c.funded(t, "cinema", 500), frozen: c.funded(t, "cinema", 5)}
	m.sale = ok[operation](t, c.submit(t, "cinema", c.purchase(t, "cinema", m.account, 10_000)))
	ok[operation](t, c.submit(t, "cinema", redemption(m.account, 30)))
	m.hasEngine(t, oldestEngine)
	refused(t, m.asks(t, m.account), fault.NotFounded)
	refused(t, m.operates(t, fields{"kind": "freeze", "account": m.account, "reason": "fraud", "until": time.Now().Unix() + 3600}), fault.FreezePeriod)
	forGood := ok[operation](t, m.operates(t, fields{"kind": "freeze", "account": m.frozen, "reason": "fraud"}))
	if forGood.Receipt.Engine != oldestEngine || forGood.Receipt.Until != 0 || m.sale.Receipt.Engine != oldestEngine {
		t.Errorf("the first engine made %+v and %+v", forGood.Receipt, m.sale.Receipt)
	}
	before := m.receipt(t)

	refused(t, m.activates(t, "compliance", points.EngineVersion), fault.Forbidden)
	refused(t, m.activates(t, "operator", points.EngineVersion+1), fault.InvalidValue)
	if active := ok[struct{ Engine int }](t, m.activates(t, "operator", points.EngineVersion)); active.Engine != points.EngineVersion {
		t.Fatalf("engine %d is active", active.Engine)
	}
	refused(t, m.activates(t, "operator", oldestEngine), fault.InvalidValue)
	m.hasEngine(t, points.EngineVersion)

	if after := m.receipt(t); !bytes.Equal(before, after) {
		t.Errorf("a receipt of the first engine was %s and is %s", before, after)
	}
	m.goesOnWithWhatWas(t)
	m.asksForFreezes(t)
	c.requireHonestBooks(t)
}

// aging is a programme whose engine changes, with what its first engine did.
type aging struct {
	*consortium
	account, frozen string
	sale            operation
}

// hasEngine waits until every member's gateway reads that a version is active.
func (m *aging) hasEngine(t *testing.T, version int) {
	t.Helper()
	for _, brand := range m.members.Brands() {
		until(t, brand.Name+"'s gateway reads the cinema's engine", func() bool {
			request := request{method: "GET", path: "/v1/programmes/cinema", key: m.key(t, brand.Name, "till")}
			return ok[struct{ Engine int }](t, m.call(t, brand.Name, request)).Engine == version
		})
	}
}

func (m *aging) activates(t *testing.T, key string, version int) answer {
	t.Helper()
	return m.call(t, "cinema", request{method: "POST", path: cinemasEngine, key: m.key(t, "cinema", key), body: fields{"engine": version}})
}

// operates has the issuer's operator send an operation.
func (m *aging) operates(t *testing.T, body fields) answer {
	t.Helper()
	return m.call(t, "cinema", request{method: "POST", path: "/v1/operations", key: m.key(t, "cinema", "operator"), idempotency: unique("op"), body: body})
}

// asks has the airline's compliance ask for a freeze.
func (m *aging) asks(t *testing.T, account string) answer {
	t.Helper()
	return m.complied(t, "airline", "POST", "/v1/programmes/cinema/freezes", fields{
		"id": randomHex(16), "account": account, "reason": "takeover", "evidence": strings.Repeat("e1", 32), "until": time.Now().Unix() + 3600,
	})
}

// receipt is the first engine's sale, with its proof.
func (m *aging) receipt(t *testing.T) []byte {
	t.Helper()
	a := m.call(t, "cinema", request{method: "GET", path: "/v1/receipts/" + m.sale.ID, key: m.key(t, "cinema", "till")})
	ok[proven](t, a)
	return a.body
}

// goesOnWithWhatWas: a freeze without an end stays until somebody ends it, and a sale of before is returned by the later engine's rules.
func (m *aging) goesOnWithWhatWas(t *testing.T) {
	t.Helper()
	refused(t, m.submit(t, "cinema", redemption(m.frozen, 1)), fault.AccountFrozen)
	ok[operation](t, m.operates(t, fields{"kind": "unfreeze", "account": m.frozen, "reason": "resolution"}))
	ok[operation](t, m.submit(t, "cinema", redemption(m.frozen, 1)))
	returned := ok[operation](t, m.submit(t, "cinema", fields{
		"kind": "return", "account": m.account, "originalOperation": m.sale.ID, "whole": true, "occurredAt": m.businessDate(t, "cinema") + "T10:30:00Z",
		"store": "main-street", "terminal": "till-1", "receiptNumber": unique("r"),
	}))
	if returned.Receipt.Engine != points.EngineVersion || returned.Receipt.Points != m.sale.Receipt.Points {
		t.Errorf("the return of a sale of %d points: %+v", m.sale.Receipt.Points, returned.Receipt)
	}
}

// asksForFreezes: another brand's request is decided and followed, has an end, and there is no room for many.
func (m *aging) asksForFreezes(t *testing.T) {
	t.Helper()
	asked := ok[freeze](t, m.asks(t, m.account))
	end := time.Now().Unix() + 1800
	accepted := ok[freeze](t, m.complied(t, "cinema", "POST", "/v1/programmes/cinema/freezes/"+asked.ID+"/decisions", fields{"until": end}))
	if asked.Status != "ASKED" || accepted.End != end {
		t.Errorf("asked for %+v, accepted %+v", asked, accepted)
	}
	until(t, "the account is frozen", func() bool {
		return m.submit(t, "cinema", redemption(m.account, 1)).status == fault.Lookup(fault.AccountFrozen).Status
	})
	for range points.MaxOpenFreezesOfAccount {
		ok[freeze](t, m.asks(t, m.frozen))
	}
	refused(t, m.asks(t, m.frozen), fault.FreezeLimit)
	ok[operation](t, m.operates(t, fields{"kind": "unfreeze", "account": m.account, "reason": "resolution"}))
}
