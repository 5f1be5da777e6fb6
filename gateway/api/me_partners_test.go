package api

import (
	"net/http"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
)

func TestWhomACustomerHasExcludedIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		record   *clearing.OptOut
		everyone bool
		partners []string
	}{
		"nobody, ever":    {nil, false, []string{}},
		"nobody any more": {&clearing.OptOut{V: 1, Partners: []string{}}, false, []string{}},
		"one":             {&clearing.OptOut{V: 1, Partners: []string{"hotel"}}, false, []string{"hotel"}},
		"everybody":       {&clearing.OptOut{V: 1, Partners: []string{clearing.EveryPartner}}, true, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLobby(t)
			if c.record != nil {
				l.keep("airline", engine.ObjectOptOut, account, c.record)
			}
			got := into[MyPartners](t, l.as(l.holder("ada@example.com", account), "GET", "/v1/me/partners", ""), http.StatusOK)
			i := slices.IndexFunc(got.Exclusions, func(e MyExclusions) bool { return e.Account == account })
			if i < 0 || got.Exclusions[i].Everyone != c.everyone || !slices.Equal(got.Exclusions[i].Partners, c.partners) {
				t.Errorf("%+v", got.Exclusions)
			}
			if !slices.ContainsFunc(got.Partners, func(p MyPartner) bool {
				return p.Own && p.Member == "airline" && p.Name == "Airline Miles" && p.Genesis == programme().Genesis && p.Wallets != nil
			}) {
				t.Errorf("%+v", got.Partners)
			}
		})
	}
}
