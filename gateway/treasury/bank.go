package treasury

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bankfiles"
	"github.com/tallystick/tallystick/gateway/store"
)

// Accounts says where members settle: the gateway's configuration.
type Accounts interface {
	// Account finds a member's account for a currency; false when there is none.
	Account(member, currency string) (bankfiles.Account, bool)
}

// Bank is how the member's bank wants its files.
type Bank struct {
	Accounts Accounts
	Charges  bankfiles.Charges
	OmitUETR bool
}

// matchedWindows is how many of a currency's last windows have legs that a bank's file is held against.
const matchedWindows = 64

// LegID is the end-to-end id of a leg's payment: the same however often a file is written, and within what every bank passes on.
func LegID(l *clearing.Leg) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%s/%s", l.Currency, l.Window, l.From, l.To))
	return "TS" + hex.EncodeToString(sum[:15])
}

// bankLeg is a leg with so much to pay, for a bank's file. NOT_FOUND when the configuration doesn't say where one of the two settles.
func (b *Bank) bankLeg(l *clearing.Leg, amount quantity.Minor) (bankfiles.Leg, error) {
	out := bankfiles.Leg{
		ID: LegID(l), Window: l.Window, Payer: bankfiles.Party{Member: l.From}, Payee: bankfiles.Party{Member: l.To},
		Amount: quantity.Money{Minor: int64(amount), Currency: l.Currency}, Due: quantity.DayOf(l.Due),
	}
	for _, p := range []*bankfiles.Party{&out.Payer, &out.Payee} {
		account, ok := b.Accounts.Account(p.Member, l.Currency)
		if !ok {
			return out, fault.New(fault.NotFound, "the configuration (bank.accounts) doesn't say where %s settles in %s", p.Member, l.Currency)
		}
		p.Account = account
	}
	return out, nil
}

// Initiation is the file that pays what is left to pay of a member's legs of a window. NOT_FOUND when that is nothing, or an account isn't configured.
func (b *Bank) Initiation(ctx context.Context, reads *store.ClearingReads, member, currency string, number int64) (*bankfiles.Initiation, error) {
	var w clearing.Window
	if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectWindow, ID: store.WindowID(currency, number)}, &w); err != nil {
		return nil, err
	}
	legs, err := legsOf(ctx, reads, currency, number)
	if err != nil {
		return nil, err
	}
	in := &bankfiles.Initiation{Created: time.Unix(w.SettlingAt, 0).UTC(), Charges: b.Charges, OmitUETR: b.OmitUETR}
	content := sha256.New()
	for i := range legs {
		left := legs[i].Amount - legs[i].Paid()
		if legs[i].From != member || legs[i].Closed() || left <= 0 {
			continue
		}
		leg, err := b.bankLeg(&legs[i], left)
		if err != nil {
			return nil, err
		}
		in.Legs, in.Initiator = append(in.Legs, leg), leg.Payer.Account.Name
		_, _ = fmt.Fprintf(content, "%s %d\n", leg.ID, left)
	}
	if len(in.Legs) == 0 {
		return nil, fault.New(fault.NotFound, "%s has nothing left to pay of window %d of %s", member, number, currency)
	}
	in.ID = messageID(currency, number, hex.EncodeToString(content.Sum(nil)[:4]))
	return in, nil
}

// messageID names a file by the window and what it pays: another file of the window has another id.
func messageID(currency string, number int64, content string) string {
	return fmt.Sprintf("TS-%s-%09d-%s", currency, number, content)
}

// windowOf reads a message's id back; false when it isn't one of ours.
func windowOf(message string) (currency string, number int64, ok bool) {
	var content string
	n, err := fmt.Sscanf(message, "TS-%3s-%9d-%8s", &currency, &number, &content)
	return currency, number, err == nil && n == 3 && messageID(currency, number, content) == message
}

func notOurs(message string) error {
	return fault.New(fault.NotFound, "the report answers %s, which is no file of this gateway's", message)
}

func legsOf(ctx context.Context, reads *store.ClearingReads, currency string, number int64) ([]clearing.Leg, error) {
	return store.All[clearing.Leg](ctx, reads, store.ClearingList{Object: engine.ObjectLeg, Prefix: store.WindowID(currency, number)})
}
