package admission

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatepost-video/gatepost"
)

// What a camera's pictures show is told as soon as it is known, and not of a camera
// that is gone.
func TestPictureIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.stop()
		var state atomic.Value
		state.Store(gatepost.PictureUnchecked)
		began := time.Now()
		r.options.Picture = func(string) (gatepost.PictureState, time.Time) { return state.Load().(gatepost.PictureState), began }
		s := r.admitted(nil)
		stop := r.feed(s)
		time.Sleep(5 * time.Second)
		if st, _ := r.control.last(r.camera); !st.Online || st.Picture != gatepost.PictureUnchecked || !slices.Equal(r.Cameras(), []string{r.camera}) {
			t.Fatalf("cameras %v, and says %+v", r.Cameras(), st)
		}
		state.Store(gatepost.PictureBlack)
		time.Sleep(3 * time.Second)
		if st, _ := r.control.last(r.camera); st.Picture != gatepost.PictureBlack || !st.PictureSince.Equal(began) {
			t.Errorf("black, and says %+v", st)
		}
		stop()
		s.End(gatepost.EndClosed)
		time.Sleep(3 * time.Second)
		if st, _ := r.control.last(r.camera); st.Online || st.Picture != gatepost.PictureUnchecked || len(r.Cameras()) != 0 {
			t.Errorf("gone: cameras %v, and says %+v", r.Cameras(), st)
		}
	})
}
