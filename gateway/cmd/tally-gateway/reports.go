package main

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/api"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/reports"
)

// reportParts are what reports are made of; the access log comes with the vault, where there is one.
func (g *gateway) reportParts() api.Reports {
	return api.Reports{Reader: g.reads, Rates: ratesOf(&g.cfg.Reports)}
}

func ratesOf(c *config.Reports) reports.Rates {
	rates := reports.Rates{Source: c.RateSource, AsOf: c.RateAsOf, Euro: map[string]quantity.Ratio{}}
	for _, r := range c.Rates {
		rates.Euro[r.Currency] = quantity.Ratio{Num: r.Num, Den: r.Den}
	}
	return rates
}

// accessLog gives the vault's log to the reports.
type accessLog struct{ *vault.Vault }

// Accesses implements reports.AccessLog.
func (l accessLog) Accesses(ctx context.Context, from, to int64, limit int) ([]reports.AccessCount, error) {
	counts, err := l.Vault.Accesses(ctx, from, to, limit)
	all := make([]reports.AccessCount, len(counts))
	for i, c := range counts {
		all[i] = reports.AccessCount(c)
	}
	return all, err
}
