//go:build network

package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// abuseRules let an account spend 60,000 points in an hour: far above what any other test of the shared consortium spends. Compliance alone learns the rule's name.
const abuseRules = `
velocity:
  - {name: zq-burst, kinds: [redeem], per: account, window: 1h, points: 60000, action: refuse}
`

// notice is what a customer is told.
type notice struct {
	ID, Account, Kind, Decision, Reason string
	Words                               map[string]string
	Until                               int64
	Objection                           *objection
}

type objection struct {
	ID, Account, Words, Outcome, Answer string
	Recorded                            bool
}

// suspect is a customer of the airline's with an account in its custody, whom its rules stop.
type suspect struct {
	*patron
	account string
}

// TestACustomerIsToldWhyObjectsAndIsAnswered: a rule stops a redemption at a till; the customer reads why, objects, and reads the answer; so it goes with a freeze that another
// brand asked for. Everything goes over the gateways' API.
func TestACustomerIsToldWhyObjectsAndIsAnswered(t *testing.T) {
	defer three.watched(t, "airline", abuseRules)()
	guest := three.register(t, "airline", "Ada Lovelace")
	mine := ok[struct {
		Accounts []struct{ Position struct{ ID string } }
	}](t, guest.call("GET", "/v1/me/accounts", nil))
	who := &suspect{patron: guest, account: mine.Accounts[0].Position.ID}
	ok[operation](t, three.submit(t, "airline", three.purchase(t, "airline", who.account, 10_000_000)))

	t.Run("a rule at the till", who.isStoppedByARule)
	t.Run("a request of another brand that the issuer declines", who.isNotFrozen)
	t.Run("a request of another brand that the issuer accepts", who.isFrozenAndFreed)
	t.Run("too many requests of another brand", who.isAskedForTooOften)
	t.Run("the engine that brings all this", activatesAnEngine)
}

// watched has a brand's gateway look for abuse by rules until the function that it gives is called.
func (c *consortium) watched(t *testing.T, member, rules string) (end func()) {
	t.Helper()
	file, config := filepath.Join(c.dir.Gateway(member), "abuse.yaml"), c.gatewayConfig(member)
	before := must[[]byte](t)(os.ReadFile(config))
	with := strings.Replace(string(before), "\npeople:\n", "\npeople:\n    abuseRules: abuse.yaml\n", 1)
	if with == string(before) {
		t.Fatalf("the configuration of %s's gateway has no people", member)
	}
	rewrite := func(content []byte) {
		c.stop(t, membership.GatewayNode(member))
		if err := os.WriteFile(config, content, 0o600); err != nil {
			t.Fatal(err)
		}
		c.start(t, membership.GatewayNode(member))
		c.awaitReady(t, member)
	}
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	rewrite([]byte(with))
	return func() { rewrite(before) }
}

// notified waits for a notice of a kind about a decision, any decision for "".
func (s *suspect) notified(t *testing.T, kind, decision string) (found notice) {
	t.Helper()
	until(t, "the customer reads a notice of the kind "+kind, func() bool {
		for _, n := range ok[struct{ Notices []notice }](t, s.call("GET", "/v1/me/notices", nil)).Notices {
			if n.Kind == kind && (decision == "" || n.Decision == decision) {
				found = n
				return true
			}
		}
		return false
	})
	if found.Account != s.account || found.Words["en"] == "" || found.Words["de"] == "" || found.Words["zh"] == "" {
		t.Errorf("the customer reads %+v", found)
	}
	return found
}

// objects has the customer object to a notice, and compliance answer; it gives what the customer reads then.
func (s *suspect) objects(t *testing.T, to notice, outcome points.ObjectionOutcome) {
	t.Helper()
	said, answered := "It was me: "+unique("why"), "We have looked at it: "+unique("because")
	path := "/v1/me/notices/" + to.ID + "/objections"
	id := ok[struct{ ID string }](t, s.call("POST", path, fields{"words": said})).ID
	refused(t, s.call("POST", path, fields{"words": "again"}), fault.AlreadyExists)
	until(t, "compliance reads the objection, which is on the ledger", func() bool {
		for _, o := range ok[struct{ Objections []objection }](t, three.complied(t, "airline", "GET", "/v1/compliance/objections", nil)).Objections {
			if o.ID == id && o.Recorded {
				return o.Words == said && o.Account == s.account
			}
		}
		return false
	})
	a := three.complied(t, "airline", "POST", "/v1/compliance/objections/"+id+"/answers", fields{"outcome": outcome, "words": answered})
	if a.status != http.StatusNoContent {
		t.Fatalf("the answer: %d %s", a.status, a.body)
	}
	read := s.notified(t, to.Kind, to.Decision).Objection
	if read == nil || read.Answer != answered || read.Outcome != string(outcome) || read.Words != said {
		t.Errorf("the customer reads %+v", read)
	}
	auditor := three.user(t, "grocer", string(membership.AuditorRole))
	until(t, "the answer is on the ledger", func() bool {
		raw, found := auditor.find(t, "points-airline", wire.FnGetObjection, document(t, wire.ObjectionQuery{ID: points.OperationID(id)}))
		if !found { // The airline's peer has it; the grocer's may be a block behind.
			return false
		}
		if strings.Contains(string(raw), said) || strings.Contains(string(raw), answered) {
			t.Fatalf("the ledger has the words: %s", raw)
		}
		kept := decode[points.Objection](t, raw)
		return kept.Outcome == outcome && string(kept.Decision) == to.Decision
	})
}

// complied calls a gateway as its compliance.
func (c *consortium) complied(t *testing.T, member, method, path string, body any) answer {
	t.Helper()
	return c.call(t, member, request{method: method, path: path, key: c.key(t, member, "compliance"), body: body})
}

// isStoppedByARule: the second 40,000 points of an hour are withheld, also by a gateway that was killed when it had recorded the first, which it counts once under whatever key.
func (s *suspect) isStoppedByARule(t *testing.T) {
	first := redemption(s.account, 40_000)
	ok[operation](t, three.submit(t, "airline", first))
	three.kill(t, membership.GatewayNode("airline"))
	three.start(t, membership.GatewayNode("airline"))
	three.awaitReady(t, "airline")
	again := ok[struct{ Duplicate bool }](t, three.submit(t, "airline", first))
	if found := s.flags(t); !again.Duplicate || len(found) != 0 {
		t.Errorf("what was recorded before the restart is a duplicate: %t, and makes compliance look at %+v", again.Duplicate, found)
	}
	told := refused(t, three.submit(t, "airline", redemption(s.account, 40_000)), fault.Withheld)
	if strings.Contains(told.Detail, "burst") {
		t.Errorf("the till is told the rule: %s", told.Detail)
	}
	n := s.notified(t, "WITHHELD", "")
	if n.Reason != "velocity" {
		t.Errorf("the customer reads %+v", n)
	}
	s.objects(t, n, points.ObjectionDismissed)
	flags := s.flags(t)
	if len(flags) != 1 || flags[0].Rule != "zq-burst" || flags[0].Times != 1 {
		t.Fatalf("compliance sees %+v", flags)
	}
	if a := three.complied(t, "airline", "POST", "/v1/compliance/flags/"+flags[0].ID+"/decisions", fields{"state": "CONFIRMED"}); a.status != http.StatusNoContent {
		t.Fatalf("the decision on the flag: %d %s", a.status, a.body)
	}
	s.notified(t, "CONFIRMED", flags[0].ID)
	if body := string(s.call("GET", "/v1/me/notices", nil).body); strings.Contains(body, "zq-burst") {
		t.Errorf("the customer is told the rule's name: %s", body)
	}
	ok[operation](t, three.submit(t, "airline", redemption(s.account, 10)))
}

type flagged struct {
	ID, Account, Rule string
	Times             int64
}

// flags are the open flags of the customer's account.
func (s *suspect) flags(t *testing.T) (of []flagged) {
	t.Helper()
	for _, f := range ok[struct{ Flags []flagged }](t, three.complied(t, "airline", "GET", "/v1/compliance/flags", nil)).Flags {
		if f.Account == s.account {
			of = append(of, f)
		}
	}
	return of
}

// freeze is a request as a gateway tells it.
type freeze struct {
	ID, Status, Brand, Declined string
	End                         int64
}

const airlinesFreezes = "/v1/programmes/airline/freezes"

// request has the hotel's compliance ask for a freeze of an hour.
func (s *suspect) request(t *testing.T) answer {
	t.Helper()
	return three.complied(t, "hotel", "POST", airlinesFreezes, fields{
		"id": randomHex(16), "account": s.account, "reason": "takeover", "evidence": strings.Repeat("e1", 32), "until": time.Now().Unix() + 3600,
	})
}

// isAskedFor is a request that the hotel can't decide itself, and that the airline knows.
func (s *suspect) isAskedFor(t *testing.T) freeze {
	t.Helper()
	asked := ok[freeze](t, s.request(t))
	if asked.Status != "ASKED" || asked.Brand != "HotelMSP" {
		t.Fatalf("asked for %+v", asked)
	}
	refused(t, three.complied(t, "hotel", "POST", airlinesFreezes+"/"+asked.ID+"/decisions", fields{"until": time.Now().Unix() + 60}), fault.Forbidden)
	s.isRead(t, "airline", asked.ID, "ASKED")
	return asked
}

// isRead waits until a member's gateway tells a request with a status: what one member's peer has committed reaches the others' a moment later.
func (s *suspect) isRead(t *testing.T, member, id, status string) {
	t.Helper()
	untilDone(t, member+" reads the request as "+status, func() error {
		a := three.complied(t, member, "GET", airlinesFreezes+"/"+id, nil)
		if a.status != http.StatusOK || decode[freeze](t, a.body).Status != status {
			return a.unexpected()
		}
		return nil
	})
}

func (s *suspect) isNotFrozen(t *testing.T) {
	asked := s.isAskedFor(t)
	declined := ok[freeze](t, three.complied(t, "airline", "POST", airlinesFreezes+"/"+asked.ID+"/decisions", fields{"declined": "evidence"}))
	if declined.Status != "DECLINED" || declined.Declined != "evidence" {
		t.Errorf("declined: %+v", declined)
	}
	refused(t, three.complied(t, "airline", "POST", airlinesFreezes+"/"+asked.ID+"/decisions", fields{"until": time.Now().Unix() + 60}), fault.ProposalClosed)
	ok[operation](t, three.submit(t, "airline", redemption(s.account, 10)))
	s.isRead(t, "hotel", asked.ID, "DECLINED")
}

func (s *suspect) isFrozenAndFreed(t *testing.T) {
	asked := s.isAskedFor(t)
	end := time.Now().Unix() + 1800
	if accepted := ok[freeze](t, three.complied(t, "airline", "POST", airlinesFreezes+"/"+asked.ID+"/decisions", fields{"until": end})); accepted.End != end {
		t.Fatalf("accepted: %+v", accepted)
	}
	told := s.notified(t, "FROZEN", "")
	if told.Until != end || told.Reason != "takeover" {
		t.Errorf("the customer reads %+v", told)
	}
	refused(t, three.submit(t, "airline", redemption(s.account, 10)), fault.AccountFrozen)
	s.isRead(t, "hotel", asked.ID, "APPLIED")
	s.objects(t, told, points.ObjectionUpheld)
	s.notified(t, "UNFROZEN", "")
	ok[operation](t, three.submit(t, "airline", redemption(s.account, 10)))
	if now := time.Now().Unix(); now >= end {
		t.Errorf("the freeze ended by itself, %d seconds before the account was free", now-end)
	}
}

// isAskedForTooOften: what the hotel asks for waits for the airline, and there is no room for more until that has decided.
func (s *suspect) isAskedForTooOften(t *testing.T) {
	var asked freeze
	for range points.MaxOpenFreezesOfAccount {
		asked = s.isAskedFor(t)
	}
	refused(t, s.request(t), fault.FreezeLimit)
	ok[freeze](t, three.complied(t, "airline", "POST", airlinesFreezes+"/"+asked.ID+"/decisions", fields{"declined": "disproportion"}))
	s.isRead(t, "hotel", asked.ID, "DECLINED") // Whose peer has its say on the next request.
	s.isAskedFor(t)
	refused(t, s.request(t), fault.FreezeLimit)
}

// activatesAnEngine: the newest engine is active from the start, so that activating it changes nothing and an older one is refused.
func activatesAnEngine(t *testing.T) {
	activate := func(key string, engine int) answer {
		return three.call(t, "airline", request{method: "POST", path: "/v1/programmes/airline/engine", key: three.key(t, "airline", key), body: fields{"engine": engine}})
	}
	if active := ok[struct{ Engine int }](t, activate("operator", points.EngineVersion)); active.Engine != points.EngineVersion {
		t.Errorf("engine %d is active", active.Engine)
	}
	refused(t, activate("operator", points.EngineVersion-1), fault.InvalidValue)
	refused(t, activate("operator", points.EngineVersion+1), fault.InvalidValue)
	refused(t, activate("compliance", points.EngineVersion), fault.Forbidden)
}
