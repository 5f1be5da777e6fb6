//go:build network

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/network/membership"
)

// peopleLane is the lane in which walletHolder opens accounts.
const peopleLane = 210

// programme is the facade of a programme, as a member's gateway has it; with the operator's identity when role says so.
func (c *consortium) programme(t *testing.T, member string, role membership.Role, programme string) *ledger.Points {
	t.Helper()
	settings := must[*config.Config](t)(config.Load(c.gatewayConfig(member), nil))
	if role == membership.OperatorRole {
		settings.Identity = settings.Operator
	}
	connection := must[*ledger.Client](t)(ledger.Connect(settings))
	t.Cleanup(func() { _ = connection.Close() })
	return connection.Points(programme)
}

// entry is a new entry of a vault; its box is random and stands for a ciphertext.
func entry(t *testing.T) privacy.Put {
	t.Helper()
	raw := must[[]byte](t)(hex.DecodeString(randomHex(privacy.SaltBytes + 64)))
	key, e, err := privacy.NewEntry(raw[:privacy.SaltBytes], raw[privacy.SaltBytes:])
	if err != nil {
		t.Fatal(err)
	}
	return privacy.Put{Key: key, Value: must[[]byte](t)(wire.Encode(e))}
}

// boxOf is the ciphertext in an entry.
func boxOf(t *testing.T, put privacy.Put) string {
	t.Helper()
	return decode[privacy.Entry](t, put.Value).Box
}

// walletHolder has an account of the airline's under a key of her own.
type walletHolder struct {
	on      *consortium
	account points.AccountID
	key     *ecdsa.PrivateKey
	encoded string
}

func (c *consortium) walletHolder(t *testing.T) *walletHolder {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	who := &walletHolder{on: c, account: points.AccountID(randomHex(16)), key: key, encoded: must[string](t)(points.EncodePublicKey(&key.PublicKey))}
	id := points.OperationID(randomHex(16))
	u := c.user(t, "airline", string(membership.GatewayRole))
	c.level(t) // Both endorsers have to know the last batch of the lane, which was committed at one.
	lanes := decode[[]points.Lane](t, u.query(t, "points-airline", wire.FnGetLanes, `{"msp":"AirlineMSP","first":210,"count":1}`))
	request := wire.BatchRequest{Lane: peopleLane, Seq: lanes[0].Seq + 1, Operations: []points.Operation{
		{ID: id, Kind: points.KindOpen, Account: who.account, Controller: &points.Controller{Kind: points.ControllerP256, Version: 1, Key: who.encoded}},
	}}
	details := wire.BatchDetails{V: 1, Salt: randomHex(32), Operations: []points.Details{{Operation: id}}}
	p := u.propose(t, "points-airline", map[string][]byte{wire.DetailsTransient: must[[]byte](t)(wire.Encode(details))}, wire.FnSubmitBatch, string(must[[]byte](t)(wire.Encode(request))))
	if code := u.commit(t, p, u.endorsed(t, p, "peer0.airline", "peer0.hotel")...); code != peer.TxValidationCode_VALID {
		t.Fatalf("the account's opening was validated as %s", code)
	}
	return who
}

// dataPolicy publishes the next version of the airline's data policy.
func (c *consortium) dataPolicy(t *testing.T) wire.Published {
	t.Helper()
	operator := c.programme(t, "airline", membership.OperatorRole, "airline")
	there := must[privacy.Policies](t)(operator.DataPolicies(t.Context()))
	words := map[string]string{"en": "Words."}
	day := must[quantity.Day](t)(quantity.ParseDay(c.businessDate(t, "airline")))
	return must[wire.Published](t)(operator.PublishDataPolicy(t.Context(), privacy.Policy{
		V: 1, Version: len(there.Versions) + 1, From: day, Prose: words, Purposes: []privacy.Purpose{{Code: "service", Words: words}, {Code: "offers", Words: words}},
	}))
}

// agrees is a consent that the customer signs: the hotel may have her name and her phone for ten minutes.
func (w *walletHolder) agrees(t *testing.T, policy wire.Published) privacy.SignedConsent {
	t.Helper()
	programme := decode[points.Programme](t, w.on.user(t, "airline", string(membership.AuditorRole)).query(t, "points-airline", wire.FnGetProgramme, "{}"))
	now := time.Now().Unix() - 1
	body := privacy.ConsentBody{
		V: 1, Salt: randomHex(privacy.SaltBytes), ID: privacy.ConsentID(randomHex(16)), Genesis: programme.Genesis, Account: w.account, Brand: "airline", Grantee: "hotel",
		Attributes: []string{"name", "phone"}, Purpose: "offers", LegalBasis: privacy.LegalBasisConsent, From: now, Until: now + 600, Policy: policy.Version,
		PolicyHash: policy.Hash, Notice: strings.Repeat("4e", 32), Language: "en", Given: now, Method: privacy.MethodWallet,
	}
	digest := must[[]byte](t)(wire.ConsentDigest(&body))
	r, s, err := ecdsa.Sign(rand.Reader, w.key, digest)
	if err != nil {
		t.Fatal(err)
	}
	controller := points.Controller{Kind: points.ControllerP256, Version: 1, Key: w.encoded}
	return privacy.SignedConsent{Body: body, Controller: controller, Signature: points.SignatureOver(r, s)}
}

// record makes a consent public.
func record(t *testing.T, p *ledger.Points, body *privacy.ConsentBody) {
	t.Helper()
	must[privacy.Consent](t)(p.RecordConsent(t.Context(), wire.NewConsent{
		ID: body.ID, Hash: must[string](t)(wire.Hash(body)), Grantee: body.Grantee, From: body.From, Until: body.Until, Policy: body.Policy,
	}))
}

// sharing is a share of entries as name and phone.
func sharing(signed privacy.SignedConsent, entries ...privacy.Put) privacy.Share {
	share := privacy.Share{V: 1, Consent: signed}
	for i, e := range entries {
		share.Entries = append(share.Entries, privacy.SharedEntry{Attribute: signed.Body.Attributes[i], Key: e.Key, Value: slices.Clone(e.Value)})
	}
	return share
}

// secretly proposes a call whose matter is in a transient field.
func (u *user) secretly(t *testing.T, function, field string, secret any) proposal {
	t.Helper()
	return u.propose(t, "points-airline", map[string][]byte{field: must[[]byte](t)(wire.Encode(secret))}, function, `{"v":1}`)
}
