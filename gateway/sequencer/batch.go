package sequencer

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// build puts together what the pin proposes now: its operations, those of custody with fresh mandates, or nothing when it is a fence.
func (s *Sequencer) build(ctx context.Context, l *lane, p *pin) (ledger.Batch, error) {
	s.mu.Lock()
	fence := p.fence
	s.mu.Unlock()
	if fence || len(p.entries) == 0 {
		return ledger.Batch{Document: document(l.n, p.seq, nil)}, nil
	}
	documents, lapses, err := s.documents(ctx, p.entries)
	if err != nil {
		return ledger.Batch{}, err
	}
	details := make([][]byte, len(p.entries))
	for i, e := range p.entries {
		details[i] = e.operation.Details
	}
	b := ledger.Batch{Document: document(l.n, p.seq, documents), Details: privateDetails(p.salt, details)}
	if lapses.last == 0 {
		return b, nil
	}
	b.NotAfter = time.Unix(lapses.first, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	p.notAfter = max(p.notAfter, lapses.last)
	return b, nil
}

// lapse is when the first and the last of a batch's mandates from custody lapse, Unix seconds; 0 without one.
type lapse struct{ first, last int64 }

func (l *lapse) add(notAfter int64) {
	if l.first == 0 || notAfter < l.first {
		l.first = notAfter
	}
	l.last = max(l.last, notAfter)
}

// documents gives the operations' documents.
func (s *Sequencer) documents(ctx context.Context, entries []*entry) ([][]byte, lapse, error) {
	documents := make([][]byte, len(entries))
	var programme *points.Programme
	var lapses lapse
	for i, e := range entries {
		if !e.operation.Custody {
			documents[i] = e.operation.Document
			continue
		}
		if programme == nil {
			read, err := s.settings.Programmes.Programme(ctx, s.settings.Programme)
			if err != nil {
				return nil, lapse{}, err
			}
			programme = &read
		}
		signed, notAfter, err := s.custodian.authorise(programme, e)
		if err != nil {
			return nil, lapse{}, err
		}
		documents[i] = signed
		lapses.add(notAfter)
	}
	return documents, lapses, nil
}

// document is the canonical JSON of a wire.BatchRequest around operations that are canonical already.
func document(lane int, seq int64, operations [][]byte) []byte {
	var b bytes.Buffer
	b.WriteString(`{"lane":`)
	b.WriteString(strconv.Itoa(lane))
	b.WriteString(`,"operations":[`)
	b.Write(bytes.Join(operations, []byte{','}))
	b.WriteString(`],"seq":`)
	b.WriteString(strconv.FormatInt(seq, 10))
	b.WriteByte('}')
	return b.Bytes()
}

// privateDetails is the canonical JSON of a wire.BatchDetails around details that are canonical already.
func privateDetails(salt string, details [][]byte) []byte {
	var b bytes.Buffer
	b.WriteString(`{"operations":[`)
	b.Write(bytes.Join(details, []byte{','}))
	b.WriteString(`],"salt":"`)
	b.WriteString(salt)
	b.WriteString(`","v":1}`)
	return b.Bytes()
}
