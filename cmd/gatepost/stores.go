package main

import (
	"context"
	"errors"

	"github.com/gatepost-video/gatepost/internal/objstore/backend"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
)

// openDatabase opens the database and brings its schema up to date.
func openDatabase(ctx context.Context, f *storeFlags) (*sqlstore.Store, error) {
	db, err := sqlstore.Open(ctx, f.databaseURL())
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openObjects opens the object store and proves that it is there.
func openObjects(ctx context.Context, f *storeFlags, mediaURL string) (backend.Store, error) {
	objects, err := backend.Open(ctx, f.objectsURL(), backend.Options{BaseURL: mediaURL})
	if err != nil {
		return nil, err
	}
	if err := objects.Check(ctx); err != nil {
		return nil, errors.Join(err, objects.Close())
	}
	return objects, nil
}
