package rules

import (
	"archive/zip"
	"bytes"
	_ "embed" // For the zone table.
	"io"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// ZoneVersion is the release of the IANA time zone database in zoneinfo.zip, which is the lib/time/zoneinfo.zip of Go 1.26.
// Another table is a change of the engine's version: old years must replay with the table that they were made with.
const ZoneVersion = "2025c"

//go:embed zoneinfo.zip
var zoneTable []byte

// zones is the table's directory, read once: it lists some 600 zones.
var zones, errZones = zip.NewReader(bytes.NewReader(zoneTable), int64(len(zoneTable)))

// loadZone finds a zone in the embedded table; the host's zones are never looked at.
func loadZone(name string) (*time.Location, error) {
	if name == "" || len(name) > MaxZoneLength {
		return nil, fault.New(fault.RuleInvalid, "zone must be the name of an IANA time zone, such as Europe/London")
	}
	if errZones != nil {
		return nil, fault.New(fault.Internal, "the zone table can't be read")
	}
	for _, f := range zones.File {
		if f.Name == name && !f.FileInfo().IsDir() {
			return readZone(name, f)
		}
	}
	return nil, fault.New(fault.RuleInvalid, "zone %s is not in the IANA database %s: write it as there, such as Europe/London", quoted(name), ZoneVersion)
}

func readZone(name string, f *zip.File) (*time.Location, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fault.New(fault.Internal, "the zone table can't be read")
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fault.New(fault.Internal, "the zone table can't be read")
	}
	zone, err := time.LoadLocationFromTZData(name, raw)
	if err != nil {
		return nil, fault.New(fault.Internal, "zone %q of the zone table can't be read", name)
	}
	return zone, nil
}
