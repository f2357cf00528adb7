// Package contract holds the contract tests: what we serve, judged by readers that
// were written from the specifications and know nothing of our code.
//
//   - playlist reads HLS playlists, fragment reads init segments and fragments;
//   - validator plays the client and knows the rules, each with its section;
//   - the tests here put the real muxer, ring and handler before it, for an hour of
//     simulated time, and prove of each rule that it can be broken.
package contract
