package tracing

import (
	"context"
	"errors"
	"os"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// maxFile bounds a file with traces, in bytes: some 250,000 spans. It is for looking at, not for keeping.
const maxFile = 256 << 20

var errFull = errors.New("the file with traces is full: move it away and start the gateway anew")

// boundedFile is a file that grows to a limit.
type boundedFile struct {
	file        *os.File
	size, limit int64
	lines       int // That were written by this process.
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
	if err == nil {
		f.lines++
	}
	return n, err
}

func (f *boundedFile) Close() error { return f.file.Close() }

// inFile is an exporter that writes each span into a file as one line, and says of a failure how many it has written.
type inFile struct {
	sdktrace.SpanExporter
	file *boundedFile
}

// partly is a failure to hand over more than some of the spans.
type partly struct {
	error
	taken int
}

// ExportSpans implements sdktrace.SpanExporter.
func (f inFile) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	before := f.file.lines
	if err := f.SpanExporter.ExportSpans(ctx, spans); err != nil {
		return partly{err, f.file.lines - before}
	}
	return nil
}
