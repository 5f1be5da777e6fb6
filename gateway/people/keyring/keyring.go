package keyring

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// KeySize is a key's length in bytes; MaxVersion is the highest version of one.
const (
	KeySize    = 32
	MaxVersion = 1_000_000
)

// suffix ends the names of key files.
const suffix = ".key"

// Ring holds the keys of one folder. It may be used by several goroutines.
type Ring struct {
	folder string

	mu       sync.RWMutex
	keys     map[int][]byte
	versions []int // Ascending.
}

// Open reads the keys of a folder. INVALID_VALUE when there is none, or when a file isn't what it must be: a key that was cut off would make data unreadable later.
func Open(folder string) (*Ring, error) {
	r := &Ring{folder: folder}
	if err := r.Reload(); err != nil {
		return nil, err
	}
	return r, nil
}

// Reload reads the folder again: keys that were drawn since are known. Keys that were deleted stay known to this process, for what it may have begun with them just
// before. After an error the ring is as before.
func (r *Ring) Reload() error {
	keys, err := read(r.folder)
	if err != nil {
		return err
	}
	r.mu.RLock()
	for version, key := range r.keys {
		if _, there := keys[version]; !there {
			keys[version] = key
		}
	}
	r.mu.RUnlock()
	versions := make([]int, 0, len(keys))
	for v := range keys {
		versions = append(versions, v)
	}
	slices.Sort(versions)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys, r.versions = keys, versions
	return nil
}

// Newest is the key with the highest version, which is used for everything new.
func (r *Ring) Newest() (version int, key []byte) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	version = r.versions[len(r.versions)-1]
	return version, r.keys[version]
}

// Key finds the key of a version; false when the folder hasn't got it.
func (r *Ring) Key(version int) ([]byte, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	key, there := r.keys[version]
	return key, there
}

// Versions lists what there is, newest first.
func (r *Ring) Versions() []int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	newest := slices.Clone(r.versions)
	slices.Reverse(newest)
	return newest
}

// Draw writes a new key, one version above the highest, and returns its version. A folder that isn't there is made.
func Draw(folder string) (int, error) { return DrawAbove(folder, 0) }

// DrawAbove is Draw with a version above one that is known from elsewhere: of a key that was lost, whose number must not come to mean another key.
func DrawAbove(folder string, known int) (int, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return 0, fault.New(fault.Internal, "the keys' folder can't be made: %v", err)
	}
	keys, err := list(folder)
	if err != nil {
		return 0, err
	}
	version := known + 1
	for v := range keys {
		version = max(version, v+1)
	}
	if version > MaxVersion {
		return 0, fault.New(fault.Limit, "%s has keys up to version %d", folder, MaxVersion)
	}
	key := make([]byte, KeySize)
	if _, err := rand.Read(key); err != nil {
		return 0, fault.New(fault.Internal, "no randomness: %v", err)
	}
	return version, write(folder, version, key)
}

// Delete removes a key for good. INVALID_VALUE for the highest version, which is in use.
func Delete(folder string, version int) error {
	keys, err := list(folder)
	if err != nil {
		return err
	}
	name, there := keys[version]
	if !there {
		return fault.New(fault.NotFound, "%s has no key of version %d", folder, version)
	}
	for v := range keys {
		if v > version {
			if err := os.Remove(name); err != nil {
				return fault.New(fault.Internal, "the key can't be deleted: %v", err)
			}
			return nil
		}
	}
	return fault.New(fault.InvalidValue, "version %d is the newest key, which is in use", version)
}

// write puts the key in its place whole or not at all, and never over another.
func write(folder string, version int, key []byte) error {
	name := filepath.Join(folder, strconv.Itoa(version)+suffix)
	fresh, err := os.CreateTemp(folder, "new-*")
	if err != nil {
		return fault.New(fault.Internal, "a key can't be written: %v", err)
	}
	_, err = fmt.Fprintln(fresh, hex.EncodeToString(key))
	err = errors.Join(err, fresh.Sync(), fresh.Close())
	if err == nil {
		err = os.Link(fresh.Name(), name)
	}
	if err = errors.Join(err, os.Remove(fresh.Name())); err != nil {
		return fault.New(fault.Internal, "a key can't be written: %v", err)
	}
	return nil
}

func read(folder string) (map[int][]byte, error) {
	names, err := list(folder)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fault.New(fault.InvalidValue, "%s holds no keys: 1%s with %d hex digits would be the first", folder, suffix, 2*KeySize)
	}
	keys := make(map[int][]byte, len(names))
	for version, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fault.New(fault.InvalidValue, "a key can't be read: %v", err)
		}
		key, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil || len(key) != KeySize {
			return nil, fault.New(fault.InvalidValue, "%s must hold %d hex digits", name, 2*KeySize)
		}
		keys[version] = key
	}
	return keys, nil
}

// list gives the key files by version. Other files are none of its business.
func list(folder string) (map[int]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the keys' folder can't be read: %v", err)
	}
	names := map[int]string{}
	for _, e := range entries {
		number, isKey := strings.CutSuffix(e.Name(), suffix)
		if !isKey {
			continue
		}
		version, err := strconv.Atoi(number)
		if err != nil || version < 1 || version > MaxVersion || strconv.Itoa(version) != number {
			return nil, fault.New(fault.InvalidValue, "%s: keys are named for their version, 1%s and so on", filepath.Join(folder, e.Name()), suffix)
		}
		names[version] = filepath.Join(folder, e.Name())
	}
	return names, nil
}
