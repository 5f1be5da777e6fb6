package blocks

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Archive is a folder of saved blocks, one file per block with the private data that were delivered with it: block-00000042.pb is a BlockAndPrivateData message.
type Archive struct{ Dir string }

const (
	archiveMode     = 0o600 // The files may hold private data.
	archiveDirMode  = 0o700
	archivePattern  = "block-*.pb"
	archiveNameForm = "block-%08d.pb"
)

// Path returns the file of a block.
func (a Archive) Path(number uint64) string {
	return filepath.Join(a.Dir, fmt.Sprintf(archiveNameForm, number))
}

// Save writes a block's file, over an older one.
func (a Archive) Save(d Delivered) error {
	if err := os.MkdirAll(a.Dir, archiveDirMode); err != nil {
		return err
	}
	raw, err := proto.Marshal(&peer.BlockAndPrivateData{Block: d.Block, PrivateDataMap: d.Private})
	if err != nil {
		return fault.New(fault.BlockInvalid, "block %d can't be encoded: %v", d.Block.GetHeader().GetNumber(), err)
	}
	return os.WriteFile(a.Path(d.Block.GetHeader().GetNumber()), raw, archiveMode)
}

// Load reads one block; NOT_FOUND when its file is missing, BLOCK_INVALID when it can't be read.
func (a Archive) Load(number uint64) (Delivered, error) {
	raw, err := os.ReadFile(a.Path(number))
	if errors.Is(err, fs.ErrNotExist) {
		return Delivered{}, fault.New(fault.NotFound, "block %d is missing: there is no file %s", number, filepath.Base(a.Path(number)))
	}
	if err != nil {
		return Delivered{}, err
	}
	var both peer.BlockAndPrivateData
	if err := proto.Unmarshal(raw, &both); err != nil || both.GetBlock().GetHeader() == nil {
		return Delivered{}, fault.New(fault.BlockInvalid, "file %s doesn't hold a block", filepath.Base(a.Path(number)))
	}
	return Delivered{Block: both.Block, Private: both.PrivateDataMap}, nil
}

// Count returns how many blocks the folder holds.
func (a Archive) Count() (uint64, error) {
	names, err := filepath.Glob(filepath.Join(a.Dir, archivePattern))
	return uint64(len(names)), err
}

// Blocks reads the blocks 0 to count-1 in order; a missing one is NOT_FOUND.
func (a Archive) Blocks(count uint64) iter.Seq2[Delivered, error] {
	return func(yield func(Delivered, error) bool) {
		for n := range count {
			d, err := a.Load(n)
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}
