package blocks

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// recorded are the first blocks of a consortium on Fabric 2.5.9, as tally-audit --save wrote them: genesis, chaincode definitions, founding, fences.
func recorded(t testing.TB) []Delivered {
	t.Helper()
	f, err := os.Open("testdata/fabric-2.5.9.tar.gz")
	check(t, err)
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	check(t, err)
	dir := t.TempDir()
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		check(t, err)
		raw, err := io.ReadAll(r)
		check(t, err)
		check(t, os.WriteFile(filepath.Join(dir, filepath.Base(h.Name)), raw, 0o600))
	}
	a := Archive{Dir: dir}
	count, err := a.Count()
	check(t, err)
	var out []Delivered
	for d, err := range a.Blocks(count) {
		check(t, err)
		out = append(out, d)
	}
	return out
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func decode(t testing.TB, d Delivered) *Block {
	t.Helper()
	b, err := d.Decode()
	check(t, err)
	return b
}

func TestRecordedChainHoldsTogether(t *testing.T) {
	var previous *Block
	var config *Config
	var hasher CommitHasher
	var calls []string
	for _, d := range recorded(t) {
		b := decode(t, d)
		check(t, b.CheckData())
		if previous != nil {
			check(t, b.CheckFollows(previous))
			check(t, b.CheckOrderers(config))
		}
		if b.Config != nil {
			config = b.Config
		}
		for i := range b.Transactions {
			tx := &b.Transactions[i]
			if tx.Kind != common.HeaderType_ENDORSER_TRANSACTION {
				continue
			}
			checked, err := tx.Check(config)
			check(t, err)
			if len(checked.Peers()) == 0 || !checked.Creator.Has(RoleClient) && !checked.Creator.Has(RoleAdmin) {
				t.Errorf("transaction %s has creator %v and endorsers %v", tx.ID, checked.Creator.Roles, checked.Peers())
			}
			calls = append(calls, tx.Chaincode+"."+string(tx.Args[0]))
		}
		if got, want := hasher.Next(b), b.CommitHash; !bytes.Equal(got, want) {
			t.Errorf("block %d: commit hash is %x, the peer recorded %x", b.Number, got, want)
		}
		previous = b
	}
	if previous == nil || previous.Number != 13 {
		t.Fatal("there are not 14 blocks")
	}
	for _, want := range []string{"_lifecycle.CommitChaincodeDefinition", "clearing.Found", "points-airline.CreateProgramme", "points-grocer.SubmitBatch"} {
		if !slices.Contains(calls, want) {
			t.Errorf("there is no call of %s among %v", want, calls)
		}
	}
	if got := strings.Join(config.Applications, " "); got != "AirlineMSP GrocerMSP HotelMSP RegulatorMSP" {
		t.Errorf("members: %s", got)
	}
	if got := strings.Join(config.Orderers, " "); got != "AirlineMSP GrocerMSP HotelMSP" {
		t.Errorf("orderers: %s", got)
	}
}

func TestBrokenBlocksGiveCodedErrors(t *testing.T) {
	all := recorded(t)
	batch := all[13]
	change := func(f func(*common.Block)) Delivered {
		b := proto.Clone(batch.Block).(*common.Block)
		f(b)
		return Delivered{Block: b, Private: batch.Private}
	}
	for name, d := range map[string]Delivered{
		"no block":               {},
		"no header":              change(func(b *common.Block) { b.Header = nil }),
		"no metadata":            change(func(b *common.Block) { b.Metadata = nil }),
		"too few codes":          change(func(b *common.Block) { b.Metadata.Metadata[2] = nil }),
		"unreadable signatures":  change(func(b *common.Block) { b.Metadata.Metadata[0] = []byte{0xff} }),
		"unreadable commit hash": change(func(b *common.Block) { b.Metadata.Metadata[4] = []byte{0xff} }),
		"unreadable transaction": change(func(b *common.Block) { b.Data.Data[0] = []byte{0xff} }),
		"empty transaction":      change(func(b *common.Block) { b.Data.Data[0] = nil }),
		"truncated transaction":  change(func(b *common.Block) { b.Data.Data[0] = b.Data.Data[0][:len(b.Data.Data[0])/2] }),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := d.Decode(); fault.CodeOf(err) != fault.BlockInvalid {
				t.Errorf("decoded with %v", err)
			}
		})
	}
}

func TestUnreadableTransactionThatHadNoEffectIsLeftEmpty(t *testing.T) {
	d := recorded(t)[13]
	b := proto.Clone(d.Block).(*common.Block)
	b.Data.Data[0] = []byte{0xff}
	b.Metadata.Metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER][0] = byte(peer.TxValidationCode_BAD_PAYLOAD)
	decoded := decode(t, Delivered{Block: b})
	if tx := decoded.Transactions[0]; tx.Valid() || tx.ID != "" || tx.Namespaces != nil {
		t.Errorf("decoded as %+v", tx)
	}
}

func TestAlteredSignaturesAreRefused(t *testing.T) {
	all := recorded(t)
	config := decode(t, all[0]).Config
	batch := all[13].Block
	for name, alter := range map[string]func(*Block){
		"an orderer's signature": func(b *Block) { b.signatures.Signatures[0].Signature[12] ^= 1 },
		"what orderers signed":   func(b *Block) { b.signatures.Value = append(b.signatures.Value, 0) },
		"no orderer":             func(b *Block) { b.signatures.Signatures = nil },
		"no signature header":    func(b *Block) { b.signatures.Signatures[0].SignatureHeader = nil },
		"the header":             func(b *Block) { b.header[len(b.header)-1] ^= 1 },
		"the creator's":          func(b *Block) { b.Transactions[0].signature[12] ^= 1 },
		"the payload":            func(b *Block) { b.Transactions[0].payload[100] ^= 1 },
		"the id":                 func(b *Block) { b.Transactions[0].ID = strings.Repeat("0", 64) },
		"an endorsement":         func(b *Block) { b.Transactions[0].Endorsements[0].signature[12] ^= 1 },
		"what endorsers signed":  func(b *Block) { b.Transactions[0].endorsed[30] ^= 1 },
		"the proposal":           func(b *Block) { b.Transactions[0].proposed[0] ^= 1 },
		"the creator's MSP":      func(b *Block) { b.Transactions[0].Creator.MSP = "NobodyMSP" },
		"another member's MSP":   func(b *Block) { b.Transactions[0].Endorsements[0].Endorser.MSP = "RegulatorMSP" },
	} {
		t.Run(name, func(t *testing.T) {
			b := decode(t, Delivered{Block: proto.Clone(batch).(*common.Block)})
			alter(b)
			err := b.CheckOrderers(config)
			if err == nil {
				_, err = b.Transactions[0].Check(config)
			}
			if fault.CodeOf(err) != fault.SignatureInvalid {
				t.Errorf("checked with %v", err)
			}
		})
	}
}

func TestSignatureWithItsOtherHalfIsRefused(t *testing.T) {
	all := recorded(t)
	config := decode(t, all[0]).Config
	tx := decode(t, all[13]).Transactions[0]
	signer, err := config.Signer(tx.Creator)
	check(t, err)
	if !signer.verify(tx.signature, tx.payload) {
		t.Fatal("the recorded signature isn't accepted")
	}
	if signer.verify(highS(t, tx.signature, signer.key.Params().N), tx.payload) {
		t.Error("a signature with s in the upper half is accepted")
	}
}

// FuzzDecode holds that no bytes make the decoder or the checks panic.
func FuzzDecode(f *testing.F) {
	all := recorded(f)
	config := decode(f, all[0]).Config
	for _, d := range all {
		raw, err := proto.Marshal(&peer.BlockAndPrivateData{Block: d.Block, PrivateDataMap: d.Private})
		check(f, err)
		f.Add(raw)
		for i, envelope := range d.Block.Data.Data {
			f.Add(append([]byte{byte(i)}, envelope...))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var both peer.BlockAndPrivateData
		if proto.Unmarshal(raw, &both) != nil {
			// What isn't a block is tried as a transaction of one.
			both.Block = &common.Block{
				Header: &common.BlockHeader{Number: 7}, Data: &common.BlockData{Data: [][]byte{raw}},
				Metadata: &common.BlockMetadata{Metadata: [][]byte{nil, nil, {0}, nil, nil}},
			}
		}
		b, err := Decode(both.Block, both.PrivateDataMap)
		if err != nil {
			if fault.CodeOf(err) != fault.BlockInvalid {
				t.Fatalf("decoded with %v", err)
			}
			return
		}
		_ = b.CheckData()
		_ = b.CheckOrderers(config)
		new(CommitHasher).Next(b)
		for i := range b.Transactions {
			_, _ = b.Transactions[i].Check(config)
		}
		if b.Config != nil {
			_ = b.CheckOrderers(b.Config)
		}
	})
}
