package rules_test

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// local is what conditions see of a moment in a zone, such as "2026-03-29 7 02" for Sunday at two o'clock.
func local(t reporter, zone, at string) string {
	t.Helper()
	set := setOf()
	for weekday := 1; weekday <= 7; weekday++ {
		set.Rules = append(set.Rules, rules.Rule{ID: fmt.Sprintf("w%d", weekday), Types: []rules.EventType{rules.Purchase}, When: fmt.Sprintf("weekday == %d", weekday), Action: rules.Action{Fixed: 1}})
	}
	for hour := range 24 {
		set.Rules = append(set.Rules, rules.Rule{ID: fmt.Sprintf("h%02d", hour), Types: []rules.EventType{rules.Purchase}, When: fmt.Sprintf("hour == %d", hour), Action: rules.Action{Fixed: 1}})
	}
	set.Zone = zone
	ev := purchase(1)
	ev.OccurredAt = at
	o := evaluate(t, compile(t, set), ev, &rules.Standing{}, 0)
	if len(o.Awards) != 2 {
		t.Fatalf("%s is %v in %s", at, o.Awards, zone)
	}
	return o.Awards[0].Rule + " " + o.Awards[1].Rule
}

var moments = []struct{ zone, at, want string }{
	{"Europe/London", "2026-03-29T00:59:59Z", "w7 h00"},
	{"Europe/London", "2026-03-29T01:00:00Z", "w7 h02"}, // There is no one o'clock on this day,
	{"Europe/London", "2026-10-25T00:30:00Z", "w7 h01"},
	{"Europe/London", "2026-10-25T01:30:00Z", "w7 h01"}, // and on this one there are two.
	{"Europe/London", "2026-10-25T02:00:00Z", "w7 h02"},
	{"Europe/London", "2026-07-31T23:30:00Z", "w6 h00"}, // Friday in UTC.
	{"Europe/London", "2026-08-01T05:00:00+05:30", "w6 h00"},
	{"Europe/London", "1970-01-01T00:00:00Z", "w4 h01"}, // All of 1970 was summer time.
	{"Europe/London", "2400-07-01T12:00:00Z", "w6 h13"},
	{"Asia/Kathmandu", "2026-03-07T18:14:59Z", "w6 h23"},
	{"Asia/Kathmandu", "2026-03-07T18:15:00Z", "w7 h00"},
	{"Asia/Shanghai", "1988-07-01T15:30:00Z", "w6 h00"}, // Summer time, from 1986 to 1991.
	{"Asia/Shanghai", "2026-07-01T15:30:00Z", "w3 h23"},
	{"Pacific/Apia", "2011-12-30T09:59:59Z", "w4 h23"}, // Thursday was followed by Saturday.
	{"Pacific/Apia", "2011-12-30T10:00:00Z", "w6 h00"},
	{"America/New_York", "2026-11-01T05:59:59Z", "w7 h01"},
	{"America/New_York", "2026-11-01T06:00:00Z", "w7 h01"},
	{"Pacific/Kiritimati", "9999-12-31T23:59:59Z", "w6 h13"},
	{"Etc/GMT+12", "1970-01-01T00:00:00Z", "w3 h12"},
	{"UTC", "2026-03-07T23:59:59.999999999Z", "w6 h23"},
}

func TestWeekdayAndHourAreTheZones(t *testing.T) {
	for _, m := range moments {
		if got := local(t, m.zone, m.at); got != m.want {
			t.Errorf("%s in %s is %s, want %s", m.at, m.zone, got, m.want)
		}
	}
}

func TestDayAndMonthAreTheZones(t *testing.T) {
	for _, c := range []struct{ zone, at, when string }{
		{"Pacific/Apia", "2011-12-30T10:00:00Z", `day == "2011-12-31" && month == 12`},
		{"Asia/Tokyo", "2025-12-31T15:00:00Z", `day == "2026-01-01" && month == 1`},
		{"America/Los_Angeles", "2026-01-01T07:59:59Z", `day == "2025-12-31" && month == 12`},
		{"Etc/GMT+12", "1970-01-01T00:00:00Z", `day == "1969-12-31"`},
	} {
		set := conditionSet(c.when)
		set.Zone = c.zone
		ev := purchase(1)
		ev.OccurredAt = c.at
		if o := evaluate(t, compile(t, set), ev, &rules.Standing{}, 0); o.Points() != 1 {
			t.Errorf("%s in %s: not %s", c.at, c.zone, c.when)
		}
	}
}

// zoneChild is set in the process that TestTheHostsZonesHaveNoInfluence starts.
const zoneChild = "TALLY_ZONE_CHILD"

func TestTheHostsZonesHaveNoInfluence(t *testing.T) {
	if os.Getenv(zoneChild) != "" {
		for _, m := range moments {
			fmt.Printf("moment %s\n", local(t, m.zone, m.at))
		}
		return
	}
	// A directory of zones in which every zone of the table above is that of Tokyo.
	poison := t.TempDir()
	tokyo := zoneFile(t, "Asia/Tokyo")
	for _, m := range moments {
		path := filepath.Join(poison, m.zone)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, tokyo, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for _, m := range moments {
		want = append(want, "moment "+m.want)
	}
	for _, host := range []string{"", "Asia/Tokyo", "Europe/London", "nowhere"} {
		child := exec.Command(os.Args[0], "-test.run=^TestTheHostsZonesHaveNoInfluence$")
		child.Env = append(os.Environ(), zoneChild+"=1", "ZONEINFO="+poison, "TZ="+host)
		out, err := child.CombinedOutput()
		if err != nil {
			t.Fatalf("TZ=%s: %v\n%s", host, err, out)
		}
		var got []string
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, "moment ") {
				got = append(got, strings.TrimSpace(line))
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("TZ=%s: %q", host, got)
		}
	}
}

func zoneTable(t *testing.T) *zip.ReadCloser {
	t.Helper()
	table, err := zip.OpenReader("zoneinfo.zip")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return table
}

func zoneFile(t *testing.T, name string) []byte {
	t.Helper()
	for _, f := range zoneTable(t).File {
		if f.Name != name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		raw := make([]byte, f.UncompressedSize64)
		if _, err := r.Read(raw); err != nil {
			t.Fatal(err)
		}
		return raw
	}
	t.Fatalf("no zone %s", name)
	return nil
}

// zoneTableHash is that of the table of ZoneVersion. Who changes it changes what old events were worth: that is a new engine version.
const zoneTableHash = "8f55634d05f8bca1f7bc7c69c5933428c69357e0bdf565e5ba224e3f88ff12e8"

func TestTheZoneTableIsTheOneThatWasReleased(t *testing.T) {
	raw, err := os.ReadFile("zoneinfo.zip")
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != zoneTableHash {
		t.Errorf("zoneinfo.zip is %x, and no longer that of %s", sum, rules.ZoneVersion)
	}
}

func TestEveryZoneOfTheTableCanBeUsed(t *testing.T) {
	count := 0
	for _, f := range zoneTable(t).File {
		if f.FileInfo().IsDir() {
			continue
		}
		set := setOf(fixed("r", 1))
		set.Zone = f.Name
		compile(t, set)
		count++
	}
	if count < 500 {
		t.Errorf("only %d zones", count)
	}
}

func TestUnknownZonesAreRefused(t *testing.T) {
	for _, zone := range []string{"", "Europe", "Europe/", "Europe/Nowhere", "europe/london", "Local", "../Europe/London", "Europe/London\x00", "+01:00", strings.Repeat("Z", rules.MaxZoneLength+1)} {
		set := setOf(fixed("r", 1))
		set.Zone = zone
		_, err := rules.Compile(set)
		wantCode(t, err, fault.RuleInvalid)
	}
}

func TestCampaignsEndAtMidnightOfTheZone(t *testing.T) {
	set := campaignSet(func(c *rules.Campaign) { c.From, c.Until = day(t, "2026-10-25"), day(t, "2026-10-25") })
	p := compile(t, set)
	for at, want := range map[string]quantity.Points{ // A day of 25 hours.
		"2026-10-24T22:59:59Z": 1, "2026-10-24T23:00:00Z": 51, "2026-10-25T23:59:59Z": 51, "2026-10-26T00:00:00Z": 1,
	} {
		ev := purchase(1)
		ev.OccurredAt = at
		if o := evaluate(t, p, ev, &rules.Standing{}, 0); o.Points() != want {
			t.Errorf("%s: %d, want %d", at, o.Points(), want)
		}
	}
}
