package lifecycle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/tallystick/tallystick/network/failure"
)

// Package is a chaincode package for the external builder. It names no address and no certificate, so every member makes
// the same bytes and approves the same package id; each peer's builder adds its own connection.
type Package struct {
	Label string
	Bytes []byte
}

// NewPackage makes the package of a label. The same label gives the same bytes, always.
func NewPackage(label string) (Package, error) {
	connection, err := json.Marshal(map[string]string{"address": "{{" + label + "}}"})
	if err != nil {
		return Package{}, failure.Wrap(failure.DeployFailed, err, "can't encode a package")
	}
	code, err := archive(file{"connection.json", connection})
	if err != nil {
		return Package{}, err
	}
	metadata, err := json.Marshal(struct {
		Type  string `json:"type"`
		Label string `json:"label"`
		Path  string `json:"path"`
	}{"ccaas", label, ""})
	if err != nil {
		return Package{}, failure.Wrap(failure.DeployFailed, err, "can't encode a package")
	}
	whole, err := archive(file{"code.tar.gz", code}, file{"metadata.json", metadata})
	return Package{Label: label, Bytes: whole}, err
}

// ID is the package id that peers compute: label and SHA-256 of the bytes.
func (p Package) ID() string {
	sum := sha256.Sum256(p.Bytes)
	return p.Label + ":" + hex.EncodeToString(sum[:])
}

type file struct {
	name string
	data []byte
}

const archivedMode = 0o644

// archive makes a gzipped tar whose headers hold no time, owner or name of the machine that made it. The content is stored,
// not compressed: a compressor's output may change with the compiler's version, and members' tools needn't be of one version.
func archive(files ...file) ([]byte, error) {
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	if err != nil {
		return nil, failure.Wrap(failure.DeployFailed, err, "can't write a package")
	}
	archived := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Size: int64(len(f.data)), Mode: archivedMode, Format: tar.FormatUSTAR}
		if err := archived.WriteHeader(header); err != nil {
			return nil, failure.Wrap(failure.DeployFailed, err, "can't write a package")
		}
		if _, err := archived.Write(f.data); err != nil {
			return nil, failure.Wrap(failure.DeployFailed, err, "can't write a package")
		}
	}
	if err := archived.Close(); err != nil {
		return nil, failure.Wrap(failure.DeployFailed, err, "can't write a package")
	}
	if err := compressed.Close(); err != nil {
		return nil, failure.Wrap(failure.DeployFailed, err, "can't write a package")
	}
	return out.Bytes(), nil
}
