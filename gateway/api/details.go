package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// saltBytes are the random bytes of a salt.
const saltBytes = 32

// requestHash identifies a request's content, whatever spelling of JSON it came in.
func requestHash(r *OperationRequest) ([sha256.Size]byte, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return [sha256.Size]byte{}, fault.New(fault.Internal, "a request can't be encoded: %v", err)
	}
	return sha256.Sum256(raw), nil
}

// requestedBy is what the caller has asked for. How a customer was recognised is no part of it: the session's last proof is another one after a step-up, and who sends the same
// again after it gets the same answer.
func requestedBy(ctx context.Context, r *OperationRequest) *OperationRequest {
	if personIn(ctx) == "" {
		return r
	}
	asked := *r
	asked.Authentication = nil
	return &asked
}

// detailsOf is the private part of an operation. A till's operation names its place: the sponsored shop, or else the till's member, with store and terminal; the salt keeps it
// from being guessed from a mandate.
func detailsOf(r *OperationRequest, member string) points.Details {
	d := points.Details{
		AmountMinor: valueOr(r.AmountMinor, 0), Currency: valueOr(r.Currency, ""), OccurredAt: valueOr(r.OccurredAt, ""),
		Store: valueOr(r.Store, ""), Terminal: valueOr(r.Terminal, ""), Reference: valueOr(r.ReceiptNumber, ""), PlaceSalt: valueOr(r.PlaceSalt, ""),
		Event: valueOr(r.Event, ""), Channel: valueOr(r.Channel, ""), Item: valueOr(r.Item, ""), Note: valueOr(r.Note, ""),
	}
	if r.Store != nil {
		d.Merchant = valueOr(r.Shop, member)
	}
	if r.Item != nil {
		d.Pieces = valueOr(r.Pieces, 1)
	}
	if r.Tags != nil {
		d.Tags = slices.Sorted(slices.Values(*r.Tags))
	}
	for _, l := range valueOr(r.Lines, nil) {
		d.Lines = append(d.Lines, points.Line{Category: valueOr(l.Category, ""), AmountMinor: l.AmountMinor})
	}
	if a := r.Authentication; a != nil {
		sum := sha256.Sum256([]byte(a.Challenge))
		d.Challenge = a.Method + ":" + hex.EncodeToString(sum[:])
	}
	return d
}

// fill takes over what stands on the ledger as the caller gave it.
func fill(o *points.Operation, r *OperationRequest) {
	o.Kind, o.ID, o.Hold = points.Kind(r.Kind), points.OperationID(valueOr(r.Operation, "")), points.OperationID(valueOr(r.Hold, ""))
	o.Points, o.Whole, o.Lines, o.Until = quantity.Points(valueOr(r.Points, 0)), valueOr(r.Whole, false), valueOr(r.ReturnLines, nil), valueOr(r.Until, 0)
	o.Holder, o.Purpose, o.Reason = points.Holder(valueOr(r.Holder, "")), points.Purpose(valueOr(r.Purpose, "")), points.Reason(valueOr(r.Reason, ""))
	o.Agreement, o.Request = valueOr(r.Agreement, 0), points.OperationID(valueOr(r.FreezeRequest, ""))
	if r.Account != nil {
		o.Account = points.AccountID(*r.Account)
	}
	if r.To != nil {
		o.To = points.AccountID(*r.To)
	}
	switch r.Kind {
	case KindEarn, KindRedeem, KindCapture: // Of the others the shop is the merchant, in the details.
		o.Shop = valueOr(r.Shop, "")
	}
}

// controllerOf is a controller with its number among the account's.
func controllerOf(r *ControllerRequest, version int) *points.Controller {
	return &points.Controller{Kind: points.ControllerKind(r.Kind), Version: version, Key: valueOr(r.Key, "")}
}
