package points

import "github.com/tallystick/tallystick/chaincode/fault"

// Deposit credits the inbox of an account of this programme, the n-th of its batch, with what a swap at another programme brings, or the return of one.
func (b *Book) Deposit(n int, d *Deposit, from string) Receipt {
	return Receipt{V: 1, Operation: d.Operation, Kind: KindDeposit, Programme: b.Programme.Brand, Account: d.Account, To: d.Source, Points: d.Points, Code: fault.OK, Outcome: Accepted, Partner: from}
}
