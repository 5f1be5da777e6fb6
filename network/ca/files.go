package ca

import (
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/rundir"
)

// finishMSP gives the client's output fixed names and adds the units' file.
func (c *Client) finishMSP(identity rundir.Identity) error {
	if err := renameOnly(filepath.Join(identity.MSP(), "keystore"), identity.Key()); err != nil {
		return err
	}
	if err := renameOnly(filepath.Join(identity.MSP(), "cacerts"), filepath.Join(identity.MSP(), "cacerts", "ca.pem")); err != nil {
		return err
	}
	for _, extra := range []string{"IssuerPublicKey", "IssuerRevocationPublicKey", "user"} {
		if err := os.RemoveAll(filepath.Join(identity.MSP(), extra)); err != nil {
			return failure.Wrap(failure.EnrolFailed, err, "can't tidy an MSP folder")
		}
	}
	root, err := os.ReadFile(filepath.Join(identity.MSP(), "cacerts", "ca.pem"))
	if err != nil {
		return failure.Wrap(failure.EnrolFailed, err, "no CA certificate")
	}
	if err := c.dir.Write(filepath.Join(identity.MSP(), "tlscacerts", "ca.pem"), root, rundir.PublicMode); err != nil {
		return err
	}
	return c.dir.Write(filepath.Join(identity.MSP(), "config.yaml"), []byte(nodeUnits), rundir.PublicMode)
}

func (c *Client) finishTLS(identity rundir.Identity, scratch string) error {
	defer func() { _ = os.RemoveAll(scratch) }()
	if err := renameOnly(filepath.Join(scratch, "keystore"), identity.TLSKey()); err != nil {
		return err
	}
	return renameOnly(filepath.Join(scratch, "signcerts"), identity.TLSCertificate())
}

// renameOnly renames the one file of a folder.
func renameOnly(folder, name string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return failure.Wrap(failure.EnrolFailed, err, "enrolment left no folder")
	}
	if len(entries) != 1 {
		return failure.New(failure.EnrolFailed, "%s holds %d files instead of one", folder, len(entries))
	}
	if err := os.Rename(filepath.Join(folder, entries[0].Name()), name); err != nil {
		return failure.Wrap(failure.EnrolFailed, err, "can't name an enrolment's file")
	}
	return nil
}
