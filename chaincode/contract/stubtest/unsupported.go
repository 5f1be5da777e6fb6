package stubtest

import (
	"errors"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// ErrUnsupported is the answer of what Fabric has and no contract of ours may use: state lives in LevelDB, without rich queries or pages that a commit would check.
var ErrUnsupported = errors.New("stubtest: our contracts don't use this function of the stub")

// SetStateValidationParameter is not used: policies belong to namespaces and collections.
func (s *Stub) SetStateValidationParameter(string, []byte) error { return ErrUnsupported }

// GetStateValidationParameter is not used.
func (s *Stub) GetStateValidationParameter(string) ([]byte, error) { return nil, ErrUnsupported }

// SetPrivateDataValidationParameter is not used.
func (s *Stub) SetPrivateDataValidationParameter(string, string, []byte) error { return ErrUnsupported }

// GetPrivateDataValidationParameter is not used.
func (s *Stub) GetPrivateDataValidationParameter(string, string) ([]byte, error) {
	return nil, ErrUnsupported
}

// GetStateByRangeWithPagination is not used: pages are not checked at commit.
func (s *Stub) GetStateByRangeWithPagination(string, string, int32, string) (shim.StateQueryIteratorInterface, *peer.QueryResponseMetadata, error) {
	return nil, nil, ErrUnsupported
}

// GetStateByPartialCompositeKeyWithPagination is not used.
func (s *Stub) GetStateByPartialCompositeKeyWithPagination(string, []string, int32, string) (shim.StateQueryIteratorInterface, *peer.QueryResponseMetadata, error) {
	return nil, nil, ErrUnsupported
}

// GetAllStatesCompositeKeyWithPagination is not used.
func (s *Stub) GetAllStatesCompositeKeyWithPagination(int32, string) (shim.StateQueryIteratorInterface, *peer.QueryResponseMetadata, error) {
	return nil, nil, ErrUnsupported
}

// GetQueryResult is not used: it needs CouchDB, and its results are not checked at commit.
func (s *Stub) GetQueryResult(string) (shim.StateQueryIteratorInterface, error) {
	return nil, ErrUnsupported
}

// GetQueryResultWithPagination is not used.
func (s *Stub) GetQueryResultWithPagination(string, int32, string) (shim.StateQueryIteratorInterface, *peer.QueryResponseMetadata, error) {
	return nil, nil, ErrUnsupported
}

// GetPrivateDataQueryResult is not used.
func (s *Stub) GetPrivateDataQueryResult(string, string) (shim.StateQueryIteratorInterface, error) {
	return nil, ErrUnsupported
}

// GetHistoryForKey is not used: history is read from blocks.
func (s *Stub) GetHistoryForKey(string) (shim.HistoryQueryIteratorInterface, error) {
	return nil, ErrUnsupported
}
