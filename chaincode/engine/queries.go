package engine

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func getProgramme(c Call, s State) (Effects, error) {
	if err := wire.Decode(c.Document, MaxQuery, &wire.Nothing{}); err != nil {
		return Effects{}, err
	}
	return answerRecord(s, ProgrammeKey())
}

func getAccount(c Call, s State) (Effects, error) {
	var doc wire.AccountQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if err := doc.Account.Validate(); err != nil {
		return Effects{}, err
	}
	return answerRecord(s, AccountKey(doc.Account))
}

// getLanes answers with an array of lanes; one that was never used has sequence 0.
func getLanes(c Call, s State) (Effects, error) {
	var doc wire.LanesQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if doc.First < 0 || doc.First > wire.MaxLane || doc.Count < 1 || doc.Count > wire.MaxLanesPerQuery || doc.First+doc.Count-1 > wire.MaxLane {
		return Effects{}, fault.New(fault.InvalidValue, "ask for 1 to %d lanes between 0 and %d", wire.MaxLanesPerQuery, wire.MaxLane)
	}
	if err := validMSP(doc.MSP); err != nil {
		return Effects{}, err
	}
	keys := make([]string, doc.Count)
	for i := range keys {
		keys[i] = LaneKey(doc.MSP, doc.First+i)
	}
	values, err := s.Get(keys)
	if err != nil {
		return Effects{}, err
	}
	lanes := make([]points.Lane, doc.Count)
	for i, raw := range values {
		lanes[i] = points.Lane{V: 1, MSP: doc.MSP, N: doc.First + i}
		if raw == nil {
			continue
		}
		if err := wire.DecodeRecord(raw, &lanes[i]); err != nil {
			return Effects{}, err
		}
	}
	return answer(lanes)
}

func getBatch(c Call, s State) (Effects, error) {
	var doc wire.BatchQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if err := validMSP(doc.MSP); err != nil {
		return Effects{}, err
	}
	if doc.Lane < 0 || doc.Lane > wire.MaxLane || doc.Seq < 1 {
		return Effects{}, fault.New(fault.InvalidValue, "lane must lie between 0 and %d, seq must be 1 or more", wire.MaxLane)
	}
	return answerRecord(s, BatchKey(doc.MSP, doc.Lane, doc.Seq))
}

func getReversal(c Call, s State) (Effects, error) {
	var doc wire.ReversalQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if err := doc.Operation.Validate(); err != nil {
		return Effects{}, err
	}
	return answerRecord(s, ReversalKey(doc.Operation))
}

func validMSP(msp string) error {
	if !points.ValidMSP(msp) {
		return fault.New(fault.InvalidValue, "msp must have letters and digits only")
	}
	return nil
}

func getTerms(c Call, s State) (Effects, error) { return answerVersion(c, s, TermsKey) }

func getRuleSet(c Call, s State) (Effects, error) { return answerVersion(c, s, RuleSetKey) }

func getPrices(c Call, s State) (Effects, error) { return answerVersion(c, s, PricesKey) }

func answerVersion(c Call, s State, key func(int) string) (Effects, error) {
	var doc wire.VersionQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if doc.Version < 1 || doc.Version > points.MaxPublications {
		return Effects{}, fault.New(fault.InvalidValue, "version must lie between 1 and %d", points.MaxPublications)
	}
	return answerRecord(s, key(doc.Version))
}

func getShop(c Call, s State) (Effects, error) {
	var doc wire.ShopQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if !points.ValidShopID(doc.ID) {
		return Effects{}, fault.New(fault.InvalidValue, "a shop's id has %d to %d lower-case letters, digits and hyphens", points.MinShopID, points.MaxShopID)
	}
	return answerRecord(s, ShopKey(doc.ID))
}

func getApproval(c Call, s State) (Effects, error) {
	var doc wire.ApprovalQuery
	if err := wire.Decode(c.Document, MaxQuery, &doc); err != nil {
		return Effects{}, err
	}
	if err := doc.Operation.Validate(); err != nil {
		return Effects{}, err
	}
	return answerRecord(s, ApprovalKey(doc.Operation))
}
