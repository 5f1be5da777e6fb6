package main

import (
	"github.com/tallystick/tallystick/gateway/certificates"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// renews has a client speak under the certificate that its files hold, whenever they are renewed.
func (g *gateway) renews(name string, files config.KeyPair, client *ledger.Client) error {
	pair, err := certificates.Open(name, files)
	if err != nil {
		return err
	}
	pair.OnChange(func(m *certificates.Material) error { return client.Renew(m.Certificate, m.Key) })
	g.certificates.Add(pair)
	return nil
}
