package gatepost_test

import (
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/gatepost-video/gatepost"
)

// TestDeletionSum holds that a sum is that of its set, in whatever order and with
// whatever pauses it was made, and no other set's.
func TestDeletionSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.StringMatching("[a-z/]{1,20}"), 1, 6, func(s string) string { return s }).Draw(t, "keys")
		var sum, other gatepost.DeletionSum
		numbers := make([]int, 1024)
		for _, key := range keys {
			sum.Add(key, "aa")
			h := sha3.SumSHAKE256([]byte(key+"\naa"), 2048)
			for i := range numbers {
				numbers[i] = (numbers[i] + int(h[2*i]) + 256*int(h[2*i+1])) % 65536
			}
		}
		var text []byte
		for _, n := range numbers {
			text = append(text, byte(n%256), byte(n/256))
		}
		want := sha256.Sum256(text)
		if sum.Digest() != hex.EncodeToString(want[:]) {
			t.Fatal("the digest is not what its description says")
		}
		for _, key := range rapid.Permutation(keys).Draw(t, "in another order") {
			var err error
			if other, err = gatepost.ParseDeletionSum(other.String()); err != nil {
				t.Fatal(err)
			}
			other.Add(key, "aa")
		}
		if other.Digest() != sum.Digest() {
			t.Fatal("another order, another digest")
		}
		other.Add(keys[0], "aa")
		if other.Digest() == sum.Digest() {
			t.Fatal("one that is counted twice does not show")
		}
		sum.Add("more", "bb")
		other = gatepost.DeletionSum{}
		for _, key := range keys {
			other.Add(key, "aa")
		}
		other.Add("more", "bc")
		if other.Digest() == sum.Digest() {
			t.Fatal("another hash does not show")
		}
	})
	for _, text := range []string{"", "x", "AAAA"} {
		if _, err := gatepost.ParseDeletionSum(text); err == nil {
			t.Errorf("%q is read as a sum", text)
		}
	}
	if _, err := gatepost.ParseDeletionSum(fmt.Sprint(new(gatepost.DeletionSum))); err != nil {
		t.Error(err)
	}
}
