package webauthn

import (
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Limits of a relying party.
const (
	MaxOrigins = 16  // Pages of one programme that may ask for a signature.
	maxName    = 253 // Characters of a domain name (RFC 1035, section 2.3.4, as text).
	maxLabel   = 63  // Characters between its dots.
	maxPort    = 65535
)

// loopback is the one name that browsers trust without TLS.
const loopback = "localhost"

// RelyingParty says for whom a programme's passkeys are made, and on which pages they may sign.
type RelyingParty struct {
	ID      string   `json:"id"`      // A domain name in lower case.
	Origins []string `json:"origins"` // https://host or https://host:port, ascending; the host is the id or below it.
}

// Validate returns INVALID_VALUE unless the id is a domain name (or localhost) and there are 1 to MaxOrigins origins, in ascending order, as browsers write them:
// https with a host that is the id or ends in it, lower case, no default port, no path. http is allowed for localhost only.
func (rp *RelyingParty) Validate() error {
	if !validName(rp.ID) || rp.ID != loopback && !strings.Contains(rp.ID, ".") {
		return fault.New(fault.InvalidValue, "a relying party's id must be a domain name in lower case")
	}
	if len(rp.Origins) == 0 || len(rp.Origins) > MaxOrigins {
		return fault.New(fault.InvalidValue, "a relying party has 1 to %d origins", MaxOrigins)
	}
	for i, origin := range rp.Origins {
		if i > 0 && rp.Origins[i-1] >= origin {
			return fault.New(fault.InvalidValue, "a relying party's origins must be in ascending order, each once")
		}
		if !rp.covers(origin) {
			return fault.New(fault.InvalidValue, "origin %d must be https://host or https://host:port, with a host that is the id or below it", i)
		}
	}
	return nil
}

// covers says whether this is an origin, in the form of RFC 6454 section 6.2, for which a browser would use the relying party's keys.
func (rp *RelyingParty) covers(origin string) bool {
	scheme, rest, ok := strings.Cut(origin, "://")
	if !ok {
		return false
	}
	host, port, hasPort := strings.Cut(rest, ":")
	if !validName(host) || host != rp.ID && !strings.HasSuffix(host, "."+rp.ID) {
		return false
	}
	var usual string
	switch {
	case scheme == "https":
		usual = "443"
	case scheme == "http" && host == loopback:
		usual = "80"
	default:
		return false
	}
	return !hasPort || port != usual && validPort(port)
}

// validName says whether s is a domain name in lower case; the last label may not be a number, or it would be an address.
func validName(s string) bool {
	if len(s) > maxName {
		return false
	}
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if !validLabel(label) {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

func validLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func validPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= maxPort && strconv.Itoa(n) == s
}
