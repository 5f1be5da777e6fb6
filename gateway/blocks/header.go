package blocks

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/chaincode/fault"
)

type asn1Header struct {
	Number       *big.Int
	PreviousHash []byte
	DataHash     []byte
}

// headerBytes is the ASN.1 form that Fabric hashes and orderers sign.
func headerBytes(h *common.BlockHeader) ([]byte, error) {
	raw, err := asn1.Marshal(asn1Header{new(big.Int).SetUint64(h.GetNumber()), h.GetPreviousHash(), h.GetDataHash()})
	if err != nil {
		return nil, fault.New(fault.BlockInvalid, "the header of block %d has no ASN.1 form: %v", h.GetNumber(), err)
	}
	return raw, nil
}

// HeaderHash is the block's identity: SHA-256 over the ASN.1 form of its header. Of block 0 it names the channel.
func HeaderHash(h *common.BlockHeader) ([]byte, error) {
	raw, err := headerBytes(h)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return sum[:], nil
}

// CheckData returns BLOCK_INVALID unless the block's data has the hash that its header names.
func (b *Block) CheckData() error {
	h := sha256.New()
	for _, d := range b.data {
		h.Write(d)
	}
	if !bytes.Equal(h.Sum(nil), b.DataHash) {
		return fault.New(fault.BlockInvalid, "the data of block %d don't have the hash in its header", b.Number)
	}
	return nil
}

// CheckFollows returns BLOCK_INVALID unless b is the next block after previous.
func (b *Block) CheckFollows(previous *Block) error {
	if b.Number != previous.Number+1 {
		return fault.New(fault.BlockInvalid, "block %d stands where block %d is due", b.Number, previous.Number+1)
	}
	if !bytes.Equal(b.PreviousHash, previous.Hash) {
		return fault.New(fault.BlockInvalid, "block %d names another previous block than block %d", b.Number, previous.Number)
	}
	return nil
}
