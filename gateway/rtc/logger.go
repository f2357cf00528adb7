package rtc

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// slogFactory hands the WebRTC library loggers that write to slog at debug
// level whatever the library's own level: what matters to an operator is said
// by the sessions, once.
type slogFactory struct{ logger *slog.Logger }

func (f slogFactory) NewLogger(scope string) logging.LeveledLogger {
	return slogLogger{f.logger, scope}
}

type slogLogger struct {
	logger *slog.Logger
	scope  string
}

func (l slogLogger) log(level, msg string) {
	l.logger.Debug(msg, "scope", l.scope, "severity", level)
}

func (l slogLogger) logf(level, format string, args []any) {
	if !l.logger.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	l.log(level, fmt.Sprintf(format, args...))
}

// Trace messages come per packet; they are dropped.
func (l slogLogger) Trace(string)                   {}
func (l slogLogger) Tracef(string, ...any)          {}
func (l slogLogger) Debug(msg string)               { l.log("debug", msg) }
func (l slogLogger) Debugf(format string, a ...any) { l.logf("debug", format, a) }
func (l slogLogger) Info(msg string)                { l.log("info", msg) }
func (l slogLogger) Infof(format string, a ...any)  { l.logf("info", format, a) }
func (l slogLogger) Warn(msg string)                { l.log("warn", msg) }
func (l slogLogger) Warnf(format string, a ...any)  { l.logf("warn", format, a) }
func (l slogLogger) Error(msg string)               { l.log("error", msg) }
func (l slogLogger) Errorf(format string, a ...any) { l.logf("error", format, a) }
