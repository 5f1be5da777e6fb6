package config

import (
	"os"
	"regexp"
)

// regionForm is a country of ISO 3166-1 as two letters.
var regionForm = regexp.MustCompile(`^[A-Z]{2}$`)

// People says where the gateway keeps what it knows of customers. Without a database it keeps nothing, and answers nothing about them.
type People struct {
	Database   string // SQLite file. It is no derived data: back it up.
	MasterKeys string // Folder of the keys that wrap every person's own key; the highest number wraps. Back it up apart from the database.
	IndexKeys  string // Folder of the keys of the index by phone, e-mail, card and external id; the highest number is written.
	Region     string // Country whose phone numbers may be given without a country code, ISO 3166-1 in two letters; empty: all need one.
}

// Given says whether the gateway keeps customers' data.
func (p *People) Given() bool { return p.Database != "" }

func (p *People) paths() []*string { return []*string{&p.Database, &p.MasterKeys, &p.IndexKeys} }

// validatePeople wants all of it or nothing: the database can't be read without its keys.
func (c *Config) validatePeople() error {
	p := &c.People
	if *p == (People{}) {
		return nil
	}
	if c.Mode == Reader || c.ActsFor != "" {
		return wrong("people", "is of the brand's own gateway, which writes")
	}
	if p.Database == "" {
		return wrong("people.database", "is missing")
	}
	if p.Database == c.Database {
		return wrong("people.database", "must be another file than the read model's, which can be thrown away")
	}
	for _, folder := range []struct{ key, path string }{{"people.masterKeys", p.MasterKeys}, {"people.indexKeys", p.IndexKeys}} {
		if err := readableFolder(folder.key, folder.path); err != nil {
			return err
		}
	}
	if p.MasterKeys == p.IndexKeys {
		return wrong("people.indexKeys", "must be another folder than people.masterKeys: the keys are rotated apart")
	}
	if p.Region != "" && !regionForm.MatchString(p.Region) {
		return wrong("people.region", "must be a country of ISO 3166-1 in two capital letters")
	}
	return nil
}

func readableFolder(key, path string) error {
	if path == "" {
		return wrong(key, "is missing")
	}
	if _, err := os.ReadDir(path); err != nil {
		return wrong(key, "must be a folder: %v", err)
	}
	return nil
}
