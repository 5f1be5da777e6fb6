package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// withPeople writes a configuration with this block, and the folders of keys beside it.
func withPeople(t *testing.T, block string) string {
	t.Helper()
	file := folder(t, complete+"people: "+block+"\n")
	for _, name := range []string{"master", "index"} {
		if err := os.Mkdir(filepath.Join(filepath.Dir(file), name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func TestPeopleAreReadWithAbsolutePaths(t *testing.T) {
	file := withPeople(t, "{database: data/people.db, masterKeys: master, indexKeys: index, region: DE, inactiveDays: 365, abuseDays: 90}")
	c, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(filepath.Dir(file), name) }
	if want := (People{Database: at("data/people.db"), MasterKeys: at("master"), IndexKeys: at("index"), Region: "DE", InactiveDays: 365, AbuseDays: 90}); c.People != want || !c.People.Given() {
		t.Errorf("people are %+v", c.People)
	}
	if c, err = Load(folder(t, complete), nil); err != nil || c.People.Given() {
		t.Errorf("without the block: %v, %+v", err, c.People)
	}
}

func TestKeysMayBeCredentialsOfTheService(t *testing.T) {
	c, err := Load(withPeople(t, "{database: data/people.db, masterKeys: 'credential:master', indexKeys: index}"), nil)
	if err != nil || c.People.MasterKeys != "credential:master" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAWrongBlockOfPeopleNamesItsKey(t *testing.T) {
	for block, key := range map[string]string{
		"{masterKeys: master, indexKeys: index}":                                      "people.database",
		"{database: data/gateway.db, masterKeys: master, indexKeys: index}":           "people.database",
		"{database: people.db, indexKeys: index}":                                     "people.masterKeys",
		"{database: people.db, masterKeys: none, indexKeys: index}":                   "people.masterKeys",
		"{database: people.db, masterKeys: 'credential:../x', indexKeys: index}":      "people.masterKeys",
		"{database: people.db, masterKeys: master, indexKeys: ca.pem}":                "people.indexKeys",
		"{database: people.db, masterKeys: master, indexKeys: master}":                "people.indexKeys",
		"{database: people.db, masterKeys: master, indexKeys: index, region: de}":     "people.region",
		"{database: people.db, masterKeys: master, indexKeys: index, abuseDays: 89}":  "people.abuseDays",
		"{database: people.db, masterKeys: master, indexKeys: index}\nactsFor: hotel": "people",
		"{database: people.db, masterKeys: master, indexKeys: index}\nmode: reader":   "people",
	} {
		file := withPeople(t, block)
		if strings.Contains(block, "actsFor") {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(strings.Replace(string(raw), "programme: airline", "programme: hotel", 1)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Load(file, nil); fault.CodeOf(err) != fault.InvalidValue || !strings.Contains(err.Error(), "key "+key+":") {
			t.Errorf("%s: %v", block, err)
		}
	}
}

func TestHowCustomersSignInIsChecked(t *testing.T) {
	const complete = "database: people.db, masterKeys: master, indexKeys: index"
	file := withPeople(t, "{"+complete+`, origin: "https://wallet.airline.example", client: X-Forwarded-For, smtp: {address: "mail.example:587", from: w@airline.example}, sms: {folder: texts}, lookup: {unprovedAddresses: true}}`)
	c, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !c.People.Lookup.UnprovedAddresses || c.People.SMS.Folder != filepath.Join(filepath.Dir(file), "texts") || c.People.SMTP.Address != "mail.example:587" {
		t.Errorf("%+v", c.People)
	}
	for block, key := range map[string]string{
		"sms: {folder: texts}": "people.origin",
		"client: Forwarded":    "people.origin",
		`origin: "http://wallet.airline.example", sms: {folder: texts}`:                                                 "people.origin",
		`origin: "https://wallet.airline.example/", sms: {folder: texts}`:                                               "people.origin",
		`origin: "https://Wallet.example", sms: {folder: texts}`:                                                        "people.origin",
		`origin: "http://localhost:80"`:                                                                                 "people.smtp",
		`origin: "http://localhost:80", client: "a b", sms: {folder: texts}`:                                            "people.client",
		`origin: "http://localhost:80", smtp: {address: "a:25"}`:                                                        "people.smtp.from",
		`origin: "http://localhost:80", smtp: {address: "a:25", folder: mails}`:                                         "people.smtp.folder",
		`origin: "http://localhost:80", smtp: {address: "a:25", from: "a@b.example", user: x}`:                          "people.smtp.passwordFile",
		`origin: "http://localhost:80", smtp: {address: "a:25", from: "a@b.example", user: x, passwordFile: not-there}`: "people.smtp.passwordFile",
	} {
		if _, err := Load(withPeople(t, "{"+complete+", "+block+"}"), nil); fault.CodeOf(err) != fault.InvalidValue || !strings.Contains(err.Error(), "key "+key+":") {
			t.Errorf("%s: %v", block, err)
		}
	}
}
