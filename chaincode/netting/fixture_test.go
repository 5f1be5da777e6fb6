package netting_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

func wantCode(t testing.TB, err error, code fault.Code) {
	t.Helper()
	if err == nil && code != fault.OK || err != nil && fault.CodeOf(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}
