// Package software says which build a program is, for people and for what a program signs. It imports nothing of this module but the domain whose engine a build has.
package software

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/tallystick/tallystick/chaincode/points"
)

// unknown stands for a version that the build doesn't have.
const unknown = "unknown"

// Describe names a command's build: the module's version, which a build from a repository takes from its revision, the newest engine that it has, and the compiler.
func Describe(command string) string {
	return fmt.Sprintf("%s %s, points engine %d, %s", command, version(), points.EngineVersion, runtime.Version())
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return unknown
}

// Executable is the SHA-256 of the running program's file, hex: whoever builds the same sources in the same way gets the same. It is read once.
var Executable = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
})
