package stubtest

import (
	"errors"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/queryresult"
)

type keyValue struct {
	key   string
	value []byte
}

// iterator gives the results of a range read.
type iterator struct {
	found     []keyValue
	namespace string
	closed    bool
}

// HasNext says whether there is another result.
func (i *iterator) HasNext() bool { return !i.closed && len(i.found) > 0 }

// Next gives the next result.
func (i *iterator) Next() (*queryresult.KV, error) {
	if !i.HasNext() {
		return nil, errors.New("no such key")
	}
	next := i.found[0]
	i.found = i.found[1:]
	return &queryresult.KV{Namespace: i.namespace, Key: next.key, Value: next.value}, nil
}

// Close ends the iteration.
func (i *iterator) Close() error {
	i.closed = true
	return nil
}
