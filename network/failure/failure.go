package failure

import (
	"errors"
	"fmt"
	"strings"
)

// Code names a kind of failure. Codes are stable: scripts and tests compare them.
type Code string

// The codes of the network's tools.
const (
	// MembershipInvalid: the membership file can't be read or breaks a rule.
	MembershipInvalid Code = "MEMBERSHIP_INVALID"
	// SettingInvalid: an environment variable or a flag has a value that can't be used.
	SettingInvalid Code = "SETTING_INVALID"
	// BinaryMissing: a program that the network needs isn't built or installed.
	BinaryMissing Code = "BINARY_MISSING"
	// PortInUse: a port of the table is taken by another process.
	PortInUse Code = "PORT_IN_USE"
	// RunDirectory: the run directory is busy, isn't ours, or can't be written.
	RunDirectory Code = "RUN_DIRECTORY"
	// NotUp: there is no running consortium in the run directory.
	NotUp Code = "NOT_UP"
	// NodeUnknown: no node of that name.
	NodeUnknown Code = "NODE_UNKNOWN"
	// NodeState: the node is already, or not, running.
	NodeState Code = "NODE_STATE"
	// NodeFailed: a node ended, or didn't answer in time.
	NodeFailed Code = "NODE_FAILED"
	// EnrolFailed: a certificate authority refused or didn't answer.
	EnrolFailed Code = "ENROL_FAILED"
	// GenesisInvalid: the channel's first block can't be made from the membership and its certificates.
	GenesisInvalid Code = "GENESIS_INVALID"
	// JoinFailed: a node refused to join the channel.
	JoinFailed Code = "JOIN_FAILED"
	// DeployFailed: a chaincode couldn't be installed, approved or committed.
	DeployFailed Code = "DEPLOY_FAILED"
	// ChannelUpdate: the channel's configuration couldn't be changed.
	ChannelUpdate Code = "CHANNEL_UPDATE"
	// FoundingFailed: the members or programmes couldn't be recorded on the ledger.
	FoundingFailed Code = "FOUNDING_FAILED"
	// NotReady: the network is up but a gateway doesn't pass its readiness check.
	NotReady Code = "NOT_READY"
	// Interrupted: the user or the system asked to stop.
	Interrupted Code = "INTERRUPTED"
	// Stale: a checked-in generated file differs from what the membership gives.
	Stale Code = "GENERATED_FILE_STALE"
)

// Error is a failure with its code, a detail for people and, where there is one, its cause.
type Error struct {
	Code   Code
	Detail string
	Cause  error
}

// Error gives "CODE: detail: cause", the code once.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.text()) }

func (e *Error) text() string {
	if e.Cause == nil {
		return e.Detail
	}
	said := e.Cause.Error()
	return e.Detail + ": " + strings.TrimPrefix(said, string(e.Code)+": ")
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New makes an error without a cause.
func New(code Code, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of a cause. A cause that has a code already keeps it: the innermost code is the most exact.
func Wrap(code Code, cause error, format string, args ...any) error {
	if inner := CodeOf(cause); inner != "" {
		code = inner
	}
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...), Cause: cause}
}

// CodeOf gives the code of the outermost coded error in err's chain, or "" when there is none.
func CodeOf(err error) Code {
	var coded *Error
	if errors.As(err, &coded) {
		return coded.Code
	}
	return ""
}
