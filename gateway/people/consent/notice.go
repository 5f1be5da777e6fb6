package consent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"text/template"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
)

// notices are the words of a notice by language. What stands in them comes from the data policy and from the consent: the same consent always has the same words.
var notices = func() map[string]*template.Template {
	all := map[string]*template.Template{}
	for language, words := range map[string]string{
		"en": `{{.Controller}} may show {{.Recipient}} the following about you: {{.Attributes}}.
Purpose: {{.Purpose}}.
From {{.From}} until {{.Until}} (UTC). {{.Recipient}} sees what it is at the time of each look, and you see every look in your access log.
You can withdraw this at any time in your wallet; from then on {{.Recipient}} sees nothing more. What it has seen before it may know.
{{.Controller}}'s data policy, version {{.Policy}}, applies.`,
		"de": `{{.Controller}} darf {{.Recipient}} Folgendes über Sie zeigen: {{.Attributes}}.
Zweck: {{.Purpose}}.
Von {{.From}} bis {{.Until}} (UTC). {{.Recipient}} sieht jeweils den Stand des Augenblicks, und Sie sehen jeden Blick in Ihrem Zugriffsprotokoll.
Sie können das jederzeit in Ihrer Wallet widerrufen; von da an sieht {{.Recipient}} nichts mehr. Was vorher gesehen wurde, kann bekannt bleiben.
Es gilt die Datenrichtlinie von {{.Controller}}, Fassung {{.Policy}}.`,
		"zh": `{{.Controller}}可以向{{.Recipient}}展示您的以下信息：{{.Attributes}}。
目的：{{.Purpose}}。
期限：{{.From}} 至 {{.Until}}（UTC）。{{.Recipient}}每次看到的是当时的内容，您可以在访问记录中看到每一次查看。
您可以随时在钱包中撤回；撤回后{{.Recipient}}不能再看到任何内容，但之前看到的可能已被知晓。
适用{{.Controller}}数据政策第{{.Policy}}版。`,
	} {
		all[language] = template.Must(template.New(language).Option("missingkey=error").Parse(words))
	}
	return all
}()

// Notice is what a customer is shown before a consent.
type Notice struct {
	Language string
	Text     string
	Hash     string // SHA-256 of the text's UTF-8 bytes, hex.
}

// noticeOf gives the words for a consent whose language the data policy speaks; INVALID_VALUE when it doesn't.
func (n Names) noticeOf(policy *privacy.Policy, b *privacy.ConsentBody) (Notice, error) {
	base, _, _ := strings.Cut(b.Language, "-")
	words := notices[base]
	if words == nil || policy.Prose[b.Language] == "" {
		return Notice{}, fault.New(fault.InvalidValue, "language: there are no words of the data policy in it")
	}
	purpose, attributes, err := policyWords(policy, b)
	if err != nil {
		return Notice{}, err
	}
	var text bytes.Buffer
	err = words.Execute(&text, map[string]any{
		"Controller": n.of(b.Brand), "Recipient": n.of(b.Grantee), "Attributes": strings.Join(attributes, ", "), "Purpose": purpose,
		"From": day(b.From), "Until": day(b.Until), "Policy": b.Policy,
	})
	if err != nil {
		return Notice{}, fault.New(fault.Internal, "a notice can't be written: %v", err)
	}
	sum := sha256.Sum256(text.Bytes())
	return Notice{Language: b.Language, Text: text.String(), Hash: hex.EncodeToString(sum[:])}, nil
}

// policyWords are the policy's words for the purpose and the attributes; INVALID_VALUE names the one that it hasn't got.
func policyWords(policy *privacy.Policy, b *privacy.ConsentBody) (purpose string, attributes []string, err error) {
	for _, p := range policy.Purposes {
		if p.Code == b.Purpose {
			purpose = inLanguage(p.Words, b.Language)
		}
	}
	if purpose == "" {
		return "", nil, fault.New(fault.InvalidValue, "purpose: the data policy has no such purpose, or no words for it in this language")
	}
	for _, name := range b.Attributes {
		schema := policy.Attribute(name)
		if schema == nil || inLanguage(schema.Words, b.Language) == "" {
			return "", nil, fault.New(fault.InvalidValue, "attributes: the data policy doesn't declare one of them, or has no words for it in this language")
		}
		attributes = append(attributes, inLanguage(schema.Words, b.Language))
	}
	return purpose, attributes, nil
}

func inLanguage(words map[string]string, language string) string { return words[language] }

func day(unix int64) string { return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04") }
