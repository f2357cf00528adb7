package playback

import (
	"context"
	"time"

	"github.com/gatepost-video/gatepost/functions/host"
)

const (
	// packedAfter is how long an hour has been over when it is packed: by then what a gateway
	// recorded in it is stored. What comes later has the hour packed anew.
	packedAfter = time.Hour + 10*time.Minute
	packedStill = 2 * time.Hour // that an hour's recordings did not change; retention takes an hour to end one
	packedRound = 5000          // hours in a round; ten thousand cameras have 170 a minute
	packedBatch = 250
)

// Compact packs the hours of the recordings' index that are over, so that timelines and playlists of them are read at once.
// Call it every minute; several may run at the same time.
func (f *Function) Compact(ctx context.Context) error {
	now := f.opts.Now()
	over, still := now.Add(-packedAfter), now.Add(-packedStill)
	for done := 0; done < packedRound; {
		n, err := f.opts.Store.PackHours(ctx, over, still, packedBatch)
		host.Did(ctx, "hours_packed", int64(n))
		if err != nil || n < packedBatch {
			return err
		}
		done += n
	}
	return nil
}
