package main

import (
	"github.com/tallystick/tallystick/gateway/certificates"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// speakAs gives a client with another identity of the member, which is followed through its renewals.
func (g *gateway) speakAs(name string, files config.KeyPair) (*ledger.Client, error) {
	client, err := g.client.As(files)
	if err != nil {
		return nil, err
	}
	return client, g.renews(name, files, client)
}

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
