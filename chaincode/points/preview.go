package points

import (
	"maps"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// Preview is the receipt that an operation would get now; the book stays as it is. What needs the controller's signature and has none yet is shown as if it had one. Of a
// cross-brand operation it shows what follows from public data: no window, no obligation, and not whether the brands' limits suffice.
func (b *Book) Preview(o *Operation, f Facts) Receipt {
	view := *b
	view.Accounts = maps.Clone(b.Accounts) // Where an authorisation is used up.
	t := view.try(o, f)
	t.preview = true
	r := t.receipt
	r.Code = t.run()
	if r.Code != fault.OK {
		code := r.Code
		r.refuse(o.Points)
		r.Code = code
		return *r
	}
	if t.from != nil {
		r.Posted, r.Held, r.Moves = t.account.Posted, t.account.Held, t.from.moves
	}
	if t.to != nil {
		r.ToMoves = t.to.moves
	}
	return *r
}

// Price is what the redemption with these details costs by a price list; see terms.PriceList for its refusals.
func (d *Details) Price(list *terms.PriceList) (quantity.Points, error) {
	if d.Item != "" {
		return list.ItemPrice(d.Item, d.Pieces)
	}
	return list.DiscountPrice(d.AmountMinor)
}
