//go:build network

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// stopsAnotherKey is asked by the brand for another key, with another member's approval as for one that is lost, and stops it.
func (b *browser) stopsAnotherKey(t *testing.T, account string) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	body := fields{"kind": "recover", "account": account, "controller": fields{"kind": "p256", "key": must[string](t)(points.EncodePublicKey(&key.PublicKey))}}
	prepared := three.prepare(t, body)
	three.approve(t, prepared)
	ok[operation](t, three.operate(t, "airline", body.with(fields{"operation": prepared["id"]})))
	b.visit("overview")
	b.reads("#recoveries", "Somebody wants another key")
	b.picture("15-another-key")
	b.click("#recoveries button")
	b.reads("#message", "It is stopped")
	refused(t, three.operate(t, "airline", fields{"kind": "complete", "account": account}), fault.RecoveryUnknown)
}
