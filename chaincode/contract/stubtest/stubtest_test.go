package stubtest_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/cid"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
)

const (
	valid    = peer.TxValidationCode_VALID
	stale    = peer.TxValidationCode_MVCC_READ_CONFLICT
	phantom  = peer.TxValidationCode_PHANTOM_READ_CONFLICT
	unproven = peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE
)

// script is a chaincode whose functions are given by the test.
type script map[string]func(shim.ChaincodeStubInterface) ([]byte, error)

func (s script) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Error("no init") }

func (s script) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	function, _ := stub.GetFunctionAndParameters()
	answer, err := s[function](stub)
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(answer)
}

// bench is a channel of three organisations with one or two scripts on it.
type bench struct {
	*stubtest.Channel
	client, outsider, reader *stubtest.Identity
}

func newBench(functions script, others ...stubtest.Definition) *bench {
	a, b, c := stubtest.NewAuthority("AMSP"), stubtest.NewAuthority("BMSP"), stubtest.NewAuthority("CMSP")
	channel := stubtest.NewChannel("loyalty", stubtest.Organisation{Authority: a}, stubtest.Organisation{Authority: b}, stubtest.Organisation{Authority: c, ReadOnly: true})
	channel.Deploy(stubtest.Definition{
		Name: "main", New: func(string) shim.Chaincode { return functions }, Policy: stubtest.OutOf(1, "AMSP", "BMSP"),
		Collections: []stubtest.Collection{{Name: "secret", Members: []string{"AMSP"}, Policy: stubtest.All("AMSP")}},
	})
	for _, d := range others {
		channel.Deploy(d)
	}
	return &bench{channel, a.Issue("client", nil), b.Issue("outsider", nil), c.Issue("reader", nil)}
}

func (b *bench) proposal(function string, args ...string) stubtest.Proposal {
	p := stubtest.Proposal{Chaincode: "main", Args: [][]byte{[]byte(function)}, Creator: b.client, Time: time.Unix(1, 0)}
	for _, a := range args {
		p.Args = append(p.Args, []byte(a))
	}
	return p
}

func (b *bench) endorse(t *testing.T, function string, args ...string) *stubtest.Transaction {
	t.Helper()
	tx, err := b.Endorse(b.proposal(function, args...), "AMSP")
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func (b *bench) commit(t *testing.T, want []peer.TxValidationCode, transactions ...*stubtest.Transaction) {
	t.Helper()
	if got := b.Commit(transactions...).Codes; !slices.Equal(got, want) {
		t.Errorf("validated as %v, want %v", got, want)
	}
}

func codes(c ...peer.TxValidationCode) []peer.TxValidationCode { return c }

func argument(stub shim.ChaincodeStubInterface, i int) string {
	_, args := stub.GetFunctionAndParameters()
	return args[i]
}

var basics = script{
	"put": func(s shim.ChaincodeStubInterface) ([]byte, error) {
		return nil, s.PutState(argument(s, 0), []byte(argument(s, 1)))
	},
	"delete": func(s shim.ChaincodeStubInterface) ([]byte, error) { return nil, s.DelState(argument(s, 0)) },
	"get":    func(s shim.ChaincodeStubInterface) ([]byte, error) { return s.GetState(argument(s, 0)) },
	"append": func(s shim.ChaincodeStubInterface) ([]byte, error) {
		old, err := s.GetState(argument(s, 0))
		if err != nil {
			return nil, err
		}
		return old, s.PutState(argument(s, 0), append(old, '+'))
	},
	"appendTwice": func(s shim.ChaincodeStubInterface) ([]byte, error) {
		for range 2 {
			old, err := s.GetState("k")
			if err != nil {
				return nil, err
			}
			if err := s.PutState("k", append(old, '+')); err != nil {
				return nil, err
			}
		}
		return nil, nil
	},
	"count": func(s shim.ChaincodeStubInterface) ([]byte, error) {
		found, err := s.GetStateByRange(argument(s, 0), argument(s, 1))
		if err != nil {
			return nil, err
		}
		defer found.Close()
		var keys []string
		for found.HasNext() {
			kv, err := found.Next()
			if err != nil {
				return nil, err
			}
			keys = append(keys, kv.Key)
		}
		return []byte(strings.Join(keys, ",")), s.PutState("total", []byte(strings.Join(keys, ",")+"!"))
	},
	"nothing": func(shim.ChaincodeStubInterface) ([]byte, error) { return []byte("ok"), nil },
}

func TestTransactionDoesNotSeeItsOwnWrites(t *testing.T) {
	b := newBench(basics)
	b.commit(t, codes(valid), b.endorse(t, "appendTwice"))
	if got := string(b.State("main")["k"]); got != "+" {
		t.Errorf("two appends made %q", got)
	}
}

func TestStaleReadIsAConflict(t *testing.T) {
	b := newBench(basics)
	first, second := b.endorse(t, "append", "k"), b.endorse(t, "append", "k")
	b.commit(t, codes(valid, stale), first, second)
	first, second = b.endorse(t, "append", "k"), b.endorse(t, "append", "k") // Now that the key is there.
	b.commit(t, codes(valid, stale), first, second)
	late := b.endorse(t, "append", "k")
	b.commit(t, codes(valid), b.endorse(t, "delete", "k"))
	b.commit(t, codes(stale), late)
	if len(b.State("main")) != 0 {
		t.Errorf("state is %q", b.State("main"))
	}
}

func TestBlindWritesDoNotConflict(t *testing.T) {
	b := newBench(basics)
	b.commit(t, codes(valid, valid), b.endorse(t, "put", "k", "1"), b.endorse(t, "put", "k", "2"))
	if got := string(b.State("main")["k"]); got != "2" {
		t.Errorf("the last write is %q", got)
	}
}

func TestKeyThatAppearsInARangeIsAPhantom(t *testing.T) {
	b := newBench(basics)
	b.commit(t, codes(valid, valid), b.endorse(t, "put", "a1", "x"), b.endorse(t, "put", "b1", "x"))
	outside, inside := b.endorse(t, "put", "b2", "x"), b.endorse(t, "put", "a2", "x")
	count := b.endorse(t, "count", "a", "b")
	if got := string(count.Response.Payload); got != "a1" {
		t.Errorf("counted %s", got)
	}
	b.commit(t, codes(valid, valid), outside, count)
	count = b.endorse(t, "count", "a", "b")
	b.commit(t, codes(valid, phantom), inside, count)
	count = b.endorse(t, "count", "a", "b")
	b.commit(t, codes(valid, phantom), b.endorse(t, "put", "a1", "y"), count)
}

func TestPolicyOfEveryNamespaceWrittenIsAsked(t *testing.T) {
	relay := script{"relay": func(s shim.ChaincodeStubInterface) ([]byte, error) {
		r := s.InvokeChaincode("main", [][]byte{[]byte("put"), []byte("k"), []byte("v")}, "")
		return r.Payload, nil
	}}
	b := newBench(basics, stubtest.Definition{Name: "relay", New: func(string) shim.Chaincode { return relay }, Policy: stubtest.All("BMSP")})
	p := b.proposal("relay")
	p.Chaincode = "relay"
	for _, c := range []struct {
		endorsers []string
		code      peer.TxValidationCode
	}{
		{[]string{"AMSP"}, unproven}, // The invoked chaincode's policy is asked though nothing is written in its namespace.
		{[]string{"BMSP"}, valid},
		{[]string{"AMSP", "BMSP"}, valid},
	} {
		tx, err := b.Endorse(p, c.endorsers...)
		if err != nil {
			t.Fatal(err)
		}
		b.commit(t, codes(c.code), tx)
	}
	write, err := b.Endorse(b.proposal("put", "k", "v"), "CMSP")
	if err != nil {
		t.Fatal(err)
	}
	b.commit(t, codes(unproven), write)
}

func TestEventsAreTheOutermostChaincodesLast(t *testing.T) {
	callee := script{"call": func(s shim.ChaincodeStubInterface) ([]byte, error) { return []byte("answer"), s.SetEvent("inner", nil) }}
	caller := script{
		"events": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			if err := s.SetEvent("first", nil); err != nil {
				return nil, err
			}
			if err := s.SetEvent("last", []byte("payload")); err != nil {
				return nil, err
			}
			return s.InvokeChaincode("callee", [][]byte{[]byte("call")}, "").Payload, nil
		},
		"none": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			return s.InvokeChaincode("callee", [][]byte{[]byte("call")}, "").Payload, nil
		},
		"nameless": func(s shim.ChaincodeStubInterface) ([]byte, error) { return nil, s.SetEvent("", nil) },
	}
	b := newBench(caller, stubtest.Definition{Name: "callee", New: func(string) shim.Chaincode { return callee }, Policy: stubtest.OutOf(0)})
	tx := b.endorse(t, "events")
	if tx.Event.GetEventName() != "last" || string(tx.Event.GetPayload()) != "payload" || string(tx.Response.Payload) != "answer" {
		t.Errorf("event %v, answer %s", tx.Event, tx.Response.Payload)
	}
	if tx := b.endorse(t, "none"); tx.Event != nil {
		t.Errorf("the callee's event came through: %v", tx.Event)
	}
	if _, err := b.Endorse(b.proposal("nameless"), "AMSP"); err == nil {
		t.Error("an event without a name was set")
	}
}

func TestCalleeJoinsTheTransactionButSeesNoEarlierWrite(t *testing.T) {
	caller := script{
		"twice": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			for range 2 {
				if r := s.InvokeChaincode("callee", [][]byte{[]byte("append"), []byte("k")}, ""); r.Status != shim.OK {
					return nil, errors.New(r.Message)
				}
			}
			return nil, nil
		},
		"missing": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			return nil, errors.New(s.InvokeChaincode("nobody", nil, "").Message)
		},
		"elsewhere": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			return nil, errors.New(s.InvokeChaincode("callee", nil, "other").Message)
		},
		"itself": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			return nil, errors.New(s.InvokeChaincode("main", [][]byte{[]byte("itself")}, "").Message)
		},
		"sibling": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			return nil, errors.New(s.InvokeChaincode("sibling", [][]byte{[]byte("nothing")}, "").Message)
		},
	}
	b := newBench(caller,
		stubtest.Definition{Name: "callee", New: func(string) shim.Chaincode { return basics }, Policy: stubtest.All("AMSP")},
		stubtest.Definition{Name: "sibling", Label: "main", New: func(string) shim.Chaincode { return basics }, Policy: stubtest.All("AMSP")})
	first, second := b.endorse(t, "twice"), b.endorse(t, "twice")
	b.commit(t, codes(valid, stale), first, second)
	if got := string(b.State("callee")["k"]); got != "+" {
		t.Errorf("two calls made %q", got)
	}
	for function, text := range map[string]string{"missing": "could not get chaincode", "elsewhere": "failed to find ledger", "itself": "txid exists", "sibling": "txid exists"} {
		if _, err := b.Endorse(b.proposal(function), "AMSP"); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", function, err)
		}
	}
}

func TestCalleeSeesTheClientsProposal(t *testing.T) {
	describe := script{"describe": func(s shim.ChaincodeStubInterface) ([]byte, error) {
		signed, err := s.GetSignedProposal()
		if err != nil {
			return nil, err
		}
		msp, err := cid.GetMSPID(s)
		if err != nil {
			return nil, err
		}
		transient, err := s.GetTransient()
		if err != nil {
			return nil, err
		}
		named := strings.Contains(string(signed.ProposalBytes), "main")
		return fmt.Appendf(nil, "%s %v %s", msp, named, transient["field"]), nil
	}}
	caller := script{"call": func(s shim.ChaincodeStubInterface) ([]byte, error) {
		return s.InvokeChaincode("callee", [][]byte{[]byte("describe")}, "").Payload, nil
	}}
	b := newBench(caller, stubtest.Definition{Name: "callee", New: func(string) shim.Chaincode { return describe }, Policy: stubtest.OutOf(0)})
	p := b.proposal("call")
	p.Transient = map[string][]byte{"field": []byte("value")}
	got, err := b.Evaluate(p, "BMSP")
	if err != nil || string(got) != "AMSP true value" {
		t.Errorf("the callee saw %q, %v", got, err)
	}
}

func TestPeersThatStandAtDifferentHeightsDisagree(t *testing.T) {
	b := newBench(basics)
	b.Hold("BMSP")
	b.commit(t, codes(valid), b.endorse(t, "append", "k"))
	if _, err := b.Endorse(b.proposal("append", "k"), "AMSP", "BMSP"); !errors.Is(err, stubtest.ErrMismatch) {
		t.Errorf("endorsed with a peer behind: %v", err)
	}
	b.Release("BMSP")
	if _, err := b.Endorse(b.proposal("append", "k"), "AMSP", "BMSP"); err != nil {
		t.Errorf("endorsed with a peer that has caught up: %v", err)
	}
}

func TestSameTransactionIsValidOnce(t *testing.T) {
	b := newBench(basics)
	tx := b.endorse(t, "put", "k", "v")
	b.commit(t, codes(valid, peer.TxValidationCode_DUPLICATE_TXID), tx, tx)
}

func TestPeersAdmitOnlyCreatorsWhoseOrganisationVouchesForThem(t *testing.T) {
	b := newBench(basics)
	for name, creator := range map[string]*stubtest.Identity{
		"another organisation's certificate": b.outsider.Claiming("AMSP"),
		"an organisation that is no member":  stubtest.NewAuthority("DMSP").Issue("d", nil),
		"the right name from a false CA":     stubtest.NewAuthority("AMSP").Issue("a", nil),
		"an organisation that only reads":    b.reader,
	} {
		p := b.proposal("nothing")
		p.Creator = creator
		if _, err := b.Endorse(p, "AMSP"); err == nil || !strings.Contains(err.Error(), "access denied") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAttributesAreReadAsFabricCAWritesThem(t *testing.T) {
	authority := stubtest.NewAuthority("AMSP")
	channel := stubtest.NewChannel("loyalty", stubtest.Organisation{Authority: authority})
	channel.Deploy(stubtest.Definition{Name: "main", New: func(string) shim.Chaincode {
		return script{"role": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			value, there, err := cid.GetAttributeValue(s, "tally.role")
			return fmt.Appendf(nil, "%s %v", value, there), err
		}}
	}, Policy: stubtest.OutOf(0)})
	p := newBench(basics).proposal("role")
	for want, attributes := range map[string]map[string]string{"gateway true": {"tally.role": "gateway"}, " false": nil} {
		p.Creator = authority.Issue("client", attributes)
		if got, err := channel.Evaluate(p, "AMSP"); err != nil || string(got) != want {
			t.Errorf("with %v: %q, %v", attributes, got, err)
		}
	}
}

func TestBlockCarriesFabricsReadWriteSet(t *testing.T) {
	b := newBench(basics)
	tx := b.endorse(t, "append", "k")
	var set rwset.TxReadWriteSet
	if err := proto.Unmarshal(tx.Results, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.NsRwset) != 1 || set.NsRwset[0].Namespace != "main" {
		t.Errorf("namespaces are %v", set.NsRwset)
	}
}

func TestUnusedFunctionsOfTheStubSayThatTheyAreUnused(t *testing.T) {
	b := newBench(script{"all": func(s shim.ChaincodeStubInterface) ([]byte, error) {
		_, _, pages := s.GetStateByRangeWithPagination("", "", 1, "")
		_, _, partial := s.GetStateByPartialCompositeKeyWithPagination("a", nil, 1, "")
		_, _, all := s.GetAllStatesCompositeKeyWithPagination(1, "")
		_, rich := s.GetQueryResult("{}")
		_, _, richPages := s.GetQueryResultWithPagination("{}", 1, "")
		_, private := s.GetPrivateDataQueryResult("secret", "{}")
		_, history := s.GetHistoryForKey("k")
		_, policy := s.GetStateValidationParameter("k")
		_, privatePolicy := s.GetPrivateDataValidationParameter("secret", "k")
		for i, err := range []error{
			pages, partial, all, rich, richPages, private, history, policy, privatePolicy,
			s.SetStateValidationParameter("k", nil), s.SetPrivateDataValidationParameter("secret", "k", nil),
		} {
			if !errors.Is(err, stubtest.ErrUnsupported) {
				return nil, fmt.Errorf("function %d: %w", i, err)
			}
		}
		return nil, nil
	}})
	b.endorse(t, "all")
}

func TestPrivateValuesAreForMembersAndTheirHashesForAll(t *testing.T) {
	b := newBench(script{
		"put": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			transient, err := s.GetTransient()
			if err != nil {
				return nil, err
			}
			return nil, s.PutPrivateData("secret", "k", transient["v"])
		},
		"get":   func(s shim.ChaincodeStubInterface) ([]byte, error) { return s.GetPrivateData("secret", "k") },
		"hash":  func(s shim.ChaincodeStubInterface) ([]byte, error) { return s.GetPrivateDataHash("secret", "k") },
		"purge": func(s shim.ChaincodeStubInterface) ([]byte, error) { return nil, s.PurgePrivateData("secret", "k") },
		"nobody": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			return nil, s.PutPrivateData("nothing", "k", []byte("v"))
		},
		"rangeThenWrite": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			if _, err := s.GetPrivateDataByRange("secret", "", ""); err != nil {
				return nil, err
			}
			return nil, s.PutState("k", []byte("v"))
		},
		"writeThenRange": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			if err := s.PutState("k", []byte("v")); err != nil {
				return nil, err
			}
			_, err := s.GetPrivateDataByRange("secret", "", "")
			return nil, err
		},
	})
	put := b.proposal("put")
	put.Transient = map[string][]byte{"v": []byte("value")}
	tx, err := b.Endorse(put, "AMSP", "BMSP")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(tx.Results), "value") {
		t.Error("the value is in the block")
	}
	b.commit(t, codes(valid), tx)
	if alone, err := b.Endorse(put, "BMSP"); err != nil {
		t.Error(err)
	} else {
		b.commit(t, codes(unproven), alone)
	}
	digest := sha256.Sum256([]byte("value"))
	for _, msp := range []string{"AMSP", "BMSP", "CMSP"} {
		member := msp == "AMSP"
		if held := b.PrivateValue(msp, "main", "secret", "k"); (string(held) == "value") != member {
			t.Errorf("%s holds %q", msp, held)
		}
		if got := b.PrivateHash(msp, "main", "secret", "k"); !slices.Equal(got, digest[:]) {
			t.Errorf("%s has hash %x", msp, got)
		}
		got, err := b.Evaluate(b.proposal("get"), msp)
		if member && string(got) != "value" || !member && err == nil {
			t.Errorf("%s answers %q, %v", msp, got, err)
		}
		if got, err := b.Evaluate(b.proposal("hash"), msp); err != nil || !slices.Equal(got, digest[:]) {
			t.Errorf("%s answers hash %x, %v", msp, got, err)
		}
	}
	outside := b.proposal("get")
	outside.Creator = b.outsider
	for name, refused := range map[string]stubtest.Proposal{
		"a client that is no member": outside, "a collection that is none": b.proposal("nobody"),
		"a private range before a write": b.proposal("rangeThenWrite"), "a private range after one": b.proposal("writeThenRange"),
	} {
		if _, err := b.Endorse(refused, "AMSP"); err == nil {
			t.Errorf("%s was let through", name)
		}
	}
	b.commit(t, codes(valid), b.endorse(t, "purge"))
	if b.PrivateValue("AMSP", "main", "secret", "k") != nil || b.PrivateHash("BMSP", "main", "secret", "k") != nil {
		t.Error("a purged value is still there")
	}
}

func TestWriteBatchKeepsWritesAndTheirErrorsBack(t *testing.T) {
	b := newBench(script{
		"unfinished": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			s.StartWriteBatch()
			return nil, s.PutState("k", []byte("v"))
		},
		"late": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			s.StartWriteBatch()
			if err := s.PutPrivateData("nothing", "k", []byte("v")); err != nil {
				return nil, errors.New("too early")
			}
			return nil, s.FinishWriteBatch()
		},
	})
	b.commit(t, codes(valid), b.endorse(t, "unfinished"))
	if got := string(b.State("main")["k"]); got != "v" {
		t.Errorf("an unfinished batch wrote %q", got)
	}
	if _, err := b.Endorse(b.proposal("late"), "AMSP"); err == nil || !strings.Contains(err.Error(), "could not be found") {
		t.Errorf("got %v", err)
	}
}

func TestCompositeKeysAreOutsideSimpleRanges(t *testing.T) {
	b := newBench(script{
		"fill": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			for _, n := range []string{"1", "2"} {
				key, err := s.CreateCompositeKey("object", []string{"a", n})
				if err != nil {
					return nil, err
				}
				if err := s.PutState(key, []byte(n)); err != nil {
					return nil, err
				}
			}
			return nil, s.PutState("simple", []byte("3"))
		},
		"simple": func(s shim.ChaincodeStubInterface) ([]byte, error) { return values(s.GetStateByRange("", "")) },
		"composite": func(s shim.ChaincodeStubInterface) ([]byte, error) {
			return values(s.GetStateByPartialCompositeKey("object", []string{"a"}))
		},
		"crossing": func(s shim.ChaincodeStubInterface) ([]byte, error) { return values(s.GetStateByRange("\x00", "")) },
	})
	b.commit(t, codes(valid), b.endorse(t, "fill"))
	for function, want := range map[string]string{"simple": "3", "composite": "12"} {
		if got, err := b.Evaluate(b.proposal(function), "AMSP"); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", function, got, err)
		}
	}
	if _, err := b.Evaluate(b.proposal("crossing"), "AMSP"); err == nil {
		t.Error("a simple range reached composite keys")
	}
}

func values(found shim.StateQueryIteratorInterface, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var all []byte
	for found.HasNext() {
		kv, err := found.Next()
		if err != nil {
			return nil, err
		}
		all = append(all, kv.Value...)
	}
	return all, nil
}
