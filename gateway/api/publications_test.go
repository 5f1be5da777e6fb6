package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// springSet is the example of package rules, in force on the fixture's business date.
func springSet(t *testing.T) *rules.Set {
	t.Helper()
	raw, err := os.ReadFile("../../chaincode/rules/testdata/spring.json")
	if err != nil {
		t.Fatal(err)
	}
	set := new(rules.Set)
	if err := wire.Decode(raw, wire.MaxDocument, set); err != nil {
		t.Fatal(err)
	}
	set.Version, set.Effective = 1, 20_000
	return set
}

func prices() terms.PriceList {
	return terms.PriceList{
		Version: 1, Effective: 20_000, Discount: quantity.Ratio{Num: 3, Den: 2}, MinPoints: 100,
		Items: []terms.Item{{ID: "mug", Kind: terms.ItemGood, Points: 700, Name: map[string]string{"de": "Becher <rot>", "en": "Mug & lid"}}},
	}
}

func TestWhatWasPublishedCanBeVerifiedByItsHash(t *testing.T) {
	b := newBench(t)
	b.keep("airline", engine.ObjectTerms, store.VersionID(1), firstTerms())
	set := springSet(t)
	bare := &rules.Set{V: 1, Version: 2, Effective: 20_001, Zone: "UTC", MinorPerUnit: 1, Prose: rules.Words{"en": "One rule."}, Rules: []rules.Rule{}}
	for path, document := range map[string]any{"rule-sets": set, "prices": prices()} {
		if kept := into[Publication](t, b.do(b.asOperator("POST", "/v1/programmes/airline/"+path, document)), http.StatusOK); kept.Hash != hashOf(document) {
			t.Errorf("%s was published as %+v", path, kept)
		}
	}
	into[Publication](t, b.do(b.asOperator("POST", "/v1/programmes/airline/rule-sets", bare)), http.StatusOK)
	for path, want := range map[string]string{"terms/1": hashOf(firstTerms()), "rule-sets/1": hashOf(set), "rule-sets/2": hashOf(bare), "prices/1": hashOf(prices())} {
		answer := into[struct {
			Version         int
			Effective, Hash string
			Document        json.RawMessage
		}](t, b.get("/v1/programmes/airline/"+path), http.StatusOK)
		canonical, err := jcs.Transform(answer.Document)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(canonical)
		if got := hex.EncodeToString(sum[:]); got != want || answer.Hash != want {
			t.Errorf("%s: the document's hash is %s, the answer says %s, want %s", path, got, answer.Hash, want)
		}
	}
	if words := into[PublishedTerms](t, b.get("/v1/programmes/airline/terms/1"), http.StatusOK).Document.Prose; len(words) != 3 || words["zh"] != firstTerms().Prose["zh"] {
		t.Errorf("words in %v", words)
	}
	if list := into[PublicationList](t, b.get("/v1/programmes/airline/rule-sets"), http.StatusOK); len(list.Publications) != 2 || *list.InForce != 1 {
		t.Errorf("%+v", list)
	}
	if list := into[PublicationList](t, b.get("/v1/programmes/airline/terms"), http.StatusOK); len(list.Publications) != 1 || *list.InForce != 1 {
		t.Errorf("%+v", list)
	}
	if list := into[PublicationList](t, b.get("/v1/programmes/hotel/prices"), http.StatusOK); len(list.Publications) != 1 {
		t.Errorf("%+v", list)
	}
}

func TestAProgrammeWithoutPublicationsListsNone(t *testing.T) {
	b := newBench(t)
	for _, path := range []string{"rule-sets", "prices"} {
		if list := into[PublicationList](t, b.get("/v1/programmes/airline/"+path), http.StatusOK); list.Publications == nil || len(list.Publications) != 0 || list.InForce != nil {
			t.Errorf("%s: %+v", path, list)
		}
	}
}

func TestOtherWordsThanThoseOnTheLedgerAreNotShown(t *testing.T) {
	b := newBench(t)
	altered := firstTerms()
	altered.Prose["en"] = "A mile for two pounds."
	b.keep("airline", engine.ObjectTerms, store.VersionID(1), altered)
	b.problem(b.get("/v1/programmes/airline/terms/1"), fault.StateCorrupt)
}

func TestVersionsThatAreNotThereAreRefused(t *testing.T) {
	b := newBench(t)
	for path, code := range map[string]fault.Code{
		"/v1/programmes/airline/terms/2":     fault.NotFound,
		"/v1/programmes/airline/terms/0":     fault.NotFound,
		"/v1/programmes/airline/terms/-1":    fault.NotFound,
		"/v1/programmes/airline/terms/two":   fault.Malformed,
		"/v1/programmes/airline/rule-sets/1": fault.NotFound,
		"/v1/programmes/airline/prices/1":    fault.NotFound,
		"/v1/programmes/nobody/terms":        fault.NotFound,
		"/v1/programmes/nobody/terms/1":      fault.NotFound,
		"/v1/programmes/nobody/rule-sets":    fault.NotFound,
		"/v1/programmes/nobody/rule-sets/1":  fault.NotFound,
		"/v1/programmes/nobody/prices":       fault.NotFound,
		"/v1/programmes/nobody/prices/1":     fault.NotFound,
	} {
		b.problem(b.get(path), code)
	}
}

func TestADocumentIsDecodedStrictlyAndWhatTheLedgerRefusesIsTold(t *testing.T) {
	b := newBench(t)
	for path, document := range map[string]string{
		"terms":             `{"version":2,"colour":"red"}`,
		"rule-sets":         `{"v":1,"version":1.5}`,
		"rule-sets/dry-run": `{"V":1}`,
		"prices":            `{"version":1,"items":null}`,
		"approvals":         `{"operation":{"id":"x","id":"y"}}`,
	} {
		b.problem(b.do(b.asOperator("POST", "/v1/programmes/airline/"+path, document)), fault.Malformed)
	}
	long := firstTerms()
	long.Prose["en"] = strings.Repeat("x", 600_000)
	b.problem(b.do(b.asOperator("POST", "/v1/programmes/airline/terms", long)), fault.TooLarge)
	if len(b.records) != 0 {
		t.Errorf("%d documents were published", len(b.records))
	}
	for path, c := range map[string]struct {
		document any
		refusal  *fault.Error
	}{
		"terms":     {firstTerms(), fault.New(fault.NoticeTooShort, "value: takes effect on 2024-12-03 at the earliest")},
		"rule-sets": {springSet(t), fault.New(fault.RuleInvalid, "rule double: may cost more than 2000")},
		"prices":    {prices(), fault.New(fault.LedgerUnavailable, "no live peer")},
	} {
		b.refusal = c.refusal
		if p := b.problem(b.do(b.asOperator("POST", "/v1/programmes/airline/"+path, c.document)), c.refusal.Code); p.Detail != c.refusal.Detail {
			t.Errorf("%s: %s", path, p.Detail)
		}
	}
}
