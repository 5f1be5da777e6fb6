//go:build network

package e2e

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/network/nodeconfig"
	"github.com/tallystick/tallystick/test-network/canary"
)

// entriesInVault reads what the airline's vault has on the ledger now, by the keys that people.db names.
func (p *party) entriesInVault(t *testing.T, own *ledger.Points) map[privacy.EntryKey][]byte {
	t.Helper()
	var keys []privacy.EntryKey
	p.peopleRows(t, func(table, column string, value []byte) {
		if table == "entries" && column == "key" {
			keys = append(keys, privacy.EntryKey(value))
		}
	})
	found := map[privacy.EntryKey][]byte{}
	for part := range slices.Chunk(keys, privacy.MaxLookup) {
		for i, value := range must[[][]byte](t)(own.VaultEntries(context.Background(), part)) {
			if value != nil {
				found[part[i]] = value
			}
		}
	}
	return found
}

// peopleRows reads a copy of the airline's people.db.
func (p *party) peopleRows(t *testing.T, use func(table, column string, value []byte)) {
	t.Helper()
	rowsOf(t, nodeconfig.GatewayFiles(p.dir, "airline").People, use)
}

// rowsOf reads a copy of a database, whose owner may be running. What the owner has on its disk stays as it is: opening the database itself could tidy its log away.
func rowsOf(t *testing.T, file string, use func(table, column string, value []byte)) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "people.db")
	for suffix, data := range asOfOneMoment(t, file, "", "-wal") {
		if err := os.WriteFile(copied+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := canary.Rows(copied, func(table, column string, _ int, value []byte) { use(table, column, value) }); err != nil {
		t.Fatal(err)
	}
}

// asOfOneMoment reads files that belong together again until none of them changed meanwhile; those that aren't there are empty.
func asOfOneMoment(t *testing.T, file string, suffixes ...string) map[string][]byte {
	t.Helper()
	read := func() map[string][]byte {
		all := map[string][]byte{}
		for _, suffix := range suffixes {
			data, err := os.ReadFile(file + suffix)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			all[suffix] = data
		}
		return all
	}
	last := read()
	until(t, "nothing is written to "+file+" while it is copied", func() bool {
		before := last
		last = read()
		return maps.EqualFunc(before, last, bytes.Equal)
	})
	return last
}

// sealed is a ciphertext that was found, with the key under which it stood.
type sealed struct {
	key privacy.EntryKey
	box []byte
}

var entryForm = regexp.MustCompile(`\{"box":"([A-Za-z0-9_-]+)","salt":"([0-9a-f]{64})","v":1\}`)

// ciphertexts gathers every entry that is anywhere in any store of any member: in use, purged but not yet overwritten, copied, under way.
func (p *party) ciphertexts(t *testing.T) []sealed {
	t.Helper()
	found := map[privacy.EntryKey]sealed{}
	scanner := must[*canary.Scanner](t)(canary.NewScanner(secret("nothing", "nothing at all is looked for")))
	collect := func(data []byte) {
		for _, m := range entryForm.FindAllSubmatch(data, -1) {
			e := privacy.Entry{V: 1, Box: string(m[1]), Salt: string(m[2])}
			box, err := base64.RawURLEncoding.DecodeString(e.Box)
			if err == nil && len(box) >= privacy.MinBoxBytes {
				found[e.Key()] = sealed{e.Key(), box}
			}
		}
	}
	scanner.Visit(collect)
	scanner.Tree(p.dir.Root, nil)
	var all []sealed
	for _, s := range found {
		all = append(all, s)
	}
	if len(all) == 0 {
		t.Fatal("no ciphertext is found in any store")
	}
	return all
}

// decrypts tries to read every ciphertext with everything that could be a key, and gives what it read: every key file, every 32 bytes in people.db and its log at every offset, every
// 32 bytes written down anywhere in a gateway's folder or in a row of the grantee's databases, and persons' keys that were wrapped with any of those.
func (p *party) decrypts(t *testing.T) map[string]bool {
	t.Helper()
	boxes := p.ciphertexts(t)
	candidates := p.candidates(t)
	read := map[string]bool{}
	var mu sync.Mutex
	var group sync.WaitGroup
	work := make(chan [32]byte, 1024)
	for range runtime.NumCPU() {
		group.Go(func() {
			for key := range work {
				extracted, err := hkdf.Extract(sha256.New, key[:], nil)
				if err != nil {
					continue
				}
				for _, box := range boxes {
					if a, opened := openWith(key[:], extracted, box); opened {
						mu.Lock()
						read[a.Value] = true
						mu.Unlock()
					}
				}
			}
		})
	}
	for key := range candidates {
		work <- key
	}
	close(work)
	group.Wait()
	t.Logf("%d candidates for keys against %d ciphertexts: %d values were read", len(candidates), len(boxes), len(read))
	return read
}

// openWith takes a key for the person's, from which the entry's is derived: its first part is the same for all entries.
func openWith(key, extracted []byte, s sealed) (vault.Attribute, bool) {
	derived, err := hkdf.Expand(sha256.New, extracted, "tallystick/entry/1|"+string(s.key), 32)
	if err != nil {
		return vault.Attribute{}, false
	}
	for _, secret := range [][]byte{derived, key} {
		if !maybeOpens(secret, s.box) {
			continue
		}
		if plain, opened := unseal(secret, s.box, "airline|"+string(s.key)); opened {
			var a vault.Attribute
			return a, json.Unmarshal(plain, &a) == nil
		}
	}
	return vault.Attribute{}, false
}

// maybeOpens rules nearly all keys out by two bytes: what is sealed is a JSON object. GCM encrypts in counter mode, the first block under the nonce and the number 2.
func maybeOpens(key, box []byte) bool {
	const nonce = 12
	block, err := aes.NewCipher(key)
	if err != nil || len(box) < nonce+2 {
		return false
	}
	var stream [aes.BlockSize]byte
	copy(stream[:], box[:nonce])
	stream[aes.BlockSize-1] = 2
	block.Encrypt(stream[:], stream[:])
	return stream[0]^box[nonce] == '{' && stream[1]^box[nonce+1] == '"'
}

func unseal(key, box []byte, context string) ([]byte, bool) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, false
	}
	plain, err := aead.Open(nil, nil, box, []byte(context))
	return plain, err == nil
}

// wrappedKey is the length of a person's wrapped key: nonce, key and tag.
const wrappedKey = 12 + 32 + 16

func (p *party) candidates(t *testing.T) map[[32]byte]bool {
	t.Helper()
	all, masters := map[[32]byte]bool{}, map[[32]byte]bool{}
	add := func(into map[[32]byte]bool) func([]byte) {
		return func(key []byte) { into[[32]byte(key)] = true }
	}
	files := nodeconfig.GatewayFiles(p.dir, "airline")
	for _, folder := range []string{files.MasterKeys, files.IndexKeys} {
		for _, file := range must[[]string](t)(filepath.Glob(filepath.Join(folder, "*.key"))) {
			add(masters)(unhex(t, strings.TrimSpace(string(must[[]byte](t)(os.ReadFile(file))))))
		}
	}
	if err := canary.Keys(filepath.Dir(files.People), add(all)); err != nil {
		t.Fatal(err)
	}
	for _, member := range p.members.Members {
		p.writtenKeys(t, p.dir.Gateway(member.Name), add(all))
	}
	for _, database := range []string{nodeconfig.GatewayFiles(p.dir, "hotel").Database, nodeconfig.GatewayFiles(p.dir, "hotel").People} {
		rowsOf(t, database, func(_, _ string, value []byte) { // The grantee had secrets in its hands.
			canary.Written(value, add(all))
			if len(value) == canary.KeySize {
				add(all)(value)
			}
		})
	}
	var persons []string
	p.peopleRows(t, func(table, column string, value []byte) {
		if table == "persons" && column == "id" {
			persons = append(persons, string(value))
		}
	})
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(files.People + suffix)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		canary.Windows(data, wrappedKey, func(box []byte) {
			for master := range masters {
				for _, person := range persons {
					if key, opened := unseal(master[:], box, "tallystick/person/1|airline|"+person); opened {
						all[[32]byte(key)] = true
					}
				}
			}
		})
	}
	for key := range masters {
		all[key] = true
	}
	if len(persons) == 0 || len(masters) == 0 {
		t.Fatalf("%d persons, %d candidates for master keys", len(persons), len(masters))
	}
	return all
}

// writtenKeys gathers keys that are written down in a folder's files, and blobs of their length in its databases.
func (p *party) writtenKeys(t *testing.T, folder string, use func([]byte)) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.HasSuffix(path, "-shm") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(data, []byte("SQLite format 3")) || strings.HasSuffix(path, "-wal") {
			return nil // Hashes of blocks and batches by the thousand: no keys are kept there. The brand's people.db is looked through at every offset.
		}
		canary.Written(data, use)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
