package abuse

import (
	"encoding/binary"
	"hash/fnv"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Keys are what an operation is known by, so that what comes again isn't counted again: its request's idempotency key, its till receipt, and the mandate that its customer signed,
// which serves once. Each is hashed together with what the rules count, so that nothing else can be counted as it; 0 for what it hasn't.
type Keys struct{ Request, Receipt, Mandate uint64 }

// keyForm is the form of keys that are made as KeysOf makes them: whatever changes them gives it another number, so that nothing is looked for under keys that it never had.
const keyForm = 1

// keysEach is how many keys one operation has at most.
const keysEach = 3

func (k Keys) list() [keysEach]uint64 { return [keysEach]uint64{k.Request, k.Receipt, k.Mandate} }

// KeysOf are the keys of an attempt. request and receipt are the hashes under which the outbox knows the operation, mandate is an id; each is empty for none.
func (a *Attempt) KeysOf(request, receipt, mandate string) Keys {
	return Keys{
		Request: keyOf("request", request, a.Account, a.Kind, a.Points),
		Receipt: keyOf("receipt", receipt, a.Account, a.Kind, a.Points),
		Mandate: mandateKey(mandate, a.Account, a.Kind, a.Points),
	}
}

func mandateKey(id string, account points.AccountID, kind points.Kind, n quantity.Points) uint64 {
	return keyOf("mandate", id, account, kind, n)
}

// keyOf is 0 without a name, and never else. It is no secret, nor need it be: who finds two names with one key has one operation counted less.
func keyOf(what, name string, account points.AccountID, kind points.Kind, n quantity.Points) uint64 {
	if name == "" {
		return 0
	}
	h := fnv.New64a()
	for _, part := range []string{what, name, string(account), string(kind)} {
		_, _ = h.Write([]byte(part))
		_, _ = h.Write([]byte{0})
	}
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(n))
	_, _ = h.Write(number[:])
	return max(h.Sum64(), 1)
}
