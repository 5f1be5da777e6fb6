package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/checkpoint"
)

// Checkpoint says where the audit stands, as an auditor signs it; Previous is left to the signer. NOT_READY before the first block, STATE_CORRUPT when a record can't be read.
func (a *Auditor) Checkpoint() (*checkpoint.Body, error) {
	height := a.Height()
	if height == 0 {
		return nil, fault.New(fault.NotReady, "no block was audited yet")
	}
	b := &checkpoint.Body{
		Channel: a.channel, Genesis: a.statement.Genesis, Height: height, Head: a.prints[height-1].header, State: hex.EncodeToString(a.StateDigest()),
		Commit: checkpoint.None, Time: a.latest, Trusted: a.options.Trusted, Previous: checkpoint.None,
	}
	if len(a.commit) > 0 {
		b.Commit = hex.EncodeToString(a.commit)
	}
	for _, brand := range slices.Sorted(maps.Keys(a.programmes)) {
		p := a.programmes[brand]
		records, f := a.books(brand)
		if f != nil {
			return nil, f
		}
		p.fill(records.programme, records.totals, len(records.accounts))
		b.Programmes = append(b.Programmes, checkpoint.Programme{Name: brand, Date: p.BusinessDate, Totals: p.totals()})
		b.Full, b.Public = b.Full+p.FullReplays, b.Public+p.PublicReplays
	}
	for _, counts := range a.clearing.replays {
		b.Full, b.Public = b.Full+counts[full], b.Public+counts[public]
	}
	return b, nil
}

// totals are the programme's numbers that stand in a checkpoint, in its order.
func (p *ProgrammeStatement) totals() []checkpoint.Total {
	return []checkpoint.Total{
		{Name: "accounts", Value: int64(p.Accounts)}, {Name: "supply", Value: int64(p.Supply)}, {Name: "debt", Value: int64(p.Debt)}, {Name: "held", Value: int64(p.Held)},
		{Name: "issued", Value: int64(p.Issued)}, {Name: "redeemed", Value: int64(p.Redeemed)}, {Name: "recovered", Value: int64(p.Recovered)},
		{Name: "transferred", Value: int64(p.Transferred)}, {Name: "expired", Value: int64(p.Expired)}, {Name: "receipts", Value: int64(p.Receipts)},
	}
}

// StateDigest is a SHA-256 over the whole rebuilt state: for every key in force its namespace, collection (empty for public state), the key (of private data its hash), the value
// (of private data its hash), and block and transaction that wrote it; each text with its length before it, all in order. What private values are held here makes no difference.
func (a *Auditor) StateDigest() []byte {
	d := &digest{h: sha256.New()}
	for _, namespace := range slices.Sorted(maps.Keys(a.world.public)) {
		records := a.world.public[namespace]
		for _, key := range slices.Sorted(maps.Keys(records)) {
			d.add(namespace, "", key, records[key].value, records[key].version)
		}
	}
	for _, ref := range slices.SortedFunc(maps.Keys(a.world.hashed), collectionRef.compare) {
		records := a.world.hashed[ref]
		for _, key := range slices.Sorted(maps.Keys(records)) {
			d.add(ref.namespace, ref.collection, key, records[key].hash, records[key].version)
		}
	}
	return d.h.Sum(nil)
}

func (r collectionRef) compare(other collectionRef) int {
	if c := strings.Compare(r.namespace, other.namespace); c != 0 {
		return c
	}
	return strings.Compare(r.collection, other.collection)
}

// digest writes state into a hash.
type digest struct {
	h   hash.Hash
	buf []byte
}

func (d *digest) add(namespace, collection, key string, value []byte, v blocks.Version) {
	d.buf = d.buf[:0]
	for _, text := range []string{namespace, collection, key} {
		d.buf = append(binary.AppendUvarint(d.buf, uint64(len(text))), text...)
	}
	d.buf = append(binary.AppendUvarint(d.buf, uint64(len(value))), value...)
	d.buf = binary.AppendUvarint(binary.AppendUvarint(d.buf, v.Block), v.Tx)
	d.h.Write(d.buf)
}

// compareCheckpoints compares the signed checkpoints of this height with the rebuilt state.
func (a *Auditor) compareCheckpoints(b *blocks.Block) error {
	for _, signed := range a.options.Checkpoints {
		if signed.Height != b.Number+1 {
			continue
		}
		own, err := a.Checkpoint()
		if err != nil {
			return err
		}
		if theirs, ours, differ := signed.Differs(own); differ {
			return blockFinding(CheckCheckpoint, b.Number, "the checkpoint of height %d says %q, the blocks give %q", signed.Height, theirs, ours)
		}
		a.statement.Checkpoints = append(a.statement.Checkpoints, signed.Height)
	}
	return nil
}

// checkpointsReached makes a difference of a checkpoint above the last block: somebody has signed more than there is.
func (a *Auditor) checkpointsReached() error {
	a.statement.Trusted = a.options.Trusted
	if a.options.Trusted > 0 && !slices.Contains(a.statement.Checkpoints, a.options.Trusted) {
		return blockFinding(CheckCheckpoint, a.Height()-1, "the trusted checkpoint's height, %d, was not reached", a.options.Trusted)
	}
	for _, signed := range a.options.Checkpoints {
		if signed.Height > a.Height() {
			return blockFinding(CheckCheckpoint, a.Height()-1, "a checkpoint was signed at height %d, the ledger has %d blocks", signed.Height, a.Height())
		}
	}
	return nil
}
