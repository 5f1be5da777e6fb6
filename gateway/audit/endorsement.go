package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer/lifecycle"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// Names of Fabric's own.
const (
	lifecycleChaincode = "_lifecycle"         // Its chaincode for definitions of chaincodes.
	definitionFields   = "namespaces/fields/" // The keys of its definitions; chaincode and field follow.
	implicitCollection = "_implicit_org_"     // Its collections of one organisation each; the MSP id follows.
)

// insufficient says who is missing among the peers that endorsed; empty when nobody is. The rules are the consortium's, not whatever policy was in force: points need
// their issuer and another brand, clearing and definitions of chaincodes a majority of the brands, a pair's data both brands, an organisation's approval that organisation.
//
// Which rules apply is found as Fabric does: for every namespace, its own when a public key is written and each written collection's; of the called chaincode at least one,
// so that its own rule applies when nothing is written in it at all.
func (a *Auditor) insufficient(t *blocks.Transaction, peers map[string]bool) string {
	called := false
	for i := range t.Namespaces {
		n := &t.Namespaces[i]
		ruled, detail := a.insufficientFor(n, peers)
		if detail != "" {
			return detail
		}
		called = called || ruled && n.Name == t.Chaincode
	}
	if called {
		return ""
	}
	return a.insufficientForNamespace(t.Chaincode, peers)
}

// short says that a policy of the channel's configuration in force isn't met, where it has the policies that a network is founded with; empty when all are. What a
// membership asks for and what the channel asks for differ for a while when a brand comes or goes.
func (a *Auditor) short(t *blocks.Transaction, endorsers []*blocks.Signer) string {
	for i := range t.Namespaces {
		n := &t.Namespaces[i]
		if policy := channelPolicy(n.Name); len(n.Writes) > 0 || n.Metadata > 0 {
			if ok, known := a.config.Endorsed(policy, endorsers); known && !ok {
				return fmt.Sprintf("%s is written, and the channel's policy %s isn't met", n.Name, policy)
			}
		}
		for _, c := range n.Collections {
			if len(c.Writes) == 0 && c.Metadata == 0 {
				continue
			}
			if rule := a.collectionRule(n.Name, c.Name); rule != nil {
				if ok, err := blocks.Satisfied(rule, endorsers); err == nil && !ok {
					return fmt.Sprintf("%s/%s is written, and its own policy isn't met", n.Name, c.Name)
				}
			}
		}
	}
	return ""
}

// collectionRule is a collection's own endorsement policy as the committed definition of its chaincode has it; nil when there is none, or it refers to the channel's.
func (a *Auditor) collectionRule(namespace, collection string) *common.SignaturePolicyEnvelope {
	var data lifecycle.StateData
	var list peer.CollectionConfigPackage
	raw := a.world.public[lifecycleChaincode][definitionFields+namespace+"/Collections"].value
	if raw == nil || proto.Unmarshal(raw, &data) != nil || proto.Unmarshal(data.GetBytes(), &list) != nil {
		return nil
	}
	for _, c := range list.Config {
		if s := c.GetStaticCollectionConfig(); s.GetName() == collection {
			return s.GetEndorsementPolicy().GetSignaturePolicy()
		}
	}
	return nil
}

// channelPolicy names the policy of the channel's application group that a namespace follows.
func channelPolicy(namespace string) string {
	if brand, ok := strings.CutPrefix(namespace, engine.PointsPrefix); ok && brand != "" {
		return "Points" + strings.ToUpper(brand[:1]) + brand[1:]
	}
	if namespace == lifecycleChaincode {
		return "LifecycleEndorsement"
	}
	return strings.ToUpper(namespace[:1]) + namespace[1:]
}

// insufficientFor applies the rules of one namespace; ruled says whether there were any.
func (a *Auditor) insufficientFor(n *blocks.Namespace, peers map[string]bool) (ruled bool, detail string) {
	if len(n.Writes) > 0 || n.Metadata > 0 {
		ruled = true
		if detail := a.insufficientForNamespace(n.Name, peers); detail != "" {
			return ruled, detail
		}
	}
	for _, c := range n.Collections {
		if len(c.Writes) == 0 && c.Metadata == 0 {
			continue
		}
		ruled = true
		if detail := a.insufficientForCollection(n.Name, c.Name, peers); detail != "" {
			return ruled, detail
		}
	}
	return ruled, ""
}

func (a *Auditor) insufficientForNamespace(name string, peers map[string]bool) string {
	if brand, ok := strings.CutPrefix(name, engine.PointsPrefix); ok {
		return a.insufficientForPoints(brand, peers)
	}
	if name != lifecycleChaincode && name != engine.ClearingChaincode {
		return ""
	}
	brands := a.voters()
	if len(brands) == 0 {
		brands = a.config.Orderers // Before the consortium is founded: each brand has an ordering node, the regulator has none.
	}
	if count, need := countIn(brands, peers), len(brands)/2+1; count < need {
		return fmt.Sprintf("%s changes with a majority of the brands, %d of %d; %d endorsed", name, need, len(brands), count)
	}
	return ""
}

// insufficientForCollection applies a collection's rule, and that of its namespace when it has none.
func (a *Auditor) insufficientForCollection(namespace, collection string, peers map[string]bool) string {
	if msp, ok := strings.CutPrefix(collection, implicitCollection); ok {
		return missing(peers, msp)
	}
	if brand, ok := strings.CutPrefix(namespace, engine.PointsPrefix); ok && (collection == engine.CollectionDetails || engine.IsPersonal(collection)) {
		issuer, detail := a.brandMSP(brand)
		if detail != "" || countIn(a.acting[brand], peers) > 0 {
			return detail
		}
		return missing(peers, issuer)
	}
	if x, y, ok := pairOf(collection); ok && namespace == engine.ClearingChaincode {
		return a.insufficientForPair(x, y, peers)
	}
	return a.insufficientForNamespace(namespace, peers)
}

// insufficientForPair wants both brands' peers, or those of who acts for them: two different brands always, so that another one may stand in for one that failed.
func (a *Auditor) insufficientForPair(x, y string, peers map[string]bool) string {
	first, detail := a.brandMSP(x)
	if detail != "" {
		return detail
	}
	second, detail := a.brandMSP(y)
	if detail != "" {
		return detail
	}
	if len(a.acting[x])+len(a.acting[y]) > 0 {
		speakers := slices.Concat([]string{first, second}, a.acting[x], a.acting[y])
		if countIn(a.voters(), peers) >= 2 && countIn(speakers, peers) > 0 {
			return ""
		}
	}
	if detail := missing(peers, first); detail != "" {
		return detail
	}
	return missing(peers, second)
}

// pairOf takes the name of a pair's collection apart.
func pairOf(collection string) (x, y string, ok bool) {
	rest, ok := strings.CutPrefix(collection, clearing.PairPrefix)
	if !ok {
		return "", "", false
	}
	x, y, ok = strings.Cut(rest, "-")
	return x, y, ok && collection == clearing.PairCollection(x, y)
}

// brandMSP is the MSP id of a brand, or a word on why there is none.
func (a *Auditor) brandMSP(brand string) (msp, detail string) {
	consortium, err := a.consortium()
	if err != nil {
		return "", "points or a pair's data were written before the consortium was founded"
	}
	member, err := consortium.Find(brand)
	if err != nil {
		return "", fmt.Sprintf("the consortium has no member %q", brand)
	}
	return member.MSP, ""
}

func missing(peers map[string]bool, msp string) string {
	if peers[msp] {
		return ""
	}
	return fmt.Sprintf("it writes for %s, whose peer didn't endorse it", msp)
}

// insufficientForPoints wants the issuer's peer and another brand's. For an issuer that failed its administrator's counts, or a majority of those who speak for themselves.
func (a *Auditor) insufficientForPoints(brand string, peers map[string]bool) string {
	issuer, detail := a.brandMSP(brand)
	if detail != "" {
		return detail
	}
	speakers := append([]string{issuer}, a.acting[brand]...)
	speaking := countIn(speakers, peers)
	if len(speakers) > 1 && countIn(a.voters(), peers) > len(a.voters())/2 {
		return ""
	}
	switch {
	case speaking == 0:
		return fmt.Sprintf("the issuer's peer (%s) didn't endorse it", issuer)
	case countIn(a.voters(), peers) < 2:
		return fmt.Sprintf("no brand's peer beside the issuer's (%s) endorsed it", issuer)
	}
	return ""
}

func countIn(msps []string, peers map[string]bool) int {
	n := 0
	for _, m := range msps {
		if peers[m] {
			n++
		}
	}
	return n
}
