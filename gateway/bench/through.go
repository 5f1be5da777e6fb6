package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
)

// receiptWait is how long a bulk call waits for its receipts.
const receiptWait = 30 * time.Second

// Gateway is what the benchmark needs of a gateway: client.Session.
type Gateway interface {
	Submit(ctx context.Context, key string, o client.OperationRequest) (client.Operation, error)
	SubmitAll(ctx context.Context, items []client.BulkItem, wait time.Duration) ([]client.BulkResult, error)
}

// through makes load on the gateway's HTTP API.
type through struct {
	gateway  Gateway
	purchase purchase
	accounts []string
	run      string // Makes keys and receipt numbers of this run its own.
	next     atomic.Int64
}

// purchase is what every accrual is about.
type purchase struct {
	minor      int64
	currency   string
	occurredAt string
}

// open opens n accounts.
func (t *through) open(ctx context.Context, n int) error {
	for len(t.accounts) < n {
		items := make([]client.BulkItem, min(n-len(t.accounts), client.MaxBulk))
		for i := range items {
			reference := fmt.Sprintf("bench-%s-%d", t.run, len(t.accounts)+i)
			items[i] = client.BulkItem{IdempotencyKey: reference, Operation: client.OperationRequest{Kind: client.KindOpen, Reference: &reference}}
		}
		results, err := t.gateway.SubmitAll(ctx, items, receiptWait)
		if err != nil {
			return err
		}
		for i := range results {
			if code := codeOf(&results[i]); code != fault.OK {
				return fault.New(code, "the benchmark's accounts can't be opened")
			}
			t.accounts = append(t.accounts, results[i].Operation.Account)
		}
	}
	return nil
}

// earn is a fresh accrual on an account.
func (t *through) earn(account string) (key string, o client.OperationRequest) {
	n := strconv.FormatInt(t.next.Add(1), 10)
	number, store, terminal := t.run+"-"+n, "bench", "gateway"
	return "b-" + number, client.OperationRequest{
		Kind: client.KindEarn, Account: &account, AmountMinor: &t.purchase.minor, Currency: &t.purchase.currency, OccurredAt: &t.purchase.occurredAt,
		Store: &store, Terminal: &terminal, ReceiptNumber: &number,
	}
}

func (t *through) anyAccount() string { return t.accounts[rand.IntN(len(t.accounts))] }
func (t *through) hotAccount() string { return t.accounts[0] }

// maker makes a fresh operation on an account.
type maker func(account string) (key string, o client.OperationRequest)

// bulk sends size operations on accounts that choose names.
func (t *through) bulk(size int, fresh maker, choose func() string) step {
	return func(ctx context.Context, m *meter) error {
		items := make([]client.BulkItem, size)
		for i := range items {
			items[i].IdempotencyKey, items[i].Operation = fresh(choose())
		}
		began := time.Now()
		results, err := t.gateway.SubmitAll(ctx, items, receiptWait)
		if err != nil {
			return err
		}
		for i := range results {
			m.done(began, codeOf(&results[i]))
		}
		return nil
	}
}

// single sends one accrual and waits for its receipt.
func (t *through) single(choose func() string) step { return t.singly(t.earn, choose) }

// singly sends one operation and waits for its receipt.
func (t *through) singly(fresh maker, choose func() string) step {
	return func(ctx context.Context, m *meter) error {
		key, o := fresh(choose())
		began := time.Now()
		answer, err := t.gateway.Submit(ctx, key, o)
		code, broken := verdict(&answer, err)
		m.done(began, code)
		return broken
	}
}

// verdict is the code of a single request. Without one from the gateway, the load can't go on.
func verdict(o *client.Operation, err error) (fault.Code, error) {
	switch code := fault.CodeOf(err); {
	case err == nil && o.Status == client.DONE:
		return fault.OK, nil
	case err == nil:
		return fault.LedgerUnavailable, nil
	case code == fault.Internal:
		return code, err
	default:
		return code, nil
	}
}

// codeOf is OK for an operation that was applied; one that was not committed in time counts as LEDGER_UNAVAILABLE.
func codeOf(r *client.BulkResult) fault.Code {
	switch {
	case r.Problem != nil:
		return fault.Code(r.Problem.Code)
	case r.Operation == nil || r.Operation.Status != client.DONE:
		return fault.LedgerUnavailable
	}
	return fault.OK
}
