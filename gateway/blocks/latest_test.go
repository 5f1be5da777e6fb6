package blocks

import (
	"context"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/msp"

	"github.com/tallystick/tallystick/chaincode/fault"
)

func TestTheConfigurationInForceIsTheLastOneWritten(t *testing.T) {
	chain := recorded(t)
	var want *Block
	for _, d := range chain {
		if b := decode(t, d); b.Config != nil {
			want = b
		}
	}
	p := serve(t, &deliverer{chain: chain})
	config, number, err := p.LatestConfig(context.Background(), ^uint64(0))
	check(t, err)
	if number != want.Number || config == nil || config.Sequence != want.Config.Sequence {
		t.Errorf("got block %d, want %d", number, want.Number)
	}
	if config, again, err := p.LatestConfig(context.Background(), number); err != nil || config != nil || again != number {
		t.Errorf("the known configuration: block %d, %v", again, err)
	}
	chain[len(chain)-1].Block.Metadata = nil
	if _, _, err := serve(t, &deliverer{chain: chain}).LatestConfig(context.Background(), 0); fault.CodeOf(err) != fault.BlockInvalid {
		t.Errorf("a block without metadata: %v", err)
	}
}

func TestTLSCertificatesAreHeldAgainstRevocationsToo(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	c := &Config{msps: map[string]*MSP{}}
	for name, m := range map[string]*msp.FabricMSPConfig{
		"X": {Name: "X", RootCerts: [][]byte{ca.pem()}, RevocationList: [][]byte{ca.revoke(7)}}, "Y": {Name: "Y", RootCerts: [][]byte{other.pem()}},
	} {
		var err error
		c.msps[name], err = newMSP(marshal(t, &msp.MSPConfig{Config: marshal(t, m)}))
		check(t, err)
	}
	for name, of := range map[string]struct {
		certificate []byte
		revoked     bool
	}{"revoked": {ca.issue(7), true}, "another": {ca.issue(8), false}, "the same number of another authority": {other.issue(7), false}} {
		parsed, err := parseCertificate(of.certificate)
		check(t, err)
		if c.Revoked(parsed) != of.revoked {
			t.Errorf("%s: %v", name, !of.revoked)
		}
	}
}
