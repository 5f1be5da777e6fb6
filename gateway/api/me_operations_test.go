package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// proves gives another proof by a code.
func (l *lobby) proves(token, address string) {
	l.t.Helper()
	a := `{"kind":"email","value":"` + address + `"}`
	asked := into[SignInAsked](l.t, l.as(token, "POST", "/v1/me/proofs/codes", `{"address":`+a+`}`), http.StatusAccepted)
	if w := l.as(token, "POST", "/v1/me/proofs", `{"method":"code","token":"`+asked.Token+`","address":`+a+`,"code":"`+l.code()+`"}`); w.Code != http.StatusNoContent {
		l.t.Fatalf("%d %s", w.Code, w.Body)
	}
}

// gives prepares a gift and gives the body that submits it.
func (l *lobby) gives(token, key string) string {
	l.t.Helper()
	gift := `{"kind":"gift","account":"` + account + `","points":5}`
	prepared := into[MyPreparedOperation](l.t, l.as(token, "POST", "/v1/me/operations/prepare", `{"operation":`+gift+`}`, "Idempotency-Key", key), http.StatusOK)
	return `{"operation":` + gift + `,"acknowledged":"` + prepared.Notice.Hash + `"}`
}

func TestAConfirmationRepeatedAfterAnotherProofIsTheSame(t *testing.T) {
	l := newLobby(t)
	address := "ada@example.com"
	token := l.holder(address, account)
	body := l.gives(token, "k")
	submit := func(token string) Operation {
		return into[Operation](t, l.as(token, "POST", "/v1/me/operations", body, "Idempotency-Key", "k"), http.StatusOK)
	}
	l.age(time.Minute)
	first := submit(token)
	l.age(15 * time.Minute)
	l.problem(l.as(token, "POST", "/v1/me/operations", body, "Idempotency-Key", "k"), fault.StepUpRequired)
	l.proves(token, address)
	second := submit(token)
	anew := into[SignInProgress](t, l.prove(address, "token"), http.StatusOK)
	third := submit(*anew.Token) // Another session with a proof of its own.
	last := l.intakes[len(l.intakes)-3:]
	for i, again := range []Operation{second, third} {
		if !again.Duplicate || again.Id != first.Id || again.ClaimCode == nil || *again.ClaimCode != *first.ClaimCode {
			t.Errorf("repeated it is answered with %+v", again)
		}
		if now := &last[i+1]; now.RequestHash != last[0].RequestHash || now.Details.Challenge == last[0].Details.Challenge {
			t.Errorf("repeated it asks for something else, or the proof is said to be the same: %+v", now)
		}
	}
	more := into[Operation](t, l.as(token, "POST", "/v1/me/operations", strings.Replace(body, `"points":5`, `"points":6`, 1), "Idempotency-Key", "k-2"), http.StatusOK)
	if more.Duplicate || l.intakes[len(l.intakes)-1].RequestHash == last[0].RequestHash {
		t.Errorf("another gift is taken for the same: %+v", more)
	}
}

func TestWhatBecameOfAConfirmationIsToldByItsKey(t *testing.T) {
	l := newLobby(t)
	token := l.holder("ada@example.com", account)
	find := func(token, key string) Operation {
		return into[Operation](t, l.as(token, "GET", "/v1/me/operations", "", "Idempotency-Key", key), http.StatusOK)
	}
	l.problem(l.as(token, "GET", "/v1/me/operations", "", "Idempotency-Key", "k"), fault.NotFound)
	l.problem(l.as(token, "GET", "/v1/me/operations", ""), fault.IdempotencyMissing)
	given := into[Operation](t, l.as(token, "POST", "/v1/me/operations", l.gives(token, "k"), "Idempotency-Key", "k"), http.StatusOK)
	if told := find(token, "k"); told.Id != given.Id || told.Status != DONE || !told.Duplicate || told.ClaimCode == nil || *told.ClaimCode != *given.ClaimCode {
		t.Errorf("%+v", told)
	}
	l.age(15 * time.Minute)
	if told := find(token, "k"); told.Id != given.Id || told.ClaimCode != nil || told.ClaimCodeWithheld == nil || !*told.ClaimCodeWithheld {
		t.Errorf("without a fresh proof: %+v", told)
	}
	l.proves(token, "ada@example.com")
	if told := find(token, "k"); told.ClaimCode == nil || *told.ClaimCode != *given.ClaimCode || told.ClaimCodeWithheld != nil {
		t.Errorf("after the proof: %+v", told)
	}
	l.problem(l.as(l.register("eve@example.com"), "GET", "/v1/me/operations", "", "Idempotency-Key", "k"), fault.NotFound)

	l.refuse[points.KindOptOut] = fault.AccountFrozen
	l.problem(l.as(token, "POST", "/v1/me/operations", `{"operation":{"kind":"optout","account":"`+account+`","partner":"hotel"}}`, "Idempotency-Key", "o"), fault.AccountFrozen)
	if told := find(token, "o"); told.Code == nil || *told.Code != string(fault.AccountFrozen) || told.ClaimCode != nil {
		t.Errorf("%+v", told)
	}
	l.hang = true
	l.as(token, "POST", "/v1/me/operations", l.gives(token, "p"), "Idempotency-Key", "p", "Prefer", "respond-async")
	if told := find(token, "p"); told.Status != PENDING || told.ClaimCode == nil {
		t.Errorf("%+v", told)
	}
}

func TestAGiftOfAnAccountWithItsOwnKeyHasTheCodeOfItsIdempotencyKey(t *testing.T) {
	l := newLobby(t)
	token := l.holder("ada@example.com", wallet)
	gift := func(key, more string) MyPreparedOperation {
		body := `{"operation":{"kind":"gift","account":"` + wallet + `","points":5` + more + `}}`
		return into[MyPreparedOperation](t, l.as(token, "POST", "/v1/me/operations/prepare", body, "Idempotency-Key", key), http.StatusOK)
	}
	one, again, other := gift("k", ""), gift("k", ""), gift("k-2", "")
	if one.Mandate == nil || *one.Operation.ClaimCode != *again.Operation.ClaimCode || *one.Operation.ClaimCode == *other.Operation.ClaimCode {
		t.Errorf("%v %v %v", one.Operation, again.Operation, other.Operation)
	}
	if own := gift("k", `,"claimCode":"0123456789abcdefghijkl"`); *own.Operation.ClaimCode != "0123456789abcdefghijkl" {
		t.Errorf("%v", own.Operation)
	}
	bare := into[MyPreparedOperation](t, l.as(token, "POST", "/v1/me/operations/prepare", `{"operation":{"kind":"gift","account":"`+wallet+`","points":5}}`), http.StatusOK)
	if bare.Operation.ClaimCode == nil || *bare.Operation.ClaimCode == *one.Operation.ClaimCode {
		t.Errorf("%v", bare.Operation)
	}
	prepare := func(key, operation string) *httptest.ResponseRecorder {
		return l.as(token, "POST", "/v1/me/operations/prepare", `{"operation":{"account":"`+wallet+`",`+operation+`}}`, "Idempotency-Key", key)
	}
	l.problem(prepare("k k\x7f", `"kind":"gift","points":5`), fault.InvalidValue)
	l.age(15 * time.Minute)
	l.problem(prepare("k", `"kind":"gift","points":5`), fault.StepUpRequired)
	if w := prepare("k", `"kind":"gift","points":5,"claimCode":"0123456789abcdefghijkl"`); w.Code != http.StatusOK {
		t.Errorf("with a code of its own: %d %s", w.Code, w.Body)
	}
	l.proves(token, "ada@example.com")
	if after := gift("k", ""); *after.Operation.ClaimCode != *one.Operation.ClaimCode {
		t.Errorf("after the proof: %v", after.Operation)
	}
}

// TestARekeyOutOfCustodyIsAnsweredAgain sends it again when it has taken effect: the account has a key of its own now, and the custodian signs for it no more.
func TestARekeyOutOfCustodyIsAnsweredAgain(t *testing.T) {
	l := newLobby(t)
	token := l.holder("ada@example.com", account)
	body := `{"operation":{"kind":"rekey","account":"` + account + `","controller":{"kind":"p256","key":"` + publicKey + `"}}}`
	first := into[Operation](t, l.as(token, "POST", "/v1/me/operations", body, "Idempotency-Key", "k"), http.StatusOK)
	l.positions = map[points.AccountID]points.Account{account: {V: 1, ID: account, Status: points.StatusActive, Controller: points.Controller{Kind: points.ControllerP256, Version: 1}}}
	again := into[Operation](t, l.as(token, "POST", "/v1/me/operations", body, "Idempotency-Key", "k"), http.StatusOK)
	if again.Id != first.Id || !again.Duplicate {
		t.Errorf("%+v", again)
	}
	l.problem(l.as(token, "POST", "/v1/me/operations", body, "Idempotency-Key", "k-2"), fault.InvalidValue)
}
