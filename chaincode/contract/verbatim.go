package contract

import (
	"reflect"

	"github.com/hyperledger/fabric-contract-api-go/v2/metadata"
)

// verbatim is the contract API's serializer: a document and an answer are JSON text already and pass unchanged. The API's own one would check both against
// schemas that a caller can get around, and would encode and decode each document once more for it. It must not panic: the API calls it on a goroutine of its own.
type verbatim struct{}

// FromString gives the text as a value of the parameter's type, which is always string.
func (verbatim) FromString(text string, _ reflect.Type, _ *metadata.ParameterMetadata, _ *metadata.ComponentMetadata) (reflect.Value, error) {
	return reflect.ValueOf(text), nil
}

// ToString gives the answer's text.
func (verbatim) ToString(answer reflect.Value, _ reflect.Type, _ *metadata.ReturnMetadata, _ *metadata.ComponentMetadata) (string, error) {
	return answer.String(), nil
}
