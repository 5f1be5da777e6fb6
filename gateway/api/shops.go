package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// ListShops lists a programme's sponsored shops.
func (s *Server) ListShops(ctx context.Context, r ListShopsRequestObject) (ListShopsResponseObject, error) {
	shops, next, err := recordsOf[points.Shop](ctx, s.reader, recordPage{programme: r.Name, object: engine.ObjectShop, after: r.Params.After, limit: r.Params.Limit})
	if err != nil {
		return nil, err
	}
	return ListShops200JSONResponse{Shops: shops, Next: next}, nil
}

// GetShop tells a sponsored shop.
func (s *Server) GetShop(ctx context.Context, r GetShopRequestObject) (GetShopResponseObject, error) {
	if !points.ValidShopID(r.Id) {
		return nil, wrong(fault.InvalidValue, "id", "a shop's id has %d to %d lower-case letters, digits and hyphens", points.MinShopID, points.MaxShopID)
	}
	var shop points.Shop
	if err := s.readRecord(ctx, r.Name, engine.ObjectShop, r.Id, &shop); err != nil {
		return nil, err
	}
	return GetShop200JSONResponse(shop), nil
}

// PutShop registers a sponsored shop or changes one.
func (s *Server) PutShop(ctx context.Context, r PutShopRequestObject) (PutShopResponseObject, error) {
	if err := s.administers(r.Name); err != nil {
		return nil, err
	}
	if r.Body.ID != r.Id {
		return nil, wrong(fault.InvalidValue, "/id", "must be the id in the path")
	}
	shop, err := s.administrator.PutShop(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	return PutShop200JSONResponse(shop), nil
}

// recordPage says which records are asked for.
type recordPage struct {
	programme, object string
	after             *string
	limit             *int
}

// recordsOf reads a page of records, and where the next one begins; nil when there is none.
func recordsOf[T any](ctx context.Context, reader ReadModel, page recordPage) ([]T, *string, error) {
	limit, err := pageLimit(page.limit)
	if err != nil {
		return nil, nil, err
	}
	if _, err := reader.Programme(ctx, page.programme); err != nil {
		return nil, nil, err
	}
	records, err := reader.Records(ctx, page.programme, page.object, valueOr(page.after, ""), limit)
	if err != nil {
		return nil, nil, err
	}
	out := make([]T, len(records))
	for i := range records {
		if err := wire.DecodeRecord(records[i].Body, &out[i]); err != nil {
			return nil, nil, err
		}
	}
	if len(records) < limit {
		return out, nil, nil
	}
	last := records[limit-1].ID
	more, err := reader.Records(ctx, page.programme, page.object, last, 1)
	if err != nil || len(more) == 0 {
		return out, nil, err
	}
	return out, &last, nil
}

// readRecord reads one record; NOT_FOUND when the programme or the record isn't there.
func (s *Server) readRecord(ctx context.Context, programme, object, id string, into any) error {
	if _, err := s.reader.Programme(ctx, programme); err != nil {
		return err
	}
	body, err := s.reader.Record(ctx, programme, object, id)
	if err != nil {
		return err
	}
	return wire.DecodeRecord(body, into)
}
