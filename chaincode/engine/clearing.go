package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// found records the consortium once. Any brand's operator may bring the document: it takes a majority of the brands' peers to endorse it, and everybody can
// compare it with the channel's configuration, as the audit does.
func found(c Call, s State) (Effects, error) {
	var doc wire.Founding
	if err := wire.Decode(c.Document, wire.MaxDocument, &doc); err != nil {
		return Effects{}, err
	}
	if err := doc.Validate(); err != nil {
		return Effects{}, err
	}
	if err := requireFounder(c, &doc); err != nil {
		return Effects{}, err
	}
	if there, err := read(s, ConsortiumKey(), new(clearing.Consortium)); err != nil || there {
		if err != nil {
			return Effects{}, err
		}
		return Effects{}, fault.New(fault.AlreadyExists, "the consortium was founded before")
	}
	doc.AssignNumbers()
	w, err := write(ConsortiumKey(), doc)
	return Effects{Response: w.Value, Writes: []Write{w}}, err
}

func requireFounder(c Call, doc *clearing.Consortium) error {
	for _, m := range doc.Members {
		if m.Kind == clearing.KindBrand && m.MSP == c.Caller.MSP {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "the founding document is brought by an operator of one of its brands")
}

func getConsortium(c Call, s State) (Effects, error) {
	if err := wire.Decode(c.Document, MaxQuery, &wire.Nothing{}); err != nil {
		return Effects{}, err
	}
	consortium, err := loadConsortium(s)
	if err != nil {
		return Effects{}, err
	}
	return answer(consortium)
}

func getMember(c Call, s State) (Effects, error) {
	var doc wire.MemberQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	consortium, err := loadConsortium(s)
	if err != nil {
		return Effects{}, err
	}
	member, err := consortium.Find(doc.Name)
	if err != nil {
		return Effects{}, err
	}
	return answer(member)
}
