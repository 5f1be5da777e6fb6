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
	entries, release := p.entries, p.release
	if p.fence {
		entries = nil
	}
	s.mu.Unlock()
	documents, lapses, err := s.documents(ctx, entries)
	if err != nil {
		return ledger.Batch{}, err
	}
	b := s.envelope(l, p, documents, release)
	if len(entries) > 0 || l.route.pair != nil {
		details := make([][]byte, len(entries))
		for i, e := range entries {
			details[i] = e.operation.Details
		}
		b.Details = privateDetails(p.salt, details)
	}
	if lapses.last == 0 {
		return b, nil
	}
	b.NotAfter = time.Unix(lapses.first, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	p.notAfter = max(p.notAfter, lapses.last)
	return b, nil
}

// envelope is the batch's document: that of the programme alone, or that of clearing.
func (s *Sequencer) envelope(l *lane, p *pin, operations [][]byte, release int64) ledger.Batch {
	if l.route.pair == nil {
		return ledger.Batch{Document: document(l.n, p.seq, operations)}
	}
	return ledger.Batch{Document: exchangeDocument(s.settings.Programme, l.route.path, l.n, p.seq, operations, release)}
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

// exchangeDocument is the canonical JSON of a wire.Exchange around operations that are canonical already. Names of members need no escaping.
func exchangeDocument(home, partner string, lane int, seq int64, operations [][]byte, release int64) []byte {
	var b bytes.Buffer
	b.WriteString(`{"home":"` + home + `","lane":` + strconv.Itoa(lane) + `,"operations":[`)
	b.Write(bytes.Join(operations, []byte{','}))
	b.WriteString(`],"partner":"` + partner + `"`)
	if release != 0 {
		b.WriteString(`,"release":` + strconv.FormatInt(release, 10))
	}
	b.WriteString(`,"seq":` + strconv.FormatInt(seq, 10) + `}`)
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
