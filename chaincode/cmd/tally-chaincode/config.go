package main

import (
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/viper"
)

// envPrefix lets the environment override single keys: TALLY_CHAINCODE_LOGLEVEL, TALLY_CHAINCODE_MSPID.
const envPrefix = "TALLY_CHAINCODE"

// maxChaincodes bounds one process. A peer of a consortium of n brands serves n+1.
const maxChaincodes = 101

// The contracts that a chaincode can run.
const (
	contractPoints   = "points"
	contractClearing = "clearing"
)

// config is the configuration of one process.
type config struct {
	MSPID      string            `mapstructure:"mspID"`    // Of the peer that is served; for the log.
	LogLevel   string            `mapstructure:"logLevel"` // debug, info, warn (the default) or error.
	Chaincodes []chaincodeConfig `mapstructure:"chaincodes"`

	level slog.Level
}

// chaincodeConfig is one chaincode that the process serves.
type chaincodeConfig struct {
	CCID     string    `mapstructure:"ccid"`     // Package id, label:hash, as the peer computed it at installation.
	Contract string    `mapstructure:"contract"` // points or clearing.
	Address  string    `mapstructure:"address"`  // host:port to listen on.
	TLS      tlsConfig `mapstructure:"tls"`
}

// tlsConfig names PEM files; relative names start at the configuration file's folder. All are required: a chaincode endorses for whoever may call it.
type tlsConfig struct {
	Cert     string `mapstructure:"cert"`
	Key      string `mapstructure:"key"`
	ClientCA string `mapstructure:"clientCA"` // Signs the certificates of the peers that may connect.
}

var ccidForm = regexp.MustCompile(`^[A-Za-z0-9]+([.+_-][A-Za-z0-9]+)*:[0-9a-f]{64}$`)

// loadConfig reads and checks a configuration file; unknown keys are errors.
func loadConfig(file string) (*config, error) {
	v := viper.New()
	v.SetConfigFile(file)
	v.SetConfigType("yaml")
	v.SetEnvPrefix(envPrefix)
	v.SetDefault("logLevel", "warn")
	v.SetDefault("mspID", "")
	v.AutomaticEnv()
	if err := v.ReadInConfig(); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", file, err)
	}
	var c config
	if err := v.UnmarshalExact(&c); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", file, err)
	}
	if err := c.complete(filepath.Dir(file)); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", file, err)
	}
	return &c, nil
}

func (c *config) complete(folder string) error {
	if c.MSPID == "" {
		return fmt.Errorf("mspID is missing: give the MSP id of the peer that is served")
	}
	if err := c.level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return fmt.Errorf("logLevel %q is not one of debug, info, warn, error", c.LogLevel)
	}
	if n := len(c.Chaincodes); n < 1 || n > maxChaincodes {
		return fmt.Errorf("chaincodes has %d entries, 1 to %d are allowed", n, maxChaincodes)
	}
	for i := range c.Chaincodes {
		if err := c.Chaincodes[i].complete(folder); err != nil {
			return fmt.Errorf("chaincodes[%d]: %w", i, err)
		}
	}
	return c.distinct()
}

func (c *chaincodeConfig) complete(folder string) error {
	if !ccidForm.MatchString(c.CCID) {
		return fmt.Errorf("ccid %q is not a package id (label:hash, as the peer's queryinstalled prints it)", c.CCID)
	}
	if c.Contract != contractPoints && c.Contract != contractClearing {
		return fmt.Errorf("contract %q is neither %s nor %s", c.Contract, contractPoints, contractClearing)
	}
	if host, port, err := net.SplitHostPort(c.Address); err != nil || host == "" || port == "" {
		return fmt.Errorf("address %q is not host:port", c.Address)
	}
	for name, path := range map[string]*string{"cert": &c.TLS.Cert, "key": &c.TLS.Key, "clientCA": &c.TLS.ClientCA} {
		if *path == "" {
			return fmt.Errorf("tls.%s is missing: mutual TLS can't be switched off", name)
		}
		if !filepath.IsAbs(*path) {
			*path = filepath.Join(folder, *path)
		}
	}
	return nil
}

// distinct refuses two chaincodes with one package id or address: a peer would reach the wrong one.
func (c *config) distinct() error {
	seen := map[string]bool{}
	for _, cc := range c.Chaincodes {
		for _, s := range []string{cc.CCID, strings.ToLower(cc.Address)} {
			if seen[s] {
				return fmt.Errorf("two chaincodes share %s", s)
			}
			seen[s] = true
		}
	}
	return nil
}
