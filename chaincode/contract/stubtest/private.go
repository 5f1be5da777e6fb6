package stubtest

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
)

// enter finds a collection and checks that the client may use it.
func (s *Stub) enter(collection string) (place, error) {
	if collection == "" {
		return place{}, errors.New("collection must not be an empty string")
	}
	p := place{s.namespace, collection}
	col, err := s.simulation.channel.collection(p)
	if err != nil {
		return place{}, err
	}
	if !slices.Contains(col.Members, s.simulation.proposal.Creator.MSP) {
		return place{}, fmt.Errorf("tx creator does not have access permission on privatedata in chaincodeName:%s collectionName: %s", s.namespace, collection)
	}
	return p, nil
}

// GetPrivateData reads a committed private value. A peer that isn't a member knows that there is one, but not its value.
func (s *Stub) GetPrivateData(collection, key string) ([]byte, error) {
	p, err := s.enter(collection)
	if err != nil {
		return nil, err
	}
	known := s.simulation.set.readHash(s.simulation.node.world, p, key)
	e, there := s.simulation.node.world.values[p][key]
	if known != nil && !there {
		return nil, errors.New("private data matching public hash version is not available")
	}
	return slices.Clone(e.value), nil
}

// GetMultiplePrivateData reads committed private values in the order of the keys.
func (s *Stub) GetMultiplePrivateData(collection string, keys ...string) ([][]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		var err error
		if values[i], err = s.GetPrivateData(collection, key); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// GetPrivateDataHash reads the hash of a private value; every peer has it and every client may ask.
func (s *Stub) GetPrivateDataHash(collection, key string) ([]byte, error) {
	p := place{s.namespace, collection}
	if _, err := s.simulation.channel.collection(p); err != nil {
		return nil, err
	}
	return s.simulation.set.readHash(s.simulation.node.world, p, key), nil
}

// PutPrivateData adds a private write; its hashes are public.
func (s *Stub) PutPrivateData(collection, key string, value []byte) error {
	if key == "" {
		return errors.New("key must not be an empty string")
	}
	return s.changePrivate(collection, key, change{value: slices.Clone(value), deleted: len(value) == 0})
}

// DelPrivateData adds a private deletion.
func (s *Stub) DelPrivateData(collection, key string) error {
	return s.changePrivate(collection, key, change{deleted: true})
}

// PurgePrivateData adds a private deletion that leaves no history, of which nothing is kept here anyway. The block tells it from another deletion.
func (s *Stub) PurgePrivateData(collection, key string) error {
	return s.changePrivate(collection, key, change{deleted: true, purged: true})
}

func (s *Stub) changePrivate(collection, key string, c change) error {
	if collection == "" {
		return errors.New("collection must not be an empty string")
	}
	return s.write(func() error {
		p, err := s.enter(collection)
		if err != nil {
			return err
		}
		return s.simulation.set.writePrivate(p, key, c)
	})
}

// GetPrivateDataByRange reads private values by simple keys; a transaction that does so can't write.
func (s *Stub) GetPrivateDataByRange(collection, start, end string) (shim.StateQueryIteratorInterface, error) {
	start, err := simpleRange(start, end)
	if err != nil {
		return nil, err
	}
	return s.queryPrivate(collection, start, end)
}

// GetPrivateDataByPartialCompositeKey reads private values by the beginning of their keys; a transaction that does so can't write.
func (s *Stub) GetPrivateDataByPartialCompositeKey(collection, object string, attributes []string) (shim.StateQueryIteratorInterface, error) {
	start, err := shim.CreateCompositeKey(object, attributes)
	if err != nil {
		return nil, err
	}
	return s.queryPrivate(collection, start, start+string(utf8.MaxRune))
}

func (s *Stub) queryPrivate(collection, start, end string) (shim.StateQueryIteratorInterface, error) {
	p, err := s.enter(collection)
	if err != nil {
		return nil, err
	}
	if err := s.simulation.set.queryPrivate(); err != nil {
		return nil, err
	}
	values := s.simulation.node.world.values[p]
	var found []keyValue
	for _, key := range keysBetween(values, start, end) {
		found = append(found, keyValue{key: key, value: slices.Clone(values[key].value)})
	}
	return &iterator{found: found, namespace: s.namespace}, nil
}
