package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

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
	db, err := connectDatabase(ctx, &c.storeFlags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
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
