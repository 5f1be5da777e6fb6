package founding

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// How long a programme's founding waits for the consortium's to reach the brand's own peer.
const (
	foundedAttempts = 100
	foundedPause    = 100 * time.Millisecond
)

// Brand is one brand's part in founding.
type Brand struct {
	Config    *config.Config    // Of its gateway; the operator's identity is used.
	Programme wire.NewProgramme // Brand and CustodianKey may be empty: they are filled in from the configuration.
}

// Bootstrap founds the consortium with the first brand's operator and each brand's programme with its own. What is there already with the same content
// counts as done; ALREADY_EXISTS when it is there with other content.
func Bootstrap(ctx context.Context, brands []Brand) error {
	if len(brands) == 0 {
		return fault.New(fault.InvalidValue, "founding needs the brands")
	}
	if err := asOperator(brands[0].Config, func(c *ledger.Client) error { return Consortium(ctx, c, brands[0].Config.Members) }); err != nil {
		return err
	}
	for _, b := range brands {
		if err := asOperator(b.Config, func(c *ledger.Client) error { return Programme(ctx, c, b) }); err != nil {
			return err
		}
	}
	return nil
}

func asOperator(cfg *config.Config, f func(*ledger.Client) error) error {
	if !cfg.Operator.Given() {
		return fault.New(fault.InvalidValue, "configuration key operator: founding needs the operator's identity of %s", cfg.Member)
	}
	operator := *cfg
	operator.Identity = cfg.Operator
	c, err := ledger.Connect(&operator)
	if err != nil {
		return err
	}
	err = f(c)
	if closing := c.Close(); err == nil {
		err = closing
	}
	return err
}

// Consortium records the members and the channel's genesis block, read from the own peer.
func Consortium(ctx context.Context, operator *ledger.Client, members []config.Member) error {
	genesis, err := operator.GenesisHash(ctx)
	if err != nil {
		return err
	}
	document := clearing.Consortium{V: 1, Genesis: genesis, Members: membersOf(members)}
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
	if err := awaitConsortium(ctx, operator); err != nil {
		return err
	}
	contract := operator.Points(document.Brand)
	err := contract.CreateProgramme(ctx, document)
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

// awaitConsortium waits until the brand's own peer has the block with the founding document, which another brand's operator may have brought.
func awaitConsortium(ctx context.Context, operator *ledger.Client) error {
	for attempt := 1; ; attempt++ {
		_, err := operator.Clearing().Consortium(ctx)
		if fault.CodeOf(err) != fault.NotFounded || attempt == foundedAttempts {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(foundedPause):
		}
	}
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
