package tracing

import (
	"errors"
	"os"
)

// maxFile bounds a file with traces, in bytes: some 250,000 spans. It is for looking at, not for keeping.
const maxFile = 256 << 20

var errFull = errors.New("the file with traces is full: move it away")

// boundedFile is a file that grows to a limit.
type boundedFile struct {
	file        *os.File
	size, limit int64
}

func openFile(path string, limit int64) (*boundedFile, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &boundedFile{file: file, size: info.Size(), limit: limit}, nil
}

// Write implements io.Writer.
func (f *boundedFile) Write(p []byte) (int, error) {
	if f.size+int64(len(p)) > f.limit {
		return 0, errFull
	}
	n, err := f.file.Write(p)
	f.size += int64(n)
	return n, err
}

func (f *boundedFile) Close() error { return f.file.Close() }
