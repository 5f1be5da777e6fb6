package canary

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"github.com/golang/snappy"
)

const (
	// maxDepth is how often something wrapped is taken out of something wrapped.
	maxDepth = 4
	// maxUnwrapped bounds what one wrapping may grow to, in bytes.
	maxUnwrapped = 256 << 20
	// minRun is the length of encoded text that is worth decoding: shorter ones are found by their traces, and hold nothing that is wrapped again.
	minRun = 24
	// snappyRatio is the most that a snappy block grows: 64 bytes from a copy of 3.
	snappyRatio = 64 / 3
	// maxSnappy bounds the values that are tried as snappy blocks, which have no mark to know them by.
	maxSnappy = 4 << 20
)

// unwrapped is something that was inside something else.
type unwrapped struct {
	how  string
	data []byte
}

// unwrap gives what is compressed or encoded within data: whole or somewhere in the middle.
func unwrap(data []byte) []unwrapped {
	all := compressed(data)
	for _, run := range runs(data, isHex) {
		for skip := range 2 { // Something else in hexadecimal may stand directly before.
			part := run[skip:]
			if raw, err := hex.DecodeString(string(part[:len(part)&^1])); err == nil {
				all = append(all, unwrapped{"hex", raw})
			}
		}
	}
	for _, run := range runs(data, isBase64) {
		all = append(all, fromBase64(run)...)
	}
	return all
}

// runs are the longest pieces of data that consist of such characters alone and are worth decoding.
func runs(data []byte, of func(byte) bool) [][]byte {
	var all [][]byte
	for start := 0; start < len(data); start++ {
		end := start
		for end < len(data) && of(data[end]) {
			end++
		}
		if end-start >= minRun {
			all = append(all, data[start:end])
		}
		start = end
	}
	return all
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || small(c) >= 'a' && small(c) <= 'f' }

// isBase64 knows both alphabets.
func isBase64(c byte) bool { return isWord(c) || c == '+' || c == '/' || c == '-' || c == '_' }

// fromBase64 decodes a run at each of its alignments, since something else may stand directly before it. What is hexadecimal to the end is left out.
func fromBase64(run []byte) []unwrapped {
	if len(runs(run, isHex)) == 1 && len(runs(run, isHex)[0]) == len(run) {
		return nil
	}
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(string(run))
	var all []unwrapped
	for skip := range 4 {
		part := standard[skip:]
		if len(part)%4 == 1 {
			part = part[:len(part)-1]
		}
		if raw, err := base64.RawStdEncoding.DecodeString(part); err == nil {
			all = append(all, unwrapped{"base64", raw})
		}
	}
	return all
}

// Marks that compressed streams begin with.
var (
	gzipMark   = []byte{0x1f, 0x8b, 0x08}
	snappyMark = []byte("\xff\x06\x00\x00sNaPpY")
	zlibMarks  = [][]byte{{0x78, 0x01}, {0x78, 0x5e}, {0x78, 0x9c}, {0x78, 0xda}}
)

func compressed(data []byte) []unwrapped {
	var all []unwrapped
	keep := func(how string, open func(io.Reader) (io.Reader, error), mark []byte) {
		for at := bytes.Index(data, mark); at >= 0; {
			if raw := inflate(open, data[at:]); len(raw) > 0 {
				all = append(all, unwrapped{how, raw})
			}
			next := bytes.Index(data[at+1:], mark)
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	keep("gzip", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }, gzipMark)
	keep("snappy stream", func(r io.Reader) (io.Reader, error) { return snappy.NewReader(r), nil }, snappyMark)
	for _, mark := range zlibMarks {
		keep("zlib", func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }, mark)
	}
	if size, err := snappy.DecodedLen(data); err == nil && size >= minLength && size <= snappyRatio*len(data) && len(data) <= maxSnappy {
		if raw, err := snappy.Decode(nil, data); err == nil {
			all = append(all, unwrapped{"snappy", raw})
		}
	}
	return all
}

// inflate gives as much as can be read: a stream that is cut or damaged still leaks what comes before.
func inflate(open func(io.Reader) (io.Reader, error), data []byte) []byte {
	r, err := open(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	var out bytes.Buffer
	_, err = io.CopyN(&out, r, maxUnwrapped)
	if err != nil && !errors.Is(err, io.EOF) && out.Len() < minLength {
		return nil
	}
	return out.Bytes()
}
