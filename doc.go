// Package gatepost is the vocabulary of a carrier-run video cloud: cameras,
// organisations, recordings, grants and share links, the errors that every
// layer speaks, and the pure rules that need no database and no network.
//
// It imports nothing but the standard library. Technology lives in the
// packages below it, wiring in cmd/gatepost; ARCHITECTURE.md is the map.
package gatepost
