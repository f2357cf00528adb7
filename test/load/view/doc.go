// Package view watches a gateway the way viewers do: LL-HLS with blocking reload,
// parts and delta playlists; recordings; WHEP. Every picture is known by its mark,
// so that a viewer tells how old the newest one is and which are missing.
//
// The viewers are light, lest the load generator be what is measured: LL-HLS runs
// over a small HTTP/1.1 client of its own, on two connections a viewer like a
// browser's, and nothing is decoded.
//
// Besides those who behave there are those who do not: viewers that read slowly,
// that do not read at all, and that vanish.
package view
