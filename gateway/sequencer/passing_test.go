package sequencer

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/fingerprint"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/store"
)

// nowhere is a pair whose batches go nowhere: what is recorded waits.
type nowhere struct{}

func (nowhere) EndorseBatch(context.Context, func() (ledger.Batch, error)) (Transaction, error) {
	return nil, fault.New(fault.LedgerUnavailable, "nobody endorses")
}

func (nowhere) Lanes(context.Context) ([]clearing.PairLane, error) { return nil, nil }

// newHotels is the hotel's recorder of operations on the airline's accounts, and its database. It is not run.
func newHotels(t *testing.T) (*Sequencer, *store.Store) {
	t.Helper()
	s, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "gateway.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	hasher, err := fingerprint.New("hotel", make([]byte, fingerprint.SecretLength))
	if err != nil {
		t.Fatal(err)
	}
	q := New(Settings{
		Programme: "airline", Member: "hotel", MSP: "HotelMSP", BatchMax: 50, Backlog: 100, Store: s, Partners: []Partner{{Name: "hotel", Pair: nowhere{}}},
		Hasher: hasher, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Pace: testPace,
	})
	q.setStage("")
	q.open(q.routes["hotel"])
	return q, s
}

// signedAt is a redemption at the hotel's till for a receipt, under a key, with a signature of its own.
func signedAt(receipt, key, signature string) Intake {
	in := Intake{Caller: "till", IdempotencyKey: key, RequestHash: [32]byte{1}}
	in.Operation = points.Operation{
		Kind: points.KindRedeem, Account: points.AccountID(strings.Repeat("a", 32)), Points: 5, Partner: "hotel",
		Authorisation: &points.Authorisation{Mandate: points.Mandate{Format: points.MandateFormat, ID: strings.Repeat(signature, 32), NotAfter: time.Now().Unix() + 60}},
	}
	in.Details = points.Details{Merchant: "hotel", Store: "bar", Terminal: "1", Reference: receipt}
	return in
}

func (s *Sequencer) passedOnce(t *testing.T, in Intake) Result {
	t.Helper()
	r := s.PassOn(context.Background(), []Intake{in})[0]
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r
}

func TestWhatWasPassedOnIsRecordedWithTheSignatureThatItWasPassedOnWith(t *testing.T) {
	for _, c := range []struct {
		name   string
		second Intake
		code   fault.Code
	}{
		{"the same again", signedAt("r-1", "k-1", "a"), ""},
		{"the same receipt, signed anew", signedAt("r-1", "k-2", "b"), fault.IssuerUnavailable},
		{"the same key, signed anew", signedAt("", "k-1", "b"), fault.IssuerUnavailable},
		{"another receipt under another key", signedAt("r-2", "k-2", "b"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := newHotels(t)
			if r := s.passedOnce(t, signedAt("r-1", "k-1", "a")); r.Ticket.Done != nil {
				t.Fatalf("nothing is recorded, and there is a ticket: %+v", r)
			}
			if r := s.passedOnce(t, c.second); r.Ticket.Done != nil {
				t.Fatalf("nothing is recorded, and there is a ticket: %+v", r)
			}
			if r := s.AcceptPassedOn(context.Background(), []Intake{c.second})[0]; (r.Err == nil) != (c.code == "") || r.Err != nil && fault.CodeOf(r.Err) != c.code {
				t.Errorf("got %v", r.Err)
			}
		})
	}
}

func TestWhatIsRecordedIsNotPassedOn(t *testing.T) {
	s, _ := newHotels(t)
	in := signedAt("r-1", "k-1", "a")
	if _, found, err := s.Find(context.Background(), &in); found || err != nil {
		t.Errorf("found before it was recorded: %v", err)
	}
	s.passedOnce(t, in)
	recorded := s.AcceptPassedOn(context.Background(), []Intake{in})[0]
	if recorded.Err != nil || recorded.Ticket.Duplicate {
		t.Fatalf("%+v", recorded)
	}
	for name, again := range map[string]Intake{"the same": in, "under another key": signedAt("r-1", "k-2", "b")} {
		ticket, found, err := s.Find(context.Background(), &again)
		if !found || err != nil || ticket.Operation.ID != recorded.Ticket.Operation.ID {
			t.Errorf("%s isn't found: %v", name, err)
		}
		if r := s.passedOnce(t, again); r.Ticket.Done == nil || r.Ticket.Operation.ID != recorded.Ticket.Operation.ID || !r.Ticket.Duplicate {
			t.Errorf("%s would be passed on: %+v", name, r)
		}
	}
	other := signedAt("r-1", "k-1", "a")
	other.RequestHash = [32]byte{2}
	if r := s.PassOn(context.Background(), []Intake{other})[0]; fault.CodeOf(r.Err) != fault.IdempotencyConflict {
		t.Errorf("another request under its key: %v", r.Err)
	}
}

func TestNotesOutliveTheProcess(t *testing.T) {
	s, kept := newHotels(t)
	s.passedOnce(t, signedAt("r-1", "k-1", "a"))
	if otherwise, err := kept.PassedOtherwise(context.Background(), store.PassedOn{
		Natural: s.hasher.NaturalWith("airline", "hotel", points.KindRedeem, &points.Details{Merchant: "hotel", Store: "bar", Terminal: "1", Reference: "r-1"}), Authorisation: "another",
	}); err != nil || !otherwise {
		t.Errorf("the database doesn't know: %v", err)
	}
	next, _ := newHotels(t)
	next.settings.Store = kept
	if r := next.AcceptPassedOn(context.Background(), []Intake{signedAt("r-1", "k-2", "b")})[0]; fault.CodeOf(r.Err) != fault.IssuerUnavailable {
		t.Errorf("after a restart the receipt is taken with another signature: %v", r.Err)
	}
}

func TestAClosedRouteStillPassesOn(t *testing.T) {
	s, _ := newHotels(t)
	s.shut(s.routes["hotel"], fault.New(fault.NotReady, "the earlier run is being resolved"))
	in := signedAt("r-1", "k-1", "a")
	s.passedOnce(t, in)
	if r := s.AcceptPassedOn(context.Background(), []Intake{in})[0]; fault.CodeOf(r.Err) != fault.NotReady {
		t.Errorf("recorded on a closed route: %v", r.Err)
	}
}

func TestNothingIsPassedOnWhileItIsDecidedThatItWasNot(t *testing.T) {
	s, _ := newHotels(t)
	s.passing.Lock()
	passed := make(chan Result, 1)
	go func() { passed <- s.PassOn(context.Background(), []Intake{signedAt("r-1", "k-1", "a")})[0] }()
	select {
	case r := <-passed:
		t.Fatalf("it was: %+v", r)
	case <-time.After(50 * time.Millisecond):
	}
	s.passing.Unlock()
	if r := <-passed; r.Err != nil {
		t.Error(r.Err)
	}
}
