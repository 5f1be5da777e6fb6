package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

func TestARequestThatLapsedMakesRoom(t *testing.T) {
	const at = 1_800_000_000
	var open points.OpenFreezes
	request := func(n int, at, until int64) *points.FreezeRequest {
		return &points.FreezeRequest{ID: operationID(n), Account: accountID(1), MSP: "HotelMSP", At: at, Until: until, Status: points.FreezeAsked}
	}
	add := func(f *points.FreezeRequest, code fault.Code) {
		t.Helper()
		if got := codeOf(open.Add(f)); got != code {
			t.Errorf("%s at %d: %s, want %s", f.ID, f.At, got, code)
		}
	}
	add(request(1, at, at+10), fault.OK)
	add(request(2, at, at+points.MaxFreezeSeconds), fault.OK)
	add(request(3, at, at+points.MaxFreezeSeconds), fault.OK)
	add(request(4, at+9, at+1000), fault.FreezeLimit)
	add(request(4, at+10, at+points.MaxFreezeSeconds), fault.OK)
	add(request(5, at+points.FreezeDecisionSeconds-1, at+points.MaxFreezeSeconds), fault.FreezeLimit)
	add(request(5, at+points.FreezeDecisionSeconds, at+points.MaxFreezeSeconds), fault.OK)
	if len(open.Open) != 2 || open.MSP != "HotelMSP" || !open.Remove(operationID(5)) || open.Remove(operationID(5)) || len(open.Open) != 1 {
		t.Errorf("left are %+v", open)
	}
}
