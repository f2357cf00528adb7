// Command gatepost is the whole system in one binary: serve runs everything in
// one process; gateway and functions run the media plane and the control plane
// apart; fsck and migrate look after the stores.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is every command and every flag. Each flag is also an environment
// variable GATEPOST_<FLAG>.
type cli struct {
	LogLevel slog.Level `help:"Least level to log: DEBUG, INFO, WARN or ERROR." default:"INFO" env:"GATEPOST_LOG_LEVEL"`
	LogJSON  bool       `help:"Log as JSON instead of text." env:"GATEPOST_LOG_JSON"`

	Serve        serveCmd        `cmd:"" help:"Run everything in one process. Needs no configuration."`
	Gateway      gatewayCmd      `cmd:"" help:"Run the media plane alone; it asks the functions by HTTP."`
	Functions    functionsCmd    `cmd:"" help:"Run the control plane alone: API, portal, schedules."`
	Lambda       lambdaCmd       `cmd:"" help:"Run the control plane on AWS Lambda: API behind a function URL, timed work when a schedule asks."`
	Fsck         fsckCmd         `cmd:"" help:"Compare recordings in the database with objects in the store."`
	Migrate      migrateCmd      `cmd:"" help:"Bring the database's schema up to this version."`
	VerifyLedger verifyLedgerCmd `cmd:"" help:"Check that no entry of the ledger was altered, removed or inserted."`
	Verify       verifyCmd       `cmd:"" help:"Check evidence that was exported. Needs no account."`
	Openapi      openapiCmd      `cmd:"" help:"Print the OpenAPI document."`
}

func main() {
	var c cli
	k := kong.Parse(&c,
		kong.Name("gatepost"),
		kong.Description("Gatepost, an open video cloud: cameras push, owners decide, every look leaves a trace."),
		kong.ShortUsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	opts := &slog.HandlerOptions{Level: c.LogLevel}
	var h slog.Handler = slog.NewTextHandler(os.Stderr, opts)
	if c.LogJSON {
		h = slog.NewJSONHandler(os.Stderr, opts)
	}
	slog.SetDefault(slog.New(h))

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second Ctrl-C ends the process at once.
	context.AfterFunc(ctx, stop)
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(); err != nil && !errors.Is(err, context.Canceled) {
		var exit exitError
		if errors.As(err, &exit) {
			os.Exit(int(exit))
		}
		fmt.Fprintln(os.Stderr, "gatepost:", oneLine(err))
		os.Exit(1)
	}
}

// oneLine is an error on one line; joined errors and those of drivers have more.
func oneLine(err error) string {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "; ")
}

// exitError is an exit status whose reason has been printed.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }
