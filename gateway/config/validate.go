package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/bankfiles"
)

var logLevels = []string{"debug", "info", "warn", "error"}

func wrong(key, format string, args ...any) error {
	return fault.New(fault.InvalidValue, "configuration key %s: %s", key, fmt.Sprintf(format, args...))
}

func (c *Config) validate() error {
	for _, step := range []func() error{c.validateNames, c.validateMembers, c.validatePeers, c.validateFiles, c.validateNumbers, c.validateBank, c.validateWriter, c.validatePartners, c.validatePeople,
		c.validateReports, c.validateTracing} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) validateNames() error {
	for _, required := range []struct{ key, value string }{
		{"member", c.Member}, {"msp", c.MSP}, {"channel", c.Channel}, {"listen", c.Listen}, {"database", c.Database}, {"apiKeys", c.APIKeys}, {"secret", c.Secret},
	} {
		if required.value == "" {
			return wrong(required.key, "is missing")
		}
	}
	if c.Mode != Writer && c.Mode != Reader {
		return wrong("mode", "must be %s or %s", Writer, Reader)
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return wrong("listen", "must be host:port")
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return wrong("listen", "must be on a loopback address: it speaks plain HTTP, put a TLS proxy before it")
	}
	if !slices.Contains(logLevels, c.Log.Level) {
		return wrong("log.level", "must be one of %v", logLevels)
	}
	return nil
}

func (c *Config) validateMembers() error {
	if len(c.Members) == 0 {
		return wrong("members", "is missing")
	}
	names, msps := map[string]bool{}, map[string]bool{}
	for i, m := range c.Members {
		key := fmt.Sprintf("members[%d]", i)
		if m.Name == "" || m.MSP == "" {
			return wrong(key, "needs name and msp")
		}
		if m.Kind != clearing.KindBrand && m.Kind != clearing.KindRegulator {
			return wrong(key+".kind", "must be %s or %s", clearing.KindBrand, clearing.KindRegulator)
		}
		if names[m.Name] || msps[m.MSP] {
			return wrong(key, "is there twice")
		}
		names[m.Name], msps[m.MSP] = true, true
	}
	if own, ok := c.member(c.Member); !ok || own.MSP != c.MSP {
		return wrong("members", "must hold member %s with msp %s", c.Member, c.MSP)
	}
	if failed, ok := c.member(c.ActsFor); c.ActsFor != "" && (!ok || failed.Kind != clearing.KindBrand || failed.Name == c.Member || c.Programme != failed.Name) {
		return wrong("actsFor", "must be another brand, whose programme is sequenced")
	}
	return nil
}

func (c *Config) validatePeers() error {
	names := map[string]bool{}
	for i, p := range c.Peers {
		key := fmt.Sprintf("peers[%d]", i)
		if p.Name == "" || names[p.Name] {
			return wrong(key+".name", "must be given, each once")
		}
		names[p.Name] = true
		if m, ok := c.member(p.Member); !ok || m.MSP != p.MSP {
			return wrong(key+".member", "must be a member, with that member's msp")
		}
		if _, _, err := net.SplitHostPort(p.Endpoint); err != nil {
			return wrong(key+".endpoint", "must be host:port")
		}
		if err := readable(key+".tlsRoot", p.TLSRoot); err != nil {
			return err
		}
	}
	if len(c.OwnPeers()) == 0 {
		return wrong("peers", "must hold a peer of the own member %s", c.Member)
	}
	return nil
}

func (c *Config) validateFiles() error {
	files := []struct{ key, path string }{
		{"identity.cert", c.Identity.Cert}, {"identity.key", c.Identity.Key}, {"secret", c.Secret}, {"apiKeys", c.APIKeys},
	}
	for _, optional := range []struct {
		key  string
		pair KeyPair
	}{{"operator", c.Operator}, {"compliance", c.Compliance}, {"treasurer", c.Treasurer}} {
		if optional.pair != (KeyPair{}) {
			files = append(files, struct{ key, path string }{optional.key + ".cert", optional.pair.Cert}, struct{ key, path string }{optional.key + ".key", optional.pair.Key})
		}
	}
	for _, f := range files {
		if err := readable(f.key, f.path); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) validateNumbers() error {
	for _, n := range []struct {
		key             string
		value, min, max int
	}{
		{"lanes", c.Lanes, 1, MaxLanes}, {"batchMax", c.BatchMax, 1, wire.MaxBatch}, {"backlog", c.Backlog, 1, MaxBacklog},
		{"sweep.outstanding", c.Sweep.Outstanding, 0, MaxSweepOutstanding}, {"sweep.backlog", c.Sweep.Backlog, 0, MaxBacklog},
	} {
		if n.value < n.min || n.value > n.max {
			return wrong(n.key, "must lie between %d and %d", n.min, n.max)
		}
	}
	if c.Sweep.Interval < MinSweepInterval || c.Sweep.Interval > MaxSweepInterval {
		return wrong("sweep.interval", "must be a time with its unit, such as 1s, between %s and %s", MinSweepInterval, MaxSweepInterval)
	}
	return nil
}

// validateBank checks accounts one by one: who pays whom is known only when a window is settled.
func (c *Config) validateBank() error {
	if c.Clerk.Interval < MinClerkInterval || c.Clerk.Interval > MaxClerkInterval {
		return wrong("clerk.interval", "must be a time with its unit, such as 2s, between %s and %s", MinClerkInterval, MaxClerkInterval)
	}
	if !slices.Contains([]bankfiles.Charges{"", bankfiles.ChargesByServiceLevel, bankfiles.ChargesShared, bankfiles.ChargesOnPayer}, c.Bank.Charges) {
		return wrong("bank.charges", "must be SLEV, SHAR or DEBT")
	}
	if len(c.Bank.Accounts) > MaxBankAccounts {
		return wrong("bank.accounts", "has more than %d", MaxBankAccounts)
	}
	seen := map[[2]string]bool{}
	for i, a := range c.Bank.Accounts {
		key := fmt.Sprintf("bank.accounts[%d]", i)
		if m, ok := c.member(a.Member); !ok || m.Kind != clearing.KindBrand || seen[[2]string{a.Member, a.Currency}] {
			return wrong(key, "must be of a brand, once for each currency")
		}
		seen[[2]string{a.Member, a.Currency}] = true
		if a.Currency != "" && quantity.ValidCurrency(a.Currency) != nil {
			return wrong(key+".currency", "must be a three-letter ISO 4217 code, or left out")
		}
		account := a.account()
		if err := account.Valid(a.Member); err != nil {
			return wrong(key, "%v", err)
		}
	}
	return nil
}

func (c *Config) validateWriter() error {
	if c.Mode == Reader {
		return nil
	}
	if own, _ := c.member(c.Member); own.Kind != clearing.KindBrand {
		return wrong("mode", "only a brand can be %s", Writer)
	}
	if len(c.Brands()) < 2 {
		return wrong("members", "a writer needs another brand: nobody endorses alone")
	}
	if c.Programme == "" {
		return wrong("programme", "is missing")
	}
	if c.Custodian.Version < 1 {
		return wrong("custodian.version", "must be 1 or more")
	}
	_, err := c.CustodianKey()
	return err
}

// CustodianKey reads the custodian's private key.
func (c *Config) CustodianKey() (*ecdsa.PrivateKey, error) {
	if err := readable("custodian.key", c.Custodian.Key); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(c.Custodian.Key)
	if err != nil {
		return nil, wrong("custodian.key", "can't be read: %v", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, wrong("custodian.key", "%s is no PEM file", c.Custodian.Key)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, wrong("custodian.key", "%s holds no PKCS#8 key", c.Custodian.Key)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, wrong("custodian.key", "%s holds no P-256 key", c.Custodian.Key)
	}
	return key, nil
}

// validatePartners checks the gateways of other brands. A gateway that only reads has nothing to do with them.
func (c *Config) validatePartners() error {
	if c.Mode == Reader && (len(c.Partners) > 0 || c.PartnerListen != "") {
		return wrong("partners", "are a writer's")
	}
	seen := map[string]bool{}
	for i, p := range c.Partners {
		key := fmt.Sprintf("partners[%d]", i)
		if m, ok := c.member(p.Member); !ok || m.Kind != clearing.KindBrand || p.Member == c.Represented().Name || seen[p.Member] {
			return wrong(key+".member", "must be another brand, each once")
		}
		seen[p.Member] = true
		if _, _, err := net.SplitHostPort(p.Endpoint); err != nil {
			return wrong(key+".endpoint", "must be host:port")
		}
		if p.ServerName == "" {
			return wrong(key+".serverName", "is missing: it tells the gateway's certificate from others of the same CA")
		}
		if err := readable(key+".tlsRoot", p.TLSRoot); err != nil {
			return err
		}
	}
	if len(c.Partners) == 0 && c.PartnerListen == "" {
		return nil
	}
	if c.PartnerListen != "" {
		if _, _, err := net.SplitHostPort(c.PartnerListen); err != nil {
			return wrong("partnerListen", "must be host:port")
		}
	}
	if err := readable("partnerTLS.cert", c.PartnerTLS.Cert); err != nil {
		return err
	}
	return readable("partnerTLS.key", c.PartnerTLS.Key)
}

func (c *Config) member(name string) (Member, bool) {
	i := slices.IndexFunc(c.Members, func(m Member) bool { return m.Name == name })
	if i < 0 {
		return Member{}, false
	}
	return c.Members[i], true
}

func readable(key, path string) error {
	if path == "" {
		return wrong(key, "is missing")
	}
	f, err := os.Open(path)
	if err != nil {
		return wrong(key, "%v", err)
	}
	return f.Close()
}
