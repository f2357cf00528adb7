// Package integrity keeps rows and objects of recordings in agreement.
//
// Run, called every minute, ends what is past its days: an expired recording
// becomes garbage (a tombstone), its object is deleted, its row is dropped, in
// this order, so that a crash between leaves nothing that the next run does not
// finish. A recording that a hold keeps is never garbage.
//
// Check compares every row with every object under rec/ and repairs on demand.
package integrity
