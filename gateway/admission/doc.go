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
// A publisher names a camera and presents its stream key. The control plane
// verifies it and gives a permit with an epoch that grows with every session.
// While a session is healthy (its last unit is younger than
// Options.TakeoverSilence), a second publisher with the same key is refused
// with Conflict; once it has fallen silent, the camera's reconnect replaces it
// at once. A rotated key replaces a session of the old one whatever its state.
//
// The key's hash of an admitted camera is remembered: it may reconnect while
// the control plane is away. Wrong keys are limited by remote host.
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
