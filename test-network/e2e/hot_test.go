//go:build network

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"golang.org/x/sync/errgroup"
)

const (
	hotClients = 64
	hotEach    = 8
	// hotDebits of the clients also redeem: fewer than the authorisations that an account can remember at once.
	hotDebits = 16
)

// TestOneAccountHitFromManyClients: no operation fails, and no transaction dies on the ledger for another's sake.
func TestOneAccountHitFromManyClients(t *testing.T) {
	account := three.funded(t, "hotel", 1000)
	key := three.key(t, "hotel", "till")
	before, from := three.quiet(t, "hotel")
	var clients errgroup.Group
	for n := range hotClients {
		bodies := make([]fields, hotEach)
		for i := range bodies {
			bodies[i] = three.purchase(t, "hotel", account, 500)
		}
		if n < hotDebits {
			bodies[0] = redemption(account, 2)
		}
		clients.Go(func() error {
			for _, body := range bodies {
				a, err := three.decided("hotel", request{method: "POST", path: "/v1/operations", key: key, idempotency: unique("hot"), body: body})
				if err != nil || a.status != http.StatusOK {
					return errors.Join(err, fmt.Errorf("status %d: %.300s", a.status, a.body))
				}
			}
			return nil
		})
	}
	if err := clients.Wait(); err != nil {
		t.Fatal(err)
	}
	const all = hotClients * hotEach
	if got, want := int64(three.account(t, "hotel", account).Posted), int64(1000+5*(all-hotDebits)-2*hotDebits); got != want {
		t.Errorf("the account holds %d points, want %d", got, want)
	}
	after := three.books(t, "hotel")
	if after.totals.Operations-before.totals.Operations != all || after.totals.Rejected != before.totals.Rejected {
		t.Errorf("before %+v, after %+v: want %d operations more, none refused", before.totals, after.totals, all)
	}
	codes := three.validationCodes(t, "hotel", from+1, three.height(t, "hotel"))
	if len(codes) != 1 || codes[peer.TxValidationCode_VALID] == 0 {
		t.Errorf("transactions were validated as %v, want VALID only", codes)
	}
}
