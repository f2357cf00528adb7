package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/integrity"
)

// fsckCmd compares rows with objects.
type fsckCmd struct {
	storeFlags
	Repair bool `help:"Drop rows without an object, delete objects without a row, finish deletions."`
	JSON   bool `name:"json" help:"Print the report as JSON."`
}

// Run prints what it finds. It exits with 0 when rows and objects agree, with 2
// when they do not.
func (c *fsckCmd) Run(ctx context.Context) (err error) {
	if c.Database == "" { // opening a file that is not there would make one
		if _, err := os.Stat(c.path("gatepost.db")); errors.Is(err, fs.ErrNotExist) {
			return &gatepost.Error{Code: gatepost.NotFound, Field: "--data", Message: "there is no gatepost.db in " + c.Data + "; name the directory that serve was given, or --database"}
		}
	}
	db, err := connectDatabase(ctx, &c.storeFlags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	has, knows, err := db.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if has != knows {
		return &gatepost.Error{Code: gatepost.Conflict, Message: fmt.Sprintf("the schema of %s is version %d, this program's %d; run gatepost migrate, or the gatepost that wrote it", db.Place(), has, knows)}
	}
	objects, err := openObjects(ctx, &c.storeFlags, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, objects.Close()) }()
	r, err := integrity.New(integrity.Options{Store: db, Objects: objects}).Check(ctx, c.Repair)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
			return err
		}
	} else {
		fmt.Println(r)
	}
	if !r.Agree() {
		return exitError(2)
	}
	return nil
}
