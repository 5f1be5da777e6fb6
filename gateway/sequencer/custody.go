package sequencer

import (
	"crypto/ecdsa"
	"crypto/rand"
	"math/big"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/fingerprint"
)

// mandateSeconds is how long a mandate that custody signs can be used. Short, since an account remembers a used one until it lapses, and at most
// points.MaxUsedAuthorisations of them; long enough to get from here into a proposal.
const mandateSeconds = 3

// Signer signs a SHA-256 digest with the custodian's P-256 key, wherever that is kept.
type Signer interface {
	Sign(digest []byte) (r, s *big.Int, err error)
}

// FileKey is a custodian key in memory.
type FileKey struct{ Key *ecdsa.PrivateKey }

// Sign implements Signer.
func (k FileKey) Sign(digest []byte) (r, s *big.Int, err error) {
	return ecdsa.Sign(rand.Reader, k.Key, digest)
}

// custodyKinds are the kinds of operation that a controller signs, always or (a return, a void) in some cases.
var custodyKinds = []points.Kind{
	points.KindRedeem, points.KindHold, points.KindVoid, points.KindTransfer, points.KindGift, points.KindAccept, points.KindReturn, points.KindRekey, points.KindVeto,
	points.KindClose, points.KindSwap, points.KindOptOut, points.KindOptIn,
}

// custodySigns says whether the operation can have a mandate of the custodian's: a return that has the original receipt takes none.
func custodySigns(o *points.Operation) bool {
	return slices.Contains(custodyKinds, o.Kind) && o.Original == nil
}

// custodian signs for customers who have no key of their own.
type custodian struct {
	signer  Signer
	version int
	hasher  *fingerprint.Hasher
	now     func() time.Time
}

// authorise gives the operation's document with a fresh mandate, and when that lapses in Unix seconds. The mandate's id is the same every time, so that
// two attempts at one operation can't both be accepted even then.
func (c *custodian) authorise(programme *points.Programme, e *entry) ([]byte, int64, error) {
	var o points.Operation
	if err := wire.DecodeRecord(e.operation.Document, &o); err != nil {
		return nil, 0, err
	}
	var d points.Details
	if err := wire.DecodeRecord(e.operation.Details, &d); err != nil {
		return nil, 0, err
	}
	mandate := points.Mandate{
		Format: points.MandateFormat, Genesis: programme.Genesis, Programme: programme.Brand, Account: o.Account, ControllerVersion: c.version,
		Operation: o.Kind, Place: points.PlaceHash(d.PlaceSalt, d.Merchant, d.Store, d.Terminal), Receiver: o.To, MaxPoints: o.Points, Subject: points.SubjectHash(&o),
		ID: c.hasher.MandateID(o.ID), NotAfter: c.now().Unix() + mandateSeconds,
	}
	if o.Kind == points.KindReturn {
		mandate.MaxPoints = points.Assess(programme, &o, &d, nil).Points
	}
	digest, err := wire.MandateDigest(&mandate)
	if err != nil {
		return nil, 0, err
	}
	r, s, err := c.signer.Sign(digest)
	if err != nil {
		return nil, 0, fault.New(fault.Internal, "the custodian key can't sign: %v", err)
	}
	o.Authorisation = &points.Authorisation{Mandate: mandate, Signature: points.SignatureOver(r, s)}
	document, err := wire.Encode(&o)
	return document, mandate.NotAfter, err
}
