package wire

import (
	"bytes"
	"encoding"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// checkForm walks a document beside the type it is for and refuses what encoding/json would let pass: fields in another case, duplicate fields, null,
// numbers that are not plain integers, trailing text, invalid UTF-8 and deep nesting.
func checkForm(doc []byte, t reflect.Type) error {
	if !utf8.Valid(doc) {
		return fault.New(fault.Malformed, "the document is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := checkValue(d, t, 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.New(fault.Malformed, "there is text after the document")
	}
	return nil
}

func checkValue(d *json.Decoder, t reflect.Type, depth int) error {
	if depth > MaxDepth {
		return fault.New(fault.Malformed, "the document is nested deeper than %d", MaxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return fault.New(fault.Malformed, "not a JSON document")
	}
	t = concrete(t)
	switch v := token.(type) {
	case nil:
		return fault.New(fault.Malformed, "null is not a value here: leave the field out")
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") || v.String() == "-0" {
			return fault.New(fault.Malformed, "numbers must be plain integers")
		}
		return nil
	case json.Delim:
		if v == '{' {
			return checkObject(d, t, depth)
		}
		return checkArray(d, t, depth)
	}
	return nil
}

// concrete strips pointers; a type that decodes itself from text has no fields to look at.
func concrete(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func checkObject(d *json.Decoder, t reflect.Type, depth int) error {
	fields, err := fieldsOf(t)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return fault.New(fault.Malformed, "not a JSON document")
		}
		name := token.(string) // The decoder gives nothing else as a key.
		fieldType, known := fields[name]
		if !known {
			return fault.New(fault.Malformed, "a %s has a field that is not known: names must be written exactly as documented", t.Name())
		}
		if seen[name] {
			return fault.New(fault.Malformed, "field %s is given twice", name)
		}
		seen[name] = true
		if err := checkValue(d, fieldType, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	if err != nil {
		return fault.New(fault.Malformed, "not a JSON document")
	}
	return nil
}

func checkArray(d *json.Decoder, t reflect.Type, depth int) error {
	if t.Kind() != reflect.Slice {
		return fault.New(fault.Malformed, "an array stands where none is expected")
	}
	for d.More() {
		if err := checkValue(d, t.Elem(), depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fault.New(fault.Malformed, "not a JSON document")
	}
	return nil
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// fieldsOf lists the JSON names of a struct's fields; documents have no embedded structs.
func fieldsOf(t reflect.Type) (map[string]reflect.Type, error) {
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(textUnmarshaler) {
		return nil, fault.New(fault.Malformed, "an object stands where none is expected")
	}
	fields := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = f.Type
	}
	return fields, nil
}
