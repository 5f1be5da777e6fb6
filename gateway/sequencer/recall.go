package sequencer

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// recall completes details with what this gateway knows of the operation to which o refers. What it doesn't know is left out, and the ledger says what follows from that.
func (s *Sequencer) recall(ctx context.Context, o *points.Operation, d *points.Details) error {
	switch {
	case o.Kind == points.KindCapture && d.PlaceSalt == "":
		return s.recallPlace(ctx, o, d)
	case needsPurchase(o) && d.Disclosed == nil:
		return s.recallPurchase(ctx, o, d)
	default:
		return nil
	}
}

// recallPlace salts a capture's place as the hold's is: the till that holds is known to the ledger by the salted hash alone.
func (s *Sequencer) recallPlace(ctx context.Context, o *points.Operation, d *points.Details) error {
	hold, err := s.settings.Store.Operation(ctx, o.Hold)
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	var held points.Details
	if err := wire.DecodeRecord(hold.Details, &held); err != nil {
		return err
	}
	d.PlaceSalt = held.PlaceSalt
	return nil
}

// needsPurchase says whether what a return takes back follows from the purchase's details: by amount or by lines, of points that rules have awarded.
func needsPurchase(o *points.Operation) bool {
	if o.Kind != points.KindReturn || o.Original == nil || o.Whole || o.Points != 0 {
		return false
	}
	return len(o.Lines) > 0 || o.Original.Receipt.Award != nil
}

func (s *Sequencer) recallPurchase(ctx context.Context, o *points.Operation, d *points.Details) error {
	disclosed, err := s.settings.Disclosures.Disclosed(ctx, o.Original.Receipt.Operation)
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	d.Disclosed = disclosed
	return err
}
