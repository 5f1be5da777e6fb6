package founding

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// How long a step waits for what another brand did to reach the brand's own peer.
const (
	foundedAttempts = 100
	foundedPause    = 100 * time.Millisecond
)

// How often founding is carried out while a peer that it needs can't be reached, and how long it waits in between. An attempt waits some seconds itself.
const (
	bootstrapAttempts = 10
	bootstrapPause    = time.Second
)

// Brand is one brand's part in founding.
type Brand struct {
	Config     *config.Config    // Of its gateway; the operator's identity is used.
	Programme  wire.NewProgramme // Brand and CustodianKey may be empty: they are filled in from the configuration.
	DataPolicy privacy.Policy    // The first version of what the brand promises about personal data; none when its version is 0.
	AdminKey   string            // To which custody passes when the brand fails: uncompressed P-256 point, base64url without padding; empty when nobody could take over.
}

// Bootstrap founds the consortium with the first brand's operator and each brand's programme with its own, and carries the
// plan out. What is there already with the same content counts as done; ALREADY_EXISTS when it is there with other content.
//
// Peers learn by gossip of each other and of the chaincodes that were just deployed, now and then not for many seconds. While the ledger is LEDGER_UNAVAILABLE, all of it is
// carried out again.
func Bootstrap(ctx context.Context, brands []Brand, plan *Plan) error {
	if len(brands) == 0 {
		return fault.New(fault.InvalidValue, "founding needs the brands")
	}
	hands, err := connect(brands)
	defer closeAll(hands)
	if err != nil {
		return err
	}
	return reached(ctx, bootstrapPause, func() error { return bootstrap(ctx, brands, hands, plan) })
}

// reached repeats a call while the ledger can't be reached.
func reached(ctx context.Context, pause time.Duration, call func() error) error {
	for attempt := 1; ; attempt++ {
		err := call()
		if fault.CodeOf(err) != fault.LedgerUnavailable || attempt == bootstrapAttempts || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

func bootstrap(ctx context.Context, brands []Brand, hands []hand, plan *Plan) error {
	if err := Consortium(ctx, hands[0].operator, founders(brands, plan)); err != nil {
		return err
	}
	for i := range brands {
		if err := Programme(ctx, hands[i].operator, brands[i]); err != nil {
			return err
		}
		if err := DataPolicy(ctx, hands[i].operator, brands[i]); err != nil {
			return err
		}
	}
	if err := plan.carryCalendars(ctx, hands); err != nil {
		return err
	}
	if err := plan.openClearing(ctx, hands[0].operator); err != nil {
		return err
	}
	return plan.begin(ctx, hands)
}

// connect gives every brand's operator and treasurer a connection. Those that were made before an error are given too, to be closed.
func connect(brands []Brand) ([]hand, error) {
	var hands []hand
	for _, b := range brands {
		operator, err := connectAs(b.Config, "operator", b.Config.Operator)
		if err != nil {
			return hands, err
		}
		hands = append(hands, hand{name: b.Config.Member, operator: operator})
		if hands[len(hands)-1].treasurer, err = connectAs(b.Config, "treasurer", b.Config.Treasurer); err != nil {
			return hands, err
		}
	}
	return hands, nil
}

func connectAs(cfg *config.Config, role string, identity config.KeyPair) (*ledger.Client, error) {
	if !identity.Given() {
		return nil, fault.New(fault.InvalidValue, "configuration key %s: founding needs this identity of %s", role, cfg.Member)
	}
	as := *cfg
	as.Identity = identity
	return ledger.Connect(&as)
}

func closeAll(hands []hand) {
	for _, h := range hands {
		for _, c := range []*ledger.Client{h.operator, h.treasurer} {
			if c != nil {
				_ = c.Close()
			}
		}
	}
}

// founders are the members by name, each brand with the key that it registers for its administrator and the clause that it signs.
func founders(brands []Brand, plan *Plan) []clearing.Member {
	members := membersOf(brands[0].Config.Members)
	for i := range members {
		if members[i].Kind != clearing.KindBrand {
			continue
		}
		members[i].Novation = plan.Novation
		for _, b := range brands {
			if b.Config.Member == members[i].Name {
				members[i].AdminKey = b.AdminKey
			}
		}
	}
	return members
}

// Consortium records the members and the channel's genesis block, read from the own peer.
func Consortium(ctx context.Context, operator *ledger.Client, members []clearing.Member) error {
	genesis, err := operator.GenesisHash(ctx)
	if err != nil {
		return err
	}
	document := clearing.Consortium{V: 1, Genesis: genesis, Members: members}
	err = operator.Clearing().Found(ctx, document)
	if fault.CodeOf(err) != fault.AlreadyExists {
		return err
	}
	there, readErr := operator.Clearing().Consortium(ctx)
	if readErr != nil {
		return readErr
	}
	if there.V == document.V && there.Genesis == document.Genesis && sameFounders(there.Members, document.Members) {
		return nil
	}
	return fault.New(fault.AlreadyExists, "the consortium was founded with other members or on another channel")
}

// sameFounders says whether every founder is a member. Who was admitted since, and what else was voted, is no difference.
func sameFounders(there, founders []clearing.Member) bool {
	for _, f := range founders {
		if !slices.ContainsFunc(there, func(m clearing.Member) bool { return m.Name == f.Name && m.MSP == f.MSP && m.Kind == f.Kind }) {
			return false
		}
	}
	return true
}

func membersOf(configured []config.Member) []clearing.Member {
	members := make([]clearing.Member, len(configured))
	for i, m := range configured {
		members[i] = clearing.Member{Name: m.Name, MSP: m.MSP, Kind: m.Kind}
	}
	slices.SortFunc(members, func(a, b clearing.Member) int { return strings.Compare(a.Name, b.Name) })
	return members
}

// Programme creates a brand's programme. A business date that has moved on since, or terms that were published since, are no difference in a programme that is there.
func Programme(ctx context.Context, operator *ledger.Client, b Brand) error {
	document := b.Programme
	document.Brand = b.Config.Programme
	if document.CustodianKey == "" {
		key, err := b.Config.CustodianKey()
		if err != nil {
			return err
		}
		if document.CustodianKey, err = points.EncodePublicKey(&key.PublicKey); err != nil {
			return err
		}
	}
	err := arrived(ctx, fault.NotFounded, func() error {
		_, err := operator.Clearing().Consortium(ctx)
		return err
	})
	if err != nil {
		return err
	}
	contract := operator.Points(document.Brand)
	err = contract.CreateProgramme(ctx, document)
	if fault.CodeOf(err) != fault.AlreadyExists {
		return err
	}
	there, readErr := contract.Programme(ctx)
	if readErr != nil {
		return readErr
	}
	same, err := sameProgramme(&there, &document)
	if err != nil || same {
		return err
	}
	return fault.New(fault.AlreadyExists, "programme %s was founded with other terms, names or keys", document.Brand)
}

// DataPolicy publishes the first version of a brand's data policy. One that was published before is no difference: later versions are the brand's own affair.
func DataPolicy(ctx context.Context, operator *ledger.Client, b Brand) error {
	if b.DataPolicy.Version == 0 {
		return nil
	}
	contract := operator.Points(b.Config.Programme)
	return arrived(ctx, fault.NotFounded, func() error {
		published, err := contract.DataPolicies(ctx)
		if err != nil || len(published.Versions) > 0 {
			return err
		}
		_, err = contract.PublishDataPolicy(ctx, b.DataPolicy)
		return err
	})
}

// sameProgramme compares what was founded with a document; the terms by their hash, which covers the words too. A custodian's key that was rotated since is no difference.
func sameProgramme(there *points.Programme, document *wire.NewProgramme) (bool, error) {
	hash, err := wire.Hash(document.Terms)
	if err != nil {
		return false, err
	}
	relying := webauthn.RelyingParty{}
	if document.RelyingParty != nil {
		relying = *document.RelyingParty
	}
	known := slices.ContainsFunc(there.Custodians, func(k points.CustodianKey) bool { return k.Key == document.CustodianKey })
	return known && there.Brand == document.Brand && there.DisplayName == document.DisplayName && there.Currency == document.Currency &&
		there.Simulated == document.Simulated && there.TermsHashes[0] == hash &&
		there.RelyingParty.ID == relying.ID && slices.Equal(there.RelyingParty.Origins, relying.Origins), nil
}
