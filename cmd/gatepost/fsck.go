package main

import "context"

// fsckCmd compares rows with objects.
type fsckCmd struct {
	storeFlags
}

// Run compares.
func (c *fsckCmd) Run(ctx context.Context) error { return nil }
