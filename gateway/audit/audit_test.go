package audit

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// story is a ledger with two programmes whose airline has openings, accruals, redemptions, a return, a fence and a refused transaction.
type story struct {
	*ledgertest.Ledger
	airline *ledgertest.Programme
	account string // Readable key of an account that block earn changes.
	earn    uint64 // Block of a batch with an accrual of 1234.56 and a redemption.
}

func tell(t *testing.T) *story {
	t.Helper()
	s := &story{Ledger: ledgertest.New(t, "airline", "grocer", "hotel")}
	s.Found()
	s.airline = s.Create(0)
	grocer := s.Create(1)
	for _, p := range []*ledgertest.Programme{grocer, s.airline} {
		a, b := p.Open(), p.Open()
		p.Batch(0, []ledgertest.Item{a, b})
		s.Cut()
		account := a.Operation.Account
		event, _ := p.Batch(0, []ledgertest.Item{p.Earn(account, 123_456), p.Earn(b.Operation.Account, 900), p.Redeem(account, 200)})
		s.Cut()
		s.account, s.earn = "account/"+string(account), s.Height()-1
		p.Batch(1, []ledgertest.Item{p.Return(event, 0, 123_456), p.Redeem(account, 1_000_000)})
		p.Batch(2, nil)
		p.BatchAt(2, 1, nil)
		s.Cut()
	}
	return s
}

func (s *story) saved(t *testing.T) blocks.Archive {
	t.Helper()
	a := blocks.Archive{Dir: filepath.Join(t.TempDir(), "blocks")}
	s.Save(a)
	return a
}

func audit(t *testing.T, a blocks.Archive, o Options) *Statement {
	t.Helper()
	count, err := a.Count()
	if err != nil {
		t.Fatal(err)
	}
	auditor := New(o)
	statement, err := auditor.Finish(auditor.Blocks(context.Background(), a.Blocks(count)))
	if err != nil {
		t.Fatal(err)
	}
	return statement
}

func TestAuditPassesOverWhatFollowsFromTheBlocks(t *testing.T) {
	s := tell(t)
	statement := audit(t, s.saved(t), Options{Genesis: s.Genesis})
	if statement.Verdict != VerdictPassed || statement.Finding != nil {
		t.Fatalf("verdict %s: %v", statement.Verdict, statement.Finding)
	}
	if statement.Invalid != 2 || statement.UnexplainedRefusals != 0 || statement.CommitHashes != statement.Blocks-1 {
		t.Errorf("%d invalid, %d unexplained, %d commit hashes of %d blocks", statement.Invalid, statement.UnexplainedRefusals, statement.CommitHashes, statement.Blocks)
	}
	if len(statement.Programmes) != 2 {
		t.Fatalf("%d programmes", len(statement.Programmes))
	}
	// 1234 points - 200 spent; the return takes the 1034 left and leaves a debt of 200; 9 points on the other account.
	p := statement.Programmes[0]
	if p.Programme != "airline" || p.Accounts != 2 || p.Issued != 1243 || p.Redeemed != 200 || p.Recovered != 1034 || p.Supply != 9 || p.Debt != 200 ||
		p.Batches != 4 || p.Receipts != 7 || p.Rejected != 1 || p.FullReplays != 5 || p.PublicReplays != 0 {
		t.Errorf("airline: %+v", p)
	}
}

func TestAuditWithoutPrivateDataReplaysPublicly(t *testing.T) {
	s := tell(t)
	a := s.saved(t)
	change(t, a, s.Height()-1, func(d *blocks.Delivered) { d.Private = nil })
	change(t, a, s.earn, func(d *blocks.Delivered) { d.Private = nil })
	statement := audit(t, a, Options{})
	if statement.Verdict != VerdictPassed {
		t.Fatalf("%v", statement.Finding)
	}
	if p := statement.Programmes[0]; p.PublicReplays != 2 || p.FullReplays != 3 {
		t.Errorf("%d public and %d full replays", p.PublicReplays, p.FullReplays)
	}
}

func change(t *testing.T, a blocks.Archive, number uint64, f func(*blocks.Delivered)) {
	t.Helper()
	d, err := a.Load(number)
	if err != nil {
		t.Fatal(err)
	}
	f(&d)
	if err := a.Save(d); err != nil {
		t.Fatal(err)
	}
}

// swap replaces bytes of the same length, wherever they stand in the block's transactions.
func swap(t *testing.T, d *blocks.Delivered, from, to string) {
	t.Helper()
	if len(from) != len(to) {
		t.Fatalf("%q and %q differ in length", from, to)
	}
	found := false
	for i, raw := range d.Block.Data.Data {
		found = found || bytes.Contains(raw, []byte(from))
		d.Block.Data.Data[i] = bytes.ReplaceAll(raw, []byte(from), []byte(to))
	}
	if !found {
		t.Fatalf("%q is not in the block", from)
	}
}

// rehash makes data hash and chain fit again, as somebody would who has no ordering node's key.
func rehash(t *testing.T, s *story, a blocks.Archive, from uint64) {
	t.Helper()
	for n := from; n < s.Height(); n++ {
		change(t, a, n, func(d *blocks.Delivered) {
			d.Block.Header.DataHash = ledgertest.DataHash(d.Block)
			if n > 0 {
				previous, err := a.Load(n - 1)
				if err != nil {
					t.Fatal(err)
				}
				if d.Block.Header.PreviousHash, err = blocks.HeaderHash(previous.Block.Header); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestTamperedBlocksAreFoundAndNamed(t *testing.T) {
	s := tell(t)
	metadata := func(i common.BlockMetadataIndex, f func([]byte)) func(*testing.T, blocks.Archive) {
		return func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) { f(d.Block.Metadata.Metadata[i]) })
		}
	}
	for name, c := range map[string]struct {
		tamper func(*testing.T, blocks.Archive)
		check  Check
		key    string // Part of the key that must be named.
	}{
		"a receipt's points": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) { swap(t, d, `"points":1234,"posted":1234`, `"points":9234,"posted":1234`) })
		}, CheckDataHash, "receipt/"},
		"a balance in a write set": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) { swap(t, d, `"posted":1034,"status"`, `"posted":9034,"status"`) })
		}, CheckDataHash, s.account},
		"a balance, with new hashes all along": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) { swap(t, d, `"posted":1034,"status"`, `"posted":9034,"status"`) })
			rehash(t, s, a, s.earn)
		}, CheckOrdererSignature, ""},
		"a private amount": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) {
				d.Private[0] = changedPrivate(t, d.Private[0], `"amountMinor":123456`, `"amountMinor":923456`)
			})
		}, CheckPrivateHash, "details/"},
		"a private key": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) { d.Private[0] = changedPrivate(t, d.Private[0], "AirlineMSP", "HotelHoMSP") })
		}, CheckPrivateHash, "details/"},
		"the previous block's hash": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) { d.Block.Header.PreviousHash[3] ^= 1 })
		}, CheckHashChain, ""},
		"the data hash": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) { d.Block.Header.DataHash[3] ^= 1 })
		}, CheckDataHash, ""},
		"an orderer's signature": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) {
				m := new(common.Metadata)
				unmarshal(t, d.Block.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES], m)
				m.Signatures[0].Signature[20] ^= 1
				d.Block.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = remarshal(t, m)
			})
		}, CheckOrdererSignature, ""},
		"no orderer's signature": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) { d.Block.Metadata.Metadata[common.BlockMetadataIndex_SIGNATURES] = nil })
		}, CheckOrdererSignature, ""},
		"a peer's signature for an orderer's": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) { s.ReplaceSignature(d.Block, s.Brands[0].Peer) })
		}, CheckOrdererSignature, ""},
		"the regulator's signature for an orderer's": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) { s.ReplaceSignature(d.Block, s.Organisations[3].Orderer) })
		}, CheckOrdererSignature, ""},
		"a stranger's signature for an orderer's": {func(t *testing.T, a blocks.Archive) {
			stranger := ledgertest.NewOrganisation(t, "airline", "AirlineMSP")
			change(t, a, s.earn, func(d *blocks.Delivered) { s.ReplaceSignature(d.Block, stranger.Orderer) })
		}, CheckOrdererSignature, ""},
		"a valid transaction marked invalid": {metadata(common.BlockMetadataIndex_TRANSACTIONS_FILTER, func(codes []byte) {
			codes[0] = byte(peer.TxValidationCode_MVCC_READ_CONFLICT)
		}), CheckValidationCode, ""},
		"a valid transaction marked insufficiently endorsed": {metadata(common.BlockMetadataIndex_TRANSACTIONS_FILTER, func(codes []byte) {
			codes[0] = byte(peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE)
		}), CheckValidationCode, ""},
		"a valid transaction marked invalid for some other reason": {metadata(common.BlockMetadataIndex_TRANSACTIONS_FILTER, func(codes []byte) {
			codes[0] = byte(peer.TxValidationCode_INVALID_OTHER_REASON)
		}), CheckCommitHash, ""},
		"an invalid transaction marked valid": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.Height()-1, func(d *blocks.Delivered) {
				d.Block.Metadata.Metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER][2] = 0
			})
		}, CheckValidationCode, "lane/"},
		"a commit hash": {metadata(common.BlockMetadataIndex_COMMIT_HASH, func(m []byte) { m[len(m)-1] ^= 1 }), CheckCommitHash, ""},
		"a missing block": {func(t *testing.T, a blocks.Archive) {
			remove(t, a.Path(s.earn))
		}, CheckBlock, ""},
		"a block in another's place": {func(t *testing.T, a blocks.Archive) {
			d, err := a.Load(s.earn - 1)
			if err != nil {
				t.Fatal(err)
			}
			write(t, a.Path(s.earn), remarshal(t, &peer.BlockAndPrivateData{Block: d.Block}))
		}, CheckHashChain, ""},
		"an unreadable block": {func(t *testing.T, a blocks.Archive) { write(t, a.Path(s.earn), []byte("not a block")) }, CheckBlock, ""},
		"an unreadable transaction": {func(t *testing.T, a blocks.Archive) {
			change(t, a, s.earn, func(d *blocks.Delivered) { d.Block.Data.Data[0] = []byte("not a transaction") })
		}, CheckBlock, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.saved(t)
			c.tamper(t, a)
			statement := audit(t, a, Options{})
			f := statement.Finding
			if statement.Verdict != VerdictFailed || f == nil {
				t.Fatalf("the audit passes")
			}
			if f.Check != c.check || !strings.Contains(f.Key, c.key) {
				t.Errorf("found %v", f)
			}
			if want := s.earn; f.Block != want && f.Block != s.Height()-1 {
				t.Errorf("block %d is named, %d was tampered with", f.Block, want)
			}
			if c.key != "" && (f.Transaction == "" || f.Namespace == "") {
				t.Errorf("transaction or namespace is not named: %v", f)
			}
		})
	}
}

// A consortium's peers may agree on something that the rules don't give: everything is signed as it should be.
func TestWrongResultsThatWereEndorsedAndOrderedAreFound(t *testing.T) {
	value := func(prefix, from, to string) func(*engine.Effects) {
		return func(e *engine.Effects) {
			for i, w := range e.Writes {
				if strings.HasPrefix(engine.ReadableKey(w.Key), prefix) {
					e.Writes[i].Value = bytes.Replace(w.Value, []byte(from), []byte(to), 1)
				}
			}
		}
	}
	for name, c := range map[string]struct {
		tamper func(*engine.Effects)
		check  Check
		key    string
	}{
		"points from nowhere": {value("account/", `"posted":50`, `"posted":99`), CheckWriteSet, "account/"},
		"a lane's totals":     {value("lane/", `"issued":50`, `"issued":49`), CheckWriteSet, "lane/"},
		"a batch's root":      {value("batch/", `"root":"`, `"root":"0`), CheckWriteSet, "batch/"},
		"a write too many": {func(e *engine.Effects) {
			e.Writes = append(e.Writes, engine.Write{Key: engine.ProgrammeKey(), Value: []byte("{}")})
		}, CheckWriteSet, "programme"},
		"a write too few": {func(e *engine.Effects) { e.Writes = e.Writes[1:] }, CheckWriteSet, "account/"},
		"a receipt in the event": {func(e *engine.Effects) {
			e.EventPayload = bytes.Replace(e.EventPayload, []byte(`"points":50`), []byte(`"points":51`), 1)
		}, CheckEvent, "receipt/"},
		"no event":               {func(e *engine.Effects) { e.EventName = "" }, CheckEvent, ""},
		"another answer":         {func(e *engine.Effects) { e.Response = []byte("{}") }, CheckResponse, ""},
		"private data left out":  {func(e *engine.Effects) { e.Private = nil }, CheckExecution, ""},
		"private data elsewhere": {func(e *engine.Effects) { e.Private[0].Key = engine.DetailsKey("HotelMSP", 1, 1) }, CheckPrivateWriteSet, "details/"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t)
			item := s.airline.Open()
			s.airline.Batch(5, []ledgertest.Item{item})
			s.Cut()
			_, id := s.airline.Batch(5, []ledgertest.Item{s.airline.Earn(item.Operation.Account, 5000)}, ledgertest.WithTampered(c.tamper))
			s.Cut()
			f := audit(t, s.saved(t), Options{}).Finding
			if f == nil || f.Check != c.check || f.Transaction != id || f.Block != s.Height()-1 || !strings.HasPrefix(f.Key, c.key) {
				t.Errorf("found %v", f)
			}
		})
	}
}

func TestWhoHadToEndorseIsChecked(t *testing.T) {
	const airline, grocer, hotel, regulator = 0, 1, 2, 3
	peers := func(members ...int) func(*story) []*ledgertest.Identity {
		return func(s *story) (out []*ledgertest.Identity) {
			for _, m := range members {
				out = append(out, s.Organisations[m].Peer)
			}
			return out
		}
	}
	for name, c := range map[string]struct {
		endorsers func(*story) []*ledgertest.Identity
		check     Check
	}{
		"the issuer and another brand": {peers(airline, hotel), ""},
		"everybody":                    {peers(airline, grocer, hotel, regulator), ""},
		"the issuer alone":             {peers(airline), CheckEndorsement},
		"the issuer twice":             {peers(airline, airline), CheckEndorsement},
		"the issuer and the regulator": {peers(airline, regulator), CheckEndorsement},
		"two others":                   {peers(grocer, hotel), CheckEndorsement},
		"nobody":                       {peers(), CheckEndorsement},
		"the issuer's client instead of a peer": {func(s *story) []*ledgertest.Identity {
			return []*ledgertest.Identity{s.Organisations[airline].Gateway, s.Organisations[hotel].Peer}
		}, CheckEndorsement},
		"somebody with the issuer's name": {func(s *story) []*ledgertest.Identity {
			return []*ledgertest.Identity{ledgertest.NewOrganisation(t, "airline", "AirlineMSP").Peer, s.Organisations[hotel].Peer}
		}, CheckSignature},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t)
			_, id := s.airline.Batch(7, nil, ledgertest.WithEndorsers(c.endorsers(s)...))
			s.Cut()
			f := audit(t, s.saved(t), Options{}).Finding
			if c.check == "" && f != nil || c.check != "" && (f == nil || f.Check != c.check || f.Transaction != id) {
				t.Errorf("found %v", f)
			}
		})
	}
}

func TestFoundingNeedsAMajorityOfTheBrands(t *testing.T) {
	const airline, grocer, regulator = 0, 1, 3
	for name, c := range map[string]struct {
		endorsers []int
		enough    bool
	}{"one": {[]int{airline}, false}, "one and the regulator": {[]int{airline, regulator}, false}, "two of three": {[]int{airline, grocer}, true}} {
		t.Run(name, func(t *testing.T) {
			l := ledgertest.New(t, "airline", "grocer", "hotel")
			var peers []*ledgertest.Identity
			for _, m := range c.endorsers {
				peers = append(peers, l.Organisations[m].Peer)
			}
			l.Found(ledgertest.WithEndorsers(peers...))
			s := &story{Ledger: l}
			f := audit(t, s.saved(t), Options{}).Finding
			if c.enough != (f == nil) || f != nil && (f.Check != CheckEndorsement || f.Block != 1) {
				t.Errorf("found %v", f)
			}
		})
	}
}

func TestMembershipThatDiffersFromTheChannelIsFound(t *testing.T) {
	s := tell(t)
	s.AppendConfig(1, s.Organisations[:3], msp.MSPRole_ORDERER)
	f := audit(t, s.saved(t), Options{}).Finding
	if f == nil || f.Check != CheckMembership || f.Namespace != engine.ClearingChaincode {
		t.Errorf("found %v", f)
	}
}

func TestOnlyOrderingNodesSignBlocksWhateverThePolicyAllows(t *testing.T) {
	s := tell(t)
	s.AppendConfig(1, s.Organisations, msp.MSPRole_MEMBER)
	s.airline.Batch(7, nil)
	s.Cut()
	a := s.saved(t)
	if f := audit(t, a, Options{}).Finding; f != nil {
		t.Fatalf("found %v", f)
	}
	change(t, a, s.Height()-1, func(d *blocks.Delivered) { s.ReplaceSignature(d.Block, s.Brands[0].Peer) })
	if f := audit(t, a, Options{}).Finding; f == nil || f.Check != CheckOrdererSignature {
		t.Errorf("found %v", f)
	}
}

func TestOtherGenesisThanExpectedIsFound(t *testing.T) {
	s := tell(t)
	if f := audit(t, s.saved(t), Options{Genesis: strings.Repeat("0", 64)}).Finding; f == nil || f.Check != CheckGenesis {
		t.Errorf("found %v", f)
	}
}

func TestPeersThatDifferAreFoundAndAbsentOnesTold(t *testing.T) {
	s, other := tell(t), tell(t)
	a := s.saved(t)
	run := func(others ...Other) (*Statement, error) {
		auditor := New(Options{})
		comparisons := ComparePeers(context.Background(), others, s.Height())
		finding := auditor.Blocks(context.Background(), a.Blocks(s.Height()))
		if finding == nil {
			finding = auditor.Peers(comparisons)
		}
		return auditor.Finish(finding)
	}
	statement, err := run(Other{"twin", s}, Other{"absent", absent{s}})
	if err != nil || statement.Verdict != VerdictPassed || len(statement.Peers) != 2 {
		t.Fatalf("%v, %+v", err, statement)
	}
	if p := statement.Peers[0]; p.Blocks != s.Height() || p.Error != "" {
		t.Errorf("the twin: %+v", p)
	}
	if p := statement.Peers[1]; p.Blocks != 0 || !strings.Contains(p.Error, "no answer") {
		t.Errorf("the absent one: %+v", p)
	}
	statement, err = run(Other{"other", other})
	if err != nil || statement.Finding == nil || statement.Finding.Check != CheckPeers || statement.Finding.Block != 0 {
		t.Errorf("%v, %v", err, statement.Finding)
	}
}

type absent struct{ *story }

func (absent) Last(context.Context) (*common.Block, error) { return nil, errors.New("no answer") }

func changedPrivate(t *testing.T, set *rwset.TxPvtReadWriteSet, from, to string) *rwset.TxPvtReadWriteSet {
	t.Helper()
	c := set.NsPvtRwset[0].CollectionPvtRwset[0]
	kv := new(kvrwset.KVRWSet)
	unmarshal(t, c.Rwset, kv)
	w := kv.Writes[0]
	w.Key, w.Value = strings.Replace(w.Key, from, to, 1), bytes.Replace(w.Value, []byte(from), []byte(to), 1)
	out := proto.Clone(set).(*rwset.TxPvtReadWriteSet)
	out.NsPvtRwset[0].CollectionPvtRwset[0].Rwset = remarshal(t, kv)
	if proto.Equal(out, set) {
		t.Fatalf("%q is not in the private data", from)
	}
	return out
}
