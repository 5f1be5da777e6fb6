package api

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func cornerShop() wire.NewShop {
	return wire.NewShop{ID: "corner", DisplayName: "Corner Shop", Sponsor: "HotelMSP", Status: points.ShopOpen, AwardPerDay: 1000, AcceptPerDay: 500}
}

func TestAShopIsRegisteredAndRead(t *testing.T) {
	b := newBench(t)
	put := into[Shop](t, b.do(b.asOperator("PUT", "/v1/programmes/airline/shops/corner", cornerShop())), http.StatusOK)
	if got := into[Shop](t, b.get("/v1/programmes/airline/shops/corner"), http.StatusOK); got != put || got.AwardPerDay != 1000 || got.Sponsor != "HotelMSP" || got.Day != 20_000 {
		t.Errorf("%+v, put as %+v", got, put)
	}
	closed := cornerShop()
	closed.Status = points.ShopSuspended
	into[Shop](t, b.do(b.asOperator("PUT", "/v1/programmes/airline/shops/corner", closed)), http.StatusOK)
	if got := into[Shop](t, b.get("/v1/programmes/airline/shops/corner"), http.StatusOK); got.Status != points.ShopSuspended {
		t.Errorf("%+v", got)
	}
	p := b.problem(b.do(b.asOperator("PUT", "/v1/programmes/airline/shops/other", cornerShop())), fault.InvalidValue)
	if (*p.Errors)[0].Pointer != "/id" {
		t.Errorf("%+v", *p.Errors)
	}
	b.refusal = fault.New(fault.Forbidden, "RegulatorMSP is no brand of the consortium")
	b.problem(b.do(b.asOperator("PUT", "/v1/programmes/airline/shops/corner", cornerShop())), fault.Forbidden)
}

func TestShopsAreReadPageByPage(t *testing.T) {
	b := newBench(t)
	for i := range 5 {
		b.keep("airline", engine.ObjectShop, fmt.Sprint("shop-", i), points.Shop{V: 1, ID: fmt.Sprint("shop-", i), DisplayName: "x", Sponsor: "HotelMSP", Status: points.ShopOpen})
	}
	b.keep("hotel", engine.ObjectShop, "shop-9", points.Shop{V: 1, ID: "shop-9", DisplayName: "x", Sponsor: "HotelMSP", Status: points.ShopOpen})
	for limit, pages := range map[int]int{1: 5, 2: 3, 4: 2, 5: 1, 200: 1} {
		seen, read := map[string]bool{}, 0
		for path := fmt.Sprint("/v1/programmes/airline/shops?limit=", limit); read < 9; {
			page := into[ShopList](t, b.get(path), http.StatusOK)
			for _, s := range page.Shops {
				seen[s.ID] = true
			}
			read++
			if page.Next == nil {
				break
			}
			path = fmt.Sprint("/v1/programmes/airline/shops?limit=", limit, "&after=", *page.Next)
		}
		if read != pages || len(seen) != 5 {
			t.Errorf("%d at a time: %d pages, shops %v", limit, read, seen)
		}
	}
	if page := into[ShopList](t, b.get("/v1/programmes/airline/shops?after=shop-4"), http.StatusOK); page.Shops == nil || len(page.Shops) != 0 {
		t.Errorf("behind the last: %+v", page)
	}
}

func TestShopsThatCantBeAreRefused(t *testing.T) {
	b := newBench(t)
	for path, code := range map[string]fault.Code{
		"/v1/programmes/airline/shops/nobody":    fault.NotFound,
		"/v1/programmes/airline/shops/Corner":    fault.InvalidValue,
		"/v1/programmes/nobody/shops/corner":     fault.NotFound,
		"/v1/programmes/nobody/shops":            fault.NotFound,
		"/v1/programmes/airline/shops?limit=0":   fault.InvalidValue,
		"/v1/programmes/airline/shops?limit=201": fault.InvalidValue,
	} {
		b.problem(b.get(path), code)
	}
}
