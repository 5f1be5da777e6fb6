package main

import (
	"context"
	"os"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/api"
	"github.com/tallystick/tallystick/gateway/checkpoint"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/people/consent"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/reports"
	"github.com/tallystick/tallystick/gateway/software"
)

// reportParts are what reports are made of and signed with; the access log comes with the vault, where there is one.
func (g *gateway) reportParts() (api.Reports, error) {
	signer, err := reportSigner(g.cfg)
	return api.Reports{Reader: g.reads, Rates: ratesOf(&g.cfg.Reports), Signer: signer}, err
}

// reportSigner signs reports with the configured key; nil without one. What can't be read, key or checkpoints, is told at the start.
func reportSigner(cfg *config.Config) (*reports.Signer, error) {
	r := &cfg.Reports
	if r.Key == "" {
		return nil, nil
	}
	secret, err := os.ReadFile(r.Key)
	if err != nil {
		return nil, fault.New(fault.NotFound, "the key for reports can't be read: %v", err)
	}
	executable, err := software.Executable()
	if err != nil {
		return nil, fault.New(fault.Internal, "the program's own file can't be read: %v", err)
	}
	s := &reports.Signer{Member: cfg.Member, Channel: cfg.Channel, Secret: string(secret), Software: software.Describe(program), Executable: executable}
	if r.Checkpoints == "" {
		return s, s.Check()
	}
	text, err := os.ReadFile(r.Auditors)
	if err != nil {
		return nil, fault.New(fault.NotFound, "the auditors' public keys can't be read: %v", err)
	}
	keys, err := checkpoint.ParseKeys(string(text))
	if err != nil {
		return nil, err
	}
	s.Checkpoints = func() (checkpoint.Chain, error) { return checkpoint.LoadChain(r.Checkpoints, keys) }
	return s, s.Check()
}

func ratesOf(c *config.Reports) reports.Rates {
	rates := reports.Rates{Source: c.RateSource, AsOf: c.RateAsOf, Euro: map[string]quantity.Ratio{}}
	for _, r := range c.Rates {
		rates.Euro[r.Currency] = quantity.Ratio{Num: r.Num, Den: r.Den}
	}
	return rates
}

// accessLog gives the vault's log to the reports, and what was read of others' customers.
type accessLog struct {
	*vault.Vault
	readings *consent.Readings
}

// Readings implements reports.AccessLog.
func (l accessLog) Readings(ctx context.Context, from, to int64, limit int) ([]reports.ReadingCount, error) {
	counts, err := l.readings.Counts(ctx, from, to, limit)
	all := make([]reports.ReadingCount, len(counts))
	for i, c := range counts {
		all[i] = reports.ReadingCount(c)
	}
	return all, err
}

// Accesses implements reports.AccessLog.
func (l accessLog) Accesses(ctx context.Context, from, to int64, limit int) ([]reports.AccessCount, error) {
	counts, err := l.Vault.Accesses(ctx, from, to, limit)
	all := make([]reports.AccessCount, len(counts))
	for i, c := range counts {
		all[i] = reports.AccessCount(c)
	}
	return all, err
}

// Grantees implements reports.AccessLog.
func (l accessLog) Grantees(ctx context.Context, from, to int64, limit int) ([]reports.GranteeSum, error) {
	sums, err := l.Vault.Grantees(ctx, from, to, limit)
	all := make([]reports.GranteeSum, len(sums))
	for i, s := range sums {
		all[i] = reports.GranteeSum(s)
	}
	return all, err
}
