package canary

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"google.golang.org/protobuf/encoding/protowire"
)

var (
	errBlock  = errors.New("a block isn't as Fabric writes it")
	errRecord = errors.New("a record isn't as etcd writes it")
)

// blockFile takes a peer's or ordering node's block file apart: blocks one after the other, each with its length before it, each its header, its transactions and
// its metadata.
func (s *Scanner) blockFile(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for len(data) > 0 {
		block, n := protowire.ConsumeBytes(data)
		if n < 0 {
			return fmt.Errorf("%w: %w", errBlock, protowire.ParseError(n))
		}
		data = data[n:]
		if len(block) == 0 {
			continue // Preallocated.
		}
		if err := s.block(path, block); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scanner) block(path string, block []byte) error {
	number, n := protowire.ConsumeVarint(block)
	if n < 0 {
		return errBlock
	}
	block = block[n:]
	for range 2 { // The hashes of the data and of the block before.
		if _, n = protowire.ConsumeBytes(block); n < 0 {
			return errBlock
		}
		block = block[n:]
	}
	for _, part := range []string{"transaction", "metadata"} {
		count, n := protowire.ConsumeVarint(block)
		if n < 0 {
			return errBlock
		}
		block = block[n:]
		for i := range count {
			value, n := protowire.ConsumeBytes(block)
			if n < 0 {
				return errBlock
			}
			block = block[n:]
			s.value(Blocks, fmt.Sprintf("%s block %d %s %d", path, number, part, i), value)
		}
	}
	return nil
}

// raftLog takes the log of etcd's Raft apart: records with their length before them, aligned to 8 bytes, in a file that is longer than what is written.
func (s *Scanner) raftLog(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for n := 0; len(data) >= 8; n++ {
		field := binary.LittleEndian.Uint64(data)
		if field == 0 {
			return nil
		}
		size, padding := field&(1<<56-1), uint64(0)
		if field>>63 == 1 {
			padding = field >> 56 & 7
		}
		data = data[8:]
		if size+padding > uint64(len(data)) {
			return errRecord
		}
		s.value(RaftLog, fmt.Sprintf("%s record %d", path, n), data[:size])
		data = data[size+padding:]
	}
	return nil
}
