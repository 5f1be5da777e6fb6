package lifecycle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/hyperledger/fabric-admin-sdk/pkg/chaincode"
)

// pinned is the id of the package of "points-airline". A change of it means that members with older and newer tools would
// approve different packages.
const pinned = "points-airline:a2ce5052b1997b7c5d6a1ae9e626a4574c8e8f130f443f6a29690faca15e5265"

func TestPackageIsTheSameBytesEveryTime(t *testing.T) {
	first, err := NewPackage("points-airline")
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewPackage("points-airline")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes, second.Bytes) {
		t.Fatal("two packages of one label differ")
	}
	if first.ID() != pinned {
		t.Fatalf("id %s, want %s", first.ID(), pinned)
	}
}

func TestPackageIDIsWhatPeersCompute(t *testing.T) {
	made, err := NewPackage("clearing")
	if err != nil {
		t.Fatal(err)
	}
	want, err := chaincode.PackageID(bytes.NewReader(made.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	if made.ID() != want {
		t.Fatalf("id %s, want %s", made.ID(), want)
	}
}

func TestArchivesHoldNoTimeOwnerOrMachine(t *testing.T) {
	made, err := NewPackage("clearing")
	if err != nil {
		t.Fatal(err)
	}
	outer := open(t, made.Bytes)
	if len(outer) != 2 || outer[0].name != "code.tar.gz" || outer[1].name != "metadata.json" {
		t.Fatalf("files %v", outer)
	}
	var metadata struct{ Type, Label string }
	if err := json.Unmarshal(outer[1].data, &metadata); err != nil || metadata.Type != "ccaas" || metadata.Label != "clearing" {
		t.Errorf("metadata %s, %v", outer[1].data, err)
	}
	inner := open(t, outer[0].data)
	if len(inner) != 1 || string(inner[0].data) != `{"address":"{{clearing}}"}` {
		t.Errorf("code %v", inner)
	}
}

// open reads an archive and fails on headers that would differ from machine to machine.
func open(t *testing.T, data []byte) []file {
	t.Helper()
	compressed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if !compressed.ModTime.IsZero() || compressed.Name != "" {
		t.Errorf("gzip header %+v", compressed.Header)
	}
	archived := tar.NewReader(compressed)
	var files []file
	for {
		header, err := archived.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.ModTime.Unix() != 0 || header.Uid != 0 || header.Gid != 0 || header.Uname != "" || header.Gname != "" {
			t.Errorf("tar header %+v", header)
		}
		content, err := io.ReadAll(archived)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{header.Name, content})
	}
}
