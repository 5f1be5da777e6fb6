package main

import (
	"bufio"
	"bytes"
	"os"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
	"github.com/tallystick/tallystick/gateway/replay"
)

// maxKeyFile bounds a file of API keys, in bytes.
const maxKeyFile = 64 << 10

// keys are what a caller has for one gateway; operator may be empty.
type keys struct{ till, operator string }

// targetsOf opens a session with every gateway that the flags name.
func targetsOf(f *flags) ([]replay.Target, error) {
	if f.gateway == "" {
		return nil, fault.New(fault.InvalidValue, "--gateway is missing")
	}
	gateways, err := byBrand(f.gateway)
	if err != nil {
		return nil, err
	}
	var targets []replay.Target
	for _, brand := range sortedKeys(gateways) {
		k, err := f.keysFor(brand)
		if err != nil {
			return nil, err
		}
		t := replay.Target{Brand: brand}
		if t.Gateway, err = client.Open(gateways[brand], k.till); err != nil {
			return nil, err
		}
		if k.operator != "" {
			if t.Calendar, err = client.Open(gateways[brand], k.operator); err != nil {
				return nil, err
			}
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// byBrand reads brand=value pairs; a single value stands for a brand that the gateway itself names.
func byBrand(text string) (map[string]string, error) {
	if name, _, found := strings.Cut(text, "="); !found || strings.ContainsAny(name, ":/.") {
		return map[string]string{"": text}, nil
	}
	return replay.ParsePairs(text)
}

func sortedKeys(m map[string]string) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// keysFor finds the keys for one brand among the flags; what stands on the command line goes before the file.
func (f *flags) keysFor(brand string) (keys, error) {
	var k keys
	file, err := pick(f.apiKeyFile, brand)
	if err != nil {
		return k, err
	}
	if file != "" {
		if k, err = readKeys(file); err != nil {
			return k, err
		}
	}
	for _, flag := range []struct {
		text string
		into *string
	}{{f.apiKey, &k.till}, {f.operatorKey, &k.operator}} {
		value, err := pick(flag.text, brand)
		if err != nil {
			return k, err
		}
		if value != "" {
			*flag.into = value
		}
	}
	if k.till == "" {
		return k, fault.New(fault.Unauthenticated, "no API key is given for %s: use --api-key or --api-key-file", orAll(brand))
	}
	return k, nil
}

func orAll(brand string) string {
	if brand == "" {
		return "the gateway"
	}
	return brand
}

func pick(text, brand string) (string, error) {
	if text == "" {
		return "", nil
	}
	values, err := byBrand(text)
	if err != nil {
		return "", err
	}
	if v, ok := values[brand]; ok {
		return v, nil
	}
	return values[""], nil
}

// readKeys reads a file with one key, or with lines of "till: key" and "operator: key".
func readKeys(path string) (keys, error) {
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) > maxKeyFile {
		return keys{}, fault.New(fault.InvalidValue, "the API key file can't be read: %v", err)
	}
	var k keys
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		name, value, named := strings.Cut(strings.TrimSpace(lines.Text()), ":")
		switch {
		case !named && k.till == "":
			k.till = strings.TrimSpace(name)
		case name == "till":
			k.till = strings.TrimSpace(value)
		case name == "operator":
			k.operator = strings.TrimSpace(value)
		}
	}
	if k.till == "" {
		return keys{}, fault.New(fault.InvalidValue, "the API key file %s has neither a single key nor a line \"till: key\"", path)
	}
	return k, nil
}
