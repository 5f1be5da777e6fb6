package sequencer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/random"
)

// claimable makes transfers wait for their receivers and allows gifts.
func claimable(p *points.Programme) {
	p.Terms[0].Transfers.Gift, p.Terms[0].Transfers.AcceptDays = true, 1
}

// startFunded is start with accounts of 100 points each.
func startFunded(t *testing.T, accounts int, change ...func(*points.Programme)) (*world, *process, []points.AccountID) {
	t.Helper()
	w := newWorld(t, change...)
	p := w.launch().awaitReady()
	t.Cleanup(p.kill)
	ids := p.opened(accounts)
	for _, id := range ids {
		await(t, p.must(earn(id, 100, "fund "+string(id))))
	}
	return w, p, ids
}

// done sends an intake and gives the receipt.
func (p *process) done(in Intake) points.Receipt {
	p.world.t.Helper()
	ticket := p.must(in)
	p.awaitPassing(ticket)
	return p.world.original(ticket.Operation.ID).Receipt
}

func TestCustodySignsEverythingThatAControllerSigns(t *testing.T) {
	w, p, ids := startFunded(t, 2, claimable, func(p *points.Programme) { p.Terms[0].RecoveryWaitSeconds = 3600 })
	a, b := ids[0], ids[1]
	until := w.now().Add(time.Hour).Unix()
	apply := func(in Intake) points.OperationID {
		t.Helper()
		r := p.done(in)
		if r.Code != fault.OK || r.Authorisation == "" && in.Custody {
			t.Errorf("%s ended with %s, authorisation %q", r.Kind, r.Code, r.Authorisation)
		}
		return r.Operation
	}
	apply(redeem(a, 1, "redeem"))
	held := apply(hold(a, 10, until, "hold"))
	apply(capture(a, held, 4, "capture"))
	void := capture(a, held, 0, "void")
	void.Operation.Kind, void.Custody = points.KindVoid, true
	apply(void)
	sent := apply(transfer(a, b, 5, "transfer"))
	apply(signed(points.Operation{Kind: points.KindAccept, Account: b, To: a, Hold: sent}))
	const code = "a code of 128 random bits"
	given := apply(signed(points.Operation{Kind: points.KindGift, Account: a, Points: 7, Claim: points.ClaimHash(a, code)}))
	accept := signed(points.Operation{Kind: points.KindAccept, Account: b, To: a, Hold: given, Claim: points.ClaimHash(a, code)})
	accept.Details.ClaimCode = code
	apply(accept)
	undone := apply(signed(points.Operation{Kind: points.KindGift, Account: a, Points: 7, Claim: points.ClaimHash(a, code)}))
	apply(signed(points.Operation{Kind: points.KindVoid, Account: a, Hold: undone}))
	back := earn(a, 3, "return")
	back.Operation.Kind, back.Custody = points.KindReturn, true
	apply(back)
	recovery := adjust(points.OperationID(random.Hex(idBytes)), b, 0)
	recovery.Operation.Kind, recovery.Operation.Reason = points.KindRecover, ""
	recovery.Operation.Controller = &points.Controller{Kind: points.ControllerCustodian, Version: 1}
	w.approve(&recovery.Operation)
	apply(recovery)
	apply(signed(points.Operation{Kind: points.KindVeto, Account: b}))
	apply(signed(points.Operation{Kind: points.KindClose, Account: b, Points: w.posted(b)}))
	apply(signed(points.Operation{Kind: points.KindRekey, Account: a, Controller: ownKey(t)}))
	if got := w.account(a); got.Posted != 100-1-4-5-7-3 || got.Held != 0 || got.Controller.Kind != points.ControllerP256 {
		t.Errorf("the first account is %+v", got)
	}
	if got := w.account(b); got.Posted != 0 || got.Status != points.StatusClosed {
		t.Errorf("the second account is %+v", got)
	}
}

// ownKey is a customer's first key after custody.
func ownKey(t *testing.T) *points.Controller {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := points.EncodePublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return &points.Controller{Kind: points.ControllerP256, Version: 1, Key: public}
}

func TestCustodyDoesNotSignForAnAccountThatLeftIt(t *testing.T) {
	w, p, ids := startFunded(t, 1)
	rekey, debit := p.must(signed(points.Operation{Kind: points.KindRekey, Account: ids[0], Controller: ownKey(t)})), p.must(redeem(ids[0], 5, "late"))
	p.awaitPassing(rekey, debit)
	if r := w.original(debit.Operation.ID).Receipt; r.Outcome != points.Rejected || w.posted(ids[0]) != quantity.Points(100) {
		t.Errorf("the debit ended with %s; the account has %d points", r.Code, w.posted(ids[0]))
	}
}
