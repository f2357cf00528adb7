// Package sqlstore keeps the control plane's rows, on SQLite or PostgreSQL.
//
// # One text for both engines
//
// Every query is written once, with $1 placeholders, and runs on both. Ids are
// TEXT, times BIGINT (UTC milliseconds; microseconds where a column's name ends
// in _us), JSON is TEXT that SQL never looks into. There is no now(), no cast,
// no array and no JSON operator: what one engine alone can do is done in Go.
//
// # Files
//
// sqlstore.go opens a store, migrate.go brings its schema up to date, query.go
// holds the few helpers that every other file is written with, error.go turns
// the engines' errors into gatepost's. One file per thing then: identity.go,
// camera.go, recording.go …
//
// # Transactions
//
// SQLite has one writer: all writes go through one connection and wait their
// turn there; reads run beside it on connections of their own. On PostgreSQL a
// transaction is SERIALIZABLE, so that both engines promise the same, and one
// that lost a race is run again. A transaction's function may therefore run
// more than once: it touches nothing but the database and variables that it
// sets anew each time.
//
// # Errors
//
// Methods fail with NotFound (no such row), Conflict (a unique value is taken),
// Invalid (a reference to a row that does not exist), Unavailable (the database
// cannot be reached or stays busy), the context's error, or a wrapped error of
// the engine, which is a defect.
package sqlstore
