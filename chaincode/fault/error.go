package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Error is a coded error. Detail never holds personal data: it names fields, limits and public ids.
type Error struct {
	Code   Code
	Detail string
}

// New builds a coded error whose detail is formatted like fmt.Sprintf.
func New(c Code, format string, args ...any) *Error {
	return &Error{Code: c, Detail: fmt.Sprintf(format, args...)}
}

// Error gives the one form in which coded errors cross borders: "CODE: detail".
func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail }

// Is makes errors.Is(err, fault.New(code, "")) compare by code alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// CodeOf returns the code of err, or Internal when it carries none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// Parse finds a coded error in text that crossed a border as a string, such as a peer's answer around a chaincode's error.
// It returns nil when the text holds none.
func Parse(text string) *Error {
	for rest := text; rest != ""; {
		word, tail, found := strings.Cut(rest, ": ")
		if !found {
			return nil
		}
		if i := strings.LastIndexAny(word, " \t\n\"'(,"); i >= 0 {
			word = word[i+1:]
		}
		if Known(Code(word)) {
			return &Error{Code: Code(word), Detail: tail}
		}
		rest = tail
	}
	return nil
}
