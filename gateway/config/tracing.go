package config

import (
	"net"
	"net/url"
)

// Bounds of tracing.partsPerMillion.
const (
	MaxPartsPerMillion     = 1_000_000
	DefaultPartsPerMillion = MaxPartsPerMillion
)

// Tracing says whether and where traces go; nowhere when neither Endpoint nor File is given.
type Tracing struct {
	Endpoint        string // URL of a collector that takes OTLP over HTTP, with its path: https://collector.example/v1/traces.
	File            string // File for JSON lines in place of it.
	PartsPerMillion int    // Of the requests that are traced, 0 to MaxPartsPerMillion.
}

func (c *Config) validateTracing() error {
	t := &c.Tracing
	if t.PartsPerMillion < 0 || t.PartsPerMillion > MaxPartsPerMillion {
		return wrong("tracing.partsPerMillion", "must be 0 to %d", MaxPartsPerMillion)
	}
	if t.Endpoint == "" {
		return nil
	}
	if t.File != "" {
		return wrong("tracing.endpoint", "can't be given together with tracing.file")
	}
	u, err := url.Parse(t.Endpoint)
	if err != nil || u.Host == "" || u.Path == "" || u.User != nil || u.RawQuery != "" {
		return wrong("tracing.endpoint", "must be a URL with a path, such as https://collector.example/v1/traces, without user or query")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return wrong("tracing.endpoint", "must be https, or http on a loopback address")
	}
	return nil
}
