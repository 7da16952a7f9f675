package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"accord/cmd/accord/view"
)

const (
	defaultWorkspace   = "default"
	defaultLockTimeout = 10 * time.Second
)

// env is what a command has of the world: its streams, the environment, the
// clock, the signals, and the global flags.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
	signals        <-chan os.Signal
	// terminal returns the width of a stream that is a terminal.
	terminal func(stream any) (width int, ok bool)

	dir         string
	workspace   string
	noColor     bool
	input       bool
	logLevel    string
	logFormat   string
	lockTimeout time.Duration

	mu       sync.Mutex
	received syscall.Signal // the first signal, 0: none
	stopping chan struct{}  // closed by the first signal
}

// errInterrupted is the cause of a context that the second signal has ended.
var errInterrupted = errors.New("interrupted")

// interruptible returns a context that ends with the second signal. The first
// closes e.stopping: what runs is finished, nothing is begun. A command that has
// nothing to finish takes the first for the second; see e.atOnce.
func (e *env) interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	e.stopping = make(chan struct{})
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-e.signals:
				e.mu.Lock()
				first := e.received == 0
				if first {
					e.received, _ = s.(syscall.Signal)
					close(e.stopping)
				}
				e.mu.Unlock()
				if !first {
					cancel(errInterrupted)
				}
			case <-done:
				return
			}
		}
	}()
	return ctx, func() { close(done); cancel(nil) }
}

// atOnce ends the context with the first signal: for commands that change
// nothing.
func (e *env) atOnce(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-e.stopping:
			cancel(errInterrupted)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// signal is the signal that was received, or 0.
func (e *env) signal() syscall.Signal {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.received
}

// style is how to write to a stream: color and width only on a terminal.
// --no-color beats NO_COLOR beats CLICOLOR_FORCE.
func (e *env) style(stream io.Writer) view.Style {
	width, ok := e.terminal(stream)
	s := view.Style{Width: width, Color: ok && e.getenv("TERM") != "dumb"}
	if force := e.getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		s.Color = true
	}
	if e.noColor || e.getenv("NO_COLOR") != "" {
		s.Color = false
	}
	return s
}

// log is where the command and what it uses write what is no result.
func (e *env) log() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(e.logLevel)); err != nil {
		return nil, fmt.Errorf("--log-level %q is not debug, info, warn or error", e.logLevel)
	}
	o := &slog.HandlerOptions{Level: level}
	switch e.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(e.stderr, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(e.stderr, o)), nil
	}
	return nil, fmt.Errorf("--log-format %q is not text or json", e.logFormat)
}

// approve asks a question to which only "yes" agrees. Where nobody can answer it
// is an error that names the flag that answers it.
func (e *env) approve(question, flag string) error {
	if !e.input {
		return fmt.Errorf("this needs an approval, and --input=false: use --%s", flag)
	}
	if _, ok := e.terminal(e.stdin); !ok {
		return fmt.Errorf("this needs an approval, and there is no terminal to ask on: use --%s", flag)
	}
	if _, err := fmt.Fprintf(e.stderr, "%s\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: ", question); err != nil {
		return err
	}
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(e.stdin).ReadString('\n')
		answers <- strings.TrimSpace(line)
	}()
	select {
	case a := <-answers:
		if a == "yes" {
			return nil
		}
		return errors.New("not approved: nothing was changed")
	case <-e.stopping:
		return errInterrupted
	}
}
