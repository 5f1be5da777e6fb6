package administration

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

// signingAs is an administrator of an organisation's.
func signingAs(t *testing.T, organisation string) identity.SigningIdentity {
	t.Helper()
	a := newAuthority(t, organisation)
	signer, err := identity.NewPrivateKeySigningIdentity(organisation, a.certificate, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func copyOf(t *testing.T, channel string, p *Proposal) *Proposal {
	t.Helper()
	data, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadProposal(channel, data)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestAChangeIsSignedWhereTheKeysAreAndItsCopiesAreJoined(t *testing.T) {
	m := consortium(1)
	brand, _ := m.Member("brandb")
	update, err := Rekey(m, brand, 0, certificate(t, "fresh")).Update(foundedOn(t, m))
	if err != nil {
		t.Fatal(err)
	}
	p := Propose(m.Channel, update)
	sign := func(p *Proposal, organisation string) {
		t.Helper()
		if err := p.Sign(signingAs(t, organisation)); err != nil {
			t.Fatal(err)
		}
	}
	sign(p, "BrandbMSP")
	one, other := copyOf(t, m.Channel, p), copyOf(t, m.Channel, p)
	sign(one, "BrandaMSP")
	sign(other, "BrandcMSP")
	sign(other, "BrandcMSP")
	if err := one.Join(other); err != nil || !slices.Equal(one.Signers(), []string{"BrandbMSP", "BrandaMSP", "BrandcMSP"}) {
		t.Errorf("signed by %v (%v)", one.Signers(), err)
	}
	renewed := copyOf(t, m.Channel, p)
	sign(renewed, "BrandbMSP")
	if err := one.Join(renewed); err != nil || len(one.wrapped.GetSignatures()) != 4 || !slices.Equal(one.Signers(), []string{"BrandbMSP", "BrandaMSP", "BrandcMSP"}) {
		t.Errorf("a member's other signature: %d signatures of %v (%v)", len(one.wrapped.GetSignatures()), one.Signers(), err)
	}
	foreign, err := Rekey(m, brand, 0, certificate(t, "another")).Update(foundedOn(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Join(Propose(m.Channel, foreign)); failure.CodeOf(err) != failure.ChannelUpdate {
		t.Errorf("signatures of another change: %v", err)
	}
	data, err := one.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		channel string
		data    []byte
	}{"another channel": {"other", data}, "no change": {m.Channel, []byte("none")}, "nothing": {m.Channel, nil}} {
		if _, err := ReadProposal(c.channel, c.data); failure.CodeOf(err) != failure.ChannelUpdate {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAWrittenChangeIsOfUseOnlyOnTheConfigurationItWasWrittenFor(t *testing.T) {
	m := consortium(1)
	b, _ := m.Member("brandb")
	c, _ := m.Member("brandc")
	founded := foundedOn(t, m)
	write := func(change Change, on *common.Config) []byte {
		t.Helper()
		update, err := change.Update(on)
		if err != nil || update == nil {
			t.Fatalf("%v, update of %d bytes", err, len(update))
		}
		return update
	}
	fresh, root := write(Rekey(m, b, 0, certificate(t, "fresh")), founded), write(AddRoot(m, b, certificate(t, "root")), founded)
	after := updated(t, founded, write(Rekey(m, c, 0, certificate(t, "others")), founded))
	for name, d := range map[string]struct {
		config *common.Config
		update []byte
		made   bool
		code   failure.Code
	}{
		"as it was":                     {founded, fresh, false, ""},
		"made":                          {updated(t, founded, fresh), fresh, true, ""},
		"another node's key came first": {after, fresh, false, failure.ChannelUpdate},
		"something else came first":     {after, root, false, ""},
		"made before something else":    {updated(t, after, root), root, true, ""},
		"made, and changed again":       {updated(t, updated(t, founded, root), write(firstDropped(m, b), updated(t, founded, root))), root, false, failure.ChannelUpdate},
	} {
		if got, err := made(d.config, d.update); got != d.made || failure.CodeOf(err) != d.code {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// firstDropped takes the first authority of a member's away, whoever hangs on it.
func firstDropped(m *membership.Membership, member membership.Member) Change {
	return Change{By: ItsOwn, Update: func(config *common.Config) ([]byte, error) {
		return Roots(config, m.Channel, member, func(now []*x509.Certificate) []*x509.Certificate { return now[1:] })
	}}
}

func TestAChangeThatTooFewSignedIsRefusedForGood(t *testing.T) {
	m := consortium(1)
	b, _ := m.Member("brandb")
	founded := foundedOn(t, m)
	update, err := Rekey(m, b, 0, certificate(t, "fresh")).Update(founded)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		refuse := func(context.Context, []byte) error {
			sent++
			return failure.Wrap(failure.ChannelUpdate, errRefused, "orderer0")
		}
		now := func(context.Context) (*common.Config, error) { return founded, nil }
		h := handingOver{update: update, to: refuse}
		if _, err := (steps{agreed: now, update: h.lacks, send: h.send}).bring(t.Context()); !errors.Is(err, errRefused) || sent != maxRefusals {
			t.Errorf("sent %d times: %v", sent, err)
		}
		away := func(context.Context, []byte) error {
			if sent++; sent > 3*maxRefusals {
				founded = updated(t, founded, update)
			}
			return errors.New("nobody there")
		}
		h = handingOver{update: update, to: away}
		if changes, err := (steps{agreed: now, update: h.lacks, send: h.send}).bring(t.Context()); err != nil || changes != 1 {
			t.Errorf("though nobody was there for a while: %d changes, %v", changes, err)
		}
	})
}
