package engine

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// MaxQuery bounds the document of a query, in bytes.
const MaxQuery = 4096

// read decodes the record under key into v and says whether there is one.
func read(s State, key string, v any) (bool, error) {
	values, err := s.Get([]string{key})
	if err != nil {
		return false, err
	}
	if values[0] == nil {
		return false, nil
	}
	return true, wire.DecodeRecord(values[0], v)
}

// write encodes a record.
func write(key string, v any) (Write, error) {
	raw, err := wire.Encode(v)
	return Write{Key: key, Value: raw}, err
}

func readProgramme(s State) (*points.Programme, error) {
	var p points.Programme
	there, err := read(s, ProgrammeKey(), &p)
	if err == nil && !there {
		err = fault.New(fault.NotFounded, "CreateProgramme has not been called on this chaincode")
	}
	return &p, err
}

// answerRecord answers a query with the bytes of one record, or NOT_FOUND.
func answerRecord(s State, key string) (Effects, error) {
	values, err := s.Get([]string{key})
	if err != nil {
		return Effects{}, err
	}
	if values[0] == nil {
		return Effects{}, fault.New(fault.NotFound, "%s", ReadableKey(key))
	}
	return Effects{Response: values[0]}, nil
}

// answer encodes what a call returns.
func answer(v any) (Effects, error) {
	raw, err := wire.Encode(v)
	return Effects{Response: raw}, err
}

// changed keeps a record and tells of it.
func changed(key string, record any, event string) (Effects, error) {
	w, err := write(key, record)
	return Effects{Response: w.Value, Writes: []Write{w}, EventName: event, EventPayload: w.Value}, err
}

// requireFree returns ALREADY_EXISTS when there is something under the key.
func requireFree(s State, key string) error {
	values, err := s.Get([]string{key})
	if err == nil && values[0] != nil {
		err = fault.New(fault.AlreadyExists, "%s", ReadableKey(key))
	}
	return err
}
