package audit

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// consortium is the founding record in the rebuilt state; NOT_FOUNDED without one.
func (a *Auditor) consortium() (*clearing.Consortium, error) {
	e, ok := a.world.public[engine.ClearingChaincode][engine.ConsortiumKey()]
	if !ok {
		return nil, fault.New(fault.NotFounded, "the consortium was not founded")
	}
	if a.founded != nil && a.foundedAt == e.version {
		return a.founded, nil
	}
	founded := new(clearing.Consortium)
	if err := wire.DecodeRecord(e.value, founded); err != nil {
		return nil, err
	}
	a.founded, a.foundedAt = founded, e.version
	return founded, nil
}

// brands are the MSP ids of the consortium's brands; nil before it is founded.
func (a *Auditor) brands() []string {
	consortium, err := a.consortium()
	if err != nil {
		return nil
	}
	var out []string
	for _, m := range consortium.Members {
		if m.Kind == clearing.KindBrand {
			out = append(out, m.MSP)
		}
	}
	return out
}

// voters are the MSP ids of the brands that count for a majority: those that haven't left, and that the channel knows. Who was admitted can endorse once the channel has it.
func (a *Auditor) voters() []string {
	consortium, err := a.consortium()
	if err != nil {
		return nil
	}
	var out []string
	for _, m := range consortium.Brands() {
		if slices.Contains(a.config.Applications, m.MSP) {
			out = append(out, m.MSP)
		}
	}
	return out
}

// noteAdministrators remembers who acted for whom: the channel's policies and the collections follow a vote some time later, either way.
func (a *Auditor) noteAdministrators(raw []byte) error {
	var consortium clearing.Consortium
	if err := wire.DecodeRecord(raw, &consortium); err != nil {
		return err
	}
	for _, m := range consortium.Members {
		if m.Administrator != "" && !slices.Contains(a.acting[m.Name], m.Administrator) {
			a.acting[m.Name] = append(a.acting[m.Name], m.Administrator)
		}
	}
	return nil
}

// checkMembership compares the consortium's record with the channel: the same organisations, this very channel, ordering by brands only, and each programme
// issued by the brand that its namespace names.
func (a *Auditor) checkMembership() error {
	last := a.Height() - 1
	key := engine.ConsortiumKey()
	consortium, err := a.consortium()
	if err != nil {
		if len(a.programmes) == 0 {
			return nil
		}
		return blockFinding(CheckMembership, last, "%v", err).at(engine.ClearingChaincode, key)
	}
	if genesis := hex.EncodeToString(a.genesis); consortium.Genesis != genesis {
		return blockFinding(CheckGenesis, 0, "the consortium was founded on the channel with genesis %s, block 0 has hash %s", consortium.Genesis, genesis).
			at(engine.ClearingChaincode, key)
	}
	var members []string
	for _, m := range consortium.Members {
		if m.Is(clearing.StatusExited) && !slices.Contains(a.config.Applications, m.MSP) {
			continue // The channel lets go of a member some time after clearing has.
		}
		members = append(members, m.MSP)
	}
	slices.Sort(members)
	if !slices.Equal(members, a.config.Applications) {
		return blockFinding(CheckMembership, last, "the consortium has members %s, the channel %s", strings.Join(members, " "), strings.Join(a.config.Applications, " ")).
			at(engine.ClearingChaincode, key)
	}
	brands := a.brands()
	for _, o := range a.config.Orderers {
		if !slices.Contains(brands, o) {
			return blockFinding(CheckMembership, last, "%s has an ordering node and isn't a brand", o).at(engine.ClearingChaincode, key)
		}
	}
	return a.checkIssuers(consortium)
}

func (a *Auditor) checkIssuers(consortium *clearing.Consortium) error {
	for brand := range a.programmes {
		namespace, key := engine.PointsPrefix+brand, engine.ProgrammeKey()
		e := a.world.public[namespace][key]
		var programme points.Programme
		if err := wire.DecodeRecord(e.value, &programme); err != nil {
			return blockFinding(CheckMembership, e.version.Block, "the programme's record is missing or can't be read").at(namespace, key)
		}
		member, err := consortium.Find(brand)
		if err != nil || member.MSP != programme.MSP || programme.Brand != brand || programme.Genesis != consortium.Genesis {
			return blockFinding(CheckMembership, e.version.Block, "the programme's issuer or channel is not what the consortium says").at(namespace, key)
		}
	}
	return nil
}
