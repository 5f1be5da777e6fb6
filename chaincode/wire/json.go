package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// MaxDepth bounds the nesting of documents.
const MaxDepth = 16

// Encode gives the canonical JSON (RFC 8785) of a document: what is stored, hashed and signed.
func Encode(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fault.New(fault.Internal, "a %T can't be encoded", v)
	}
	value := jsontext.Value(raw)
	if err := value.Canonicalize(); err != nil {
		return nil, fault.New(fault.Internal, "a %T can't be brought to canonical form", v)
	}
	return value, nil
}

// Decode reads one JSON document into v, a pointer to a struct. Unknown, differently cased and duplicate fields, null, wrong types, numbers that are not
// plain integers, trailing text, invalid UTF-8 and nesting over MaxDepth are MALFORMED; more than limit bytes is TOO_LARGE.
func Decode(doc []byte, limit int, v any) error {
	if len(doc) > limit {
		return fault.New(fault.TooLarge, "the document has %d bytes, at most %d are allowed", len(doc), limit)
	}
	if err := refuseNullAndDepth(doc); err != nil {
		return err
	}
	if err := json.Unmarshal(doc, v, json.RejectUnknownMembers(true)); err != nil {
		return malformed(err)
	}
	return nil
}

// refuseNullAndDepth finds what the decoder would take: null leaves a field as it was, and nesting costs stack.
func refuseNullAndDepth(doc []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return malformed(err)
		}
		if token.Kind() == 'n' {
			return fault.New(fault.Malformed, "%s is null: leave the field out instead", place(d.StackPointer()))
		}
		if d.StackDepth() > MaxDepth {
			return fault.New(fault.Malformed, "the document is nested deeper than %d", MaxDepth)
		}
	}
}

// malformed keeps where a document is wrong and what was expected there, never its values: they may be personal data.
func malformed(err error) error {
	var coded *fault.Error
	if errors.As(err, &coded) {
		return coded
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		if errors.Is(err, json.ErrUnknownName) {
			// The name is the caller's own text: it may be what shouldn't be repeated.
			return fault.New(fault.Malformed, "%s has a field that is not known: names must be written exactly as documented", place(semantic.JSONPointer.Parent()))
		}
		return fault.New(fault.Malformed, "%s must be of type %v", place(semantic.JSONPointer), semantic.GoType)
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return fault.New(fault.Malformed, "not a JSON document of unique fields, at byte %d", syntactic.ByteOffset)
	}
	return fault.New(fault.Malformed, "not a JSON document")
}

// maxPlace bounds how much of a document's own field names an error repeats.
const maxPlace = 64

func place(p jsontext.Pointer) string {
	if p == "" {
		return "the document"
	}
	if len(p) > maxPlace {
		return string(p[:maxPlace]) + "..."
	}
	return string(p)
}

// DecodeRecord reads what Encode wrote to the ledger; failure is STATE_CORRUPT, for nobody else writes there.
func DecodeRecord(raw []byte, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return fault.New(fault.StateCorrupt, "a record of type %T can't be decoded", v)
	}
	return nil
}

// Hash is SHA-256 over a document's canonical JSON, in hex: how versions, operations and quotes are named.
func Hash(v any) (string, error) {
	raw, err := Encode(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
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
