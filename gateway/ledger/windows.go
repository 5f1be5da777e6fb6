package ledger

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// What changes clearing's public state is endorsed by a majority of the brands, and waits until it is committed. Every call is safe to repeat, and to race with other members':
// what stands on the ledger already as the call would have it is its answer.

// public brings a document to clearing's public state. there reads what the document is about, and says whether that is as the document would have it.
func public[T any](ctx context.Context, c *Clearing, function string, document any, there func() (T, bool)) (T, error) {
	var kept T
	raw, err := wire.Encode(document)
	if err != nil {
		return kept, err
	}
	err = c.client.retrying(ctx, func() error {
		e, err := c.client.endorseWithMajority(ctx, func() (call, error) {
			return call{chaincode: engine.ClearingChaincode, function: function, document: raw}, nil
		})
		if err != nil {
			return err
		}
		if err := e.commit(ctx); err != nil {
			return err
		}
		return wire.DecodeRecord(e.transaction.Result(), &kept)
	})
	if err == nil || ClassOf(err) != Refused {
		return kept, err
	}
	if standing, as := there(); as {
		return standing, nil
	}
	return kept, err
}

func (c *Clearing) read(ctx context.Context, function string, document, v any) error {
	return c.client.query(ctx, engine.ClearingChaincode, function, document, v)
}

// Open opens the first window of a currency, and gives that window or the one that is open by now. The client's identity must be an operator.
func (c *Clearing) Open(ctx context.Context, currency string) (clearing.Window, error) {
	doc := wire.CurrencyQuery{Currency: currency}
	return public(ctx, c, wire.FnOpenClearing, doc, func() (clearing.Window, bool) {
		var w clearing.Window
		err := c.read(ctx, wire.FnGetOpenWindow, doc, &w)
		return w, err == nil
	})
}

// Roll closes the window for traffic and gives the one that is open from then on. Before the regular close it takes a reason and an operator's identity. TOO_EARLY while it can't
// be rolled. A window that was rolled by somebody else is rolled.
func (c *Clearing) Roll(ctx context.Context, doc wire.Rolling) (clearing.Window, error) {
	return public(ctx, c, wire.FnRollWindow, doc, func() (clearing.Window, bool) {
		next, err := c.Window(ctx, doc.Currency, doc.Number+1)
		return next, err == nil
	})
}

// Disclose tells everybody what a pair of the own member's owes net for one window. NET_MISMATCH when a value isn't that of the channel, WINDOW_ORDER unless it is the pair's next
// window. A window that was disclosed by the other member is disclosed.
func (c *Clearing) Disclose(ctx context.Context, doc wire.NetDisclosure) (clearing.PairNets, error) {
	netting := doc.Netting
	if netting == 0 {
		netting = doc.Window
	}
	return public(ctx, c, wire.FnDiscloseNet, doc, func() (clearing.PairNets, bool) {
		var nets clearing.PairNets
		err := c.read(ctx, wire.FnGetPairNets, wire.PairNetsQuery{A: doc.A, B: doc.B, Currency: doc.Currency, Window: netting}, &nets)
		return nets, err == nil && nets.Has(doc.Window)
	})
}

// Close ends the disclosures of a window. TOO_EARLY while pairs may still disclose.
func (c *Clearing) Close(ctx context.Context, currency string, number int64) (clearing.Window, error) {
	return c.bringOn(ctx, wire.FnCloseWindow, wire.WindowQuery{Currency: currency, Number: number}, func(w *clearing.Window) bool { return w.ClosedAt != 0 })
}

// Net nets a window. WINDOW_ORDER unless the window before is netted.
func (c *Clearing) Net(ctx context.Context, currency string, number int64) (clearing.Window, error) {
	return c.bringOn(ctx, wire.FnNetWindow, wire.WindowQuery{Currency: currency, Number: number}, func(w *clearing.Window) bool { return w.NettedAt != 0 })
}

// Settle makes the payments of a netted window due. TOO_EARLY while positions may still be signed.
func (c *Clearing) Settle(ctx context.Context, currency string, number int64) (clearing.Window, error) {
	return c.bringOn(ctx, wire.FnStartSettlement, wire.WindowQuery{Currency: currency, Number: number}, func(w *clearing.Window) bool { return w.SettlingAt != 0 })
}

func (c *Clearing) bringOn(ctx context.Context, function string, doc wire.WindowQuery, done func(*clearing.Window) bool) (clearing.Window, error) {
	return public(ctx, c, function, doc, func() (clearing.Window, bool) {
		w, err := c.Window(ctx, doc.Currency, doc.Number)
		return w, err == nil && done(&w)
	})
}

// Sign signs a position as the own member computed it. The client's identity must be the treasurer. POSITION_MISMATCH when the ledger has another result.
func (c *Clearing) Sign(ctx context.Context, doc wire.PositionSignature) (clearing.Position, error) {
	return public(ctx, c, wire.FnSignPosition, doc, func() (clearing.Position, bool) {
		var p clearing.Position
		err := c.read(ctx, wire.FnGetPosition, wire.PositionQuery{Currency: doc.Currency, Window: doc.Window, Member: doc.Member}, &p)
		return p, err == nil && p.Signed != nil && p.Net == doc.Net && p.Root == doc.Root
	})
}

// OpenWindow reads the window of a currency that is open; NOT_FOUND before clearing in it was opened.
func (c *Clearing) OpenWindow(ctx context.Context, currency string) (clearing.Window, error) {
	var w clearing.Window
	return w, c.read(ctx, wire.FnGetOpenWindow, wire.CurrencyQuery{Currency: currency}, &w)
}

// Allocation reads how much two brands may owe each other; NOT_FOUND when nothing was voted.
func (c *Clearing) Allocation(ctx context.Context, a, b, currency string) (clearing.Allocation, error) {
	var record clearing.Allocation
	return record, c.read(ctx, wire.FnGetAllocation, wire.PairCurrencyQuery{A: min(a, b), B: max(a, b), Currency: currency}, &record)
}

// Window reads a window; NOT_FOUND when there is none.
func (c *Clearing) Window(ctx context.Context, currency string, number int64) (clearing.Window, error) {
	var w clearing.Window
	return w, c.read(ctx, wire.FnGetWindow, wire.WindowQuery{Currency: currency, Number: number}, &w)
}
