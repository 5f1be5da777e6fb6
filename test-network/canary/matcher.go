package canary

import "encoding/binary"

// tableBits is the size of the bitmap that most positions are ruled out by: 2^22 bits take 512 KiB, which stay in the processor's cache, and a hundred thousand patterns
// fill a fortieth.
const tableBits = 22

// matcher finds many patterns in one pass. The first 8 bytes of each pattern are its key; at every position of the data a bitmap rules out nearly all keys, and
// a map gives the patterns of the others. Folded patterns are keyed in small letters, and so is the data for them.
type matcher struct {
	exact, folded index
	longest       int
}

type index struct {
	bitmap []uint64
	byKey  map[uint64][]*pattern
}

type pattern struct {
	trace
	canary *Canary
}

func newMatcher(patterns []*pattern) *matcher {
	m := &matcher{exact: newIndex(), folded: newIndex()}
	for _, p := range patterns {
		m.longest = max(m.longest, len(p.text))
		if p.folded {
			m.folded.add(fold(binary.LittleEndian.Uint64(p.text)), p)
			continue
		}
		m.exact.add(binary.LittleEndian.Uint64(p.text), p)
	}
	return m
}

func newIndex() index {
	return index{bitmap: make([]uint64, 1<<(tableBits-6)), byKey: map[uint64][]*pattern{}}
}

func slot(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 >> (64 - tableBits) }

func (t *index) add(key uint64, p *pattern) {
	s := slot(key)
	t.bitmap[s>>6] |= 1 << (s & 63)
	t.byKey[key] = append(t.byKey[key], p)
}

func (t *index) mayHave(key uint64) bool {
	s := slot(key)
	return t.bitmap[s>>6]&(1<<(s&63)) != 0
}

// search calls hit for each pattern at each place where it stands.
func (m *matcher) search(data []byte, hit func(p *pattern, at int)) {
	for at := 0; at+minLength <= len(data); at++ {
		word := binary.LittleEndian.Uint64(data[at:])
		if word == 0 { // Preallocated files are mostly zeros, and no pattern begins with them.
			at += zeros(data[at+minLength:])
			continue
		}
		if m.exact.mayHave(word) {
			m.exact.report(data, at, word, hit)
		}
		if small := fold(word); m.folded.mayHave(small) {
			m.folded.report(data, at, small, hit)
		}
	}
}

func zeros(data []byte) int {
	n := 0
	for ; n+8 <= len(data) && binary.LittleEndian.Uint64(data[n:]) == 0; n += 8 {
	}
	return n
}

func (t *index) report(data []byte, at int, key uint64, hit func(p *pattern, at int)) {
	for _, p := range t.byKey[key] {
		if p.at(data, at) {
			hit(p, at)
		}
	}
}

func (p *pattern) at(data []byte, at int) bool {
	end := at + len(p.text)
	if end > len(data) {
		return false
	}
	for i, want := range p.text {
		got := data[at+i]
		if got != want && (!p.folded || small(got) != small(want)) {
			return false
		}
	}
	return !p.bounded || (at == 0 || !isWord(data[at-1])) && (end == len(data) || !isWord(data[end]))
}

func small(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func isWord(c byte) bool { return c >= '0' && c <= '9' || small(c) >= 'a' && small(c) <= 'z' }

// fold turns the ASCII capitals among eight bytes into small letters.
func fold(word uint64) uint64 {
	const each = 0x0101010101010101
	low := word & (0x7f * each)
	capital := ((low + (0x80-'A')*each) ^ (low + (0x7f-'Z')*each)) &^ word & (0x80 * each)
	return word | capital>>2
}
