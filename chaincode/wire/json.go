package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/gowebpki/jcs"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// MaxDepth bounds the nesting of documents.
const MaxDepth = 16

// Encode gives the canonical JSON (RFC 8785) of a document: what is stored, hashed and signed.
func Encode(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fault.New(fault.Internal, "a %T can't be encoded: %v", v, err)
	}
	out, err := jcs.Transform(raw)
	if err != nil {
		return nil, fault.New(fault.Internal, "a %T can't be brought to canonical form: %v", v, err)
	}
	return out, nil
}

// Decode reads one JSON document into v, a pointer to a struct. Unknown, differently cased and duplicate fields, null, wrong types, floating-point numbers,
// trailing text, invalid UTF-8 and nesting over MaxDepth are MALFORMED; more than limit bytes is TOO_LARGE.
func Decode(doc []byte, limit int, v any) error {
	if len(doc) > limit {
		return fault.New(fault.TooLarge, "the document has %d bytes, at most %d are allowed", len(doc), limit)
	}
	if err := checkForm(doc, reflect.TypeOf(v)); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fault.New(fault.Malformed, "%s", decodeError(err))
	}
	return nil
}

// decodeError keeps positions and names of fields, never values: they may be personal data.
func decodeError(err error) string {
	if e, ok := err.(*json.UnmarshalTypeError); ok {
		return "field " + e.Field + " must be of type " + e.Type.String()
	}
	if f := fault.CodeOf(err); f != fault.Internal {
		return err.Error()
	}
	if strings.HasPrefix(err.Error(), "json: unknown field") {
		return "unknown field"
	}
	return "not a JSON document of the expected form"
}

// MandateDigest is what a controller signs: SHA-256 over the mandate's canonical JSON.
func MandateDigest(m *points.Mandate) ([]byte, error) {
	raw, err := Encode(m)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return sum[:], nil
}

// DecodeRecord reads what Encode wrote to the ledger; failure is STATE_CORRUPT, for nobody else writes there.
func DecodeRecord(raw []byte, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return fault.New(fault.StateCorrupt, "a record of type %T can't be decoded", v)
	}
	return nil
}
