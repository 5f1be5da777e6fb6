package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gowebpki/jcs"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/store"
)

// newBenchOver is a gateway of the airline whose read model was projected from a ledger on which everything happens.
func newBenchOver(t *testing.T) *bench {
	t.Helper()
	l := ledgertest.New(t, "airline", "hotel")
	l.Found()
	l.Everything(0)
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "gateway.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	p := projection.New(projection.Settings{
		Sources: []projection.Source{l}, Store: s, Programme: "airline", MSP: "AirlineMSP", Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Metrics: prometheus.NewRegistry(),
	}, func(projection.Outcome) {})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	select {
	case <-p.CaughtUp():
	case err := <-ended:
		t.Fatalf("the projection ended: %v", err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	b := newBench(t)
	b.server.reader = store.NewReads(s.Reader())
	return b
}

func TestTheStatementAgreesWithTheTotalsAndThePublicationsWithTheirHashes(t *testing.T) {
	b := newBenchOver(t)
	p := into[Programme](t, b.get("/v1/programmes/airline"), http.StatusOK)
	st := into[Statement](t, b.get("/v1/programmes/airline/statement"), http.StatusOK)
	if int64(st.Closing.Outstanding) != p.Totals.Outstanding || int64(st.Closing.Debt) != p.Totals.Debt || int64(st.Closing.Held) != p.Totals.Held ||
		int64(st.Summary.Issued) != p.Totals.Issued || int64(st.Summary.Expired) != p.Totals.Expired || int64(st.Summary.AdjustedDown) != p.Totals.AdjustedDown {
		t.Errorf("the statement is %+v, the totals %+v", st, *p.Totals)
	}
	if p.Totals.Outstanding == 0 || p.Totals.Held == 0 || p.Totals.Expired == 0 || p.Totals.Forfeited == 0 || p.Totals.Restored == 0 || p.Totals.Unpinned == 0 {
		t.Errorf("the ledger is a poor example: %+v", *p.Totals)
	}
	later := into[Statement](t, b.get("/v1/programmes/airline/statement?from="+p.BusinessDate), http.StatusOK)
	if later.Opening.Outstanding == 0 || later.Closing != st.Closing || later.Summary.Issued >= st.Summary.Issued {
		t.Errorf("of the last day alone: %+v", later)
	}
	if text := b.get("/v1/programmes/airline/statement", "Accept", "text/plain").Body.String(); !strings.HasPrefix(text, "Statement of programme airline") || !strings.Contains(text, "By month of expiry") {
		t.Errorf("as text:\n%s", text)
	}
	if len(p.Terms) != 2 || len(p.RuleSets) != 1 || len(p.PriceLists) != 1 || len(p.Custodians) != 2 {
		t.Errorf("%+v", p)
	}
	published := map[string]string{"rule-sets/1": p.RuleSets[0].Hash, "prices/1": p.PriceLists[0].Hash}
	for _, one := range p.Terms {
		published[fmt.Sprint("terms/", one.Version)] = one.Hash
	}
	for path, want := range published {
		answer := into[struct{ Document json.RawMessage }](t, b.get("/v1/programmes/airline/"+path), http.StatusOK)
		canonical, err := jcs.Transform(answer.Document)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(canonical); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s hashes to %x, the programme says %s", path, sum, want)
		}
	}
}

func TestShopsAndApprovalsAreThoseOfTheLedger(t *testing.T) {
	b := newBenchOver(t)
	shops := into[ShopList](t, b.get("/v1/programmes/airline/shops"), http.StatusOK)
	if len(shops.Shops) != 1 || shops.Shops[0].ID != ledgertest.Shop || shops.Shops[0].Awarded == 0 || shops.Shops[0].Accepted == 0 {
		t.Errorf("%+v", shops)
	}
	if one := into[Shop](t, b.get("/v1/programmes/airline/shops/"+ledgertest.Shop), http.StatusOK); one != shops.Shops[0] {
		t.Errorf("%+v", one)
	}
	approvals := into[ApprovalList](t, b.get("/v1/programmes/airline/approvals?limit=2"), http.StatusOK)
	if len(approvals.Approvals) != 2 || approvals.Next == nil {
		t.Fatalf("%+v", approvals)
	}
	rest := into[ApprovalList](t, b.get("/v1/programmes/airline/approvals?after="+*approvals.Next), http.StatusOK)
	all := append(approvals.Approvals, rest.Approvals...)
	if len(all) != 5 {
		t.Errorf("%d approvals, want 3 of adjustments and 2 of recoveries", len(all))
	}
	for _, a := range all {
		if one := into[Approval](t, b.get("/v1/programmes/airline/approvals/"+string(a.Operation)), http.StatusOK); one != a || !a.Used || a.MSP != "HotelMSP" {
			t.Errorf("%+v", one)
		}
	}
}

func TestADryRunGoesOverThePurchasesThatTheLedgerHas(t *testing.T) {
	b := newBenchOver(t)
	p := into[Programme](t, b.get("/v1/programmes/airline"), http.StatusOK)
	draft := ledgertest.EventRules(2, quantity.DayOf(ledgertest.Start))
	same := b.dryRun(draft)
	if same.Difference != 0 || same.Gaining != 0 || same.Losing != 0 || len(same.Largest) != 0 || same.Events == 0 || !same.Complete || *same.Before.RuleSet != 1 {
		t.Errorf("the same rules: %+v", same)
	}
	if same.Before.Points == 0 || same.Before.Refused != 0 {
		t.Errorf("the rules in force give %+v; %d were issued", same.Before, p.Totals.Issued)
	}
	draft.Rules[2].Action.Fixed = 40
	draft.Rules[3].Action.Fixed = 25
	less := b.dryRun(draft)
	if less.Difference != -5 || less.Losing != 1 || less.Gaining != 1 || len(less.Largest) != 2 || less.Largest[0].Difference != -10 || less.Largest[1].Difference != 5 {
		t.Errorf("10 less for the referred, 5 more for the referrer: %+v", less)
	}
}
