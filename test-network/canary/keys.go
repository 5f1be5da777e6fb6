package canary

import (
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
)

// KeySize is the length of the keys that Keys looks for, in bytes.
const KeySize = 32

// Keys gathers everything in files that could be a key of KeySize bytes: runs of hexadecimal and base64 of that length, wherever they begin, and with every offset the bytes as they
// are. Each is called once per file or more often. It takes about a call per byte: choose the files.
func Keys(root string, use func(key []byte)) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		Windows(data, KeySize, use)
		Written(data, use)
		return nil
	})
}

// Windows calls use with every piece of so many bytes that isn't all zeros.
func Windows(data []byte, size int, use func(piece []byte)) {
	zeros := 0 // At the end of what was looked at.
	for i := range data {
		if data[i] != 0 {
			zeros = 0
		} else {
			zeros++
		}
		if i+1 >= size && zeros < size {
			use(data[i+1-size : i+1])
		}
	}
}

// Written calls use with every key that is written down: in hexadecimal, or in base64 of either alphabet.
func Written(data []byte, use func(key []byte)) {
	key := make([]byte, KeySize)
	for _, run := range runs(data, isHex) {
		for i := 0; i+2*KeySize <= len(run); i++ {
			if _, err := hex.Decode(key, run[i:i+2*KeySize]); err == nil {
				use(key)
			}
		}
	}
	const digits = (KeySize*8 + 5) / 6
	room := make([]byte, KeySize+1)
	for _, run := range runs(data, isBase64) {
		for i := 0; i+digits <= len(run); i++ {
			for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				if n, err := encoding.Decode(room, run[i:i+digits]); err == nil && n == KeySize {
					use(room[:n])
				}
			}
		}
	}
}
