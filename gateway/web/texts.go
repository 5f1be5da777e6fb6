package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"

	"github.com/tallystick/tallystick/chaincode/fault"
)

//go:embed texts/*.yaml
var textFiles embed.FS

// Languages are those that the wallet speaks; the first is spoken to who asks for none of them.
var Languages = []string{"en", "de", "zh"}

var languageNames = map[string]string{"en": "English", "de": "Deutsch", "zh": "中文"}

// The choice of a language is remembered for a year, and says nothing else about who chose it.
const (
	languageCookie = "tally-language"
	languageAge    = 365 * 24 * 3600
)

// catalogue has the texts by key and language.
type catalogue map[string]map[string]string

// loadCatalogue reads every file of texts. INTERNAL names a key that is there twice, or not in every language.
func loadCatalogue() (catalogue, error) {
	all := catalogue{}
	names, err := fs.Glob(textFiles, "texts/*.yaml")
	if err != nil {
		return nil, fault.New(fault.Internal, "the wallet's texts can't be listed: %v", err)
	}
	for _, name := range names {
		raw, err := textFiles.ReadFile(name)
		if err != nil {
			return nil, fault.New(fault.Internal, "%s: %v", name, err)
		}
		var some catalogue
		d := yaml.NewDecoder(bytes.NewReader(raw))
		if err := d.Decode(&some); err != nil {
			return nil, fault.New(fault.Internal, "%s: %v", name, err)
		}
		for key, texts := range some {
			if all[key] != nil {
				return nil, fault.New(fault.Internal, "%s: the text %s is there twice", name, key)
			}
			for _, l := range Languages {
				if texts[l] == "" {
					return nil, fault.New(fault.Internal, "%s: the text %s lacks %s", name, key, l)
				}
			}
			all[key] = texts
		}
	}
	return all, nil
}

func (c catalogue) text(key, language string) (string, error) {
	texts, known := c[key]
	if !known {
		return "", fault.New(fault.Internal, "there is no text %s", key)
	}
	return texts[language], nil
}

// json gives all texts of one language for the scripts.
func (c catalogue) json(language string) ([]byte, error) {
	flat := make(map[string]string, len(c))
	for key, texts := range c {
		flat[key] = texts[language]
	}
	raw, err := json.Marshal(flat)
	if err != nil {
		return nil, fault.New(fault.Internal, "the texts can't be encoded: %v", err)
	}
	return raw, nil
}

// chosen is the language of a request: what it asks for, what was chosen before, or what the browser prefers.
func chosen(r *http.Request) string {
	asked := []string{r.URL.Query().Get("language")}
	if cookie, err := r.Cookie(languageCookie); err == nil {
		asked = append(asked, cookie.Value)
	}
	for _, l := range asked {
		if _, known := languageNames[l]; known {
			return l
		}
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return Languages[0]
	}
	for _, tag := range tags { // By its language alone: who prefers traditional characters would rather read simplified ones than English.
		base, _ := tag.Base()
		if _, known := languageNames[base.String()]; known {
			return base.String()
		}
	}
	return Languages[0]
}
