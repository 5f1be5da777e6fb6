package engine

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// The objects of the ledger's state. Every state key is a composite key of Fabric's form, and every one is built here.
const (
	ObjectProgramme  = "programme"
	ObjectAccount    = "account"
	ObjectExists     = "exists"
	ObjectLane       = "lane"
	ObjectBatch      = "batch"
	ObjectReversal   = "reversal"
	ObjectDetails    = "details"
	ObjectConsortium = "consortium"
)

const separator = "\x00"

// ProgrammeKey holds the Programme of a points namespace.
func ProgrammeKey() string { return compose(ObjectProgramme) }

// AccountKey holds an Account.
func AccountKey(id points.AccountID) string { return compose(ObjectAccount, string(id)) }

// ExistsKey marks that an account exists; immutable, read where only existence matters.
func ExistsKey(id points.AccountID) string { return compose(ObjectExists, string(id)) }

// LaneKey holds a Lane: lane n of the submitter with this MSP id.
func LaneKey(msp string, n int) string { return compose(ObjectLane, msp, laneNumber(n)) }

// BatchKey holds a Batch.
func BatchKey(msp string, lane int, seq int64) string {
	return compose(ObjectBatch, msp, laneNumber(lane), sequence(seq))
}

// ReversalKey holds a Reversal: what was taken back of one accrual.
func ReversalKey(id points.OperationID) string { return compose(ObjectReversal, string(id)) }

// DetailsKey holds the private details of one batch, in CollectionDetails.
func DetailsKey(msp string, lane int, seq int64) string {
	return compose(ObjectDetails, msp, laneNumber(lane), sequence(seq))
}

// ConsortiumKey holds the Consortium, in the clearing namespace.
func ConsortiumKey() string { return compose(ObjectConsortium) }

// ParseKey takes a composite key apart; INVALID_VALUE when it is none.
func ParseKey(key string) (object string, attributes []string, err error) {
	if len(key) < 3 || !strings.HasPrefix(key, separator) || !strings.HasSuffix(key, separator) {
		return "", nil, fault.New(fault.InvalidValue, "not a composite key")
	}
	parts := strings.Split(key[1:len(key)-1], separator)
	return parts[0], parts[1:], nil
}

// ReadableKey gives a composite key in a form for people: object/attribute/attribute.
func ReadableKey(key string) string {
	object, attributes, err := ParseKey(key)
	if err != nil {
		return strconv.Quote(key)
	}
	return strings.Join(append([]string{object}, attributes...), "/")
}

// compose builds Fabric's composite key: U+0000, then each part followed by U+0000. Parts are ours or were validated, so none contains U+0000 or U+10FFFF.
func compose(parts ...string) string { return separator + strings.Join(parts, separator) + separator }

// laneNumber and sequence are padded so that keys sort as numbers do.
func laneNumber(n int) string { return fmt.Sprintf("%04d", n) }

func sequence(seq int64) string { return fmt.Sprintf("%019d", seq) }
