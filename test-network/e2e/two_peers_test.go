//go:build network

package e2e

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/network/membership"
)

const (
	twoPeersPorts = 20000
	twoPeersRun   = "test-network/run-e2e-two-peers"
)

// TestNoPersonalDataDieWithOneOfTwoPeers: an entry is endorsed only once the second peer has it, so that either peer can go the moment it is committed. The price is the
// other half: while one of the two is away, the vault can be read but not written, and nothing of it purged; points go on, and the shares that a grantee's peer takes.
func TestNoPersonalDataDieWithOneOfTwoPeers(t *testing.T) {
	c := ownConsortium(t, "test-network/two-peers.yaml", twoPeersRun, twoPeersPorts)
	vault := c.programme(t, "airline", membership.GatewayRole, "airline")
	signed := c.walletHolder(t).agrees(t, c.dataPolicy(t))
	earn := c.purchase(t, "airline", c.funded(t, "airline", 5), 400)

	put := []privacy.Put{entry(t), entry(t), entry(t)}
	untilDone(t, "the two peers know of each other", func() error {
		err := vault.ChangeVault(t.Context(), privacy.Change{V: 1, Put: put})
		if err != nil && ledger.ClassOf(err) != ledger.Retry {
			t.Fatal(err)
		}
		return err
	})
	c.kill(t, "peer0.airline")
	c.requireInVault(t, vault, put...)

	t.Run("a write without the second peer is refused", func(t *testing.T) {
		late := entry(t)
		until(t, "the first peer's absence is known", func() bool {
			err := vault.ChangeVault(t.Context(), privacy.Change{V: 1, Put: []privacy.Put{late}})
			if err == nil {
				t.Fatal("an entry was written that one peer alone has")
			}
			return strings.Contains(err.Error(), "required to disseminate to at least 1 peers, but know of only 0 eligible peers")
		})
		err := vault.ChangeVault(t.Context(), privacy.Change{V: 1, Purge: []privacy.EntryKey{put[2].Key}})
		if err == nil || ledger.ClassOf(err) != ledger.Retry || fault.CodeOf(err) != fault.LedgerUnavailable {
			t.Errorf("a purge: %v; want it to be tried again later", err)
		}
	})
	t.Run("a share goes on with the grantee's peer", func(t *testing.T) {
		record(t, vault, &signed.Body)
		if err := vault.Share(t.Context(), sharing(signed, put[0])); err != nil {
			t.Error(err)
		}
		if err := vault.Unshare(t.Context(), privacy.Unshare{V: 1, Grantee: "hotel", ID: signed.Body.ID, Keys: []privacy.EntryKey{put[0].Key}}); err != nil {
			t.Error(err)
		}
	})
	t.Run("points go on", func(t *testing.T) {
		ok[operation](t, c.submit(t, "airline", earn))
	})

	c.start(t, "peer0.airline")
	var late privacy.Put
	untilDone(t, "the vault can be written again", func() error {
		late = entry(t)
		return vault.ChangeVault(t.Context(), privacy.Change{V: 1, Put: []privacy.Put{late}, Purge: []privacy.EntryKey{put[2].Key}})
	})
	c.kill(t, "peer1.airline") // It may have been the only one with that block: the first peer gets it from an ordering node, and has had the entry since the endorsement.
	c.requireInVault(t, vault, put[0], put[1], late)
	until(t, "the purge has reached the first peer", func() bool {
		values, err := vault.VaultEntries(t.Context(), []privacy.EntryKey{put[2].Key})
		return err == nil && values[0] == nil
	})
	c.start(t, "peer1.airline")
}

// requireInVault waits until the peers that are left give every entry: one that was away has blocks to catch up on.
func (c *consortium) requireInVault(t *testing.T, vault *ledger.Points, put ...privacy.Put) {
	t.Helper()
	keys := make([]privacy.EntryKey, len(put))
	want := make([][]byte, len(put))
	for i, p := range put {
		keys[i], want[i] = p.Key, []byte(p.Value)
	}
	untilDone(t, "the vault gives every entry", func() error {
		values, err := vault.VaultEntries(t.Context(), keys)
		if err == nil && !slices.EqualFunc(values, want, bytes.Equal) {
			err = fmt.Errorf("it gives %q, want %q", values, want)
		}
		return err
	})
}
