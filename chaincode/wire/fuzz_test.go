package wire_test

import (
	"bytes"
	stdjson "encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// documents are the types that a caller may send.
var documents = []func() any{
	func() any { return new(wire.BatchRequest) },
	func() any { return new(wire.BatchDetails) },
	func() any { return new(wire.NewProgramme) },
	func() any { return new(wire.BusinessDate) },
	func() any { return new(wire.Founding) },
	func() any { return new(wire.Nothing) },
	func() any { return new(wire.LanesQuery) },
	func() any { return new(points.Receipt) },
	func() any { return new(wire.NewTerms) },
	func() any { return new(wire.NewRuleSet) },
	func() any { return new(wire.NewPrices) },
	func() any { return new(wire.NewCustodian) },
	func() any { return new(wire.NewShop) },
	func() any { return new(wire.Consent) },
	func() any { return new(wire.QuoteQuery) },
	func() any { return new(wire.VersionQuery) },
}

// FuzzDecode checks that whatever is taken has one canonical form, and that nothing taken would be read otherwise by the standard library.
func FuzzDecode(f *testing.F) {
	f.Add(0, []byte(`{"lane":0,"seq":1,"operations":[`+operation+`]}`))
	f.Add(1, []byte(`{"v":1,"salt":"00","operations":[{"operation":"1","amountMinor":5,"currency":"GBP","occurredAt":"x"}]}`))
	f.Add(3, []byte(`{"date":"2011-12-09"}`))
	f.Add(3, []byte(`{"date":"2011-12-9"}`))
	f.Add(4, []byte(`{"v":1,"genesis":"","members":[{"name":"a","msp":"A","kind":"brand"}]}`))
	f.Add(5, []byte(`{}`))
	f.Add(6, []byte(`{"msp":"A","first":-0,"count":1}`))
	f.Add(8, []byte(`{"version":2,"effective":"2011-12-09","prose":{"en":"x"},"rate":{"num":1,"den":100},"expiry":{"kind":"rolling","months":6},"value":{"num":1,"den":2}}`))
	f.Add(9, []byte(`{"v":1,"version":1,"rules":[{"id":"base","types":["purchase"],"when":"amount > 5","action":{"rate":{"num":1,"den":100},"rounding":"floor"}}]}`))
	f.Add(10, []byte(`{"version":1,"effective":"2011-12-09","discount":{"num":1,"den":1},"minPoints":0,"items":[{"id":"mug","kind":"good","points":5,"name":{"en":"Mug"}}]}`))
	f.Add(12, []byte(`{"id":"kiosk","displayName":"Kiosk","sponsor":"HotelMSP","status":"OPEN","awardPerDay":5,"acceptPerDay":5}`))
	f.Add(13, []byte(`{"operation":{"id":"1","kind":"adjust","account":"2","points":-5,"reason":"error"}}`))
	f.Add(14, []byte(`{"lane":0,"operation":`+operation+`}`))
	f.Add(0, []byte(`{"lane":0,"LANE":0}`))
	f.Add(0, []byte(`[[[[[[[[[[[[[[[[[[[[`))
	f.Fuzz(func(t *testing.T, which int, doc []byte) {
		if which < 0 {
			which = -(which + 1)
		}
		make := documents[which%len(documents)]
		v := make()
		err := wire.Decode(doc, wire.MaxDocument, v)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.Malformed && code != fault.TooLarge && code != fault.InvalidValue {
				t.Fatalf("refused with %v", err)
			}
			if !utf8.ValidString(err.Error()) {
				t.Fatalf("the error is not UTF-8: %q", err.Error())
			}
			return
		}
		sameForTheStandardLibrary(t, doc, make(), v)
		oneForm(t, make(), v)
	})
}

func sameForTheStandardLibrary(t *testing.T, doc []byte, other, v any) {
	t.Helper()
	if err := stdjson.Unmarshal(doc, other); err != nil {
		t.Fatalf("the standard library refuses %q: %v", doc, err)
	}
	if encode(t, other) != encode(t, v) {
		t.Fatalf("%q was read as\n%s\n%s", doc, encode(t, v), encode(t, other))
	}
}

func oneForm(t *testing.T, again, v any) {
	t.Helper()
	canonical := encode(t, v)
	if err := wire.Decode([]byte(canonical), wire.MaxDocument*2, again); err != nil {
		t.Fatalf("its own canonical form is refused: %v\n%s", err, canonical)
	}
	if encode(t, again) != canonical {
		t.Fatalf("the canonical form has another: %s", canonical)
	}
}

// FuzzBatchRequest checks that a batch that passes validation keeps the limits that the engine builds on.
func FuzzBatchRequest(f *testing.F) {
	f.Add([]byte(`{"lane":0,"seq":1,"operations":[` + operation + `]}`))
	f.Add([]byte(`{"lane":0,"seq":1,"operations":[{"id":"00000000000000000000000000000001","kind":"open","account":"00000000000000000000000000000002","controller":{"kind":"custodian","version":0}}]}`))
	f.Add([]byte(`{"lane":0,"seq":1,"operations":[{"id":"00000000000000000000000000000001","kind":"transfer","account":"00000000000000000000000000000002","to":"00000000000000000000000000000003","points":5}]}`))
	f.Add([]byte(`{"lane":4096,"seq":-1,"operations":[]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var request wire.BatchRequest
		if wire.Decode(doc, wire.MaxDocument, &request) != nil || request.Validate() != nil {
			return
		}
		if request.Lane < 0 || request.Lane > wire.MaxLane || request.Seq < 1 || len(request.Operations) > wire.MaxBatch {
			t.Fatalf("%+v is over a limit", request)
		}
		ids := map[points.OperationID]bool{}
		for i := range request.Operations {
			o := &request.Operations[i]
			if ids[o.ID] || bytes.ContainsAny([]byte(o.ID+points.OperationID(o.Account)+points.OperationID(o.To)), "\x00") {
				t.Fatalf("%+v has an id twice, or one that could build another key", request)
			}
			ids[o.ID] = true
			if o.Points < 0 && o.Kind != points.KindAdjust || max(o.Points, -o.Points).Valid() != nil {
				t.Fatalf("%s of %d points", o.Kind, o.Points)
			}
		}
		var again wire.BatchRequest
		if err := wire.Decode([]byte(encode(t, request)), wire.MaxDocument*2, &again); err != nil || !reflect.DeepEqual(normal(again), normal(request)) {
			t.Fatalf("%+v came back as %+v, %v", request, again, err)
		}
	})
}

// normal makes a batch without operations equal to one with none.
func normal(b wire.BatchRequest) wire.BatchRequest {
	if len(b.Operations) == 0 {
		b.Operations = nil
	}
	return b
}
