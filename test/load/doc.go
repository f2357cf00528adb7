// Load measures a gateway: what a camera and a viewer cost in processor time and
// memory, how old the newest picture is, and whether every picture arrives, live and
// in the archive.
//
//	go run ./test/load                       the cases of docs/performance.md
//	go run ./test/load -cases rtsp-100,whep-200
//	go run ./test/load -list                 what cases there are
//	go run ./test/load -soak 30m             half an hour with flapping viewers and a kill -9
//
// It starts bin/gatepost, on a data directory of its own, and for each case a fresh
// one; publishers and viewers run in processes of their own (package generator). All
// is bounded in time and count, on loopback, and ends by itself.
//
// # The ratio
//
// The processor time of the server's process over that of the generators' processes,
// both user and system, over the same seconds. Two machines differ in both alike, so
// that the ratio travels between them; the null sink's (package sink) is the floor.
// The generators are kept as cheap as they can be: a dearer one would flatter the
// server.
package main
