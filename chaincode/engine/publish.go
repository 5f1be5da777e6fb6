package engine

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// publication is a version of a document that an operator of the issuer publishes.
type publication struct {
	programme *points.Programme
	kept      points.Publication
	key       string
	document  any
}

// effects keeps the document under its own key, where it stays, and the programme that names it.
func (p *publication) effects() (Effects, error) {
	document, err := write(p.key, p.document)
	if err != nil {
		return Effects{}, err
	}
	programme, err := write(ProgrammeKey(), p.programme)
	if err != nil {
		return Effects{}, err
	}
	out, err := answer(p.kept)
	out.Writes = []Write{programme, document}
	return out, err
}

// publishTerms adds a version of the terms. The programme, which every batch reads, gets the parameters and the hash of the whole; the words stand beside it.
func publishTerms(c Call, s State) (Effects, error) {
	var doc wire.NewTerms
	p, err := decodeForProgramme(&c, &doc)
	if err != nil {
		return Effects{}, err
	}
	if err := terms.AdmitNext(p.Terms, &doc, p.BusinessDate); err != nil {
		return Effects{}, err
	}
	hash, err := addTerms(p, &doc)
	if err != nil {
		return Effects{}, err
	}
	kept := points.Publication{Version: doc.Version, Effective: doc.Effective, Hash: hash}
	return (&publication{programme: p, kept: kept, key: TermsKey(doc.Version), document: doc}).effects()
}

// addTerms appends terms to a programme, without their words, and returns the hash of the whole.
func addTerms(p *points.Programme, t *terms.Terms) (string, error) {
	hash, err := wire.Hash(t)
	if err != nil {
		return "", err
	}
	parameters := *t
	parameters.Prose = nil
	p.Terms, p.TermsHashes = append(p.Terms, parameters), append(p.TermsHashes, hash)
	return hash, nil
}

// publishRuleSet adds a version of the rule set. What takes a tier from who has reached it waits for the notice that the terms promise.
func publishRuleSet(c Call, s State) (Effects, error) {
	doc := new(wire.NewRuleSet)
	p, err := decodeForProgramme(&c, doc)
	if err != nil {
		return Effects{}, err
	}
	if _, err := rules.Compile(doc); err != nil {
		return Effects{}, err
	}
	if err := admitRuleSet(p, doc, s); err != nil {
		return Effects{}, err
	}
	kept, err := nextPublication(&p.RuleSets, points.Publication{Version: doc.Version, Effective: doc.Effective}, doc)
	if err != nil {
		return Effects{}, err
	}
	return (&publication{programme: p, kept: kept, key: RuleSetKey(doc.Version), document: doc}).effects()
}

func admitRuleSet(p *points.Programme, next *rules.Set, s State) error {
	if next.Effective < p.BusinessDate {
		return fault.New(fault.RuleInvalid, "the rule set can take effect from %s on", p.BusinessDate)
	}
	if len(p.RuleSets) == 0 {
		if next.Version != 1 {
			return fault.New(fault.RuleInvalid, "the first rule set has version 1")
		}
		return nil
	}
	last, err := holdAgainstEarlier(p, next, s)
	if err != nil {
		return err
	}
	if err := rules.Follows(last, next); err != nil {
		return err
	}
	return terms.AdmitNotice(rules.Devalues(last, next), next.Effective, p.BusinessDate, terms.Notice(p.Terms, p.BusinessDate))
}

// holdAgainstEarlier refuses a counter or a campaign that meant something else in any version before, since its state may still be there, and gives the latest version.
func holdAgainstEarlier(p *points.Programme, next *rules.Set, s State) (last *rules.Set, err error) {
	for version := 1; version <= len(p.RuleSets); version++ {
		last = new(rules.Set)
		if err := readVersion(s, RuleSetKey(version), last); err != nil {
			return nil, err
		}
		if err := rules.SameMeaning(last, next); err != nil {
			return nil, err
		}
	}
	return last, nil
}

// publishPrices adds a version of the price list. A dearer one waits for the notice that the terms promise.
func publishPrices(c Call, s State) (Effects, error) {
	doc := new(wire.NewPrices)
	p, err := decodeForProgramme(&c, doc)
	if err != nil {
		return Effects{}, err
	}
	var history []terms.PriceList
	if n := len(p.PriceLists); n > 0 {
		history = make([]terms.PriceList, 1)
		if err := readVersion(s, PricesKey(n), &history[0]); err != nil {
			return Effects{}, err
		}
	}
	if err := terms.AdmitNextPrices(history, doc, p.BusinessDate, terms.Notice(p.Terms, p.BusinessDate)); err != nil {
		return Effects{}, err
	}
	kept, err := nextPublication(&p.PriceLists, points.Publication{Version: doc.Version, Effective: doc.Effective}, doc)
	if err != nil {
		return Effects{}, err
	}
	return (&publication{programme: p, kept: kept, key: PricesKey(doc.Version), document: doc}).effects()
}

// nextPublication appends a version with its document's hash; LIMIT when there are too many.
func nextPublication(list *[]points.Publication, kept points.Publication, document any) (points.Publication, error) {
	if len(*list) >= points.MaxPublications {
		return kept, fault.New(fault.Limit, "a programme has at most %d versions of this", points.MaxPublications)
	}
	var err error
	if kept.Hash, err = wire.Hash(document); err != nil {
		return kept, err
	}
	*list = append(*list, kept)
	return kept, nil
}

// rotateCustodian adds the next version of the custodian's key.
func rotateCustodian(c Call, s State) (Effects, error) {
	var doc wire.NewCustodian
	p, err := decodeForProgramme(&c, &doc)
	if err != nil {
		return Effects{}, err
	}
	if err := p.RotateCustodian(doc.Key, c.Time); err != nil {
		return Effects{}, err
	}
	return storeProgramme(p)
}

// decodeForProgramme reads a document about the programme that the call was admitted to.
func decodeForProgramme(c *Call, doc any) (*points.Programme, error) {
	return c.admitted.programme, wire.Decode(c.Document, wire.MaxDocument, doc)
}

// readVersion decodes a published document; STATE_CORRUPT when it is not there.
func readVersion(s State, key string, v any) error {
	there, err := read(s, key, v)
	if err == nil && !there {
		return fault.New(fault.StateCorrupt, "%s is not there", ReadableKey(key))
	}
	return err
}
