package ledger

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
)

func someEntry(t *testing.T, fill byte) privacy.Put {
	t.Helper()
	key, entry, err := privacy.NewEntry(bytes.Repeat([]byte{fill}, privacy.SaltBytes), make([]byte, 40))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := wire.Encode(entry)
	if err != nil {
		t.Fatal(err)
	}
	return privacy.Put{Key: key, Value: raw}
}

// sealing answers queries of the vault with these values, under the key that came with the question.
func sealing(t *testing.T, values ...string) func(proposed) []byte {
	return func(p proposed) []byte {
		var lookup privacy.Lookup
		if err := wire.Decode(p.transient[privacy.VaultTransient], wire.MaxDocument, &lookup); err != nil {
			t.Error(err)
		}
		raw, err := wire.Encode(privacy.Found{Values: values})
		if err != nil {
			t.Error(err)
		}
		sealed, err := privacy.Seal(lookup.Reply, raw)
		if err != nil {
			t.Error(err)
		}
		answer, err := wire.Encode(sealed)
		if err != nil {
			t.Error(err)
		}
		return answer
	}
}

func TestPrivateCallsGoToTheOwnOrganisationAloneAndSayNothingInPublic(t *testing.T) {
	s := newSetting(t)
	points, one := s.client.Points("airline"), someEntry(t, 1)
	share := privacy.Share{V: 1, Entries: []privacy.SharedEntry{{Attribute: "name", Key: one.Key, Value: one.Value}}}
	for field, call := range map[string]func() error{
		privacy.VaultTransient: func() error { return points.ChangeVault(t.Context(), privacy.Change{V: 1, Put: []privacy.Put{one}}) },
		privacy.ShareTransient: func() error { return points.Share(t.Context(), share) },
	} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
		last := s.peers[0].proposals[len(s.peers[0].proposals)-1]
		if len(last.organisations) != 1 || last.organisations[0] != own || string(last.document) != `{"v":1}` || len(last.transient) != 1 || !bytes.Contains(last.transient[field], []byte(one.Key)) {
			t.Errorf("%s went to %v with %s and %d transient fields", last.function, last.organisations, last.document, len(last.transient))
		}
	}
	if err := points.Unshare(t.Context(), privacy.Unshare{V: 1, Grantee: "hotel"}); err != nil {
		t.Fatal(err)
	}
	if got := s.peers[0].asked(); strings.Contains(got, "HotelMSP") || s.peers[0].submitted != 3 {
		t.Errorf("asked %s, submitted %d", got, s.peers[0].submitted)
	}
}

func TestEveryAnswerIsSealedUnderAKeyOfItsOwn(t *testing.T) {
	s := newSetting(t)
	one := someEntry(t, 1)
	s.peers[0].reply = sealing(t, string(one.Value), "")
	var keys []string
	for range 2 {
		values, err := s.client.Points("airline").VaultEntries(t.Context(), []privacy.EntryKey{one.Key, someEntry(t, 2).Key})
		if err != nil || !bytes.Equal(values[0], one.Value) || values[1] != nil {
			t.Fatalf("read %q, %v", values, err)
		}
		var lookup privacy.Lookup
		last := s.peers[0].proposals[len(s.peers[0].proposals)-1]
		if err := wire.Decode(last.transient[privacy.VaultTransient], wire.MaxDocument, &lookup); err != nil || string(last.document) != `{"v":1}` {
			t.Fatal(string(last.document), err)
		}
		keys = append(keys, lookup.Reply)
	}
	if keys[0] == keys[1] {
		t.Error("one key for two answers")
	}
	s.peers[0].reply = sealing(t, string(one.Value))
	if _, err := s.client.Points("airline").VaultEntries(t.Context(), []privacy.EntryKey{one.Key, someEntry(t, 2).Key}); fault.CodeOf(err) != fault.Internal {
		t.Errorf("an answer with too few values: %v", err)
	}
	s.peers[0].reply = func(proposed) []byte { return []byte(`{"box":"AAAA"}`) }
	if _, err := s.client.Points("airline").VaultEntries(t.Context(), []privacy.EntryKey{one.Key}); fault.CodeOf(err) != fault.Internal {
		t.Errorf("an answer that isn't sealed: %v", err)
	}
}

func TestAChangeThatIsThereAlreadyIsDone(t *testing.T) {
	one := someEntry(t, 1)
	for name, c := range map[string]struct {
		there string
		code  fault.Code
	}{"with this value": {string(one.Value), fault.OK}, "with another value": {string(someEntry(t, 2).Value), fault.AlreadyExists}} {
		s := newSetting(t)
		s.peers[0].decline = status.Error(codes.Aborted, "chaincode response 409, ALREADY_EXISTS: an entry's salt is in use")
		s.peers[0].reply = sealing(t, c.there)
		err := s.client.Points("airline").ChangeVault(t.Context(), privacy.Change{V: 1, Put: []privacy.Put{one}})
		if c.code == fault.OK && err != nil || c.code != fault.OK && fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnEndThatIsThereAlreadyIsDone(t *testing.T) {
	for reason, code := range map[privacy.EndReason]fault.Code{privacy.EndWithdrawn: fault.OK, privacy.EndErased: fault.ConsentNotInForce} {
		s := newSetting(t)
		s.peers[0].decline = status.Error(codes.Aborted, "chaincode response 409, CONSENT_NOT_IN_FORCE: the consent is WITHDRAWN already")
		s.peers[0].answer = []byte(`{"status":"WITHDRAWN"}`)
		record, err := s.client.Points("airline").EndConsent(t.Context(), "0123456789abcdef0123456789abcdef", reason)
		if code == fault.OK && (err != nil || record.Status != privacy.StatusWithdrawn) || code != fault.OK && fault.CodeOf(err) != code {
			t.Errorf("%s: %v, %v", reason, record, err)
		}
	}
}
