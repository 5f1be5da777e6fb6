package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// What callers are asked to wait after a code of class retry, and after too many attempts, in seconds.
const (
	retryAfterSeconds   = 1
	limitedAfterSeconds = 60
)

const retryAfterHeader = "Retry-After"

// failure is a coded error together with what a problem document says besides: the fields that are wrong, or the operation that was refused.
type failure struct {
	coded     *fault.Error
	fields    []FieldError
	operation *Operation
}

func (f *failure) Error() string { return f.coded.Error() }
func (f *failure) Unwrap() error { return f.coded }

// wrong is a failure of one field of the request.
func wrong(code fault.Code, pointer, format string, args ...any) *failure {
	e := fault.New(code, format, args...)
	return &failure{coded: e, fields: []FieldError{{Pointer: pointer, Detail: e.Detail}}}
}

// problemOf describes an error to the caller. What carries no code is INTERNAL, and its text stays in the log.
func problemOf(err error, requestID string) Problem {
	var coded *fault.Error
	if !errors.As(err, &coded) {
		coded = fault.New(fault.Internal, "the log has the cause under this requestId")
	}
	row := fault.Lookup(coded.Code)
	p := Problem{
		Type: "/v1/codes#" + string(row.Code), Title: row.Meaning, Status: row.Status, Code: string(row.Code), Class: ProblemClass(row.Class),
		Detail: coded.Detail, RequestId: requestID,
	}
	var f *failure
	if errors.As(err, &f) {
		p.Operation = f.operation
		if len(f.fields) > 0 {
			p.Errors = &f.fields
		}
	}
	return p
}

// abort ends a request with the problem of err.
func abort(c *gin.Context, err error) {
	_ = c.Error(err)
	c.Abort()
}

// answerErrors turns the error that a handler or a middleware left behind into a problem document.
func (s *Server) answerErrors(c *gin.Context) {
	c.Next()
	last := c.Errors.Last()
	if last == nil || c.Writer.Written() {
		return
	}
	p := problemOf(last.Err, requestID(c))
	if p.Class == Internal {
		s.log.Error("request failed", "requestId", requestID(c), "route", c.FullPath(), "code", p.Code, "err", last.Err)
	}
	var wait interface{ RetryAfter() time.Duration }
	if errors.As(last.Err, &wait) {
		c.Header(retryAfterHeader, strconv.Itoa(int(wait.RetryAfter()/time.Second)))
	}
	writeProblem(c, p)
}

func writeProblem(c *gin.Context, p Problem) {
	c.Set(codeKey, p.Code)
	body, err := json.Marshal(p)
	if err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	switch known := c.Writer.Header().Get(retryAfterHeader) != ""; {
	case known:
	case p.Code == string(fault.AttemptsLimited):
		c.Header(retryAfterHeader, strconv.Itoa(limitedAfterSeconds))
	case p.Class == Retry:
		c.Header(retryAfterHeader, strconv.Itoa(retryAfterSeconds))
	}
	c.Data(p.Status, "application/problem+json", body)
}
