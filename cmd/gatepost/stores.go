package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/objstore/backend"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

// connectDatabase opens the database as it is. An error names the flag.
func connectDatabase(ctx context.Context, f *storeFlags) (*sqlstore.Store, error) {
	db, err := sqlstore.Open(ctx, f.databaseURL())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flagOf(f.Database, "--database"), err)
	}
	return db, nil
}

// openDatabase opens the database and brings its schema up to date.
func openDatabase(ctx context.Context, f *storeFlags) (*sqlstore.Store, error) {
	db, err := connectDatabase(ctx, f)
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// flagOf names the flag that an engine's URL came from.
func flagOf(given, flag string) string {
	if given == "" {
		return "--data"
	}
	return flag
}

// startTimeout is how long the object store has to answer at the start.
const startTimeout = 5 * time.Second

// openObjects opens the object store. One that is not there or not allowed ends the
// start; one that cannot be reached now does not: cameras are recorded into the spool meanwhile.
func openObjects(ctx context.Context, f *storeFlags, mediaURL string) (backend.Store, error) {
	objects, err := backend.Open(ctx, f.objectsURL(), backend.Options{BaseURL: mediaURL})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flagOf(f.Objects, "--objects"), err)
	}
	// A store that swallows packets must not hold up the cameras for the minutes
	// that its client would wait.
	checking, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	switch err := objects.Check(checking); gatepost.CodeOf(err) {
	case "":
	case gatepost.Unavailable:
		slog.Warn("the object store cannot be reached; recordings wait in the spool", "err", err)
	default:
		return nil, errors.Join(fmt.Errorf("%s: %w", flagOf(f.Objects, "--objects"), err), objects.Close())
	}
	return objects, nil
}

// openStores opens both stores, as a control plane needs them: the database up to date, the object store
// checked. close closes what is open.
func openStores(ctx context.Context, f *storeFlags, mediaURL string) (db *sqlstore.Store, objects backend.Store, close func() error, err error) {
	if db, err = openDatabase(ctx, f); err != nil {
		return nil, nil, nil, err
	}
	if objects, err = openObjects(ctx, f, mediaURL); err != nil {
		return nil, nil, nil, errors.Join(err, db.Close())
	}
	return db, objects, func() error { return errors.Join(objects.Close(), db.Close()) }, nil
}

// objectsEvery is how long the answer of a readiness check of the object store
// is kept.
const objectsEvery = 5 * time.Second

// objectsTimeout is how long the object store has to answer such a check.
const objectsTimeout = 2 * time.Second

// objectsReady checks the object store, at most once in objectsEvery. It is
// for the control plane, which cannot play without it; a gateway goes on.
func objectsReady(objects backend.Store) func(context.Context) error {
	var mu sync.Mutex
	var at time.Time
	var last error
	return func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(at) > objectsEvery {
			// Others read the answer too: it does not end with one who asked and left.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), objectsTimeout)
			defer cancel()
			last, at = objects.Check(ctx), time.Now()
		}
		return last
	}
}
