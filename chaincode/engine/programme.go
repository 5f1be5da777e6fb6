package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// createProgramme founds the programme of this namespace. Which brand and organisation it belongs to is what the consortium's record in clearing says.
func createProgramme(c Call, s State) (Effects, error) {
	var doc wire.NewProgramme
	if err := wire.Decode(c.Document, wire.MaxDocument, &doc); err != nil {
		return Effects{}, err
	}
	if err := requireEntry(&c, PointsPrefix+doc.Brand); err != nil {
		return Effects{}, err
	}
	consortium, err := queryConsortium(s)
	if err != nil {
		return Effects{}, err
	}
	member, err := consortium.Find(doc.Brand)
	if err != nil {
		return Effects{}, err
	}
	if member.Kind != clearing.KindBrand || member.MSP != c.Caller.MSP {
		return Effects{}, c.admitted.access.forbid()
	}
	if there, err := read(s, ProgrammeKey(), new(points.Programme)); err != nil || there {
		if err != nil {
			return Effects{}, err
		}
		return Effects{}, fault.New(fault.AlreadyExists, "programme %s", doc.Brand)
	}
	p := programmeFrom(&doc, member.MSP, consortium.Genesis)
	if err := p.Validate(); err != nil {
		return Effects{}, err
	}
	if err := p.AdmitFirstDate(c.Time); err != nil {
		return Effects{}, err
	}
	return storeNewProgramme(&p)
}

// storeNewProgramme keeps the programme and the first version of its terms with their words.
func storeNewProgramme(p *points.Programme) (Effects, error) {
	first := p.Terms[0]
	p.Terms = nil
	if _, err := addTerms(p, &first); err != nil {
		return Effects{}, err
	}
	words, err := write(TermsKey(first.Version), first)
	if err != nil {
		return Effects{}, err
	}
	out, err := storeProgramme(p)
	out.Writes = append(out.Writes, words)
	return out, err
}

func programmeFrom(doc *wire.NewProgramme, msp, genesis string) points.Programme {
	p := points.Programme{
		V: 1, Brand: doc.Brand, MSP: msp, Genesis: genesis, DisplayName: doc.DisplayName, Currency: doc.Currency,
		Simulated: doc.Simulated, BusinessDate: doc.BusinessDate, Engine: points.StartingEngine(doc.Engine),
		Terms:      []terms.Terms{doc.Terms},
		Custodians: []points.CustodianKey{{Version: 1, Key: doc.CustodianKey}},
	}
	if doc.RelyingParty != nil {
		p.RelyingParty = *doc.RelyingParty
	}
	return p
}

func queryConsortium(s State) (*clearing.Consortium, error) {
	raw, err := s.Invoke(ClearingChaincode, wire.FnGetConsortium, []byte("{}"))
	if err != nil {
		return nil, err
	}
	var consortium clearing.Consortium
	return &consortium, wire.DecodeRecord(raw, &consortium)
}

func advanceBusinessDate(c Call, _ State) (Effects, error) {
	var doc wire.BusinessDate
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	p := c.admitted.programme
	if err := p.Advance(doc.Date, c.Time); err != nil {
		return Effects{}, err
	}
	return storeProgramme(p)
}

// activateEngine makes a newer version of the domain's behaviour the programme's.
func activateEngine(c Call, s State) (Effects, error) {
	var doc wire.EngineActivation
	p, err := decodeForProgramme(&c, &doc)
	if err != nil {
		return Effects{}, err
	}
	if err := p.ActivateEngine(doc.Engine); err != nil {
		return Effects{}, err
	}
	return storeProgramme(p)
}

func storeProgramme(p *points.Programme) (Effects, error) {
	w, err := write(ProgrammeKey(), p)
	return Effects{Response: w.Value, Writes: []Write{w}}, err
}
