// Package retention says for how long recordings are kept, and ends those whose
// days are over.
//
// The policy bounds the days of every camera by its legal category; a change of
// policy, category or days counts at once, for footage that exists too
// (gatepost.RetentionPolicy.Keep is the rule).
//
// # The sweep
//
// Run, called every minute, visits cameras in the order of their ids, and begins
// again after the last. It asks for what is over of each by the camera's index of
// times, and lays tombstones; functions/integrity then deletes objects and rows. Where it
// is in its lap the record of its last round says: it keeps nothing itself, may be
// killed at any point, and may run in several processes. Each tombstone is laid in a
// transaction that looks again whether policy and camera are what was read and that
// no hold came, so that of a change and a deletion one is first.
//
// # The backstop
//
// A bucket's lifecycle rules delete by prefix, rec/<days>/, some weeks after those days, what the
// sweep did not. What is kept for longer than its key says (raised days, incidents) moves
// to the prefix of its days as soon as the old ones are over, what a hold keeps to hold/, for
// which there is no rule. The row names the object, which is complete at every point, and the
// other place where a copy of it may lie: begin (at the new key) → copy → finish (the copy is the object,
// and what it was made of the copy). An hour later the other object is deleted, however far the
// move came: by then nobody reads by the old key.
//
// # Storage classes
//
// What is old enough by the policy goes to the classes infrequent and archive of the
// bucket, both of which are read at once, and at last to the deep archive, from which it is restored
// first (functions/restore). What moves is hot again, and classed at the next visit. What lies in the
// deep archive cannot move: it goes there under hold/, for which the bucket has no rule. A directory, and a server that keeps to its own class, have one.
//
// # Certificates
//
// What a rule ended is added to a certificate of its camera and day in the
// transaction that drops its row. When nothing of the day is left, or nothing was deleted for
// a day, the certificate is issued: an entry of the ledger with the count, the bytes
// and a digest over keys and hashes (gatepost.DeletionSum).
//
// # Orders
//
// A deletion order ends a window before its days are over, by the decision on a data
// subject's request. One person orders, another approves; a hold beats both until it ends: until then the
// order is not done, even when nothing of its window is there yet. What comes within thirty days after it was done ends too.
package retention
