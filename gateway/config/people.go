package config

import (
	"net/url"
	"os"
	"regexp"
	"strings"
)

// regionForm is a country of ISO 3166-1 as two letters.
var regionForm = regexp.MustCompile(`^[A-Z]{2}$`)

// People says where the gateway keeps what it knows of customers. Without a database it keeps nothing, and answers nothing about them.
type People struct {
	Database     string // SQLite file. It is no derived data: back it up.
	MasterKeys   string // Folder of the keys that wrap every person's own key, or credential:NAME; the highest number wraps. Back it up apart from the database.
	IndexKeys    string // Folder of the keys of the index by phone, e-mail, card and external id, or credential:NAME; the highest number is written.
	Origin       string // Of the wallet's pages as browsers see it: https://host, or http://localhost:port for development; empty: customers don't sign in.
	Client       string // Header in which the proxy before the gateway names who asks, such as X-Forwarded-For; empty without a proxy.
	SMTP         SMTP   // How e-mails are sent; empty: no codes go to e-mail addresses.
	SMS          SMS    // How text messages are sent; empty: no codes go to phones.
	Lookup       Lookup // How tills' challenges reach customers.
	AbuseRules   string // YAML file with the rules by which fraud and abuse are looked for; empty: none.
	AbuseDays    int    // How many days findings, decisions and objections are kept, minAbuseDays at least; 0 for abuse.DefaultKeepDays.
	Region       string // Country whose phone numbers may be given without a country code, ISO 3166-1 in two letters; empty: all need one.
	InactiveDays int    // After so many days without a sign of life a customer without points is erased, minInactiveDays at least; 0 for never.
}

// SMTP is a mail server, or a folder in its place.
type SMTP struct {
	Address      string // host:port.
	From         string // The sender's address.
	User         string // Empty: without signing in.
	PasswordFile string // Of that user.
	Encryption   string // starttls (the default), tls, or none on a loopback address.
	Folder       string // For development: messages are kept there as files, and nothing is sent.
}

// SMS is a provider of text messages. There is a folder in place of one, for development; others implement signin.Sender.
type SMS struct {
	Folder string // Messages are kept there as files.
}

// Lookup says how a till's challenge reaches a customer.
type Lookup struct {
	// UnprovedAddresses lets challenges go to phones and e-mail addresses that staff typed in, to customers who never proved one by a code. Who mistyped a number then has the
	// wrong person asked.
	UnprovedAddresses bool
}

// Bounds of inactiveDays: nobody is erased for a long holiday.
const (
	minInactiveDays = 180
	maxInactiveDays = 36500
)

// Bounds of abuseDays. The shortest leaves room for a freeze (30 days) and the answer to an objection to it (30 more).
const (
	minAbuseDays = 90
	maxAbuseDays = 3650
)

// Given says whether the gateway keeps customers' data.
func (p *People) Given() bool { return p.Database != "" }

func (p *People) paths() []*string {
	return []*string{&p.Database, &p.MasterKeys, &p.IndexKeys, &p.AbuseRules, &p.SMTP.PasswordFile, &p.SMTP.Folder, &p.SMS.Folder}
}

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
		if err := validKeys(folder.key, folder.path); err != nil {
			return err
		}
	}
	if p.MasterKeys == p.IndexKeys {
		return wrong("people.indexKeys", "must be another folder than people.masterKeys: the keys are rotated apart")
	}
	if p.InactiveDays != 0 && (p.InactiveDays < minInactiveDays || p.InactiveDays > maxInactiveDays) {
		return wrong("people.inactiveDays", "must be 0, or %d to %d", minInactiveDays, maxInactiveDays)
	}
	if p.AbuseDays != 0 && (p.AbuseDays < minAbuseDays || p.AbuseDays > maxAbuseDays) {
		return wrong("people.abuseDays", "must be 0 for the default, or %d to %d", minAbuseDays, maxAbuseDays)
	}
	if err := p.validateSignIn(); err != nil {
		return err
	}
	if p.Region != "" && !regionForm.MatchString(p.Region) {
		return wrong("people.region", "must be a country of ISO 3166-1 in two capital letters")
	}
	return nil
}

// credential is how keys are named that systemd hands to the service, and the form of such a name: see people/keyring.
const credential = "credential:"

var credentialForm = regexp.MustCompile(`^credential:[a-zA-Z0-9][a-zA-Z0-9.-]*$`)

func isCredential(path string) bool { return strings.HasPrefix(path, credential) }

// validKeys wants a folder, or a credential's name: whether it is there is seen when the keys are read.
func validKeys(key, path string) error {
	if !isCredential(path) {
		return readableFolder(key, path)
	}
	if !credentialForm.MatchString(path) {
		return wrong(key, "names a credential in letters, digits, dots and hyphens")
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

// headerForm is a header's name (RFC 9110, section 5.6.2, as far as anybody uses it).
var headerForm = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// validateSignIn checks how customers sign in.
func (p *People) validateSignIn() error {
	if p.Origin == "" {
		if p.SMTP != (SMTP{}) || p.SMS != (SMS{}) || p.Client != "" {
			return wrong("people.origin", "is missing: customers sign in at the wallet's pages")
		}
		return nil
	}
	u, err := url.Parse(p.Origin)
	if err != nil || u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost") || u.Host == "" || u.Scheme+"://"+u.Host != p.Origin || strings.ToLower(p.Origin) != p.Origin {
		return wrong("people.origin", "must be https://host or https://host:port, or http://localhost:port for development")
	}
	if p.Client != "" && !headerForm.MatchString(p.Client) {
		return wrong("people.client", "must be the name of a header")
	}
	if p.SMTP == (SMTP{}) && p.SMS == (SMS{}) {
		return wrong("people.smtp", "is missing, and so is people.sms: customers sign in by codes sent to them")
	}
	if p.SMTP.Folder != "" && p.SMTP.Address != "" {
		return wrong("people.smtp.folder", "takes the place of people.smtp.address: give one of them")
	}
	if p.SMTP.Address == "" {
		return nil
	}
	if p.SMTP.From == "" {
		return wrong("people.smtp.from", "is missing")
	}
	if (p.SMTP.User == "") != (p.SMTP.PasswordFile == "") {
		return wrong("people.smtp.passwordFile", "goes with people.smtp.user")
	}
	if p.SMTP.PasswordFile != "" {
		return readable("people.smtp.passwordFile", p.SMTP.PasswordFile)
	}
	return nil
}
