// Package admission decides who may publish, and holds what is published: one
// channel for each camera that has pushed lately.
//
// A channel is a stream.Stream with the muxer and the outlets (live ring,
// recorder) behind it. It outlives its publishers, so that viewers survive a
// camera's reconnect, and is dropped when neither a publisher nor a viewer
// has been there for Options.Linger.
//
// # Admission
//
// A publisher names a camera and presents its stream key, or has proved the SRT
// passphrase that follows from it. The control plane verifies it and gives a
// permit with an epoch that grows with every session.
//
// A session that shows no life for Options.TakeoverSilence is dead, and the
// camera's reconnect replaces it; a reconnect that comes sooner waits that long
// for a sign of life before it is decided. While the session lives, a second
// publisher is refused with Conflict, wherever it comes from: behind one address
// there may be two programs with the same key, and taking turns would ruin the
// recording of both. Only a rotated key replaces a live session, at once: who
// rotates a key wants the old one out.
//
// The secret of an admitted camera is remembered (as a hash; the SRT passphrase
// as it is): it may reconnect while the control plane is away. Wrong keys are
// limited by remote host, and the limit does not touch cameras whose secret is
// known here.
//
// # States of a session
//
//	admitted → started (tracks announced, units flow) → ended
//
// A session ends from its protocol's side by End, or from here: replaced,
// suspended, shut down. Done is closed then, with the reason kept for the run.
//
// # Sync
//
// Run tells the control plane every Options.SyncEvery which cameras changed
// (all of them every Options.FullEvery), and learns which grants were revoked
// and which cameras may no longer push. If the control plane is away, media
// goes on.
package admission
