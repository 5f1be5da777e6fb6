package contract_test

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const (
	valid    = peer.TxValidationCode_VALID
	stale    = peer.TxValidationCode_MVCC_READ_CONFLICT
	unproven = peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE
)

func (c *consortium) account(t *testing.T, n int) points.Account {
	t.Helper()
	answer, err := c.Evaluate(c.call("points-airline", c.client(hotel, "auditor"), wire.FnGetAccount, encode(t, wire.AccountQuery{Account: accountID(n)})), grocer)
	if err != nil {
		t.Fatal(err)
	}
	var a points.Account
	if err := wire.DecodeRecord(answer, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestBatchGoesFromProposalToLedgerEventAndPrivateDetails(t *testing.T) {
	c := founded(t)
	p := c.batch(t, 3, 1, opening(1, 1), accrual(2, 1))
	tx := c.must(t, p, airline, hotel)
	if got := c.account(t, 1).Posted; got != 10 {
		t.Errorf("posted is %d", got)
	}
	var event wire.BatchEvent
	if err := wire.Decode(tx.Event.GetPayload(), wire.MaxDocument, &event); err != nil || tx.Event.GetEventName() != wire.EventBatch {
		t.Fatalf("event %s, %v", tx.Event.GetEventName(), err)
	}
	if len(event.Receipts) != 2 || event.Receipts[1].Points != 10 || event.MSP != airline || event.Lane != 3 || event.Seq != 1 {
		t.Errorf("event is %+v", event)
	}
	details, digest := p.Transient[wire.DetailsTransient], sha256.Sum256(p.Transient[wire.DetailsTransient])
	for _, msp := range []string{airline, hotel, grocer, regulator} {
		held := c.PrivateValue(msp, "points-airline", engine.CollectionDetails, engine.DetailsKey(airline, 3, 1))
		if member := msp == airline || msp == regulator; (string(held) == string(details)) != member || !member && held != nil {
			t.Errorf("%s holds %d bytes of details", msp, len(held))
		}
		if got := c.PrivateHash(msp, "points-airline", engine.CollectionDetails, engine.DetailsKey(airline, 3, 1)); !slices.Equal(got, digest[:]) {
			t.Errorf("%s has another hash of the details", msp)
		}
	}
	if public := string(tx.Results) + string(tx.Response.Payload) + string(tx.Event.Payload); strings.Contains(public, "private-store") {
		t.Error("details are in the block")
	}
	if strings.Contains(c.log.String(), "private-store") {
		t.Error("details are in the log")
	}
}

func TestOnlyTheIssuerAndACoEndorserWriteItsPoints(t *testing.T) {
	for name, tc := range map[string]struct {
		endorsers []string
		code      peer.TxValidationCode
	}{
		"issuer and another":        {[]string{airline, grocer}, valid},
		"issuer and all others":     {[]string{airline, grocer, hotel}, valid},
		"issuer alone":              {[]string{airline}, unproven},
		"one that isn't the issuer": {[]string{hotel}, unproven},
		"two that aren't":           {[]string{hotel, grocer}, unproven},
		"issuer and regulator":      {[]string{airline, regulator}, unproven},
	} {
		t.Run(name, func(t *testing.T) {
			c := founded(t)
			tx, err := c.Endorse(c.batch(t, 0, 1, opening(1, 1)), tc.endorsers...)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Commit(tx).Codes[0]; got != tc.code {
				t.Errorf("validated as %s, want %s", got, tc.code)
			}
			if _, there := c.State("points-airline")[engine.AccountKey(accountID(1))]; there != (tc.code == valid) {
				t.Errorf("the account is there: %v", there)
			}
		})
	}
}

func TestCallersNeedOrganisationAndRoleTogether(t *testing.T) {
	c := founded(t)
	for name, tc := range map[string]struct {
		creator *stubtest.Identity
		code    fault.Code // Empty when the peer itself refuses.
	}{
		"the issuer's gateway":                         {c.client(airline, "gateway"), fault.OK},
		"another organisation with the role copied":    {c.client(hotel, "gateway"), fault.Forbidden},
		"another organisation's operator":              {c.client(grocer, "operator"), fault.Forbidden},
		"the issuer's operator":                        {c.client(airline, "operator"), fault.Forbidden},
		"the issuer's auditor":                         {c.client(airline, "auditor"), fault.Forbidden},
		"the issuer's client without a role":           {c.authorities[airline].Issue("client", nil), fault.Forbidden},
		"the issuer's client with another attribute":   {c.authorities[airline].Issue("client", map[string]string{"role": "gateway"}), fault.Forbidden},
		"another organisation under the issuer's name": {c.client(hotel, "gateway").Claiming(airline), ""},
		"the regulator":                                {c.client(regulator, "gateway"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.batch(t, 0, 1, opening(1, 1))
			p.Creator = tc.creator
			_, err := c.Endorse(p, airline, hotel)
			switch tc.code {
			case fault.OK:
				if err != nil {
					t.Errorf("refused: %v", err)
				}
			case "":
				if err == nil || !strings.Contains(err.Error(), "access denied") {
					t.Errorf("got %v", err)
				}
			default:
				if got := refusalOf(t, err); got.Code != tc.code {
					t.Errorf("got %v, want %s", got, tc.code)
				}
			}
		})
	}
}

func TestPinnedSequenceIsAppliedExactlyOnce(t *testing.T) {
	c := founded(t)
	first, err := c.Endorse(c.batch(t, 0, 1, opening(1, 1)), airline, hotel)
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Endorse(c.batch(t, 0, 1, opening(1, 1)), airline, grocer)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Commit(first, second).Codes; !slices.Equal(got, []peer.TxValidationCode{valid, stale}) {
		t.Errorf("two attempts in one block: %v", got)
	}
	for name, seq := range map[string]int64{"again": 1, "ahead": 3} {
		_, err := c.Endorse(c.batch(t, 0, seq, opening(1, 1)), airline, hotel)
		if got := refusalOf(t, err); got.Code != fault.LaneSequence {
			t.Errorf("%s: %v", name, got)
		}
	}
	c.must(t, c.batch(t, 0, 2, accrual(2, 1)), airline, hotel)
	if got := c.account(t, 1).Posted; got != 10 {
		t.Errorf("posted is %d", got)
	}
}

func TestBatchesInDifferentLanesCollideOnlyOverTheirAccounts(t *testing.T) {
	c := founded(t)
	c.must(t, c.batch(t, 0, 1, opening(1, 1), opening(2, 2)), airline, hotel)
	endorse := func(lane int, operations ...points.Operation) *stubtest.Transaction {
		t.Helper()
		tx, err := c.Endorse(c.batch(t, lane, 1, operations...), airline, hotel)
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	one, two, again := endorse(1, accrual(3, 1)), endorse(2, accrual(4, 2)), endorse(3, accrual(5, 1))
	if got := c.Commit(one, two, again).Codes; !slices.Equal(got, []peer.TxValidationCode{valid, valid, stale}) {
		t.Errorf("validated as %v", got)
	}
}

func TestPeersAtDifferentHeightsAreRetriedNotGuessed(t *testing.T) {
	c := founded(t)
	c.must(t, c.batch(t, 0, 1, opening(1, 1)), airline, hotel)
	c.Hold(hotel)
	c.must(t, c.batch(t, 1, 1, accrual(2, 1)), airline, grocer)
	if _, err := c.Endorse(c.batch(t, 2, 1, accrual(3, 1)), airline, hotel); !errors.Is(err, stubtest.ErrMismatch) {
		t.Errorf("got %v", err)
	}
	c.Release(hotel)
	c.must(t, c.batch(t, 2, 1, accrual(3, 1)), airline, hotel)
}

func TestFunctionsServeTheChaincodeThatTheClientSigned(t *testing.T) {
	c := founded(t)
	relay := relayTo("points-airline")
	c.Deploy(stubtest.Definition{Name: "relay", New: func(string) shim.Chaincode { return relay }, Policy: stubtest.OutOf(0)})
	before := len(c.State("points-airline"))
	p := c.batch(t, 0, 1, opening(1, 1))
	p.Chaincode = "relay"
	_, err := c.Endorse(p, airline, hotel)
	if got := refusalOf(t, err); got.Code != fault.WrongEntryPoint {
		t.Errorf("through another chaincode: %v", got)
	}
	p = c.call("points-hotel", c.client(airline, "operator"), wire.FnCreateProgramme, encode(t, c.programme(t)))
	_, err = c.Endorse(p, airline, hotel)
	if got := refusalOf(t, err); got.Code != fault.WrongEntryPoint {
		t.Errorf("on another brand's chaincode: %v", got)
	}
	if len(c.State("points-airline")) != before || len(c.State("points-hotel")) != 0 {
		t.Error("a refused call changed the state")
	}
}

// relayTo is a chaincode that passes every call on.
type relayTo string

func (relayTo) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

func (r relayTo) Invoke(s shim.ChaincodeStubInterface) *peer.Response {
	answer := s.InvokeChaincode(string(r), s.GetArgs(), "")
	return &peer.Response{Status: answer.Status, Message: answer.Message, Payload: answer.Payload}
}

func TestRefusalOfACalledChaincodeKeepsItsCode(t *testing.T) {
	c := newConsortium(t)
	_, err := c.Endorse(c.call("points-airline", c.client(airline, "operator"), wire.FnCreateProgramme, encode(t, c.programme(t))), airline, hotel)
	if got := refusalOf(t, err); got.Code != fault.NotFounded || strings.Contains(got.Detail, string(fault.NotFounded)) {
		t.Errorf("got %v", got)
	}
}

func TestCalledChaincodeThatFailsWithoutACodeIsAnInternalFault(t *testing.T) {
	c := newConsortium(t)
	c.Deploy(stubtest.Definition{Name: "clearing", New: func(string) shim.Chaincode { return relayTo("nobody") }, Policy: stubtest.OutOf(0)})
	_, err := c.Endorse(c.call("points-airline", c.client(airline, "operator"), wire.FnCreateProgramme, encode(t, c.programme(t))), airline, hotel)
	if got := refusalOf(t, err); got.Code != fault.Internal || !strings.Contains(c.log.String(), "could not get chaincode") {
		t.Errorf("got %v, logged %s", got, c.log.String())
	}
}

func TestProgrammeDependsOnTheFoundingItRead(t *testing.T) {
	c := founded(t)
	if got := len(c.State("clearing")); got != 1 {
		t.Errorf("clearing has %d keys", got)
	}
	p := c.call("clearing", c.client(airline, "operator"), wire.FnFound, encode(t, wire.Founding{V: 1}))
	_, err := c.Endorse(p, airline, hotel)
	if got := refusalOf(t, err); got.Code != fault.InvalidValue {
		t.Errorf("got %v", got)
	}
}

func TestDetailsAreNeededAndFitting(t *testing.T) {
	c := founded(t)
	for name, tc := range map[string]struct {
		transient map[string][]byte
		code      fault.Code
	}{
		"none":                 {nil, fault.Malformed},
		"under another name":   {map[string][]byte{"detail": []byte("{}")}, fault.Malformed},
		"null":                 {map[string][]byte{wire.DetailsTransient: []byte("null")}, fault.Malformed},
		"of another operation": {c.batch(t, 0, 1, opening(9, 1)).Transient, fault.DetailsMismatch},
		"of fewer operations":  {c.batch(t, 0, 1).Transient, fault.DetailsMismatch},
		"over the limit":       {map[string][]byte{wire.DetailsTransient: make([]byte, wire.MaxDetails+1)}, fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.batch(t, 0, 1, opening(1, 1))
			p.Transient = tc.transient
			_, err := c.Endorse(p, airline, hotel)
			if got := refusalOf(t, err); got.Code != tc.code {
				t.Errorf("got %v, want %s", got, tc.code)
			}
		})
	}
}
