package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/tallystick/tallystick/chaincode/fault"
)

const complete = `
member: airline
msp: AirlineMSP
listen: 127.0.0.1:27000
database: data/gateway.db
programme: airline
peers:
  - {name: peer0.airline, member: airline, msp: AirlineMSP, endpoint: "127.0.0.1:27020", tlsRoot: ca.pem, serverName: "127.0.0.1"}
  - {name: peer0.hotel, member: hotel, msp: HotelMSP, endpoint: "127.0.0.1:27120", tlsRoot: ca.pem}
members:
  - {name: airline, msp: AirlineMSP, kind: brand}
  - {name: hotel, msp: HotelMSP, kind: brand}
  - {name: regulator, msp: RegulatorMSP, kind: regulator}
identity: {cert: ca.pem, key: ca.pem}
custodian: {key: custodian.pem, version: 1}
secret: ca.pem
apiKeys: ca.pem
`

// folder writes the files that a configuration names, and the configuration.
func folder(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"ca.pem": []byte("x"), "custodian.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), "gateway.yaml": []byte(text),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "gateway.yaml")
}

// partnersOf configures one partner's gateway.
func partnersOf(member, endpoint, name string) string {
	return `
partners:
  - {member: ` + member + `, endpoint: "` + endpoint + `", tlsRoot: ca.pem, serverName: ` + name + `}
partnerTLS: {cert: ca.pem, key: ca.pem}
`
}

func TestPartnersGatewaysAreRead(t *testing.T) {
	file := folder(t, complete+partnersOf("hotel", "127.0.0.1:27103", "gateway")+"partnerListen: 127.0.0.1:27003\n")
	c, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(filepath.Dir(file), "ca.pem")
	if c.PartnerListen != "127.0.0.1:27003" || len(c.Partners) != 1 || c.Partners[0] != (Partner{"hotel", "127.0.0.1:27103", root, "gateway"}) || c.PartnerTLS != (KeyPair{root, root}) {
		t.Errorf("%+v", c)
	}
}

func TestACompleteFileLoadsWithDefaultsAndAbsolutePaths(t *testing.T) {
	file := folder(t, complete)
	c, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Mode != Writer || c.Channel != DefaultChannel || c.Lanes != DefaultLanes || c.BatchMax != DefaultBatchMax || c.Log.Level != DefaultLogLevel {
		t.Errorf("defaults are not applied: %+v", c)
	}
	if c.Backlog != DefaultBacklog || c.Sweep != (Sweep{DefaultSweepInterval, DefaultSweepOutstanding, DefaultSweepBacklog}) {
		t.Errorf("defaults are not applied: %+v", c)
	}
	if want := filepath.Join(filepath.Dir(file), "data/gateway.db"); c.Database != want {
		t.Errorf("database is %s, want %s", c.Database, want)
	}
	if len(c.OwnPeers()) != 1 || len(c.Brands()) != 2 || c.Peers[1].MSP != "HotelMSP" {
		t.Errorf("peers and members are not read: %+v", c)
	}
}

func TestTheEnvironmentOverridesTheFileAndFlagsOverrideBoth(t *testing.T) {
	t.Setenv("TALLY_GATEWAY_LISTEN", "127.0.0.1:1")
	t.Setenv("TALLY_GATEWAY_LANES", "3")
	t.Setenv("TALLY_GATEWAY_BATCHMAX", "7")
	t.Setenv("TALLY_GATEWAY_LOG_LEVEL", "warn")
	t.Setenv("TALLY_GATEWAY_SWEEP_INTERVAL", "250ms")
	t.Setenv("TALLY_GATEWAY_SWEEP_OUTSTANDING", "0")
	t.Setenv("TALLY_GATEWAY_MEMBERS", `[{"name":"airline","msp":"AirlineMSP","kind":"brand"},{"name":"hotel","msp":"HotelMSP","kind":"brand"}]`)
	set := pflag.NewFlagSet("t", pflag.ContinueOnError)
	AddFlags(set)
	if err := set.Parse([]string{"--lanes", "5"}); err != nil {
		t.Fatal(err)
	}
	c, err := Load(folder(t, complete), set)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:1" || c.Lanes != 5 || c.BatchMax != 7 || c.Log.Level != "warn" || len(c.Members) != 2 {
		t.Errorf("overrides are not applied: %+v", c)
	}
	if c.Sweep != (Sweep{250 * time.Millisecond, 0, DefaultSweepBacklog}) {
		t.Errorf("the sweep is %+v", c.Sweep)
	}
}

// bank is a configuration's bank with one account.
func bank(member, currency, iban string) string {
	return "bank: {accounts: [{member: " + member + ", currency: " + currency + ", name: Owner, iban: " + iban + "}]}\n"
}

func TestAMembersAccountIsThatOfTheCurrencyOrTheOneForAllOthers(t *testing.T) {
	c, err := Load(folder(t, complete+`treasurer: {cert: ca.pem, key: ca.pem}
clerk: {off: true}
bank:
  omitUETR: true
  accounts:
    - {member: hotel, name: Hotel, iban: GB82WEST12345698765432}
    - {member: hotel, currency: EUR, name: Hotel, other: "4711", bic: DEUTDEFF}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for currency, want := range map[string]string{"EUR": "4711", "GBP": "GB82WEST12345698765432"} {
		if a, ok := c.Bank.Account("hotel", currency); !ok || a.ID() != want {
			t.Errorf("%s: %+v", currency, a)
		}
	}
	if a, ok := c.Bank.Account("airline", "GBP"); ok {
		t.Errorf("the airline has %+v", a)
	}
	if !c.Treasurer.Given() || !c.Clerk.Off || c.Clerk.Interval != DefaultClerkInterval || !c.Bank.OmitUETR {
		t.Errorf("%+v", c)
	}
}

func TestAWrongConfigurationNamesItsKey(t *testing.T) {
	replace := func(old, with string) string {
		if !strings.Contains(complete, old) {
			t.Fatalf("%q is not in the complete file", old)
		}
		return strings.Replace(complete, old, with, 1)
	}
	for name, c := range map[string]struct {
		text string
		code fault.Code
		key  string
	}{
		"no YAML":                     {"member: [", fault.Malformed, "YAML"},
		"an unknown key":              {complete + "surplus: 1\n", fault.Malformed, "surplus"},
		"a wrong type":                {complete + "lanes: many\n", fault.Malformed, "anes"},
		"no member":                   {replace("member: airline\n", ""), fault.InvalidValue, "key member"},
		"a member that isn't":         {replace("member: airline\n", "member: grocer\n"), fault.InvalidValue, "key members"},
		"an unknown mode":             {complete + "mode: both\n", fault.InvalidValue, "key mode"},
		"an open address":             {replace("127.0.0.1:27000", "0.0.0.0:27000"), fault.InvalidValue, "key listen"},
		"a kind that isn't":           {replace("kind: regulator", "kind: auditor"), fault.InvalidValue, "key members[2].kind"},
		"another member's MSP":        {replace("member: hotel, msp: HotelMSP", "member: hotel, msp: AirlineMSP"), fault.InvalidValue, "key peers[1].member"},
		"a peer without port":         {replace("127.0.0.1:27120", "127.0.0.1"), fault.InvalidValue, "key peers[1].endpoint"},
		"a missing root":              {replace("tlsRoot: ca.pem}", "tlsRoot: none.pem}"), fault.InvalidValue, "key peers[1].tlsRoot"},
		"a missing identity":          {replace("identity: {cert: ca.pem, key: ca.pem}", ""), fault.InvalidValue, "key identity.cert"},
		"half an operator":            {complete + "operator: {cert: ca.pem}\n", fault.InvalidValue, "key operator.key"},
		"half a treasurer":            {complete + "treasurer: {key: ca.pem}\n", fault.InvalidValue, "key treasurer.cert"},
		"a restless clerk":            {complete + "clerk: {interval: 99ms}\n", fault.InvalidValue, "key clerk.interval"},
		"a rare clerk":                {complete + "clerk: {interval: 61m}\n", fault.InvalidValue, "key clerk.interval"},
		"charges on nobody":           {complete + "bank: {charges: NONE}\n", fault.InvalidValue, "key bank.charges"},
		"a stranger's account":        {complete + bank("grocer", "GBP", "GB82WEST12345698765432"), fault.InvalidValue, "key bank.accounts[0]"},
		"a regulator's account":       {complete + bank("regulator", "GBP", "GB82WEST12345698765432"), fault.InvalidValue, "key bank.accounts[0]"},
		"no such currency":            {complete + bank("hotel", "pounds", "GB82WEST12345698765432"), fault.InvalidValue, "key bank.accounts[0].currency"},
		"no such IBAN":                {complete + bank("hotel", "GBP", "GB82WEST12345698765433"), fault.InvalidValue, "key bank.accounts[0]"},
		"no custodian":                {replace("custodian: {key: custodian.pem, version: 1}", ""), fault.InvalidValue, "key custodian.version"},
		"a custodian in no PEM":       {replace("key: custodian.pem", "key: ca.pem"), fault.InvalidValue, "key custodian.key"},
		"too many lanes":              {complete + "lanes: 65\n", fault.InvalidValue, "key lanes"},
		"too large batches":           {complete + "batchMax: 501\n", fault.InvalidValue, "key batchMax"},
		"no backlog":                  {complete + "backlog: 0\n", fault.InvalidValue, "key backlog"},
		"too large sweeps":            {complete + "sweep: {outstanding: 501}\n", fault.InvalidValue, "key sweep.outstanding"},
		"a negative sweep":            {complete + "sweep: {outstanding: -1}\n", fault.InvalidValue, "key sweep.outstanding"},
		"a sweep without limit":       {complete + "sweep: {backlog: 1000001}\n", fault.InvalidValue, "key sweep.backlog"},
		"a restless sweep":            {complete + "sweep: {interval: 99ms}\n", fault.InvalidValue, "key sweep.interval"},
		"a rare sweep":                {complete + "sweep: {interval: 61m}\n", fault.InvalidValue, "key sweep.interval"},
		"a time without unit":         {complete + "sweep: {interval: 1}\n", fault.InvalidValue, "key sweep.interval"},
		"no time at all":              {complete + "sweep: {interval: often}\n", fault.Malformed, "nterval"},
		"an unknown level":            {complete + "log: {level: loud}\n", fault.InvalidValue, "key log.level"},
		"a partner of its own":        {complete + partnersOf("airline", "127.0.0.1:1", "gateway"), fault.InvalidValue, "key partners[0].member"},
		"a regulator as partner":      {complete + partnersOf("regulator", "127.0.0.1:1", "gateway"), fault.InvalidValue, "key partners[0].member"},
		"a partner without port":      {complete + partnersOf("hotel", "127.0.0.1", "gateway"), fault.InvalidValue, "key partners[0].endpoint"},
		"a partner without name":      {complete + partnersOf("hotel", "127.0.0.1:1", `""`), fault.InvalidValue, "key partners[0].serverName"},
		"partners and no certificate": {complete + strings.Replace(partnersOf("hotel", "127.0.0.1:1", "gateway"), "key: ca.pem", `key: ""`, 1), fault.InvalidValue, "key partnerTLS.key"},
		"partners at no port":         {complete + partnersOf("hotel", "127.0.0.1:1", "gateway") + "partnerListen: here\n", fault.InvalidValue, "key partnerListen"},
		"a writing regulator": {replace("member: airline\nmsp: AirlineMSP", "member: regulator\nmsp: RegulatorMSP") +
			"", fault.InvalidValue, "key peers"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(folder(t, c.text), nil)
			if fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.key) {
				t.Errorf("got %v, want %s naming %q", err, c.code, c.key)
			}
		})
	}
}

func TestGatewayCanActForAnotherBrandWhoseProgrammeItSequences(t *testing.T) {
	c, err := Load(folder(t, strings.Replace(complete, "programme: airline", "programme: hotel\nactsFor: hotel", 1)), nil)
	if err != nil || c.Represented() != (Member{Name: "hotel", MSP: "HotelMSP", Kind: "brand"}) || c.MSP != "AirlineMSP" {
		t.Fatalf("%+v, %v", c, err)
	}
	own, err := Load(folder(t, complete), nil)
	if err != nil || own.Represented().Name != "airline" {
		t.Errorf("%+v, %v", own, err)
	}
	for name, keys := range map[string]string{
		"for itself": "programme: airline\nactsFor: airline", "for nobody known": "programme: bank\nactsFor: bank", "for one brand with another's programme": "programme: airline\nactsFor: hotel",
	} {
		if _, err := Load(folder(t, strings.Replace(complete, "programme: airline", keys, 1)), nil); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("acting %s: %v", name, err)
		}
	}
}
