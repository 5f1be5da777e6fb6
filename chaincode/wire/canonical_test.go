package wire_test

import (
	stdjson "encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func encode(t interface{ Fatal(...any) }, v any) string {
	raw, err := wire.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestEncodeIsCanonical(t *testing.T) {
	cases := []struct {
		name string
		v    any
		want string
	}{
		{"fields in order of their names", wire.BatchRequest{Lane: 3, Seq: 7}, `{"lane":3,"operations":[],"seq":7}`},
		{"no fields", wire.Nothing{}, `{}`},
		{"an empty optional field is left out", points.Operation{ID: "b", Kind: points.KindEarn, Account: "a"}, `{"account":"a","id":"b","kind":"earn"}`},
		{"a pointer that is not set is left out", points.Controller{Kind: points.ControllerCustodian}, `{"kind":"custodian","version":0}`},
		{"largest whole number", wire.BatchResult{Root: "", Count: quantity.MaxPoints}, `{"count":9007199254740991,"rejected":0,"root":""}`},
		{"negative number", wire.BatchResult{Count: -5}, `{"count":-5,"rejected":0,"root":""}`},
		{"only what must be escaped is", wire.MemberQuery{Name: "a\"\\/\b\f\n\r\t\x01é€😀\u2028<&>"},
			"{\"name\":\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001é€😀\u2028<&>\"}"},
		{"names in order of UTF-16", map[string]int{"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\u0080": 6, "ö": 7},
			"{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\ufb33\":3}"},
		{"a day", wire.BusinessDate{Date: 15317}, `{"date":"2011-12-09"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := encode(t, c.v); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func text(t *rapid.T, label string) string { return rapid.StringN(0, 20, 120).Draw(t, label) }

func whole(t *rapid.T, label string) int64 {
	return rapid.Int64Range(-quantity.MaxPoints, quantity.MaxPoints).Draw(t, label)
}

func anyReceipt(t *rapid.T) points.Receipt {
	return points.Receipt{
		V: 1, Operation: points.OperationID(text(t, "operation")), Kind: points.Kind(text(t, "kind")), Programme: text(t, "programme"),
		Account: points.AccountID(text(t, "account")), To: points.AccountID(text(t, "to")), Points: quantity.Points(whole(t, "points")),
		Outcome: points.Accepted, Code: "OK", Posted: quantity.Points(whole(t, "posted")), DebtRepaid: quantity.Points(whole(t, "repaid")),
		BusinessDate: quantity.Day(rapid.Int32Range(0, 2932896).Draw(t, "date")), Engine: 1, Terms: 1,
		Details: text(t, "details"), Authorisation: text(t, "authorisation"), Original: points.OperationID(text(t, "original")),
		Hold: points.OperationID(text(t, "hold")), Shop: text(t, "shop"), Award: anyAward(t), Moves: anyMoves(t), ToMoves: anyMoves(t),
	}
}

func anyAward(t *rapid.T) *rules.Outcome {
	if rapid.Bool().Draw(t, "without rules") {
		return nil
	}
	return &rules.Outcome{
		Awards:   []rules.Award{{Rule: text(t, "rule"), Points: quantity.Points(whole(t, "award")), Campaign: text(t, "campaign")}},
		Progress: []rules.Progress{{Counter: text(t, "counter"), Add: whole(t, "progress")}}, Once: text(t, "once"),
	}
}

func anyMoves(t *rapid.T) []lots.Move {
	var moves []lots.Move
	for range rapid.IntRange(0, 3).Draw(t, "moves") {
		key := lots.Key{From: quantity.Day(rapid.Int32Range(0, 99999).Draw(t, "from")), Expiry: quantity.Day(rapid.Int32Range(0, 99999).Draw(t, "expiry")), Terms: 1, Funding: text(t, "funding")}
		moves = append(moves, lots.Move{Lot: lots.Lot{Key: key, Points: quantity.Points(whole(t, "moved"))}, Cause: lots.Cause(text(t, "cause"))})
	}
	return moves
}

func TestEncodeAgreesWithAnIndependentImplementation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		details := points.Details{Operation: points.OperationID(text(t, "operation")), AmountMinor: whole(t, "amount"), Merchant: text(t, "merchant"), Reference: text(t, "reference")}
		for _, v := range []any{anyReceipt(t), details} {
			raw, err := stdjson.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			want, err := jcs.Transform(raw)
			if err != nil {
				t.Fatal(err)
			}
			if got := encode(t, v); got != string(want) {
				t.Fatalf("got  %s\nwant %s", got, want)
			}
		}
	})
}

func TestDecodeGivesBackWhatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		receipt := anyReceipt(t)
		var back points.Receipt
		if err := wire.Decode([]byte(encode(t, receipt)), wire.MaxDocument, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, receipt) {
			t.Fatalf("%+v came back as %+v", receipt, back)
		}
	})
}

func TestMandateDigestFollowsFromEveryField(t *testing.T) {
	base := points.Mandate{
		Format: 1, Genesis: strings.Repeat("0a", 32), Programme: "airline", Account: "a", ControllerVersion: 1, Operation: points.KindRedeem,
		Place: "p", Receiver: "r", MaxPoints: 5, Quote: "q", ID: "i", NotAfter: 9,
	}
	changes := map[string]func(*points.Mandate){
		"nothing": func(*points.Mandate) {}, "format": func(m *points.Mandate) { m.Format = 2 }, "genesis": func(m *points.Mandate) { m.Genesis = "" },
		"programme": func(m *points.Mandate) { m.Programme = "hotel" }, "account": func(m *points.Mandate) { m.Account = "b" },
		"controller": func(m *points.Mandate) { m.ControllerVersion = 2 }, "operation": func(m *points.Mandate) { m.Operation = points.KindReturn },
		"place": func(m *points.Mandate) { m.Place = "" }, "receiver": func(m *points.Mandate) { m.Receiver = "" },
		"points": func(m *points.Mandate) { m.MaxPoints = 6 }, "subject": func(m *points.Mandate) { m.Subject = "s" },
		"bearer": func(m *points.Mandate) { m.Bearer = true }, "quote": func(m *points.Mandate) { m.Quote = "" },
		"id": func(m *points.Mandate) { m.ID = "j" }, "end": func(m *points.Mandate) { m.NotAfter = 10 },
	}
	seen := map[string]string{}
	for name, change := range changes {
		m := base
		change(&m)
		digest, err := wire.MandateDigest(&m)
		if err != nil {
			t.Fatal(err)
		}
		if other, there := seen[string(digest)]; there {
			t.Errorf("a change of %s and of %s give one digest", name, other)
		}
		seen[string(digest)] = name
	}
}
