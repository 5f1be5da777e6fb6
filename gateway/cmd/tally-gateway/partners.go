package main

import (
	"net"

	"github.com/tallystick/tallystick/gateway/api"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/partners"
)

// quoter asks the ledger: the own programme's contract for what it does alone, clearing for what it does with a partner, and for what the member does with other programmes.
type quoter struct {
	*ledger.Points
	*ledger.Clearing
}

// buildPartners gives the API the other brands and, where they are configured, their gateways.
func (g *gateway) buildPartners(parts *api.Parts) (err error) {
	if g.partners, err = partners.Open(g.cfg.PartnerTLS, g.cfg.Partners); err != nil {
		return err
	}
	if own := g.partners.Own(); own != nil {
		g.certificates.Add(own)
	}
	parts.Partners = map[string]api.Brand{}
	for _, m := range g.cfg.Brands() {
		if m.Name == g.cfg.Represented().Name {
			continue
		}
		brand := api.Brand{Recorder: g.abroad[m.Name]}
		if client := g.partners.Client(m.Name, partners.DefaultPause, g.log); client != nil {
			brand.Issuer = client
		}
		parts.Partners[m.Name] = brand
	}
	return nil
}

// listenForPartners takes connections of other brands' gateways; nil where none are taken.
func (g *gateway) listenForPartners() (net.Listener, error) {
	if g.partners == nil || g.cfg.PartnerListen == "" {
		return nil, nil
	}
	return g.partners.Listen(g.cfg.PartnerListen)
}
