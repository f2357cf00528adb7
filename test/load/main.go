package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gatepost-video/gatepost/test/load/generator"
	"github.com/gatepost-video/gatepost/test/load/server"
	"github.com/gatepost-video/gatepost/test/load/sink"
)

// sinkArgument makes the program a null sink at the address that follows.
const sinkArgument = "sink"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) > 0 && args[0] == generator.Argument:
		return generator.Main(ctx, os.Stdin, os.Stdout)
	case len(args) == 2 && args[0] == sinkArgument:
		return sink.Run(ctx, args[1])
	}
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	var (
		names    = flags.String("cases", "", "`names` of cases, separated by commas; default: those of the goals")
		list     = flags.Bool("list", false, "list the cases and end")
		asJSON   = flags.Bool("json", false, "print JSON instead of a table")
		warm     = flags.Duration("warm", 5*time.Second, "from when all have begun to the first figure")
		window   = flags.Duration("window", 15*time.Second, "over which is measured")
		soakFor  = flags.Duration("soak", 0, "run the soak for so long instead of cases")
		binary   = flags.String("binary", "bin/gatepost", "the gatepost to measure")
		dir      = flags.String("dir", "", "where its data directory is made; default: that for temporary files")
		database = flags.String("database", "", "its --database; default: SQLite")
		objects  = flags.String("objects", "", "its --objects; default: a directory")
	)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if *list {
		for _, c := range cases {
			fmt.Printf("%-14s %s\n", c.name, c.text)
		}
		return nil
	}
	options := server.Options{Binary: *binary, Dir: *dir, Database: *database, Objects: *objects}
	if *soakFor > 0 {
		return soak(ctx, os.Stdout, options, *soakFor)
	}
	chosen, err := choose(*names)
	if err != nil {
		return err
	}
	b := bench{server: options, warm: *warm, window: *window}
	var rows []row
	for _, c := range chosen {
		fmt.Fprintf(os.Stderr, "%s …\n", c.text)
		r, failed := b.measure(ctx, c)
		if failed != nil {
			err = fmt.Errorf("%s: %w", c.name, failed)
			break // what was measured so far is printed
		}
		rows = append(rows, r)
	}
	if *asJSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return errors.Join(err, enc.Encode(rows))
	}
	writeTable(os.Stdout, rows)
	return err
}
