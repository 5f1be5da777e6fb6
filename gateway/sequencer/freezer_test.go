package sequencer

import (
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

func TestAnAcceptedRequestFreezesOnceAlsoAcrossARestart(t *testing.T) {
	n, airline, _, flyer, _ := twoBrands(t)
	other := airline.customer(0)
	var accepted points.OperationID
	n.clearingDoes(func() {
		airline.programme.Now = n.now().Unix()
		accepted = airline.programme.AskFreeze(flyer, 3600)
		airline.programme.AcceptFreeze(accepted, 1800)
		airline.programme.DeclineFreeze(airline.programme.AskFreeze(other, 3600))
		airline.programme.AskFreeze(other, 3600)
	})
	for range 2 {
		airline.kill()
		airline.chores = prompt
		airline.launch()
		airline.awaitOpen("hotel")
		eventually(t, "the account to be frozen", func() bool { return airline.position(flyer).Account.FrozenUntil != 0 })
	}
	airline.decided(airline.must(airline.own, airline.purchase(other, 5, "while frozen")))
	airline.kill()
	freezes := airline.operations(points.KindFreeze)
	if len(freezes) != 1 || freezes[0].Code != fault.OK || !strings.Contains(string(freezes[0].Document), string(accepted)) {
		t.Errorf("%+v", freezes)
	}
	if a := airline.position(flyer).Account; a.FrozenUntil > n.now().Add(time.Hour).Unix() {
		t.Errorf("%+v", a)
	}
}
