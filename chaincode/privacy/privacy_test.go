package privacy_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
)

func TestAnswersOpenUnderTheirOwnKeyOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, other := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"), rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "other")
		answer := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "answer")
		sealed, err := privacy.Seal(hex.EncodeToString(key), answer)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := privacy.Seal(hex.EncodeToString(key), answer)
		if sealed != again {
			t.Fatal("two endorsers seal differently")
		}
		if opened, err := privacy.Open(hex.EncodeToString(key), sealed); err != nil || !bytes.Equal(opened, answer) {
			t.Fatalf("opened %x, %v", opened, err)
		}
		if _, err := privacy.Open(hex.EncodeToString(other), sealed); err == nil && !bytes.Equal(key, other) {
			t.Fatal("another key opens it")
		}
	})
}

func TestOneReplyKeySealsTwoAnswersUnderTwoNonces(t *testing.T) {
	key := strings.Repeat("0f", 32)
	a, _ := privacy.Seal(key, []byte("a"))
	b, _ := privacy.Seal(key, []byte("b"))
	if a.Box[:16] == b.Box[:16] {
		t.Error("one nonce for two answers")
	}
}

func TestAKeyFollowsFromItsSaltAlone(t *testing.T) {
	salt := bytes.Repeat([]byte{0x5a}, privacy.SaltBytes)
	one, _, err := privacy.NewEntry(salt, make([]byte, 40))
	if err != nil || one.Validate() != nil {
		t.Fatal(one, err)
	}
	if two, _, _ := privacy.NewEntry(salt, make([]byte, 60)); two != one {
		t.Error("another value has another key")
	}
	if _, _, err := privacy.NewEntry(salt[:31], make([]byte, 40)); fault.CodeOf(err) != fault.InvalidValue {
		t.Error("a short salt is taken")
	}
	if _, _, err := privacy.NewEntry(salt, make([]byte, privacy.MaxBoxBytes+1)); fault.CodeOf(err) != fault.TooLarge {
		t.Error("a box over the limit is taken")
	}
	if _, _, err := privacy.NewEntry(salt, make([]byte, privacy.MaxBoxBytes)); err != nil {
		t.Error(err)
	}
}

func consent() privacy.ConsentBody {
	return privacy.ConsentBody{
		V: 1, Salt: strings.Repeat("5a", 32), ID: privacy.ConsentID(strings.Repeat("0a", 16)), Genesis: strings.Repeat("0a", 32), Account: "0123456789abcdef0123456789abcdef",
		Brand: "airline", Grantee: "hotel", Attributes: []string{"custom.seat", "marketing.e-mail", "name"}, Purpose: "offers", LegalBasis: privacy.LegalBasisConsent,
		From: 100, Until: 200, Policy: 1, PolicyHash: strings.Repeat("0b", 32), Notice: strings.Repeat("0c", 32), Language: "zh-Hant-TW", Given: 100, Method: privacy.MethodWallet,
		Jurisdiction: "DE", Storage: "ledger", Withdrawal: "wallet",
	}
}

func TestWhatAConsentsBodyRefuses(t *testing.T) {
	whole := consent()
	if err := whole.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*privacy.ConsentBody){
		"no salt":               func(b *privacy.ConsentBody) { b.Salt = "" },
		"a short salt":          func(b *privacy.ConsentBody) { b.Salt = b.Salt[:62] },
		"no attributes":         func(b *privacy.ConsentBody) { b.Attributes = nil },
		"attributes out of row": func(b *privacy.ConsentBody) { b.Attributes = []string{"phone", "name"} },
		"an attribute twice":    func(b *privacy.ConsentBody) { b.Attributes = []string{"name", "name"} },
		"a strange attribute":   func(b *privacy.ConsentBody) { b.Attributes = []string{"Name"} },
		"no purpose":            func(b *privacy.ConsentBody) { b.Purpose = "" },
		"another basis":         func(b *privacy.ConsentBody) { b.LegalBasis = "legitimate interest" },
		"to oneself":            func(b *privacy.ConsentBody) { b.Grantee = b.Brand },
		"given after it begins": func(b *privacy.ConsentBody) { b.Given++ },
		"ends when it begins":   func(b *privacy.ConsentBody) { b.Until = b.From },
		"too long":              func(b *privacy.ConsentBody) { b.Until = b.From + privacy.MaxConsentSeconds + 1 },
		"no language":           func(b *privacy.ConsentBody) { b.Language = "" },
		"no notice":             func(b *privacy.ConsentBody) { b.Notice = "" },
		"no policy":             func(b *privacy.ConsentBody) { b.Policy = 0 },
		"another method":        func(b *privacy.ConsentBody) { b.Method = "telepathy" },
		"a jurisdiction":        func(b *privacy.ConsentBody) { b.Jurisdiction = "Germany" },
	} {
		b := consent()
		spoil(&b)
		if err := b.Validate(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestAConsentIsInForceFromItsBeginningUntilBeforeItsEnd(t *testing.T) {
	c := privacy.Consent{Status: privacy.StatusGranted, From: 100, Until: 200}
	for now, in := range map[int64]bool{99: false, 100: true, 199: true, 200: false} {
		if got := c.InForce(now) == nil; got != in {
			t.Errorf("at %d: %v", now, got)
		}
	}
}

func TestAConsentIsGivenByTheAccountsController(t *testing.T) {
	wallet := points.Controller{Kind: points.ControllerP256, Version: 2, Key: "key"}
	for name, c := range map[string]struct {
		account    points.AccountID
		controller points.Controller
		ok         bool
	}{
		"the account's own":          {consent().Account, wallet, true},
		"one that it had before":     {consent().Account, points.Controller{Kind: points.ControllerP256, Version: 1, Key: "old"}, true},
		"one that it will never":     {consent().Account, points.Controller{Kind: points.ControllerP256, Version: 3, Key: "new"}, false},
		"another of its version":     {consent().Account, points.Controller{Kind: points.ControllerP256, Version: 2, Key: "forged"}, false},
		"that of some other account": {"ffffffffffffffffffffffffffffffff", wallet, false},
	} {
		s := privacy.SignedConsent{Body: consent(), Controller: c.controller}
		if err := s.GivenBy(&points.Account{ID: c.account, Controller: wallet}); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFinalStatusIsNeverLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reasons := []privacy.EndReason{privacy.EndWithdrawn, privacy.EndExpired, privacy.EndErased, privacy.EndSuperseded, "whim"}
		c := privacy.Consent{Status: privacy.StatusGranted, From: 100, Until: 200}
		for range 4 {
			before := c
			reason, now := rapid.SampledFrom(reasons).Draw(t, "reason"), rapid.Int64Range(90, 210).Draw(t, "now")
			err := c.End(reason, now)
			if err == nil && (before.Status != privacy.StatusGranted || c.Status != privacy.StatusOf(reason) || c.Ended != now || reason == privacy.EndExpired && now < 200) {
				t.Fatalf("%+v became %+v by %s at %d", before, c, reason, now)
			}
			if err != nil && c != before {
				t.Fatalf("a refused end changed %+v to %+v", before, c)
			}
		}
	})
}

func TestWhatADataPolicyRefuses(t *testing.T) {
	words := map[string]string{"en": "Words."}
	whole := func() privacy.Policy {
		return privacy.Policy{V: 1, Version: 1, From: 15000, Prose: words, Purposes: []privacy.Purpose{{Code: "offers", Words: words}}, Attributes: []privacy.AttributeSchema{
			{Name: "custom.seat", Kind: privacy.KindChoice, MaxBytes: 10, Choices: []string{"aisle"}, Labels: privacy.Labels{"aisle": words}, Words: words, RetentionDays: 365},
			{Name: "marketing.news", Kind: privacy.KindFlag, MaxBytes: 5, Labels: privacy.Labels{"true": words}, Words: words},
		}}
	}
	if p := whole(); p.Validate() != nil || !p.HasPurpose("offers") || p.HasPurpose("resale") || p.Attribute("custom.seat") == nil || p.Attribute("custom.meal") != nil {
		t.Fatal(p.Validate())
	}
	for name, spoil := range map[string]func(*privacy.Policy){
		"no prose":           func(p *privacy.Policy) { p.Prose = nil },
		"a strange language": func(p *privacy.Policy) { p.Prose = map[string]string{"English": "Words."} },
		"prose over the limit": func(p *privacy.Policy) {
			p.Prose = map[string]string{"en": strings.Repeat("x", privacy.MaxPolicyProse+1)}
		},
		"a purpose twice":         func(p *privacy.Policy) { p.Purposes = append(p.Purposes, p.Purposes[0]) },
		"a purpose without words": func(p *privacy.Policy) { p.Purposes[0].Words = nil },
		"an attribute twice":      func(p *privacy.Policy) { p.Attributes = append(p.Attributes, p.Attributes[0]) },
		"a strange kind":          func(p *privacy.Policy) { p.Attributes[0].Kind = "blood" },
		"no choices":              func(p *privacy.Policy) { p.Attributes[0].Choices = nil },
		"a choice over its size":  func(p *privacy.Policy) { p.Attributes[0].MaxBytes = 3 },
		"a label for no choice":   func(p *privacy.Policy) { p.Attributes[0].Labels = privacy.Labels{"window": words} },
		"a label for no value":    func(p *privacy.Policy) { p.Attributes[1].Labels = privacy.Labels{"aisle": words} },
		"a label in no language":  func(p *privacy.Policy) { p.Attributes[0].Labels = privacy.Labels{"aisle": {}} },
		"a label over the limit": func(p *privacy.Policy) {
			p.Attributes[0].Labels = privacy.Labels{"aisle": {"en": strings.Repeat("x", privacy.MaxPolicyWords+1)}}
		},
		"a label of a text": func(p *privacy.Policy) {
			p.Attributes[0].Kind, p.Attributes[0].Choices = privacy.KindText, nil
		},
		"kept too long": func(p *privacy.Policy) { p.Attributes[0].RetentionDays = privacy.MaxRetentionDays + 1 },
	} {
		p := whole()
		p.Attributes = append([]privacy.AttributeSchema(nil), p.Attributes...)
		p.Purposes = append([]privacy.Purpose(nil), p.Purposes...)
		spoil(&p)
		if p.Validate() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
