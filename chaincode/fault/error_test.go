package fault_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

var codeForm = regexp.MustCompile(`^[A-Z]+(_[A-Z0-9]+)*$`)

func TestCatalogueNamesEveryCodeOnceWithMeaningClassAndStatus(t *testing.T) {
	seen := map[fault.Code]bool{}
	for _, e := range fault.Catalogue() {
		if seen[e.Code] {
			t.Errorf("%s stands twice", e.Code)
		}
		seen[e.Code] = true
		if !codeForm.MatchString(string(e.Code)) {
			t.Errorf("%s is not in capitals", e.Code)
		}
		if !strings.HasSuffix(e.Meaning, ".") || len(e.Meaning) < 20 {
			t.Errorf("%s has no sentence for a meaning: %q", e.Code, e.Meaning)
		}
		if got := fault.Lookup(e.Code); got != e || !fault.Known(e.Code) {
			t.Errorf("%s is looked up as %+v", e.Code, got)
		}
	}
}

func TestStatusFollowsFromClass(t *testing.T) {
	allowed := map[fault.Class]func(int) bool{
		fault.ClassOK:       func(s int) bool { return s == 200 },
		fault.ClassRefusal:  func(s int) bool { return s >= 400 && s < 500 },
		fault.ClassRequest:  func(s int) bool { return s >= 400 && s < 500 },
		fault.ClassRetry:    func(s int) bool { return s == 409 || s == 429 || s == 503 },
		fault.ClassInternal: func(s int) bool { return s == 500 },
	}
	for _, e := range fault.Catalogue() {
		fits, known := allowed[e.Class]
		if !known || !fits(e.Status) {
			t.Errorf("%s of class %s has status %d", e.Code, e.Class, e.Status)
		}
	}
}

func TestUnknownCodeIsReportedAsInternal(t *testing.T) {
	if got := fault.Lookup("NO_SUCH_CODE").Code; got != fault.Internal {
		t.Errorf("looked up as %s", got)
	}
	if fault.Known("NO_SUCH_CODE") {
		t.Error("the code is known")
	}
}

func TestCatalogueIsACopy(t *testing.T) {
	fault.Catalogue()[0].Meaning = "changed"
	if fault.Catalogue()[0].Meaning == "changed" {
		t.Error("a caller can change the catalogue")
	}
}

func TestErrorsCompareByCode(t *testing.T) {
	err := fmt.Errorf("while loading: %w", fault.New(fault.NotFound, "account %s", "x"))
	if !errors.Is(err, fault.New(fault.NotFound, "")) || errors.Is(err, fault.New(fault.Forbidden, "")) {
		t.Error("errors.Is does not compare by code")
	}
	if got := fault.CodeOf(err); got != fault.NotFound {
		t.Errorf("code is %s", got)
	}
	if got := fault.CodeOf(errors.New("anything")); got != fault.Internal {
		t.Errorf("an uncoded error has code %s", got)
	}
}

func TestParseFindsTheCodeInTextFromAcrossABorder(t *testing.T) {
	cases := []struct {
		name, text string
		code       fault.Code // Empty when none is in the text.
		detail     string
	}{
		{"as written", "NOT_FOUND: account", fault.NotFound, "account"},
		{"own form", fault.New(fault.LaneSequence, "lane 3 stands at 7").Error(), fault.LaneSequence, "lane 3 stands at 7"},
		{"in a peer's answer", "chaincode response 409, LANE_SEQUENCE: lane 3 stands at 7", fault.LaneSequence, "lane 3 stands at 7"},
		{"in a gateway's answer", `rpc error: code = Aborted desc = failed to endorse (chaincode response 403, FORBIDDEN: no)`, fault.Forbidden, "no)"},
		{"detail with colons", "INVALID_VALUE: a: b: c", fault.InvalidValue, "a: b: c"},
		{"first of two", "TOO_LARGE: x: MALFORMED: y", fault.TooLarge, "x: MALFORMED: y"},
		{"none", "rpc error: code = Unavailable desc = connection refused", "", ""},
		{"word in capitals that is no code", "NOTHING: here", "", ""},
		{"code without a detail", "INTERNAL", "", ""},
		{"code inside a word", "XNOT_FOUND: here", "", ""},
		{"empty", "", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := fault.Parse(c.text)
			if c.code == "" {
				if got != nil {
					t.Fatalf("found %v", got)
				}
				return
			}
			if got == nil || got.Code != c.code || got.Detail != c.detail {
				t.Fatalf("found %+v", got)
			}
		})
	}
}
