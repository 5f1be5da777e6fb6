package keyring

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// credential begins the name of a place that systemd fills: credential:NAME are the files NAME_1.key, NAME_2.key ... of the service's credentials, which is what
// LoadCredential=NAME:/a/folder makes of that folder's files.
const credential = "credential:"

// CredentialsVariable names the environment variable with the folder of the service's credentials (systemd.exec(5)).
const CredentialsVariable = "CREDENTIALS_DIRECTORY"

// exposed are the permissions that a key's file must not have: it is its owner's alone. In the folder of credentials systemd lets the service's user read by an access control list,
// whose mask stands where the group's right to read does.
const (
	exposed           fs.FileMode = 0o077
	exposedCredential fs.FileMode = 0o037
)

// place is where keys are: a folder's files, all of them or those whose names begin with a prefix.
type place struct {
	folder, prefix string
	exposed        fs.FileMode
}

func placeOf(source string) (place, error) {
	name, given := strings.CutPrefix(source, credential)
	if !given {
		return place{folder: source, exposed: exposed}, nil
	}
	folder := os.Getenv(CredentialsVariable)
	if folder == "" {
		return place{}, fault.New(fault.InvalidValue, "keys are to come from the credential %s, and %s isn't set: is it loaded by the service?", name, CredentialsVariable)
	}
	return place{folder: folder, prefix: name + "_", exposed: exposedCredential}, nil
}

// IsCredential says whether a source of keys is a credential, which this program can't write.
func IsCredential(source string) bool { return strings.HasPrefix(source, credential) }

// writable refuses a credential: its keys are drawn where the service manager takes them from.
func writable(source string) error {
	if IsCredential(source) {
		return fault.New(fault.ReadOnly, "keys of a credential are written where the service manager takes them from, and known after the service's restart")
	}
	return nil
}

// Ring holds the keys of one folder. It may be used by several goroutines.
type Ring struct {
	source string

	mu       sync.RWMutex
	keys     map[int][]byte
	versions []int // Ascending.
}

// Open reads the keys of a folder, or of a credential (credential:NAME). INVALID_VALUE when there is none, or when a file isn't what it must be: a key that was cut off would make data
// unreadable later. KEY_EXPOSED when a file has wider permissions than 0600.
func Open(source string) (*Ring, error) {
	r := &Ring{source: source}
	if err := r.Reload(); err != nil {
		return nil, err
	}
	return r, nil
}

// Reload reads the folder again: keys that were drawn since are known. Keys that were deleted stay known to this process, for what it may have begun with them just
// before. After an error the ring is as before.
func (r *Ring) Reload() error {
	keys, err := read(r.source)
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

// DrawAbove is Draw with a version above one that is known from elsewhere: of a key that was lost, whose number must not come to mean another key. READ_ONLY for
// a credential.
func DrawAbove(folder string, known int) (int, error) {
	if err := writable(folder); err != nil {
		return 0, err
	}
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

// Delete removes a key for good. INVALID_VALUE for the highest version, which is in use; READ_ONLY for a credential.
func Delete(folder string, version int) error {
	if err := writable(folder); err != nil {
		return err
	}
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

func read(source string) (map[int][]byte, error) {
	from, err := placeOf(source)
	if err != nil {
		return nil, err
	}
	names, err := from.list()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fault.New(fault.InvalidValue, "%s holds no keys: %s1%s with %d hex digits would be the first", from.folder, from.prefix, suffix, 2*KeySize)
	}
	keys := make(map[int][]byte, len(names))
	for version, name := range names {
		if keys[version], err = from.key(name); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// key reads one file, whose permissions are those of the file that is read and not of another that took its place.
func (p place) key(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "a key can't be read: %v", err)
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "a key can't be read: %v", err)
	}
	if about.Mode().Perm()&p.exposed != 0 {
		return nil, fault.New(fault.KeyExposed, "%s has permissions %#o, and 0600 is the widest: chmod 600, and draw a new key if others could read it", name, about.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "a key can't be read: %v", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != KeySize {
		return nil, fault.New(fault.InvalidValue, "%s must hold %d hex digits", name, 2*KeySize)
	}
	return key, nil
}

// maxFile bounds what is read of a key's file, in bytes: its digits and white space.
const maxFile = 1 << 10

func list(folder string) (map[int]string, error) { return place{folder: folder}.list() }

// list gives the key files by version. Other files are none of its business.
func (p place) list() (map[int]string, error) {
	entries, err := os.ReadDir(p.folder)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the keys' folder can't be read: %v", err)
	}
	names := map[int]string{}
	for _, e := range entries {
		number, isKey := strings.CutSuffix(e.Name(), suffix)
		number, isOurs := strings.CutPrefix(number, p.prefix)
		if !isKey || !isOurs {
			continue
		}
		version, err := strconv.Atoi(number)
		if err != nil || version < 1 || version > MaxVersion || strconv.Itoa(version) != number {
			return nil, fault.New(fault.InvalidValue, "%s: keys are named for their version, %s1%s and so on", filepath.Join(p.folder, e.Name()), p.prefix, suffix)
		}
		names[version] = filepath.Join(p.folder, e.Name())
	}
	return names, nil
}
