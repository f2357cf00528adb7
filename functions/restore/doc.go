// Package restore gets footage back from the deep archive (调档): who may play it asks, the store is asked for
// a copy of each object, and some hours later the copies can be played, for some days.
//
// A restore is decided as playback is, and registered; it opens nothing: whoever plays needs a grant as always.
// Run, called every minute, asks the store for what it was not asked for yet, and looks every few minutes, object
// by object and up to the first that is not there yet, how far it is. It keeps nothing itself, may be killed at any
// point and run in several processes. When all is there, or after three days, the organisation that asked is told.
package restore
