package config

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// EnvironmentPrefix starts the names of environment variables: identity.cert is TALLY_GATEWAY_IDENTITY_CERT. Lists (peers, members, partners) are JSON there.
const EnvironmentPrefix = "TALLY_GATEWAY"

// keys are all keys that a file, the environment or a flag may set; lists are one key each.
var keys = []string{
	"member", "msp", "mode", "channel", "listen", "database", "programme", "actsFor", "peers", "members", "identity.cert", "identity.key", "operator.cert", "operator.key",
	"compliance.cert", "compliance.key", "treasurer.cert", "treasurer.key", "clerk.off", "clerk.interval", "bank.charges", "bank.omitUETR", "bank.accounts",
	"partners", "partnerListen", "partnerTLS.cert", "partnerTLS.key",
	"custodian.key", "custodian.version", "secret", "apiKeys", "lanes", "batchMax", "backlog",
	"sweep.interval", "sweep.outstanding", "sweep.backlog", "log.level",
	"people.database", "people.masterKeys", "people.indexKeys", "people.region", "people.abuseRules", "people.abuseDays", "people.inactiveDays", "people.origin",
	"people.client", "people.smtp.address", "people.smtp.from", "people.smtp.user", "people.smtp.passwordFile", "people.smtp.encryption", "people.smtp.folder", "people.sms.folder",
	"people.lookup.unprovedAddresses",
	"reports.rateSource", "reports.rateAsOf", "reports.rates", "reports.key", "reports.checkpoints", "reports.auditors",
	"tracing.endpoint", "tracing.file", "tracing.partsPerMillion",
}

// flags are the keys that the command line can override, with what to say about them.
var flags = []struct{ name, key, usage string }{
	{"listen", "listen", "host:port of the HTTP API, on a loopback address"},
	{"database", "database", "SQLite file"},
	{"lanes", "lanes", "batches in flight"},
	{"batch-max", "batchMax", "operations in one batch at most"},
	{"log-level", "log.level", "debug, info, warn or error"},
}

// AddFlags adds the flags that override keys of the file.
func AddFlags(set *pflag.FlagSet) {
	for _, f := range flags {
		set.String(f.name, "", f.usage+" (default: key "+f.key+" of the configuration)")
	}
}

// Load reads the file, applies the environment and those flags of set that were given (set may be nil), and validates the result. INVALID_VALUE names
// the key; MALFORMED when the file is no YAML of this form.
func Load(file string, set *pflag.FlagSet) (*Config, error) {
	v := viper.New()
	v.SetConfigFile(file)
	v.SetConfigType("yaml")
	v.SetDefault("mode", string(Writer))
	v.SetDefault("channel", DefaultChannel)
	v.SetDefault("lanes", DefaultLanes)
	v.SetDefault("batchMax", DefaultBatchMax)
	v.SetDefault("backlog", DefaultBacklog)
	v.SetDefault("sweep.interval", DefaultSweepInterval)
	v.SetDefault("sweep.outstanding", DefaultSweepOutstanding)
	v.SetDefault("sweep.backlog", DefaultSweepBacklog)
	v.SetDefault("clerk.interval", DefaultClerkInterval)
	v.SetDefault("log.level", DefaultLogLevel)
	v.SetDefault("tracing.partsPerMillion", DefaultPartsPerMillion)
	if err := bind(v, set); err != nil {
		return nil, err
	}
	if err := v.ReadInConfig(); err != nil {
		return nil, readError(file, err)
	}
	c, err := decode(v)
	if err != nil {
		return nil, err
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the configuration's folder has no absolute path: %v", err)
	}
	c.resolve(folder)
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, nil
}

func bind(v *viper.Viper, set *pflag.FlagSet) error {
	v.SetEnvPrefix(EnvironmentPrefix)
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	for _, key := range keys {
		if err := v.BindEnv(key); err != nil {
			return fault.New(fault.Internal, "key %s can't be bound to the environment: %v", key, err)
		}
	}
	if set == nil {
		return nil
	}
	for _, f := range flags {
		if flag := set.Lookup(f.name); flag != nil && flag.Changed {
			v.Set(f.key, flag.Value.String())
		}
	}
	return nil
}

func decode(v *viper.Viper) (*Config, error) {
	var c Config
	err := v.UnmarshalExact(&c, viper.DecodeHook(mapstructure.ComposeDecodeHookFunc(listFromJSON, dayFromTime, mapstructure.StringToTimeDurationHookFunc())))
	if err != nil {
		return nil, fault.New(fault.Malformed, "the configuration: %s", strings.Join(strings.Fields(err.Error()), " "))
	}
	return &c, nil
}

// dayFromTime lets a day stand in YAML without quotes, where it is a time.
func dayFromTime(_, to reflect.Type, data any) (any, error) {
	at, ok := data.(time.Time)
	if !ok || to.Kind() != reflect.String {
		return data, nil
	}
	return at.Format(time.DateOnly), nil
}

// listFromJSON lets a list stand in one environment variable.
func listFromJSON(from, to reflect.Type, data any) (any, error) {
	if from.Kind() != reflect.String || to.Kind() != reflect.Slice {
		return data, nil
	}
	var list []map[string]any
	if err := json.Unmarshal([]byte(data.(string)), &list); err != nil {
		return nil, errors.New("a list in the environment must be a JSON array of objects")
	}
	return list, nil
}

func readError(file string, err error) error {
	var parse viper.ConfigParseError
	if errors.As(err, &parse) {
		return fault.New(fault.Malformed, "the configuration %s is no YAML: %v", file, parse)
	}
	return fault.New(fault.NotFound, "the configuration can't be read: %v", err)
}
