package administration

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

// contested is a channel whose configuration others change too.
type contested struct {
	t      *testing.T
	now    *common.Config
	others int // Changes that come before the next updates are taken, each of which is refused.
	sent   int
}

func (c *contested) agreed(context.Context) (*common.Config, error) { return c.now, nil }

func (c *contested) send(_ context.Context, update []byte) error {
	c.sent++
	if c.others == 0 {
		c.now = updated(c.t, c.now, update)
		return nil
	}
	c.others--
	c.now = proto.Clone(c.now).(*common.Config)
	c.now.Sequence++
	return errRefused
}

func TestAnotherChangeOfTheChannelIsNotTakenForOnesOwn(t *testing.T) {
	m, fresh := consortium(1), certificate(t, "fresh")
	brand, _ := m.Member("brandb")
	address := membership.Address(m.OrdererPorts("brandb", 0).Listen)
	for name, update := range map[string]func(*common.Config) ([]byte, error){
		"a node's fresh key": func(config *common.Config) ([]byte, error) { return ConsenterTLS(config, m.Channel, address, fresh) },
		"a second root": func(config *common.Config) ([]byte, error) {
			return Roots(config, m.Channel, brand, func(now []*x509.Certificate) []*x509.Certificate { return with(now, fresh) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, asked := &contested{t: t, now: foundedOn(t, m), others: 2}, 0
				ready := func(context.Context, *common.Config, []byte) error { asked++; return nil }
				changes, err := steps{agreed: c.agreed, update: update, ready: ready, send: c.send}.bring(t.Context())
				if err != nil || changes != 3 || c.sent != 3 || asked != 3 {
					t.Fatalf("%d changes with %d updates sent, asked %d times: %v", changes, c.sent, asked, err)
				}
				if left, err := update(c.now); err != nil || left != nil {
					t.Errorf("the channel lacks %d bytes of it (%v)", len(left), err)
				}
				if changes, err := (steps{agreed: c.agreed, update: update, send: c.send}).bring(t.Context()); err != nil || changes != 0 || c.sent != 3 {
					t.Errorf("once more: %d changes, %d sent: %v", changes, c.sent, err)
				}
			})
		})
	}
}

func TestWhatNeverComesThroughEndsWithTheRefusal(t *testing.T) {
	m, fresh := consortium(1), certificate(t, "fresh")
	address := membership.Address(m.OrdererPorts("brandb", 0).Listen)
	update := func(config *common.Config) ([]byte, error) { return ConsenterTLS(config, m.Channel, address, fresh) }
	synctest.Test(t, func(t *testing.T) {
		c := &contested{t: t, now: foundedOn(t, m), others: 1000}
		if _, err := (steps{agreed: c.agreed, update: update, send: c.send}).bring(t.Context()); failure.CodeOf(err) != failure.ChannelUpdate || !errors.Is(err, errRefused) || c.sent != maxChanges {
			t.Errorf("while others change it: %d sent, %v", c.sent, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		refused := func(context.Context, []byte) error { return errRefused }
		if _, err := (steps{agreed: c.agreed, update: update, send: refused}).bring(ctx); failure.CodeOf(err) != failure.ChannelUpdate || !errors.Is(err, errRefused) {
			t.Errorf("refused until the end: %v", err)
		}
		gone := 0
		vanishing := func(context.Context) (*common.Config, error) {
			if gone++; gone > 1 {
				return nil, errors.New("no peer answers")
			}
			return c.now, nil
		}
		if _, err := (steps{agreed: vanishing, update: update, send: refused}).bring(t.Context()); failure.CodeOf(err) != failure.ChannelUpdate || !errors.Is(err, errRefused) || !strings.Contains(err.Error(), "no peer answers") {
			t.Errorf("refused, then unread: %v", err)
		}
		behind := func(context.Context, *common.Config, []byte) error {
			return failure.New(failure.ChannelUpdate, "behind")
		}
		if _, err := (steps{agreed: c.agreed, update: update, ready: behind, send: c.send}).bring(t.Context()); err == nil || c.sent != maxChanges {
			t.Errorf("sent though the others aren't ready: %v", err)
		}
	})
}
