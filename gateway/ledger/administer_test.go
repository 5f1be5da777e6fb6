package ledger

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// encoded gives a document as it stands on the ledger.
func encoded(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := wire.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func hashed(t *testing.T, v any) string {
	t.Helper()
	hash, err := wire.Hash(v)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// refusal is what the issuer's own peer says.
func refusal(code fault.Code) error {
	return said(codes.Aborted, "failed", own, "chaincode response 500, "+string(code)+": no")
}

var (
	newTerms  = wire.NewTerms{Version: 2, Effective: 20_100, Prose: map[string]string{"en": "Two."}}
	newRules  = wire.NewRuleSet{V: 1, Version: 1, Zone: "Europe/London", MinorPerUnit: 100}
	newPrices = wire.NewPrices{Version: 1, Discount: quantity.Ratio{Num: 3, Den: 2}}
	newShop   = wire.NewShop{ID: "corner", DisplayName: "Corner Shop", Sponsor: own, Status: points.ShopOpen, AwardPerDay: 100}
	newKey    = wire.NewCustodian{Key: "new"}
	published = wire.Published{Version: 1, Effective: 20_000, Hash: strings.Repeat("a", 64)}
	approved  = wire.Consent{Operation: points.Operation{ID: "1", Kind: points.KindAdjust, Account: "2", Points: 5, Reason: points.ReasonGoodwill}}
)

func TestWhatAnOperatorDoesIsCommittedAndAnswered(t *testing.T) {
	shop := points.Shop{V: 1, ID: "corner", Status: points.ShopOpen, Day: 20_000, Awarded: 7}
	second := points.CustodianKey{Version: 2, Key: "new"}
	programme := points.Programme{Custodians: []points.CustodianKey{{Version: 1, Key: "old", Until: 9}, second}}
	for _, c := range []struct {
		function         string
		document, result any
		do               func(*Points, context.Context) (any, error)
		want             any
	}{
		{wire.FnPublishTerms, newTerms, published, func(p *Points, ctx context.Context) (any, error) { return p.PublishTerms(ctx, newTerms) }, published},
		{wire.FnPublishRuleSet, newRules, published, func(p *Points, ctx context.Context) (any, error) { return p.PublishRuleSet(ctx, newRules) }, published},
		{wire.FnPublishPrices, newPrices, published, func(p *Points, ctx context.Context) (any, error) { return p.PublishPrices(ctx, newPrices) }, published},
		{wire.FnPutShop, newShop, shop, func(p *Points, ctx context.Context) (any, error) { return p.PutShop(ctx, newShop) }, shop},
		{wire.FnRotateCustodian, newKey, programme, func(p *Points, ctx context.Context) (any, error) { return p.RotateCustodian(ctx, newKey) }, second},
	} {
		t.Run(c.function, func(t *testing.T) {
			s := newSetting(t)
			s.peers[0].result = encoded(t, c.result)
			got, err := c.do(s.client.Points("airline"), t.Context())
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v (%v)", got, c.want, err)
			}
			p := s.peers[0].proposals[0]
			if p.chaincode != "points-airline" || p.function != c.function || string(p.document) != string(encoded(t, c.document)) || len(p.transient) != 0 {
				t.Errorf("the proposal is %+v", p)
			}
			if got := s.peers[0].asked(); got != "[[AirlineMSP HotelMSP]]" || s.peers[0].submitted != 1 {
				t.Errorf("endorsers were %s, %d transactions were submitted", got, s.peers[0].submitted)
			}
		})
	}
}

func TestWhatWasPublishedBeforeWithTheSameContentIsTheAnswer(t *testing.T) {
	programme := func(terms, ruleSet, prices string) points.Programme {
		return points.Programme{
			Terms: []wire.NewTerms{{Version: 1}, {Version: 2, Effective: 20_100}}, TermsHashes: []string{"first", terms},
			RuleSets:   []wire.Published{{Version: 1, Effective: 20_200, Hash: ruleSet}},
			PriceLists: []wire.Published{{Version: 1, Effective: 20_300, Hash: prices}},
		}
	}
	same := programme(hashed(t, newTerms), hashed(t, newRules), hashed(t, newPrices))
	for function, c := range map[string]struct {
		code    fault.Code
		publish func(*Points) (wire.Published, error)
		want    wire.Published
	}{
		"terms": {fault.InvalidValue, func(p *Points) (wire.Published, error) { return p.PublishTerms(t.Context(), newTerms) },
			wire.Published{Version: 2, Effective: 20_100, Hash: hashed(t, newTerms)}},
		"rules": {fault.RuleInvalid, func(p *Points) (wire.Published, error) { return p.PublishRuleSet(t.Context(), newRules) },
			wire.Published{Version: 1, Effective: 20_200, Hash: hashed(t, newRules)}},
		"prices": {fault.InvalidValue, func(p *Points) (wire.Published, error) { return p.PublishPrices(t.Context(), newPrices) },
			wire.Published{Version: 1, Effective: 20_300, Hash: hashed(t, newPrices)}},
	} {
		t.Run(function, func(t *testing.T) {
			s := newSetting(t)
			s.peers[0].decline, s.peers[0].answer = refusal(c.code), encoded(t, same)
			if got, err := c.publish(s.client.Points("airline")); err != nil || got != c.want {
				t.Errorf("got %+v, want %+v (%v)", got, c.want, err)
			}
			s.peers[0].answer = encoded(t, programme("x", "y", "z"))
			if got, err := c.publish(s.client.Points("airline")); fault.CodeOf(err) != c.code || ClassOf(err) != Refused || got != (wire.Published{}) {
				t.Errorf("with other content: got %+v (%v)", got, err)
			}
		})
	}
}

func TestACustodianKeyThatIsCurrentIsNotRotatedAgain(t *testing.T) {
	s := newSetting(t)
	s.peers[0].decline = refusal(fault.InvalidValue)
	first, second := points.CustodianKey{Version: 1, Key: "new", Until: 9}, points.CustodianKey{Version: 2, Key: "other"}
	s.peers[0].answer = encoded(t, points.Programme{Custodians: []points.CustodianKey{second, first}})
	if got, err := s.client.Points("airline").RotateCustodian(t.Context(), newKey); err != nil || got != first {
		t.Errorf("got %+v (%v)", got, err)
	}
	s.peers[0].answer = encoded(t, points.Programme{Custodians: []points.CustodianKey{first, second}})
	if got, err := s.client.Points("airline").RotateCustodian(t.Context(), newKey); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("an earlier key: got %+v (%v)", got, err)
	}
	s.peers[0].decline = refusal(fault.Limit)
	if _, err := s.client.Points("airline").RotateCustodian(t.Context(), wire.NewCustodian{Key: "other"}); fault.CodeOf(err) != fault.Limit {
		t.Errorf("got %v", err)
	}
}

func TestAnApprovalIsEndorsedByTheIssuerAndTheApprover(t *testing.T) {
	s := newSetting(t)
	approval := points.Approval{V: 1, Operation: "1", Digest: hashed(t, approved.Operation), MSP: own, At: 7}
	s.peers[0].result = encoded(t, approval)
	for range 2 {
		if got, err := s.client.Points("hotel").Approve(t.Context(), approved); err != nil || got != approval {
			t.Errorf("got %+v (%v)", got, err)
		}
	}
	if got := s.peers[0].asked(); got != "[[AirlineMSP HotelMSP] [AirlineMSP HotelMSP]]" || s.peers[0].proposals[0].chaincode != "points-hotel" {
		t.Errorf("endorsers were %s, in %s", got, s.peers[0].proposals[0].chaincode)
	}
	s.peers[0].dead["HotelMSP"] = true
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.client.Points("hotel").Approve(ctx, approved); ClassOf(err) != CoEndorser {
		t.Errorf("without the issuer: %v", err)
	}
	if got := s.peers[0].asked(); strings.Contains(got, "GrocerMSP") {
		t.Errorf("a third brand was asked: %s", got)
	}
}

func TestAnApprovalThatWasGivenBeforeIsTheAnswer(t *testing.T) {
	digest := hashed(t, approved.Operation)
	for name, c := range map[string]struct {
		there points.Approval
		code  fault.Code // Empty: the answer is what is there.
	}{
		"the same":            {points.Approval{Operation: "1", Digest: digest, MSP: own, Used: true}, ""},
		"another operation":   {points.Approval{Operation: "1", Digest: "x", MSP: own}, fault.AlreadyExists},
		"by another approver": {points.Approval{Operation: "1", Digest: digest, MSP: "GrocerMSP"}, fault.AlreadyExists},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			s.peers[0].decline, s.peers[0].answer = refusal(fault.AlreadyExists), encoded(t, c.there)
			got, err := s.client.Points("hotel").Approve(t.Context(), approved)
			if c.code == "" && (err != nil || got != c.there) || c.code != "" && (fault.CodeOf(err) != c.code || got != (points.Approval{})) {
				t.Errorf("got %+v (%v)", got, err)
			}
		})
	}
}

func TestNobodyIsAskedAboutAProgrammeOfNoBrand(t *testing.T) {
	s := newSetting(t)
	for _, name := range []string{"nobody", "regulator"} {
		if _, err := s.client.Points(name).Approve(t.Context(), approved); fault.CodeOf(err) != fault.NotFound || ClassOf(err) != Refused {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.peers[0].proposals) != 0 {
		t.Errorf("asked were %s", s.peers[0].asked())
	}
}

func TestRecordsAreReadFromTheOwnOrganisationOnly(t *testing.T) {
	for _, c := range []struct {
		function     string
		document     any
		record, want any
		read         func(*Points, context.Context) (any, error)
	}{
		{wire.FnGetApproval, wire.ApprovalQuery{Operation: "1"}, points.Approval{Operation: "1", Used: true}, points.Approval{Operation: "1", Used: true},
			func(p *Points, ctx context.Context) (any, error) { return p.Approval(ctx, "1") }},
	} {
		t.Run(c.function, func(t *testing.T) {
			s := newSetting(t)
			s.peers[0].answer = encoded(t, c.record)
			got, err := c.read(s.client.Points("hotel"), t.Context())
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v (%v)", got, c.want, err)
			}
			p := s.peers[0].proposals[0]
			if s.peers[0].asked() != "[[AirlineMSP]]" || p.chaincode != "points-hotel" || p.function != c.function || string(p.document) != string(encoded(t, c.document)) {
				t.Errorf("the proposal is %+v", p)
			}
			s.peers[0].refuse = said(codes.Unknown, "x", own, "chaincode response 500, NOT_FOUND: none")
			if _, err := c.read(s.client.Points("hotel"), t.Context()); fault.CodeOf(err) != fault.NotFound {
				t.Errorf("one that isn't there: %v", err)
			}
		})
	}
}

func TestAQuotesDetailsReachTheOwnPeersOnly(t *testing.T) {
	s := newSetting(t)
	query := wire.QuoteQuery{Lane: 3, Operation: points.Operation{ID: "1", Kind: points.KindEarn, Account: "2"}}
	details := wire.BatchDetails{V: 1, Salt: "s", Operations: []points.Details{{Operation: "1", AmountMinor: 1234, Store: "secret"}}}
	s.peers[0].answer = encoded(t, wire.QuoteResult{Hash: "h", Receipt: points.Receipt{Points: 12}})
	got, err := s.client.Points("airline").Quote(t.Context(), query, details)
	if err != nil || got.Hash != "h" || got.Receipt.Points != 12 {
		t.Errorf("the quote is %+v (%v)", got, err)
	}
	p := s.peers[0].proposals[0]
	if p.function != wire.FnQuote || string(p.document) != string(encoded(t, query)) || string(p.transient[wire.DetailsTransient]) != string(encoded(t, details)) {
		t.Errorf("the proposal is %+v", p)
	}
	if s.peers[0].asked() != "[[AirlineMSP]]" || s.peers[0].submitted != 0 {
		t.Errorf("asked were %s, %d transactions were submitted", s.peers[0].asked(), s.peers[0].submitted)
	}
}
