package projection

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
	"github.com/tallystick/tallystick/gateway/store"
)

// programmes are the channel's programmes as of the last block that was looked at, by name: their terms say when an account's points are gone. Terms are never
// overwritten, so what they say of points that are there doesn't change with the blocks to come.
type programmes map[string]*points.Programme

// knownProgrammes are those that the database has.
func knownProgrammes(ctx context.Context, s *store.Store) (programmes, error) {
	list, err := store.NewReads(s.Reader()).Programmes(ctx)
	if err != nil {
		return nil, err
	}
	known := programmes{}
	for i := range list {
		known[list[i].Brand] = &list[i]
	}
	return known, nil
}

func (p programmes) note(name string, body []byte) error {
	record := new(points.Programme)
	if err := wire.DecodeRecord(body, record); err != nil {
		return fault.New(fault.BlockInvalid, "the record of programme %s can't be read", name)
	}
	p[name] = record
	return nil
}

// accountRecord is what the database's columns need of a points.Account: taking the whole apart costs more.
type accountRecord struct {
	Posted   quantity.Points `json:"posted"`
	Held     quantity.Points `json:"held"`
	Debt     quantity.Points `json:"debt"`
	Active   quantity.Day    `json:"active"`
	Lots     []lots.Lot      `json:"lots"`
	Suspense []lots.Lot      `json:"suspense"`
	Claims   []points.Claim  `json:"claims"`
	Holds    []struct {
		Until int64      `json:"until"`
		Lots  []lots.Lot `json:"lots"`
	} `json:"holds"`
}

// accountRow is the database's row of an account's record.
func (p programmes) accountRow(name string, body []byte) (store.AccountRow, error) {
	programme := p[name]
	var record accountRecord
	if programme == nil || json.Unmarshal(body, &record) != nil {
		return store.AccountRow{}, fault.New(fault.BlockInvalid, "an account's record can't be read")
	}
	a := &points.Account{Active: record.Active, Lots: record.Lots, Suspense: record.Suspense}
	for _, h := range record.Holds {
		a.Holds = append(a.Holds, points.Hold{Until: h.Until, Lots: h.Lots})
	}
	row := store.AccountRow{Posted: record.Posted, Held: record.Held, Debt: record.Debt, Body: body, Lots: a}
	row.DueDay, row.DueAt = bookkeeping.Due(programme, a)
	for _, c := range record.Claims {
		row.Refundable += c.Repaid
	}
	return row, nil
}
