package replay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
)

// receiptWait is how long a call lets the gateway wait for receipts.
const receiptWait = 20 * time.Second

// keyDigits are the hex digits of an idempotency key after its prefix.
const keyDigits = 32

// parcel is one operation on its way.
type parcel struct {
	item     client.BulkItem
	customer string
	row      *Row // Nil for an opening.
	index    int  // Of the row.
	sent     time.Time
	attempts int
}

// run sends the shard's queue, one call after the other.
func (h *shard) run(ctx context.Context) error {
	for len(h.queue) > 0 {
		parcels, taken := h.pack()
		if err := h.deliver(ctx, parcels); err != nil {
			return err
		}
		h.queue = h.queue[taken:]
		if err := h.stream.journal.save(); err != nil {
			return err
		}
	}
	return nil
}

// pack fills a call: openings of customers that appear, then rows. It stops before a return whose purchase is in the same call, since its receipt isn't there yet.
func (h *shard) pack() (parcels []*parcel, taken int) {
	here := map[string]bool{}
	for _, i := range h.queue {
		row := h.stream.rows[i]
		if taken == h.stream.options.Bulk || (row.Original != "" && here[row.Original]) {
			break
		}
		here[row.Receipt] = true
		if !h.opened[row.Customer] {
			h.opened[row.Customer] = true
			parcels = append(parcels, h.stream.opening(row.Customer))
		}
		parcels = append(parcels, h.stream.purchase(i))
		taken++
	}
	return parcels, taken
}

func (s *stream) opening(customer string) *parcel {
	return &parcel{customer: customer, item: client.BulkItem{
		IdempotencyKey: s.key("open", customer), Operation: client.OperationRequest{Kind: client.KindOpen, Reference: &customer},
	}}
}

func (s *stream) purchase(i int) *parcel {
	row := s.rows[i]
	at := row.At.Format(time.RFC3339)
	o := client.OperationRequest{
		Kind: client.KindEarn, Reference: &row.Customer, AmountMinor: &row.Minor, Currency: &s.programme.Currency, OccurredAt: &at,
		Store: &row.Store, Terminal: &row.Terminal, ReceiptNumber: &row.Receipt,
	}
	if row.Return {
		o.Kind = client.KindReturn
		if operation, known := s.original(row.Original); known {
			o.OriginalOperation = &operation
		} else {
			o.Authentication = &client.Authentication{Method: "replay", Challenge: "none: the purchase isn't in the file"}
		}
	}
	return &parcel{customer: row.Customer, row: row, index: i, item: client.BulkItem{
		IdempotencyKey: s.key(string(o.Kind), strconv.Itoa(row.Line), row.Receipt), Operation: o,
	}}
}

// key is an idempotency key that is the same whenever the same file is sent, and tells nothing about the customer.
func (s *stream) key(parts ...string) string {
	h := sha256.New()
	for _, p := range append(parts, s.brand) {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return s.options.Prefix + hex.EncodeToString(h.Sum(nil))[:keyDigits]
}

// deliver sends parcels until each has its final answer. What may succeed later is sent again under the same key.
func (h *shard) deliver(ctx context.Context, parcels []*parcel) error {
	s := h.stream
	lastAnswer, wait := time.Now(), firstPause
	for len(parcels) > 0 {
		left, err := h.once(ctx, parcels)
		if err != nil && !mayPass(err) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if len(left) < len(parcels) {
			lastAnswer, wait = time.Now(), firstPause
		}
		if parcels = left; len(parcels) == 0 {
			return nil
		}
		if time.Since(lastAnswer) > s.options.RetryFor {
			return fault.New(fault.LedgerUnavailable, "given up after %s without a final answer from %s's gateway (%v)", s.options.RetryFor, s.brand, err)
		}
		s.tally.retried()
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
		wait = min(2*wait, longestPause)
	}
	return nil
}

// once makes one call and returns the parcels that have no final answer yet.
func (h *shard) once(ctx context.Context, parcels []*parcel) (left []*parcel, err error) {
	items := make([]client.BulkItem, len(parcels))
	for i, p := range parcels {
		items[i] = p.item
		if p.attempts == 0 {
			p.sent = time.Now()
		}
		p.attempts++
	}
	results, err := h.stream.target.Gateway.SubmitAll(ctx, items, receiptWait)
	if err != nil {
		return parcels, err
	}
	unopened := map[string]bool{}
	finished := 0
	for i, p := range parcels {
		if !final(&results[i], unopened[p.customer]) {
			left = append(left, p)
			unopened[p.customer] = unopened[p.customer] || p.row == nil
			continue
		}
		h.stream.settle(p, &results[i])
		if p.row != nil {
			finished++
		}
	}
	h.stream.options.Progress.Add(finished)
	return left, nil
}

// final says whether a result is an answer for good. An account that is unknown because its opening has to be sent again is none.
func final(r *client.BulkResult, unopened bool) bool {
	if r.Problem == nil {
		return r.Operation != nil && r.Operation.Status == client.DONE
	}
	if r.Problem.Class == client.Retry {
		return false
	}
	return !unopened || r.Problem.Code != string(fault.AccountUnknown)
}

// settle counts a final answer and marks the row as finished.
func (s *stream) settle(p *parcel, r *client.BulkResult) {
	s.tally.count(p, r)
	if p.row == nil {
		return
	}
	if r.Problem == nil && !p.row.Return {
		s.remember(p.row.Receipt, r.Operation.Id)
	}
	s.track.finish(p.index)
}
