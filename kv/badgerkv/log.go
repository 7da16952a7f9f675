package badgerkv

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/dgraph-io/badger/v4"
)

// logger returns l as Badger wants it, or nil for silence.
func logger(l *slog.Logger) badger.Logger {
	if l == nil {
		return nil
	}
	return slogger{l}
}

// slogger passes errors and warnings on. The rest is either noise or shows keys.
type slogger struct{ l *slog.Logger }

func (s slogger) Errorf(format string, args ...any) {
	m := message(format, args)
	if strings.HasPrefix(m, "badger: Received err: ") {
		s.l.Debug(m) // why it cannot be opened, which is returned
		return
	}
	s.l.Error(m)
}

func (s slogger) Warningf(format string, args ...any) { s.l.Warn(message(format, args)) }
func (s slogger) Infof(string, ...any)                {}
func (s slogger) Debugf(string, ...any)               {}

func message(format string, args []any) string {
	return "badger: " + strings.TrimSpace(fmt.Sprintf(format, args...))
}
