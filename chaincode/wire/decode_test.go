package wire_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const operation = `{"id":"00000000000000000000000000000001","kind":"earn","account":"00000000000000000000000000000002"}`

func TestDecodeTakesOneExactForm(t *testing.T) {
	batch := func(operations string) string { return `{"lane":0,"seq":1,"operations":[` + operations + `]}` }
	cases := []struct {
		name, doc string
		code      fault.Code
	}{
		{"as documented", batch(operation), fault.OK},
		{"in another order, with spaces", " {\"operations\" : [ ] ,\n\t\"seq\":1, \"lane\":0 }\n", fault.OK},
		{"unknown field", `{"lane":0,"seq":1,"operations":[],"x":1}`, fault.Malformed},
		{"unknown field deep inside", batch(`{"id":"1","kind":"earn","account":"2","priority":1}`), fault.Malformed},
		{"field in another case", `{"Lane":0,"seq":1,"operations":[]}`, fault.Malformed},
		{"field in two cases", `{"lane":0,"LANE":1,"seq":1,"operations":[]}`, fault.Malformed},
		{"field with a folded letter", `{"lane":0,"ſeq":1,"operations":[]}`, fault.Malformed},
		{"field twice", `{"lane":0,"lane":1,"seq":1,"operations":[]}`, fault.Malformed},
		{"field twice, once escaped", `{"lane":0,"l\u0061ne":1,"seq":1,"operations":[]}`, fault.Malformed},
		{"field twice deep inside", batch(`{"id":"1","id":"2","kind":"earn","account":"2"}`), fault.Malformed},
		{"null", `null`, fault.Malformed},
		{"null for a number", `{"lane":null,"seq":1,"operations":[]}`, fault.Malformed},
		{"null for a list", `{"lane":0,"seq":1,"operations":null}`, fault.Malformed},
		{"null for an operation", batch(`null`), fault.Malformed},
		{"null for an optional field", batch(`{"id":"1","kind":"earn","account":"2","controller":null}`), fault.Malformed},
		{"text for a number", `{"lane":"0","seq":1,"operations":[]}`, fault.Malformed},
		{"number for a text", batch(`{"id":1,"kind":"earn","account":"2"}`), fault.Malformed},
		{"fraction", `{"lane":0.5,"seq":1,"operations":[]}`, fault.Malformed},
		{"whole number as a fraction", `{"lane":0.0,"seq":1,"operations":[]}`, fault.Malformed},
		{"exponent", `{"lane":0,"seq":1e0,"operations":[]}`, fault.Malformed},
		{"number over 64 bits", `{"lane":0,"seq":9223372036854775808,"operations":[]}`, fault.Malformed},
		{"leading zero", `{"lane":00,"seq":1,"operations":[]}`, fault.Malformed},
		{"plus sign", `{"lane":+0,"seq":1,"operations":[]}`, fault.Malformed},
		{"hexadecimal", `{"lane":0x0,"seq":1,"operations":[]}`, fault.Malformed},
		{"truth for a number", `{"lane":true,"seq":1,"operations":[]}`, fault.Malformed},
		{"object for a list", `{"lane":0,"seq":1,"operations":{}}`, fault.Malformed},
		{"list for an object", batch(`[]`), fault.Malformed},
		{"list as the document", `[]`, fault.Malformed},
		{"text as the document", `"{}"`, fault.Malformed},
		{"nothing", ``, fault.Malformed},
		{"spaces", `  `, fault.Malformed},
		{"cut off", `{"lane":0,"seq":1,"operations":[`, fault.Malformed},
		{"text after the document", batch("") + `x`, fault.Malformed},
		{"second document", batch("") + batch(""), fault.Malformed},
		{"trailing comma", `{"lane":0,"seq":1,"operations":[],}`, fault.Malformed},
		{"comment", `{"lane":0,/* */"seq":1,"operations":[]}`, fault.Malformed},
		{"single quotes", `{'lane':0,'seq':1,'operations':[]}`, fault.Malformed},
		{"byte order mark", "\ufeff" + batch(""), fault.Malformed},
		{"not UTF-8", batch("{\"id\":\"\xff\",\"kind\":\"earn\",\"account\":\"2\"}"), fault.Malformed},
		{"half a surrogate pair", batch(`{"id":"\ud800","kind":"earn","account":"2"}`), fault.Malformed},
		{"raw control character", batch("{\"id\":\"\x01\",\"kind\":\"earn\",\"account\":\"2\"}"), fault.Malformed},
		{"deep nesting", batch(strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100)), fault.Malformed},
		{"very deep nesting", strings.Repeat(`[`, 100_000), fault.Malformed},
		{"too large", batch("") + strings.Repeat(" ", wire.MaxDocument), fault.TooLarge},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var request wire.BatchRequest
			err := wire.Decode([]byte(c.doc), wire.MaxDocument, &request)
			if c.code == fault.OK && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if c.code != fault.OK && (err == nil || fault.CodeOf(err) != c.code) {
				t.Fatalf("got %v, want %s", err, c.code)
			}
		})
	}
}

func TestDecodeErrorsTellPlacesAndNeverValues(t *testing.T) {
	const secret = "jane.doe@example.org"
	docs := []string{
		`{"v":1,"salt":"` + secret + `","operations":"` + secret + `"}`,
		`{"v":"` + secret + `","salt":"","operations":[]}`,
		`{"v":1,"salt":"","operations":[{"reference":"` + secret + `","amountMinor":"` + secret + `"}]}`,
		`{"v":1,"salt":"` + secret + `","salt":"` + secret + `","operations":[]}`,
		`{"v":1,"salt":"` + secret + `","operations":[null]}`,
		`{"v":1,"salt":"` + secret + `","x":"` + secret + `"}`,
		`{"v":1,"salt":"` + secret + `"`,
		`"` + secret + `"`,
		secret,
		`{"v":1,"salt":"` + secret + "\x01" + `"}`,
	}
	for _, doc := range docs {
		var details wire.BatchDetails
		err := wire.Decode([]byte(doc), wire.MaxDetails, &details)
		if err == nil {
			t.Errorf("%s was taken", doc)
			continue
		}
		if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "jane") {
			t.Errorf("the error repeats a value: %v", err)
		}
	}
}

func TestDecodeErrorsAreShort(t *testing.T) {
	name := strings.Repeat("n", 1<<20)
	for _, doc := range []string{`{"` + name + `":1}`, `{"` + name + `":null}`, `{"lane":"` + name + `"}`, `{"operations":[{"` + name + `":1}]}`} {
		var request wire.BatchRequest
		err := wire.Decode([]byte(doc), wire.MaxDocument, &request)
		if err == nil || len(err.Error()) > 300 {
			t.Errorf("an error of %d bytes", len(fmt.Sprint(err)))
		}
	}
}

func TestDeepNestingIsRefusedBeforeAnythingIsBuiltFromIt(t *testing.T) {
	for depth, want := range map[int]bool{wire.MaxDepth - 1: false, wire.MaxDepth + 1: true} {
		var request wire.BatchRequest
		err := wire.Decode([]byte(strings.Repeat("[", depth)+strings.Repeat("]", depth)), wire.MaxDocument, &request)
		if err == nil || strings.Contains(err.Error(), "nested deeper") != want {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}

func TestRecordThatCanNotBeReadIsCorruptState(t *testing.T) {
	var request wire.BatchRequest
	if err := wire.DecodeRecord([]byte(`{"lane":`), &request); fault.CodeOf(err) != fault.StateCorrupt {
		t.Errorf("got %v", err)
	}
}
