package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindsKeysHoweverTheyAreWritten(t *testing.T) {
	key := make([]byte, KeySize)
	for i := range key {
		key[i] = byte(0xa1 + 7*i)
	}
	for name, text := range map[string]string{
		"raw": "xyz" + string(key) + "more", "hex": "key: " + hex.EncodeToString(key) + "\n", "hex in hex": "abc" + strings.ToUpper(hex.EncodeToString(key)) + "def",
		"base64": `{"k":"` + base64.StdEncoding.EncodeToString(key) + `"}`, "base64url": "xx" + base64.RawURLEncoding.EncodeToString(key),
		"after zeros": strings.Repeat("\x00", 100) + string(key),
	} {
		folder := t.TempDir()
		try(t, os.WriteFile(filepath.Join(folder, "file"), []byte(text), 0o600))
		found := 0
		try(t, Keys(folder, func(k []byte) {
			if bytes.Equal(k, key) {
				found++
			}
		}))
		if found == 0 {
			t.Errorf("%s: not found", name)
		}
	}
	count := 0
	Windows(make([]byte, 1000), KeySize, func([]byte) { count++ })
	if count != 0 {
		t.Errorf("%d keys of zeros", count)
	}
}
