// Package rtc is the gateway's one WebRTC set-up: every WHIP publisher and
// every WHEP viewer goes through the one UDP port (and, when given, the one TCP
// port) of an Engine.
//
// The gateway is an ICE-lite agent (RFC 8445 §2.5). It has public or at least
// reachable addresses, so the browser does the checking; a lite agent sends
// nothing to an address that has not sent a valid check first, which keeps an
// offer from aiming the gateway's packets at someone else. Candidates are host
// candidates of every interface, loopback included, plus the public addresses
// that the operator names. There is no STUN, no TURN and no mDNS.
//
// An Engine makes two kinds of peer connections: receivers, to which publishers
// push, and senders, from which viewers pull. Each is built with exactly the codecs
// that were chosen from the offer, so an answer never leaves a choice open.
//
// The port is the engine's own (socket.go): it hands the packets of a picture to the
// kernel as segments of one message (batch.go), and reads many with one call
// (inbox.go).
//
// What WHIP (RFC 9725) and WHEP have in common above that is here too: reading
// an offer from a request, answering it, trickle ICE and ICE restart by PATCH
// (Negotiation), and problem documents.
package rtc
