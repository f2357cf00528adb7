// Package integrity keeps rows and objects of recordings in agreement.
//
// What functions/retention ends becomes garbage (a tombstone). Run, called every
// minute, deletes its object and then drops its row, so that a crash between leaves
// nothing that the next run does not finish. A recording that a hold keeps is never
// garbage.
//
// Check compares every row with every object under rec/ and hold/, and repairs on demand.
package integrity
