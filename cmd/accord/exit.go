package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"accord/apply"
	"accord/crm"
	"accord/kv/badgerkv"
	"accord/state"
)

// The exit codes. Scripts depend on them.
const (
	exitOK          = 0
	exitError       = 1
	exitChanges     = 2  // --detailed-exitcode: there are changes, or drift
	exitFormat      = 3  // fmt --check: files need formatting
	exitStale       = 10 // the saved plan is stale, or not the digest expected
	exitLocked      = 11 // the state is locked by another
	exitRefused     = 12 // a policy or a guard refused
	exitPartial     = 13 // apply was done in part
	exitCredentials = 14 // an account refused the credentials
	exitInterrupt   = 128
)

// quietError ends a command with a code; what there is to say has been said.
type quietError struct{ code int }

func (e *quietError) Error() string { return fmt.Sprintf("exit %d", e.code) }

// quiet is nil for the code 0.
func quiet(code int) error {
	if code == exitOK {
		return nil
	}
	return &quietError{code}
}

// codeError is an error with a code of its own.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string { return e.err.Error() }
func (e *codeError) Unwrap() error { return e.err }

// usageError is a command line that cannot be understood.
type usageError struct {
	err     error
	command string
}

func (e *usageError) Error() string {
	return fmt.Sprintf("%v\nSee '%s --help'.", e.err, e.command)
}
func (e *usageError) Unwrap() error { return e.err }

// exitCode is the code for the error of a command.
func (e *env) exitCode(err error) int {
	var (
		quiet  *quietError
		coded  *codeError
		locked *state.LockedError
		held   *badgerkv.HeldError
		stale  *apply.StaleError
		guard  *apply.GuardError
	)
	switch {
	case e.signal() != 0 && (err != nil):
		if e.signal() == syscall.SIGTERM {
			return exitInterrupt + int(syscall.SIGTERM)
		}
		return exitInterrupt + int(syscall.SIGINT)
	case err == nil:
		return exitOK
	case errors.As(err, &quiet):
		return quiet.code
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &stale):
		return exitStale
	case errors.As(err, &locked), errors.As(err, &held):
		return exitLocked
	case errors.As(err, &guard):
		return exitRefused
	case errors.Is(err, crm.ErrRefused):
		return exitCredentials
	case errors.Is(err, context.Canceled), errors.Is(err, errInterrupted):
		return exitInterrupt + int(syscall.SIGINT)
	}
	return exitError
}
